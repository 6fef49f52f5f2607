//! Hears, within a second, that a rotation has made another key current: from then on it seals here, too.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tracing::{debug, error, info};

use super::kept::{self, KEY_CHECK, OpenError};
use crate::seal::Seal;
use crate::store::Store;

pub(super) const EVERY: Duration = Duration::from_secs(1);

/// Ends with the seal or the store.
pub fn watch(store: &Arc<dyn Store>, seal: &Arc<Seal>) {
    tokio::spawn(follow(Arc::downgrade(store), Arc::downgrade(seal)));
}

async fn follow(store: Weak<dyn Store>, seal: Weak<Seal>) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let (Some(store), Some(seal)) = (store.upgrade(), seal.upgrade()) else {
            return;
        };
        if let Err(error) = look(store.as_ref(), &seal).await {
            debug!(error = %error, "Could not look which master key is current");
        }
    }
}

async fn look(store: &dyn Store, seal: &Seal) -> Result<(), OpenError> {
    let check = kept::find(store.read().await?.as_mut(), KEY_CHECK).await?;
    let Some((check, id)) = check.and_then(|check| check.key_id().map(|id| (check, id))) else {
        return Ok(());
    };
    let lacking = seal.lacking();
    if id == seal.current() && lacking.is_none() {
        return Ok(());
    }
    let opened = seal.open(&kept::context(KEY_CHECK), &check);
    match opened.and_then(|_| seal.make_current(id)) {
        Ok(()) => info!(key = id, "This master key is current now"),
        Err(error) => {
            seal.lack(id);
            if lacking != Some(id) {
                error!(key = id, error = %error, "The master key that is current is not configured here; this process is not ready until it is");
            }
        }
    }
    Ok(())
}
