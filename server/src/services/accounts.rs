//! People and virtual accounts: an admin's business.

use std::sync::Arc;

use domain::actor::{Actor, SubjectRef};
use domain::field::FieldError;
use domain::id::{UserId, VirtualAccountId};
use domain::role::PlatformRole;
use domain::secret::Secret;
use domain::timestamp::Timestamp;

use super::audit::{Event, record};
use super::catalog::is_plain;
use super::tokens::{NewToken, TokenRequest, generate};
use super::{Core, ServiceError, access};
use crate::password::{Passwords, check_new};
use crate::store::{Page, PageQuery, StoreError, UserRow, VirtualAccountRow, Work};

const MAX_NAME: usize = 100;
const MAX_EMAIL: usize = 254;
const MAX_DESCRIPTION: usize = 500;

#[derive(Debug)]
pub struct NewUser {
    pub email: String,
    pub name: Option<String>,
    pub password: Option<Secret>,
    pub platform_role: PlatformRole,
}

/// `None` leaves a thing as it is.
#[derive(Debug, Default)]
pub struct UserChange {
    pub name: Option<String>,
    pub password: Option<Secret>,
    pub platform_role: Option<PlatformRole>,
    pub disabled: Option<bool>,
}

#[derive(Clone)]
pub struct Accounts {
    core: Core,
    passwords: Arc<Passwords>,
}

impl Accounts {
    pub fn new(core: Core, passwords: Arc<Passwords>) -> Self {
        Self { core, passwords }
    }

    pub async fn users(&self, actor: &Actor, query: &PageQuery) -> Result<Page<UserRow>, ServiceError> {
        access::require_admin(actor)?;
        Ok(self.core.store.read().await?.users().list(query).await?)
    }

    /// By id or e-mail address.
    pub async fn user(&self, actor: &Actor, name: &str) -> Result<UserRow, ServiceError> {
        access::require_admin(actor)?;
        find_user(self.core.store.read().await?.as_mut(), name)
            .await?
            .ok_or(ServiceError::NotFound)
    }

    /// The actor's own row.
    pub async fn me(&self, actor: &Actor) -> Result<Option<UserRow>, ServiceError> {
        let Some(id) = actor.user_id() else { return Ok(None) };
        Ok(self.core.store.read().await?.users().find(&id).await?)
    }

    pub async fn create_user(&self, actor: &Actor, new: NewUser) -> Result<UserRow, ServiceError> {
        access::require_admin(actor)?;
        let row = new_user_row(&self.passwords, new, self.core.now()).await?;
        let mut work = self.core.store.begin().await?;
        work.users().insert(&row).await.map_err(|error| match error {
            StoreError::Conflict => ServiceError::Conflict("Somebody has this e-mail address already.".to_owned()),
            other => other.into(),
        })?;
        self.record(work.as_mut(), actor, "user.created", &SubjectRef::user(&row.id))
            .await?;
        work.save().await?;
        Ok(row)
    }

    /// Disabling a person, or setting another password, ends their sessions at once (ASVS 7.4.2, 7.4.3).
    pub async fn change_user(&self, actor: &Actor, name: &str, change: UserChange) -> Result<UserRow, ServiceError> {
        access::require_admin(actor)?;
        let hash = match change.password {
            Some(password) => Some(hash_new(&self.passwords, password).await?),
            None => None,
        };
        let mut work = self.core.store.begin().await?;
        let before = find_user(work.as_mut(), name).await?.ok_or(ServiceError::NotFound)?;
        let own = actor.is(&SubjectRef::user(&before.id));
        if own && (change.disabled == Some(true) || change.platform_role == Some(PlatformRole::Member)) {
            return Err(ServiceError::Conflict(
                "You cannot disable yourself or give up your own admin role.".to_owned(),
            ));
        }
        let ends_sessions = hash.is_some() || change.disabled == Some(true);
        let after = UserRow {
            name: match change.name {
                Some(name) => checked_name(&name, &before.email)?,
                None => before.name,
            },
            password_hash: hash.or(before.password_hash),
            platform_role: change.platform_role.unwrap_or(before.platform_role),
            disabled_at: match change.disabled {
                Some(true) => before.disabled_at.or(Some(self.core.now())),
                Some(false) => None,
                None => before.disabled_at,
            },
            ..before
        };
        work.users().update(&after).await?;
        if ends_sessions {
            work.sessions().delete_of_user(&after.id).await?;
        }
        self.record(work.as_mut(), actor, "user.changed", &SubjectRef::user(&after.id))
            .await?;
        work.save().await?;
        Ok(after)
    }

    pub async fn delete_user(&self, actor: &Actor, name: &str) -> Result<(), ServiceError> {
        access::require_admin(actor)?;
        let mut work = self.core.store.begin().await?;
        let user = find_user(work.as_mut(), name).await?.ok_or(ServiceError::NotFound)?;
        let subject = SubjectRef::user(&user.id);
        if actor.is(&subject) {
            return Err(ServiceError::Conflict("You cannot delete yourself.".to_owned()));
        }
        work.users().delete(&user.id).await?;
        self.record(work.as_mut(), actor, "user.deleted", &subject).await?;
        Ok(work.save().await?)
    }

    pub async fn virtual_accounts(
        &self,
        actor: &Actor,
        query: &PageQuery,
    ) -> Result<Page<VirtualAccountRow>, ServiceError> {
        access::require_admin(actor)?;
        Ok(self.core.store.read().await?.virtual_accounts().list(query).await?)
    }

