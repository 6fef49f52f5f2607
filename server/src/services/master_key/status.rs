//! Which key wraps how many values, and whether it is here.

use std::collections::BTreeMap;

use domain::actor::Actor;
use tracing::{error, warn};

use super::kept::{self, KEY_CHECK, OpenError};
use super::{MasterKeys, label};
use crate::services::{ServiceError, access};
use crate::store::{SealedKind, Work};

/// What the key check and its like are called among the kinds.
pub(super) const SETTINGS: &str = "settings";

#[derive(Debug, Clone)]
pub struct Status {
    pub current: u32,
    /// By id, with every key that is configured or needed. Values so damaged that they name no key stand under key 0.
    pub keys: BTreeMap<u32, KeyUse>,
}

#[derive(Debug, Clone, Default)]
pub struct KeyUse {
    /// Whether this process has it.
    pub is_here: bool,
    /// How many values of each kind it wraps.
    pub wraps: BTreeMap<&'static str, u64>,
}

impl KeyUse {
    pub fn total(&self) -> u64 {
        self.wraps.values().sum()
    }

    pub fn is_missing(&self) -> bool {
        !self.is_here && self.total() > 0
    }
}

impl Status {
    /// How many values of each kind another key wraps than this one.
    pub fn not_with(&self, key: u32) -> BTreeMap<&'static str, u64> {
        let mut left = BTreeMap::new();
        for (_, other) in self.keys.iter().filter(|(id, _)| **id != key) {
            for (kind, number) in &other.wraps {
                *left.entry(*kind).or_default() += number;
            }
        }
        left
    }

    /// Keys that values need and that are not here.
    pub fn missing(&self) -> Vec<u32> {
        let missing = self.keys.iter().filter(|(_, key)| key.is_missing());
        missing.map(|(id, _)| *id).collect()
    }
}

impl MasterKeys {
    pub async fn status(&self, actor: &Actor) -> Result<Status, ServiceError> {
        access::require_admin(actor)?;
        self.look(self.core.store.read().await?.as_mut()).await
    }

    /// For the log, at start: what a key that was taken out too early keeps closed.
    pub async fn tell_what_is_missing(&self) {
        let status = async { self.look(self.core.store.read().await?.as_mut()).await };
        match status.await {
            Ok(status) => {
                for (key, wraps) in status.keys.iter().filter(|(_, key)| key.is_missing()) {
                    let values = wraps.total();
                    error!(
                        key,
                        values, "Values need a master key that is not configured; see `overkey key status`"
                    );
                }
            }
            Err(error) => warn!(error = %error, "Could not look which master keys are needed"),
        }
    }

    pub(super) async fn look(&self, work: &mut dyn Work) -> Result<Status, ServiceError> {
        let current = kept::current(work).await?.unwrap_or_else(|| self.core.seal.current());
        let mut keys = BTreeMap::<u32, KeyUse>::new();
        let mut count = |id: Option<u32>, kind, number: u64| {
            let wraps = &mut keys.entry(id.unwrap_or_default()).or_default().wraps;
            *wraps.entry(kind).or_default() += number;
        };
        for name in [KEY_CHECK].into_iter().chain(kept::SEALED) {
            if let Some(sealed) = kept::find(work, name).await? {
                count(sealed.key_id(), SETTINGS, 1);
            }
        }
        for kind in SealedKind::ALL {
            for (id, number) in work.sealed_values().keys(kind).await? {
                count(id, label(kind), number);
            }
        }
        for id in self.core.seal.ids() {
            keys.entry(id).or_default().is_here = true;
        }
        Ok(Status { current, keys })
    }
}

impl From<OpenError> for ServiceError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Store(error) => error.into(),
            error => Self::Internal(error.into()),
        }
    }
}
