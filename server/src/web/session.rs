//! Browser sessions: an opaque id in a cookie, its SHA-256 and the rest in our own database.
//!
//! A session ends after eight hours without use, after seven days in any case, at sign-out, and when its person is disabled,
//! deleted or given another password. It never counts on `/mcp`.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use domain::actor::{Actor, SubjectRef};
use domain::id::UserId;
use domain::timestamp::Timestamp;
use domain::via::By;
use sha2::{Digest, Sha256};
use tower_sessions::cookie::SameSite;
use tower_sessions::cookie::time::{Duration, OffsetDateTime};
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result, SessionStore};
use tower_sessions::{Expiry, Session, SessionManagerLayer};
use tracing::error;
use url::Url;

use crate::clock::Clock;
use crate::services::{ServiceError, Services, logins};
use crate::store::{SessionRow, Store, StoreError};

const IDLE: Duration = Duration::hours(8);
const ABSOLUTE_SECONDS: i64 = 7 * 86_400;
/// How stale "last seen" may get: one write per session in this time, not one per request.
const TOUCH_SECONDS: i64 = 300;
const SUBJECT: &str = "subject";
const SIGNED_IN_AT: &str = "signed_in_at";
const SEEN_AT: &str = "seen_at";

pub fn layer(store: Arc<dyn Store>, clock: Arc<dyn Clock>, public_url: &Url) -> SessionManagerLayer<Sessions> {
    let https = public_url.scheme() == "https";
    SessionManagerLayer::new(Sessions { store, clock })
        .with_name(if https { "__Host-overkey" } else { "overkey" })
        .with_secure(https)
        .with_same_site(SameSite::Lax)
        .with_http_only(true)
        .with_path("/")
        .with_expiry(Expiry::OnInactivity(IDLE))
}

/// Starts a session for this person under a new id (ASVS 7.2.4: what was there before cannot be reused).
pub async fn start(
    session: &Session,
    subject: &SubjectRef,
    now: Timestamp,
) -> std::result::Result<(), tower_sessions::session::Error> {
    // `flush` would forget what the old id stood for, and then create the new session under the old id.
    session.clear().await;
    session.cycle_id().await?;
    session.insert(SUBJECT, subject).await?;
    session.insert(SIGNED_IN_AT, now.0).await?;
    session.insert(SEEN_AT, now.0).await?;
    session.save().await
}

/// Looks up who the session belongs to, as they are now, and hands the `Actor` on in the request's extensions.
pub async fn actor(
    State((services, clock)): State<(Services, Arc<dyn Clock>)>,
    session: Session,
    mut request: Request,
    next: Next,
) -> Response {
    match signed_in(&services, &session, clock.now()).await {
        Ok(Some(actor)) => {
            let actor = actor.arriving(request.extensions().get()).by(shown(&session));
            request.extensions_mut().insert(actor);
        }
        Ok(None) => {}
        Err(error) => error!(error = %error, "Could not read a session"),
    }
    next.run(request).await
}

async fn signed_in(services: &Services, session: &Session, now: Timestamp) -> anyhow::Result<Option<Actor>> {
    let Some(subject) = session.get::<SubjectRef>(SUBJECT).await? else {
        return Ok(None);
    };
    let started = session.get::<i64>(SIGNED_IN_AT).await?.unwrap_or_default();
    let actor = match services.sign_in.actor_of_session(&subject).await {
        Ok(actor) => actor.filter(|_| now.0 - started < ABSOLUTE_SECONDS),
        Err(error @ (ServiceError::Unavailable(_) | ServiceError::Internal(_))) => return Err(error.into()),
        Err(_) => None,
    };
    if actor.is_none() {
        session.flush().await?;
        return Ok(None);
    }
    if now.0 - session.get::<i64>(SEEN_AT).await?.unwrap_or_default() >= TOUCH_SECONDS {
        session.insert(SEEN_AT, now.0).await?;
    }
    Ok(actor)
}

/// Removes what has expired, every hour, for ever.
pub async fn sweep(store: Arc<dyn Store>, clock: Arc<dyn Clock>) {
    let mut hours = tokio::time::interval(std::time::Duration::from_secs(3_600));
    loop {
        hours.tick().await;
        if let Err(error) = remove_expired(store.as_ref(), clock.now()).await {
            error!(error = %error, "Could not remove expired sessions and sign-ins of clients");
        }
    }
}