    pub async fn virtual_account(
        &self,
        actor: &Actor,
        id: &VirtualAccountId,
    ) -> Result<VirtualAccountRow, ServiceError> {
        access::require_admin(actor)?;
        self.core
            .store
            .read()
            .await?
            .virtual_accounts()
            .find(id)
            .await?
            .ok_or(ServiceError::NotFound)
    }

    /// Makes the account and its first token, whose value appears here only.
    pub async fn create_virtual_account(
        &self,
        actor: &Actor,
        name: &str,
        description: &str,
        token: TokenRequest,
    ) -> Result<(VirtualAccountRow, NewToken), ServiceError> {
        access::require_admin(actor)?;
        let row = VirtualAccountRow {
            id: checked_account_name(name)?,
            description: checked_description(description)?,
            created_by: actor.user_id(),
            created_at: self.core.now(),
        };
        let subject = SubjectRef::virtual_account(&row.id);
        let token = generate(subject.clone(), &token, row.created_at)?;
        let mut work = self.core.store.begin().await?;
        work.virtual_accounts()
            .insert(&row)
            .await
            .map_err(|error| match error {
                StoreError::Conflict => ServiceError::Conflict("A virtual account has this name already.".to_owned()),
                other => other.into(),
            })?;
        work.tokens().insert(&token.row).await?;
        self.record(work.as_mut(), actor, "virtual_account.created", &subject)
            .await?;
        work.save().await?;
        Ok((row, token))
    }

    pub async fn delete_virtual_account(&self, actor: &Actor, id: &VirtualAccountId) -> Result<(), ServiceError> {
        access::require_admin(actor)?;
        let mut work = self.core.store.begin().await?;
        if !work.virtual_accounts().delete(id).await? {
            return Err(ServiceError::NotFound);
        }
        self.record(
            work.as_mut(),
            actor,
            "virtual_account.deleted",
            &SubjectRef::virtual_account(id),
        )
        .await?;
        Ok(work.save().await?)
    }

    async fn record(
        &self,
        work: &mut dyn Work,
        actor: &Actor,
        action: &'static str,
        subject: &SubjectRef,
    ) -> Result<(), StoreError> {
        record(work, self.core.now(), actor, Event::new(action).subject(subject)).await
    }
}

/// By id or e-mail address.
pub async fn find_user(work: &mut dyn Work, name: &str) -> Result<Option<UserRow>, ServiceError> {
    if name.contains('@') {
        Ok(work.users().find_by_email(&name.to_lowercase()).await?)
    } else {
        Ok(work.users().find(&UserId::new(name)).await?)
    }
}

/// Checks what was typed and hashes the password.
pub async fn new_user_row(passwords: &Passwords, new: NewUser, now: Timestamp) -> Result<UserRow, ServiceError> {
    let email = new.email.trim().to_lowercase();
    let mut errors = Vec::new();
    if !is_email(&email) {
        errors.push(FieldError::new(
            "email",
            "Enter an e-mail address, such as ada@example.com.",
        ));
    }
    if let Some(Err(error)) = new.password.as_ref().map(check_new) {
        errors.push(FieldError::new("password", error.to_string()));
    }
    if !errors.is_empty() {
        return Err(ServiceError::Invalid(errors));
    }
    let name = checked_name(new.name.as_deref().unwrap_or_default(), &email)?;
    let password_hash = match new.password {
        Some(password) => Some(hash_new(passwords, password).await?),
        None => None,
    };
    Ok(UserRow {
        id: UserId::new(uuid::Uuid::now_v7().to_string()),
        email,
        name,
        password_hash,
        platform_role: new.platform_role,
        disabled_at: None,
        created_at: now,
    })
}

async fn hash_new(passwords: &Passwords, password: Secret) -> Result<String, ServiceError> {
    check_new(&password).map_err(|error| ServiceError::invalid("password", error.to_string()))?;
    passwords
        .hash(password)
        .await
        .map_err(|error| ServiceError::Internal(error.into()))
}

/// Something, an at sign, something with a dot or a bare host; no spaces. Whether mail arrives is another matter.
fn is_email(text: &str) -> bool {
    let parts: Vec<&str> = text.split('@').collect();
    let visible = text.chars().all(|c| !c.is_whitespace() && !c.is_control());
    text.len() <= MAX_EMAIL
        && visible
        && matches!(parts.as_slice(), [local, host] if !local.is_empty() && !host.is_empty())
}

fn checked_name(name: &str, email: &str) -> Result<String, ServiceError> {
    let name = name.trim();
    if name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        return Err(ServiceError::invalid(
            "name",
            "A name has at most 100 characters, without line breaks.",
        ));
    }
    Ok(if name.is_empty() {
        email.split('@').next().unwrap_or(email).to_owned()
    } else {
        name.to_owned()
    })
}

fn checked_account_name(name: &str) -> Result<VirtualAccountId, ServiceError> {
    let name = name.trim();
    let fits = (1..=63).contains(&name.len());
    if fits
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte))
    {
        Ok(VirtualAccountId::new(name))
    } else {
        Err(ServiceError::invalid(
            "name",
            "A virtual account's name has 1 to 63 lower-case letters, digits, hyphens, dots and underscores.",
        ))
    }
}

fn checked_description(text: &str) -> Result<String, ServiceError> {
    if text.chars().count() > MAX_DESCRIPTION || !is_plain(text) {
        return Err(ServiceError::invalid(
            "description",
            "A description has at most 500 characters, and no control characters but line breaks and tabs.",
        ));
    }
    Ok(text.trim().to_owned())
}
