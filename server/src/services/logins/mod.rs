//! Signing MCP clients in (B10): which clients there are, what people allow them, and what is issued for it. Each function is one
//! transaction; the rules are `domain::login`'s, talking HTTP is `crate::login`'s.
//!
//! A person's consent becomes a code, the code becomes a *grant* with its tokens, and the grant is what is shown and ended: by its
//! person, by its client, or by whoever uses a code or a refresh token twice.

mod apps;
mod clients;
mod consent;
mod holder;
mod issue;

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use domain::actor::Actor;
use domain::id::UserId;
use domain::timestamp::Timestamp;

use super::limit::Limit;
use super::{Core, ServiceError};
use crate::store::{Store, StoreError};

pub use crate::store::{LoginApp, LoginClientRow, LoginGrantRow};

pub use consent::Allowed;
pub(super) use holder::{LoginHolder, access_hash, holder};
pub use issue::{CodeShown, IssueError, Issued, RefreshShown};

const CODE: &str = "ok_code_";
const ACCESS: &str = "ok_at_";
const REFRESH: &str = "ok_rt_";

const WINDOW: Duration = Duration::from_secs(15 * 60);
/// Registrations from one address.
const REGISTRATIONS: NonZeroU32 = NonZeroU32::new(30).unwrap();
/// Descriptions of clients that are fetched for one person.
const FETCHES: NonZeroU32 = NonZeroU32::new(60).unwrap();
/// A client that nobody has used for so long registers anew.
const IDLE_SECONDS: i64 = 90 * 86_400;

#[derive(Clone)]
pub struct Logins {
    core: Core,
    registrations: Arc<Limit<IpAddr>>,
    fetches: Arc<Limit<UserId>>,
}

impl Logins {
    pub fn new(core: Core) -> Self {
        Self {
            core,
            registrations: Arc::new(Limit::new(REGISTRATIONS, WINDOW)),
            fetches: Arc::new(Limit::new(FETCHES, WINDOW)),
        }
    }

    pub fn now(&self) -> Timestamp {
        self.core.now()
    }

    /// Counts a description that is fetched because this person came with it.
    pub fn limit_fetch(&self, actor: &Actor) -> Result<(), ServiceError> {
        self.fetches.check(&person(actor)?)
    }
}

/// Clients act for people.
fn person(actor: &Actor) -> Result<UserId, ServiceError> {
    actor.user_id().ok_or(ServiceError::Forbidden)
}

/// Removes what has ended, for the hourly sweep.
pub async fn remove_expired(store: &dyn Store, now: Timestamp) -> Result<(), StoreError> {
    let mut work = store.begin().await?;
    work.logins().delete_expired(now).await?;
    work.login_clients().delete_idle(now.plus(-IDLE_SECONDS)).await?;
    work.save().await
}
