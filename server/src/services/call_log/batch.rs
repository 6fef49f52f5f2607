//! Calls that wait to be written.

use std::collections::BTreeMap;

use domain::timestamp::Timestamp;
use tracing::{error, warn};

use super::Called;
use super::counts::{Counts, Share};
use crate::services::audit::{Event, record_own};
use crate::store::trail::{UsageCount, UsageKey};
use crate::store::{CallRow, Store, StoreError};

pub(super) struct Batch {
    rows: Vec<CallRow>,
    room: usize,
    counts: Counts,
}

impl Batch {
    pub fn with_room(room: usize) -> Self {
        Self {
            rows: Vec::new(),
            room,
            counts: Counts::default(),
        }
    }

    /// For how many more.
    pub fn room(&self) -> usize {
        self.room.saturating_sub(self.rows.len())
    }

    pub fn add(&mut self, called: Called, at: Timestamp) {
        let row = called.row(at);
        self.counts.add(&row);
        self.rows.push(row);
    }

    /// Writes all calls and a share of the counts, or `all` of them, and tells of `dropped` calls. Keeps what could not be written for
    /// now; gives back what could not be told.
    pub async fn write(&mut self, store: &dyn Store, now: Timestamp, dropped: u64, all: bool) -> u64 {
        if self.rows.is_empty() && self.counts.is_empty() && dropped == 0 {
            return 0;
        }
        let share = self.counts.share(match (all, self.rows.is_empty()) {
            (true, _) => Share::All,
            (false, true) => Share::Alone,
            (false, false) => Share::WithCalls,
        });
        match write(store, now, &self.rows, share, dropped).await {
            Ok(()) => {
                self.rows.clear();
                self.counts.share_is_done();
                0
            }
            Err(error @ StoreError::Unavailable(_)) => {
                warn!(error = %error, waiting = self.rows.len(), "Could not write down calls; trying again");
                dropped
            }
            Err(error) => {
                // It would fail for ever, and everything behind it wait.
                let lost = self.rows.len() as u64;
                error!(error = %error, lost, "Could not write down calls");
                self.rows.clear();
                self.counts.share_is_done();
                dropped + lost
            }
        }
    }
}

async fn write(
    store: &dyn Store,
    now: Timestamp,
    rows: &[CallRow],
    counts: &BTreeMap<UsageKey, UsageCount>,
    dropped: u64,
) -> Result<(), StoreError> {
    let mut work = store.begin().await?;
    work.calls().count(counts).await?;
    if dropped > 0 {
        let event = Event::new("calls.dropped").detail(&[("calls", &dropped.to_string())]);
        record_own(work.as_mut(), now, event).await?;
    }
    // Last: it locks the chain.
    work.calls().append(rows).await?;
    work.save().await
}
