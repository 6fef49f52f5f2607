//! A provider's public keys, kept: one request at a time, and none more often than every half minute, whatever tokens come (A10).
//!
//! An unknown key id may be a new key, or a guess. A provider that does not answer takes nothing away for a day: the keys that are
//! there still count.

use std::future::Future;
use std::sync::{Arc, PoisonError, RwLock};

use domain::timestamp::Timestamp;
use openidconnect::core::CoreJsonWebKeySet;
use tokio::sync::Mutex;
use tracing::warn;

/// At most one request in this time, in seconds.
pub const INTERVAL: i64 = 30;
/// Keys older than this are asked for again.
pub const FRESH: i64 = 600;
/// Keys older than this count no more: the provider may have withdrawn them long ago.
const KEPT: i64 = 86_400;

pub type KeySet = Arc<CoreJsonWebKeySet>;

#[derive(Clone)]
struct Held {
    keys: KeySet,
    fetched_at: Timestamp,
}

#[derive(Default)]
pub struct Keys {
    held: RwLock<Option<Held>>,
    /// When they were last asked for, well or not. Locked while asking, so that the others wait for that answer.
    asked_at: Mutex<Option<Timestamp>>,
}

impl Keys {
    /// Keys in which `has` finds the wanted one, asked for if need be; else those that are there. `None`: there are none.
    pub async fn get<F>(
        self: &Arc<Self>,
        now: Timestamp,
        has: impl Fn(&CoreJsonWebKeySet) -> bool,
        fetch: impl FnOnce() -> F + Send + 'static,
    ) -> Option<KeySet>
    where
        F: Future<Output = anyhow::Result<CoreJsonWebKeySet>> + Send,
    {
        let fresh = |held: &Held| now.0 - held.fetched_at.0 < FRESH && has(&held.keys);
        if let Some(held) = self.held().filter(fresh) {
            return Some(held.keys);
        }
        let keys = self.clone();
        // A task of its own: a caller who hangs up must not take the answer from all others.
        let asked = tokio::spawn(async move { keys.ask(now, fetch).await });
        if let Err(error) = asked.await {
            warn!(error = %error, "Asking for an identity provider's keys broke off");
        }
        let held = self.held().filter(|held| now.0 - held.fetched_at.0 < KEPT);
        held.map(|held| held.keys)
    }

    async fn ask<F>(&self, now: Timestamp, fetch: impl FnOnce() -> F)
    where
        F: Future<Output = anyhow::Result<CoreJsonWebKeySet>>,
    {
        let mut asked_at = self.asked_at.lock().await;
        if asked_at.is_some_and(|at| now.0 - at.0 < INTERVAL) {
            return;
        }
        *asked_at = Some(now);
        match fetch().await {
            Ok(keys) => {
                let held = Held {
                    keys: Arc::new(keys),
                    fetched_at: now,
                };
                *self.held.write().unwrap_or_else(PoisonError::into_inner) = Some(held);
            }
            Err(error) => warn!(error = %format_args!("{error:#}"), "An identity provider's keys cannot be had"),
        }
    }

    fn held(&self) -> Option<Held> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
