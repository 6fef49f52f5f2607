//! Calls counted by hour.

use std::collections::BTreeMap;

use domain::timestamp::Timestamp;
use sqlx::QueryBuilder;

use super::{UsageBy, UsageCount, UsageKey, UsageQuery, UsageSum};
use crate::store::StoreError;
use crate::store::pieces::pieces;
use crate::store::work::{Dialect, Tx, for_both, key};

const INTO: &str = "usage (server_id, hour, actor_type, actor_id, method, tool, step, calls, failed) ";
const ADD: &str = " ON CONFLICT (server_id, hour, actor_type, actor_id, method, tool, step)
    DO UPDATE SET calls = usage.calls + excluded.calls, failed = usage.failed + excluded.failed";
const FORGET: &str = "DELETE FROM usage WHERE hour < $1";
const REFUSED: i64 = -1;

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn sum((key, step, calls, failed): (String, i64, i64, i64)) -> UsageSum {
    UsageSum {
        key,
        step: u8::try_from(step).ok(),
        count: UsageCount {
            calls: calls.unsigned_abs(),
            failed: failed.unsigned_abs(),
        },
    }
}

macro_rules! stamp {
    ($db:ty) => {
        impl Tx<$db> {
            /// In the map's order, which is the same everywhere, so that two batches cannot wait for each other's rows.
            pub(super) async fn add_usage(
                &mut self,
                counts: &BTreeMap<UsageKey, UsageCount>,
            ) -> Result<(), StoreError> {
                let counts: Vec<_> = counts.iter().collect();
                for chunk in pieces(&counts) {
                    let mut sql = QueryBuilder::<$db>::new(Self::INSERT_MANY);
                    sql.push(INTO);
                    sql.push_values(chunk, |mut row, (key, count)| {
                        row.push_bind(key.server.as_str())
                            .push_bind(key.hour)
                            .push_bind(key.actor.kind.as_str())
                            .push_bind(&key.actor.id)
                            .push_bind(&key.method)
                            .push_bind(&key.tool)
                            .push_bind(key.step.map_or(REFUSED, i64::from))
                            .push_bind(number(count.calls))
                            .push_bind(number(count.failed));
                    });
                    sql.push(ADD);
                    sql.build().execute(&mut *self.tx).await?;
                }
                Ok(())
            }

            pub(super) async fn usage_sums(
                &mut self,
                query: &UsageQuery,
                by: UsageBy,
            ) -> Result<Vec<UsageSum>, StoreError> {
                let mut sql = QueryBuilder::<$db>::new("SELECT ");
                match by {
                    UsageBy::Time(seconds) => {
                        // A number of ours: bound, it would have to be repeated for GROUP BY to see that it is the same.
                        let start = format!("hour - hour % {seconds}");
                        sql.push("CAST(").push(start).push(" AS TEXT)");
                    }
                    UsageBy::Tool => drop(sql.push("method || '\n' || tool")),
                    UsageBy::Actor => drop(sql.push("actor_type || '/' || actor_id")),
                    UsageBy::Server => drop(sql.push("server_id")),
                }
                sql.push(", step, CAST(SUM(calls) AS BIGINT), CAST(SUM(failed) AS BIGINT) FROM usage WHERE hour >= ");
                sql.push_bind(query.from).push(" AND hour < ").push_bind(query.to);
                if let Some(server) = &query.server {
                    sql.push(" AND server_id = ")
                        .push_bind(server.as_str().to_owned());
                }
                if let Some(actor) = &query.actor {
                    sql.push(" AND actor_id = ").push_bind(key(&actor.id).to_owned());
                    sql.push(" AND actor_type = ").push_bind(actor.kind.as_str());
                }
                sql.push(" GROUP BY 1, 2 ORDER BY 1, 2");
                let sums: Vec<(String, i64, i64, i64)> = sql.build_query_as().fetch_all(&mut *self.tx).await?;
                Ok(sums.into_iter().map(sum).collect())
            }

            pub(super) async fn forget_usage(&mut self, before: Timestamp) -> Result<u64, StoreError> {
                let forgotten = sqlx::query(FORGET).bind(before.0).execute(&mut *self.tx);
                Ok(forgotten.await?.rows_affected())
            }
        }
    };
}
for_both!(stamp);
