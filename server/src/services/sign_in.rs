//! Signing in with a password, and the first admin.
//!
//! An unknown address, a wrong password and a disabled person get the same answer in the same time (G1). Tries are limited per
//! account and per address.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use domain::actor::{Actor, SubjectRef};
use domain::role::PlatformRole;
use domain::secret::Secret;
use domain::via::Via;
use std::time::Duration;

use super::accounts::{NewUser, new_user_row};
use super::audit::{Event, record, record_stranger};
use super::limit::Limit;
use super::{Core, ServiceError, tokens};
use crate::password::Passwords;

const WINDOW: Duration = Duration::from_secs(15 * 60);
const PER_ACCOUNT: NonZeroU32 = NonZeroU32::new(10).unwrap();
const PER_ADDRESS: NonZeroU32 = NonZeroU32::new(50).unwrap();
const FIRST_ADMIN: &str = "first_admin";

#[derive(Clone)]
pub struct SignIn {
    core: Core,
    passwords: Arc<Passwords>,
    by_account: Arc<Limit<String>>,
    by_address: Arc<Limit<IpAddr>>,
}

impl SignIn {
    pub fn new(core: Core, passwords: Arc<Passwords>) -> Self {
        Self {
            core,
            passwords,
            by_account: Arc::new(Limit::new(PER_ACCOUNT, WINDOW)),
            by_address: Arc::new(Limit::new(PER_ADDRESS, WINDOW)),
        }
    }

    /// `Ok(None)`: the address or the password is wrong, or the person is disabled.
    pub async fn with_password(&self, email: &str, password: Secret, via: Via) -> Result<Option<Actor>, ServiceError> {
        let email = email.trim().to_lowercase();
        self.limit(&email, via.address)?;
        let turn = self.passwords.turn()?;
        let user = self
            .core
            .store
            .read()
            .await?
            .users()
            .find_by_email(&email)
            .await?
            .filter(|user| user.disabled_at.is_none());
        let hash = user.as_ref().and_then(|user| user.password_hash.clone());
        let matches = self.passwords.verify(turn, hash, password).await?;
        let Some(user) = user.as_ref().filter(|_| matches) else {
            // Whatever was typed as an address may be a password: only whose it was is written down.
            let event = user.iter().fold(Event::new("session.refused"), |event, user| {
                event.subject(&SubjectRef::user(&user.id))
            });
            let mut work = self.core.store.begin().await?;
            record_stranger(work.as_mut(), self.core.now(), via, event).await?;
            work.save().await?;
            return Ok(None);
        };
        let mut actor = Actor::new(SubjectRef::user(&user.id), user.name.clone(), user.platform_role);
        actor.via = via;
        let mut work = self.core.store.begin().await?;
        record(work.as_mut(), self.core.now(), &actor, Event::new("session.started")).await?;
        work.save().await?;
        Ok(Some(actor))
    }

    /// The person behind a session, as they are now; `None` when gone or disabled.
    pub async fn actor_of_session(&self, subject: &SubjectRef) -> Result<Option<Actor>, ServiceError> {
        let mut work = self.core.store.read().await?;
        Ok(tokens::owner(work.as_mut(), subject).await?)
    }

    /// Whether nobody is there yet: then a set-up link makes the first admin.
    pub async fn needs_first_admin(&self) -> Result<bool, ServiceError> {
        Ok(self.core.store.read().await?.users().count().await? == 0)
    }

    /// Makes the first admin. `Conflict` when there is somebody already.
    pub async fn first_admin(&self, new: NewUser, via: Via) -> Result<Actor, ServiceError> {
        let new = NewUser {
            platform_role: PlatformRole::Admin,
            ..new
        };
        let row = new_user_row(&self.passwords, new, self.core.now()).await?;
        let mut work = self.core.store.begin().await?;
        // Of two replicas that are set up at once the second waits here until the first is done, and then counts it.
        work.settings().set_if_absent(FIRST_ADMIN, "made").await?;
        if work.users().count().await? > 0 {
            return Err(ServiceError::Conflict(
                "This installation is set up already. Sign in.".to_owned(),
            ));
        }
        work.users().insert(&row).await?;
        let mut actor = Actor::new(SubjectRef::user(&row.id), row.name, row.platform_role);
        actor.via = via;
        record(
            work.as_mut(),
            self.core.now(),
            &actor,
            Event::new("user.created").subject(&actor.subject),
        )
        .await?;
        work.save().await?;
        Ok(actor)
    }

    /// For ways of signing in that name no account at first.
    pub fn limit_address(&self, from: IpAddr) -> Result<(), ServiceError> {
        self.by_address.check(&from)
    }

    fn limit(&self, email: &str, from: Option<IpAddr>) -> Result<(), ServiceError> {
        from.map_or(Ok(()), |address| self.limit_address(address))?;
        self.by_account.check(&email.to_owned())
    }
}
