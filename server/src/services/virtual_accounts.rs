//! Virtual accounts: callers that are programs. Admins make them; each has a person who answers for it, its owner.

use domain::account::{AccountAction, decide_account};
use domain::actor::{Actor, SubjectRef};
use domain::field::FieldError;
use domain::id::{UserId, VirtualAccountId};
use domain::reach::Reach;
use domain::role::PlatformRole;
use domain::server::ServerName;

use super::audit::{Event, record};
use super::teams::check_description;
use super::tokens::{NewToken, TokenRequest, generate};
use super::{Core, ServiceError, accounts};
use crate::store::{Page, PageQuery, StoreError, TokenRow, VirtualAccountRow, Work};

#[derive(Debug)]
pub struct NewAccount {
    pub name: String,
    pub description: String,
    /// A person's id or e-mail address; `None`: whoever makes the account.
    pub owner: Option<String>,
}

/// `None` leaves a thing as it is; an owner may be taken away.
#[derive(Debug, Default)]
pub struct AccountChange {
    pub description: Option<String>,
    pub owner: Option<Option<String>>,
}

/// An account as its page shows it.
#[derive(Debug, Clone)]
pub struct Account {
    pub row: VirtualAccountRow,
    pub tokens: Vec<TokenRow>,
    /// For admins alone: an owner may not see every server that the account may use (D11).
    pub servers: Vec<(ServerName, Reach)>,
    pub overrides: usize,
}

#[derive(Clone)]
pub struct VirtualAccounts {
    core: Core,
}

impl VirtualAccounts {
    pub fn new(core: Core) -> Self {
        Self { core }
    }

    /// All for admins; for others those they own.
    pub async fn list(&self, actor: &Actor, query: &PageQuery) -> Result<Page<VirtualAccountRow>, ServiceError> {
        let mut work = self.core.store.read().await?;
        if actor.platform_role == PlatformRole::Admin {
            return Ok(work.virtual_accounts().list(query, None).await?);
        }
        let owner = actor.user_id().ok_or(ServiceError::Forbidden)?;
        Ok(work.virtual_accounts().list(query, Some(&owner)).await?)
    }

    pub async fn get(&self, actor: &Actor, id: &VirtualAccountId) -> Result<VirtualAccountRow, ServiceError> {
        let mut work = self.core.store.read().await?;
        permitted(work.as_mut(), actor, id, AccountAction::See).await
    }

    /// The account with its tokens, and for admins with what goes when it goes.
    pub async fn look(&self, actor: &Actor, id: &VirtualAccountId) -> Result<Account, ServiceError> {
        let mut work = self.core.store.read().await?;
        let row = permitted(work.as_mut(), actor, id, AccountAction::See).await?;
        let subject = SubjectRef::virtual_account(&row.id);
        let tokens = work.tokens().list(&subject).await?;
        if actor.platform_role != PlatformRole::Admin {
            return Ok(Account {
                row,
                tokens,
                servers: Vec::new(),
                overrides: 0,
            });
        }
        let servers = work.grants().reach_of(&subject).await?;
        let servers = servers
            .into_iter()
            .filter_map(|(name, given)| Some((name, Reach::of(PlatformRole::Member, given)?)));
        Ok(Account {
            servers: servers.collect(),
            overrides: work.overrides().everywhere(&subject).await?.len(),
            row,
            tokens,
        })
    }

    /// Makes the account and its first token, whose value appears here only.
    pub async fn create(
        &self,
        actor: &Actor,
        new: NewAccount,
        token: TokenRequest,
    ) -> Result<(VirtualAccountRow, NewToken), ServiceError> {
        decide_account(actor.platform_role, false, AccountAction::Change)?;
        let mut work = self.core.store.begin().await?;
        let row = self.row(work.as_mut(), actor, &new).await?;
        let subject = SubjectRef::virtual_account(&row.id);
        let token = generate(subject, &token, row.created_at)?;
        let row = insert(work.as_mut(), actor, row).await?;
        work.tokens().insert(&token.row).await?;
        work.save().await?;
        Ok((row, token))
    }

    /// Makes the account alone: its tokens are made where they can be shown.
    pub(super) async fn create_bare(&self, actor: &Actor, new: NewAccount) -> Result<VirtualAccountRow, ServiceError> {
        decide_account(actor.platform_role, false, AccountAction::Change)?;
        let mut work = self.core.store.begin().await?;
        let row = self.row(work.as_mut(), actor, &new).await?;
        let row = insert(work.as_mut(), actor, row).await?;
        work.save().await?;
        Ok(row)
    }

