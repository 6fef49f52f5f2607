//! Tells open streams to look again when somebody lost a right, at this replica or at another (A8).
//!
//! A stream that looked by itself every few seconds would cost several queries each time. Instead one look every two seconds, for
//! all streams of the process and only while there are any, finds the marks that the stores leave (`store::Revocations`).

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tracing::debug;

use crate::store::{Store, StoreError};

const EVERY: Duration = Duration::from_secs(2);
/// Marks appear when their transaction ends, in any order, and the clocks of replicas differ: the look goes back this far.
const WINDOW: i64 = 300;
const FORGET_EVERY: Duration = Duration::from_secs(3_600);
const FORGET_AFTER: i64 = 3_600;

#[derive(Debug, Clone)]
pub struct Revocations {
    /// One for all clones, so that the others that there are belong to calls.
    told: Arc<watch::Receiver<()>>,
}

impl Revocations {
    pub fn start(store: Arc<dyn Store>) -> Self {
        let (tell, told) = watch::channel(());
        tokio::spawn(look(store, tell));
        Self { told: Arc::new(told) }
    }

    /// Changes when it is time to look again. Listen before the right is looked up that is to be kept an eye on.
    pub fn listen(&self) -> watch::Receiver<()> {
        let mut told = watch::Receiver::clone(&self.told);
        told.mark_unchanged();
        told
    }
}

/// Ends with the last listener.
async fn look(store: Arc<dyn Store>, tell: watch::Sender<()>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut seen, mut forgotten_at) = (HashSet::new(), Instant::now());
    loop {
        tokio::select! {
            () = tell.closed() => return,
            _ = ticks.tick() => {}
        }
        if forgotten_at.elapsed() > FORGET_EVERY {
            forgotten_at = Instant::now();
            if let Err(error) = forget(store.as_ref()).await {
                debug!(error = %error, "Could not forget old revocations");
            }
        }
        // The first is the one that calls are given copies of.
        if tell.receiver_count() < 2 {
            continue;
        }
        match marks(store.as_ref()).await {
            Ok(now) => {
                if !now.is_subset(&seen) {
                    tell.send_replace(());
                }
                seen = now;
            }
            // The next look finds the same marks; streams look by themselves, too.
            Err(error) => debug!(error = %error, "Could not look for revocations"),
        }
    }
}

async fn marks(store: &dyn Store) -> Result<HashSet<String>, StoreError> {
    let marks = store.read().await?.revocations().since(WINDOW).await?;
    Ok(marks.into_iter().collect())
}

async fn forget(store: &dyn Store) -> Result<(), StoreError> {
    let mut work = store.begin().await?;
    work.revocations().forget_before(FORGET_AFTER).await?;
    work.save().await
}
