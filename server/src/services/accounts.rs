//! People: an admin's business. How somebody comes in by a link is in `invitations.rs`.

use std::sync::Arc;

use domain::actor::{Actor, SubjectRef};
use domain::field::FieldError;
use domain::id::UserId;
use domain::person::may_lose_admin;
use domain::role::PlatformRole;
use domain::secret::Secret;
use domain::timestamp::Timestamp;

use super::audit::{Event, record};
use super::{Core, ServiceError, access};
use crate::password::{Passwords, check_new};
use crate::store::{Page, PageQuery, StoreError, UserRow, Work};

const MAX_NAME: usize = 100;
const MAX_EMAIL: usize = 254;

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

    /// The same, elsewhere: as a part of another work.
    pub(super) fn within(&self, core: &Core) -> Self {
        Self::new(core.clone(), self.passwords.clone())
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
        self.insert(actor, row).await
    }

    /// With a password that is hashed already.
    pub(super) async fn create_hashed(
        &self,
        actor: &Actor,
        new: NewUser,
        password_hash: Option<String>,
    ) -> Result<UserRow, ServiceError> {
        access::require_admin(actor)?;
        let row = new_user_row(&self.passwords, NewUser { password: None, ..new }, self.core.now()).await?;
        self.insert(actor, UserRow { password_hash, ..row }).await
    }

    async fn insert(&self, actor: &Actor, row: UserRow) -> Result<UserRow, ServiceError> {
        let mut work = self.core.store.begin().await?;
        insert_user(work.as_mut(), actor, &row).await?;
        work.save().await?;
        Ok(row)
    }

    /// Disabling a person, or setting another password, ends their sessions at once (ASVS 7.4.2, 7.4.3).
    pub async fn change_user(
        &self,
        actor: &Actor,
        name: &str,
        mut change: UserChange,
    ) -> Result<UserRow, ServiceError> {
        access::require_admin(actor)?;
        let hash = match change.password.take() {
            Some(password) => Some(self.hash(password).await?),
            None => None,
        };
        self.change_hashed(actor, name, change, hash).await
    }

    pub(super) async fn hash(&self, password: Secret) -> Result<String, ServiceError> {
        hash_new(&self.passwords, password).await
    }

    /// With a password that is hashed already.
    pub(super) async fn change_hashed(
        &self,
        actor: &Actor,
        name: &str,
        change: UserChange,
        hash: Option<String>,
    ) -> Result<UserRow, ServiceError> {
        access::require_admin(actor)?;
        let what = changes(&change, hash.is_some());
        let mut work = self.core.store.begin().await?;
        let loses = change.disabled == Some(true) || change.platform_role == Some(PlatformRole::Member);
        let before = if loses {
            dispensable(work.as_mut(), actor, name).await?
        } else {
            find_user(work.as_mut(), name).await?.ok_or(ServiceError::NotFound)?
        };
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
            // A link that is still under way would set the password that was just changed, or bring back who is out.
            work.invitations().remove(&after.id).await?;
        }
        let event = Event::new("user.changed").subject(&SubjectRef::user(&after.id));
        record(work.as_mut(), self.core.now(), actor, event.detail(&what)).await?;
        let after = work.users().find(&after.id).await?.ok_or(ServiceError::NotFound)?;
        work.save().await?;
        Ok(after)
    }

    /// All that is theirs goes with them (D09).
    pub async fn delete_user(&self, actor: &Actor, name: &str) -> Result<(), ServiceError> {
        access::require_admin(actor)?;
        let mut work = self.core.store.begin().await?;
        let user = dispensable(work.as_mut(), actor, name).await?;
        work.users().delete(&user.id).await?;
        let event = Event::new("user.deleted")
            .subject(&SubjectRef::user(&user.id))
            .detail(&[("email", &user.email)]);
        record(work.as_mut(), self.core.now(), actor, event).await?;
        Ok(work.save().await?)
    }
}