    /// What is to be stored, or what is wrong with each field.
    async fn row(
        &self,
        work: &mut dyn Work,
        actor: &Actor,
        new: &NewAccount,
    ) -> Result<VirtualAccountRow, ServiceError> {
        let (mut errors, mut owner) = (Vec::new(), actor.user_id());
        if let Some(named) = &new.owner {
            match owner_named(work, named).await {
                Ok(id) => owner = Some(id),
                Err(ServiceError::Invalid(found)) => errors.extend(found),
                Err(other) => return Err(other),
            }
        }
        let id = checked_name(&new.name).map_err(|error| errors.push(error)).ok();
        errors.extend(check_description(&new.description).err());
        let (Some(id), true) = (id, errors.is_empty()) else {
            return Err(ServiceError::Invalid(errors));
        };
        Ok(VirtualAccountRow {
            id,
            description: new.description.trim().to_owned(),
            // The command line is nobody: what it makes has no owner before somebody is named.
            owner: accounts::stored(work, owner).await?,
            created_by: accounts::stored(work, actor.user_id()).await?,
            created_at: self.core.now(),
            owner_named: None,
            last_used_at: None,
        })
    }

    pub async fn change(
        &self,
        actor: &Actor,
        id: &VirtualAccountId,
        change: AccountChange,
    ) -> Result<VirtualAccountRow, ServiceError> {
        let mut work = self.core.store.begin().await?;
        let before = permitted(work.as_mut(), actor, id, AccountAction::Change).await?;
        let description = change.description.unwrap_or_else(|| before.description.clone());
        check_description(&description).map_err(|error| ServiceError::Invalid(vec![error]))?;
        let owner = match change.owner {
            None => before.owner.clone(),
            Some(None) => None,
            Some(Some(named)) => Some(owner_named(work.as_mut(), &named).await?),
        };
        let after = VirtualAccountRow {
            description: description.trim().to_owned(),
            owner,
            ..before.clone()
        };
        if after != before {
            work.virtual_accounts().update(&after).await?;
            let owner = after.owner.as_ref().map_or("nobody", UserId::as_str);
            let event = Event::new("virtual_account.changed")
                .subject(&SubjectRef::virtual_account(id))
                .detail(&[("owner", owner)]);
            record(work.as_mut(), self.core.now(), actor, event).await?;
        }
        let row = work.virtual_accounts().find(id).await?.ok_or(ServiceError::NotFound)?;
        work.save().await?;
        Ok(row)
    }

    /// Its overrides, tokens and access go with it (D09).
    pub async fn delete(&self, actor: &Actor, id: &VirtualAccountId) -> Result<(), ServiceError> {
        let mut work = self.core.store.begin().await?;
        permitted(work.as_mut(), actor, id, AccountAction::Delete).await?;
        work.virtual_accounts().delete(id).await?;
        let event = Event::new("virtual_account.deleted").subject(&SubjectRef::virtual_account(id));
        record(work.as_mut(), self.core.now(), actor, event).await?;
        Ok(work.save().await?)
    }
}

/// The account, if the actor may do this with it.
pub(super) async fn permitted(
    work: &mut dyn Work,
    actor: &Actor,
    id: &VirtualAccountId,
    action: AccountAction,
) -> Result<VirtualAccountRow, ServiceError> {
    let row = work.virtual_accounts().find(id).await?;
    let owner = row.as_ref().and_then(|row| row.owner.as_ref());
    let owns = owner.is_some_and(|owner| actor.is(&SubjectRef::user(owner)));
    decide_account(actor.platform_role, owns, action)?;
    row.ok_or(ServiceError::NotFound)
}

async fn owner_named(work: &mut dyn Work, name: &str) -> Result<UserId, ServiceError> {
    let user = accounts::find_user(work, name.trim()).await?;
    user.map(|user| user.id)
        .ok_or_else(|| ServiceError::invalid("owner", "There is no such person. Enter an e-mail address."))
}

async fn insert(work: &mut dyn Work, actor: &Actor, row: VirtualAccountRow) -> Result<VirtualAccountRow, ServiceError> {
    work.virtual_accounts().insert(&row).await.map_err(taken)?;
    let event = Event::new("virtual_account.created").subject(&SubjectRef::virtual_account(&row.id));
    record(work, row.created_at, actor, event).await?;
    Ok(work.virtual_accounts().find(&row.id).await?.unwrap_or(row))
}

fn taken(error: StoreError) -> ServiceError {
    match error {
        StoreError::Conflict => ServiceError::Conflict("A virtual account has this name already.".to_owned()),
        other => other.into(),
    }
}

/// `/virtual-accounts/new` is a page.
fn checked_name(name: &str) -> Result<VirtualAccountId, FieldError> {
    let name = name.trim();
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    if name == "new" {
        return Err(FieldError::new("name", "A virtual account cannot be called “new”."));
    }
    if (1..=63).contains(&name.len()) && name.bytes().all(letter) && !name.bytes().all(|byte| byte == b'.') {
        return Ok(VirtualAccountId::new(name));
    }
    Err(FieldError::new(
        "name",
        "A virtual account's name has 1 to 63 lower-case letters, digits, hyphens, dots and underscores.",
    ))
}
