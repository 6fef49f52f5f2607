//! Removes what is older than an operator wants to keep, in whole days, from the beginning of each chain.

use domain::timestamp::Timestamp;
use tracing::info;

use super::verdict::hex;
use super::{AuditTrail, Event, record_own};
use crate::services::ServiceError;
use crate::store::Trail;

const DAY: i64 = 86_400;
/// Rows in one transaction: others wait for the chain meanwhile.
const AT_ONCE: u32 = 2_000;

/// Days; 0 keeps for good.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// Changes, and the counts of calls.
    pub changes: u32,
    pub calls: u32,
}

impl AuditTrail {
    /// Removes what is too old, and says in the log where the chains end now: whoever keeps the log elsewhere can tell later that
    /// nothing was taken from their end.
    pub async fn keep(&self, retention: Retention) -> Result<(), ServiceError> {
        for (trail, days) in [(Trail::Calls, retention.calls), (Trail::Changes, retention.changes)] {
            if let Some(before) = self.cutoff(days) {
                self.prune(trail, before).await?;
            }
            let ends = self.core.store.read().await?.trails().ends(trail).await?;
            info!(newest = %format_args!("{}:{}:{}", trail.as_str(), ends.seq, hex(&ends.hash)), "The audit trail ends here");
        }
        if let Some(before) = self.cutoff(retention.changes) {
            let mut work = self.core.store.begin().await?;
            work.calls().forget_counts(before).await?;
            work.save().await?;
        }
        Ok(())
    }

    /// The beginning of a day, so that a day goes once and not in slices.
    fn cutoff(&self, days: u32) -> Option<Timestamp> {
        let now = self.core.now().0;
        (days > 0).then(|| Timestamp(now - now.rem_euclid(DAY) - i64::from(days) * DAY))
    }

    async fn prune(&self, trail: Trail, before: Timestamp) -> Result<(), ServiceError> {
        let (mut entries, mut up_to) = (0, 0);
        loop {
            let mut work = self.core.store.begin().await?;
            let pruned = work.trails().prune(trail, before, AT_ONCE).await?;
            entries += pruned.entries;
            up_to = pruned.up_to.max(up_to);
            if !pruned.more {
                if entries > 0 {
                    let detail = [
                        ("trail", trail.as_str()),
                        ("entries", &entries.to_string()),
                        ("up_to", &up_to.to_string()),
                    ];
                    record_own(
                        work.as_mut(),
                        self.core.now(),
                        Event::new("audit.pruned").detail(&detail),
                    )
                    .await?;
                }
                return Ok(work.save().await?);
            }
            work.save().await?;
        }
    }
}