/// What a change is about, for the audit trail; never a password.
fn changes(change: &UserChange, password: bool) -> Vec<(&'static str, &'static str)> {
    let mut what = Vec::new();
    if change.name.is_some() {
        what.push(("name", "changed"));
    }
    if password {
        what.push(("password", "changed"));
    }
    if let Some(role) = change.platform_role {
        what.push(("platform_role", role.as_str()));
    }
    if let Some(disabled) = change.disabled {
        what.push(("disabled", if disabled { "yes" } else { "no" }));
    }
    what
}

/// Somebody who may be disabled, deleted or made a member. The admins are locked first, so that of two admins who take the role
/// from each other at once the second finds out.
async fn dispensable(work: &mut dyn Work, actor: &Actor, name: &str) -> Result<UserRow, ServiceError> {
    let admins = work.users().lock_acting_admins().await?;
    let user = find_user(work, name).await?.ok_or(ServiceError::NotFound)?;
    let acting = admins.contains(&user.id);
    let others = i64::try_from(admins.len()).unwrap_or(i64::MAX) - i64::from(acting);
    may_lose_admin(actor.is(&SubjectRef::user(&user.id)), acting, others)
        .map_err(|needed| ServiceError::Conflict(needed.to_string()))?;
    Ok(user)
}

pub(super) async fn insert_user(work: &mut dyn Work, actor: &Actor, row: &UserRow) -> Result<(), ServiceError> {
    work.users().insert(row).await.map_err(|error| match error {
        StoreError::Conflict => ServiceError::Conflict("Somebody has this e-mail address already.".to_owned()),
        other => other.into(),
    })?;
    let event = Event::new("user.created").subject(&SubjectRef::user(&row.id));
    Ok(record(work, row.created_at, actor, event).await?)
}

/// By id or e-mail address.
pub async fn find_user(work: &mut dyn Work, name: &str) -> Result<Option<UserRow>, ServiceError> {
    if name.contains('@') {
        Ok(work.users().find_by_email(&name.to_lowercase()).await?)
    } else {
        Ok(work.users().find(&UserId::new(name)).await?)
    }
}

/// Somebody who has a row: the command line has none.
pub(super) async fn stored(work: &mut dyn Work, user: Option<UserId>) -> Result<Option<UserId>, StoreError> {
    let Some(user) = user else { return Ok(None) };
    Ok(work.users().find(&user).await?.map(|row| row.id))
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
    let password = new.password.clone();
    let row = new_account(NewUser { email, ..new }, now)?;
    let password_hash = match password {
        Some(password) => Some(hash_new(passwords, password).await?),
        None => None,
    };
    Ok(UserRow { password_hash, ..row })
}

/// The account of somebody whose address was looked at; without a password.
pub(super) fn new_account(new: NewUser, now: Timestamp) -> Result<UserRow, ServiceError> {
    Ok(UserRow {
        id: UserId::new(uuid::Uuid::now_v7().to_string()),
        name: checked_name(new.name.as_deref().unwrap_or_default(), &new.email)?,
        email: new.email,
        password_hash: None,
        platform_role: new.platform_role,
        disabled_at: None,
        created_at: now,
        invited_until: None,
    })
}

pub(super) async fn hash_new(passwords: &Passwords, password: Secret) -> Result<String, ServiceError> {
    check_new(&password).map_err(|error| ServiceError::invalid("password", error.to_string()))?;
    Ok(passwords.hash(password).await?)
}

/// Something, an at sign, something with a dot or a bare host; no spaces. Whether mail arrives is another matter.
pub fn is_email(text: &str) -> bool {
    let parts: Vec<&str> = text.split('@').collect();
    let visible = text.chars().all(|c| !c.is_whitespace() && !c.is_control());
    text.len() <= MAX_EMAIL
        && visible
        && matches!(parts.as_slice(), [local, host] if !local.is_empty() && !host.is_empty())
}

pub(super) fn checked_name(name: &str, email: &str) -> Result<String, ServiceError> {
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
