//! When tokens and overrides were used: with thousands of callers thousands of rows in a batch, so many go with one statement.
//!
//! Rows are locked in the order of their ids, by all batches of all replicas, so that no two wait for each other's.

use domain::id::{OverrideId, TokenId};
use domain::timestamp::Timestamp;
use sqlx::QueryBuilder;

use super::pieces::pieces;
use super::work::{Dialect, Tx, for_both};
use super::{OverrideUse, Place, StoreError};

/// First, so that who was good until now can be told.
const REJECT: &str =
    "UPDATE overrides SET condition = 'rejected' WHERE id = $1 AND version = $2 AND condition = 'good'";
/// Times never go backwards: batches of several replicas come in any order.
const TOKENS: &str = "UPDATE tokens SET last_used_at = used.at FROM used JOIN locked ON locked.id = used.id
    WHERE tokens.id = used.id AND (tokens.last_used_at IS NULL OR tokens.last_used_at < used.at)";
const LOGINS: &str = "UPDATE login_grants SET last_used_at = used.at FROM used JOIN locked ON locked.id = used.id
    WHERE login_grants.id = used.id AND (login_grants.last_used_at IS NULL OR login_grants.last_used_at < used.at)";
/// The condition is a statement of its own, for the few that change: it stands in more indexes than the time of the last use, and
/// SQLite writes an index anew for each column that is set, whether it changes or not.
const USED: &str = "UPDATE overrides SET
    last_used_at = CASE WHEN overrides.last_used_at > used.at THEN overrides.last_used_at ELSE used.at END
    FROM used JOIN locked ON locked.id = used.id
    WHERE overrides.id = used.id AND overrides.version = used.version";
/// Suspended and invalidated ones stay so: what lifts that is a person's doing, and a late batch may tell of a call from before. What
/// `REJECT` says is said by then.
const TAKEN: &str = "UPDATE overrides SET condition = 'good' FROM used JOIN locked ON locked.id = used.id
    WHERE overrides.id = used.id AND overrides.version = used.version AND used.taken = 1 AND overrides.condition = 'rejected'";

/// The rows `used`, and after it those of `table` among them, `locked` in their order.
fn locked(table: &str, lock: &str) -> String {
    format!(", locked AS (SELECT id FROM {table} WHERE id IN (SELECT id FROM used) ORDER BY id{lock}) ")
}

/// Sorted; the last of each row only.
fn latest(uses: &[(TokenId, Timestamp)]) -> Vec<(TokenId, Timestamp)> {
    let mut uses = uses.to_vec();
    uses.sort_by(|a, b| b.cmp(a));
    uses.dedup_by(|later, kept| later.0 == kept.0);
    uses.reverse();
    uses
}

fn rejected(used: &OverrideUse) -> bool {
    used.accepted == Some(false)
}

fn taken(used: &OverrideUse) -> bool {
    used.accepted == Some(true)
}

macro_rules! stamp {
    ($db:ty) => {
        impl Tx<$db> {
            pub(super) async fn tokens_used(&mut self, uses: &[(TokenId, Timestamp)]) -> Result<(), StoreError> {
                for piece in pieces(&latest(uses)) {
                    // Ids are UUIDs: what is none of the one kind is one of the other.
                    for (table, update) in [("tokens", TOKENS), ("login_grants", LOGINS)] {
                        let mut sql = QueryBuilder::<$db>::new("WITH used (id, at) AS (");
                        sql.push_values(piece, |mut row, (id, at)| {
                            row.push_bind(id.as_str()).push_bind(at.0);
                        });
                        sql.push(")").push(locked(table, Self::FOR_UPDATE)).push(update);
                        let updated = sql.build().execute(&mut *self.tx).await?.rows_affected();
                        if updated == piece.len() as u64 {
                            break;
                        }
                    }
                }
                Ok(())
            }

            /// Gives back which were good until now, and are not any more.
            pub(super) async fn overrides_used(&mut self, uses: &[OverrideUse]) -> Result<Vec<OverrideId>, StoreError> {
                // Stable, so that the last word on one override stays the last.
                let mut uses = uses.to_vec();
                uses.sort_by(|a, b| a.id.cmp(&b.id));
                let mut told = Vec::new();
                for run in uses.chunk_by(|one, next| one.id != next.id && !rejected(one) && !rejected(next)) {
                    if let [used] = run
                        && rejected(used)
                    {
                        let reject = sqlx::query(REJECT).bind(used.id.as_str()).bind(used.version);
                        if reject.execute(&mut *self.tx).await?.rows_affected() == 1 {
                            told.push(used.id.clone());
                        }
                        self.touch(Place::one_override(&used.id));
                    }
                    for piece in pieces(run) {
                        self.write_override_uses(piece).await?;
                    }
                }
                Ok(told)
            }

            async fn write_override_uses(&mut self, uses: &[OverrideUse]) -> Result<(), StoreError> {
                self.update_used(uses, USED).await?;
                if uses.iter().any(taken) {
                    self.update_used(uses, TAKEN).await?;
                }
                Ok(())
            }

            async fn update_used(&mut self, uses: &[OverrideUse], update: &str) -> Result<(), StoreError> {
                let mut sql = QueryBuilder::<$db>::new("WITH used (id, version, at, taken) AS (");
                sql.push_values(uses, |mut row, used| {
                    row.push_bind(used.id.as_str())
                        .push_bind(used.version)
                        .push_bind(used.at.0)
                        .push_bind(i64::from(taken(used)));
                });
                sql.push(")")
                    .push(locked("overrides", Self::FOR_UPDATE))
                    .push(update);
                sql.build().execute(&mut *self.tx).await?;
                Ok(())
            }
        }
    };
}
for_both!(stamp);