async fn remove_expired(store: &dyn Store, now: Timestamp) -> std::result::Result<(), StoreError> {
    let mut work = store.begin().await?;
    work.sessions().delete_expired(now).await?;
    work.save().await?;
    logins::remove_expired(store, now).await
}

/// tower-sessions' store on our tables.
#[derive(Clone)]
pub struct Sessions {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sessions")
    }
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        let mut work = self.store.begin().await.map_err(backend)?;
        while !work.sessions().insert(&self.row(record)?).await.map_err(backend)? {
            record.id = Id::default();
        }
        work.save().await.map_err(backend)
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let mut work = self.store.begin().await.map_err(backend)?;
        work.sessions().put(&self.row(record)?).await.map_err(backend)?;
        work.save().await.map_err(backend)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let mut work = self.store.read().await.map_err(backend)?;
        let Some(row) = work
            .sessions()
            .find(&hash(id), self.clock.now())
            .await
            .map_err(backend)?
        else {
            return Ok(None);
        };
        let data = serde_json::from_str(&row.data).map_err(|error| Error::Decode(error.to_string()))?;
        let expiry_date =
            OffsetDateTime::from_unix_timestamp(row.expires_at.0).map_err(|error| Error::Decode(error.to_string()))?;
        Ok(Some(Record {
            id: *id,
            data,
            expiry_date,
        }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let mut work = self.store.begin().await.map_err(backend)?;
        work.sessions().delete(&hash(id)).await.map_err(backend)?;
        work.save().await.map_err(backend)
    }
}

impl Sessions {
    /// The record's own expiry comes from the machine's clock; ours says when the session really ends.
    fn row(&self, record: &Record) -> Result<SessionRow> {
        let now = self.clock.now();
        let subject = record
            .data
            .get(SUBJECT)
            .and_then(|value| serde_json::from_value::<SubjectRef>(value.clone()).ok());
        Ok(SessionRow {
            id_hash: hash(&record.id),
            user: subject.map(|subject| UserId::new(subject.id)),
            data: serde_json::to_string(&record.data).map_err(|error| Error::Encode(error.to_string()))?,
            created_at: now,
            expires_at: now.plus(IDLE.whole_seconds()),
        })
    }
}

/// What ties something to this browser session; `None` before there is one.
pub fn hash_of(session: &Session) -> Option<Vec<u8>> {
    session.id().as_ref().map(hash)
}

/// The session as the audit trail names it: the beginning of what the database knows it by.
fn shown(session: &Session) -> By {
    let id = session.id().as_ref().map(hash).unwrap_or_default();
    By::Session(id.iter().take(8).map(|byte| format!("{byte:02x}")).collect())
}

/// What the database knows of an id: a stolen copy of the table opens no session.
fn hash(id: &Id) -> Vec<u8> {
    Sha256::digest(id.0.to_le_bytes()).to_vec()
}

#[expect(clippy::needless_pass_by_value, reason = "what `map_err` hands over")]
fn backend(error: StoreError) -> Error {
    Error::Backend(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store;

    #[tokio::test]
    async fn what_has_expired_is_removed_and_nothing_else() {
        let store = store::open("sqlite::memory:").await.unwrap();
        store.migrate().await.unwrap();
        let mut work = store.begin().await.unwrap();
        for (id, expires_at) in [(1, 100), (2, 200)] {
            let row = SessionRow {
                id_hash: vec![id],
                user: None,
                data: "{}".to_owned(),
                created_at: Timestamp(0),
                expires_at: Timestamp(expires_at),
            };
            assert!(work.sessions().insert(&row).await.unwrap());
        }
        work.save().await.unwrap();
        remove_expired(store.as_ref(), Timestamp(150)).await.unwrap();
        let mut work = store.begin().await.unwrap();
        assert_eq!(work.sessions().delete_expired(Timestamp(150)).await.unwrap(), 0);
        assert_eq!(work.sessions().delete_expired(Timestamp(300)).await.unwrap(), 1);
    }
}
