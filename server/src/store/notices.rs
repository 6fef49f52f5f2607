//! The outbox: what is to be told, by webhook or mail. Rows are written with the change they tell of, and taken up by one replica at a
//! time: taking one up moves its turn on, so no lock is held while it is sent.

use async_trait::async_trait;
use domain::notice::Step;
use domain::timestamp::Timestamp;

use super::overrides::{Record, columns, joins};
use super::work::{Dialect, Tx, for_both, known};
use super::{NoticeChannel, NoticeRow, NoticeState, Notices, OverrideRow, StoreError};

macro_rules! columns_of_notices {
    () => {
        "id, channel, once, event, recipient, payload, created_at, state, attempts, next_at, finished_at, problem"
    };
}

const PUT: &str = concat!(
    "INSERT INTO notices (",
    columns_of_notices!(),
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING"
);
const IS_DUE: &str =
    "SELECT COUNT(*) FROM (SELECT 1 FROM notices WHERE state = 'waiting' AND next_at <= $1 LIMIT 1) due";
/// `CLAIM` and `CLAIMED` stand around the dialect's lock.
const CLAIM: &str = "UPDATE notices SET attempts = attempts + 1, next_at = $2 WHERE id = (SELECT id FROM notices
    WHERE state = 'waiting' AND next_at <= $1 ORDER BY next_at, id LIMIT 1";
const CLAIMED: &str = concat!(") RETURNING ", columns_of_notices!());
const SETTLE: &str = "UPDATE notices SET state = $3, next_at = $4, finished_at = $5, problem = $6
    WHERE id = $1 AND attempts = $2 AND state = 'waiting'";
const LATEST: &str = concat!(
    "SELECT ",
    columns_of_notices!(),
    " FROM notices ORDER BY id DESC LIMIT $1"
);
const COUNT: &str = "SELECT COUNT(*) FROM notices WHERE state = $1";
const FORGET: &str = "DELETE FROM notices WHERE state <> 'waiting' AND finished_at < $1";
const ENDING: &str = concat!(
    columns!(),
    "overrides o ",
    joins!(),
    "WHERE o.expires_at > $1 AND o.expires_at <= $2 AND o.id > $3 ORDER BY o.id LIMIT $4"
);

#[derive(sqlx::FromRow)]
struct Stored {
    id: String,
    channel: String,
    once: String,
    event: String,
    recipient: String,
    payload: String,
    created_at: i64,
    state: String,
    attempts: i64,
    next_at: i64,
    finished_at: Option<i64>,
    problem: Option<String>,
}

impl TryFrom<Stored> for NoticeRow {
    type Error = StoreError;

    fn try_from(stored: Stored) -> Result<Self, StoreError> {
        Ok(Self {
            channel: known(NoticeChannel::parse(&stored.channel), "channel")?,
            state: known(NoticeState::parse(&stored.state), "state")?,
            id: stored.id,
            once: stored.once,
            event: stored.event,
            recipient: stored.recipient,
            payload: stored.payload,
            created_at: Timestamp(stored.created_at),
            attempts: stored.attempts,
            next_at: Timestamp(stored.next_at),
            finished_at: stored.finished_at.map(Timestamp),
            problem: stored.problem,
        })
    }
}

macro_rules! stamp {
    ($db:ty) => {
        #[async_trait]
        impl Notices for Tx<$db> {
            async fn put(&mut self, row: &NoticeRow) -> Result<bool, StoreError> {
                let put = sqlx::query(PUT)
                    .bind(&row.id)
                    .bind(row.channel.as_str())
                    .bind(&row.once)
                    .bind(&row.event)
                    .bind(&row.recipient)
                    .bind(&row.payload)
                    .bind(row.created_at.0)
                    .bind(row.state.as_str())
                    .bind(row.attempts)
                    .bind(row.next_at.0)
                    .bind(row.finished_at.map(|at| at.0))
                    .bind(&row.problem);
                Ok(put.execute(&mut *self.tx).await?.rows_affected() == 1)
            }

            async fn is_due(&mut self, now: Timestamp) -> Result<bool, StoreError> {
                let due: i64 = sqlx::query_scalar(IS_DUE)
                    .bind(now.0)
                    .fetch_one(&mut *self.tx)
                    .await?;
                Ok(due > 0)
            }

            async fn claim(&mut self, now: Timestamp, until: Timestamp) -> Result<Option<NoticeRow>, StoreError> {
                let sql = [CLAIM, Self::SKIP_LOCKED, CLAIMED].concat();
                let claimed = sqlx::query_as(&sql).bind(now.0).bind(until.0);
                let claimed: Option<Stored> = claimed.fetch_optional(&mut *self.tx).await?;
                claimed.map(TryInto::try_into).transpose()
            }

            async fn settle(&mut self, row: &NoticeRow) -> Result<bool, StoreError> {
                let settle = sqlx::query(SETTLE)
                    .bind(&row.id)
                    .bind(row.attempts)
                    .bind(row.state.as_str())
                    .bind(row.next_at.0)
                    .bind(row.finished_at.map(|at| at.0))
                    .bind(&row.problem);
                Ok(settle.execute(&mut *self.tx).await?.rows_affected() == 1)
            }

            async fn latest(&mut self, limit: u32) -> Result<Vec<NoticeRow>, StoreError> {
                let latest = sqlx::query_as(LATEST).bind(i64::from(limit));
                let latest: Vec<Stored> = latest.fetch_all(&mut *self.tx).await?;
                latest.into_iter().map(TryInto::try_into).collect()
            }

            async fn count(&mut self, state: NoticeState) -> Result<i64, StoreError> {
                let count = sqlx::query_scalar(COUNT).bind(state.as_str());
                Ok(count.fetch_one(&mut *self.tx).await?)
            }

            async fn forget_before(&mut self, at: Timestamp) -> Result<u64, StoreError> {
                let forget = sqlx::query(FORGET).bind(at.0);
                Ok(forget.execute(&mut *self.tx).await?.rows_affected())
            }

            async fn ending(
                &mut self,
                step: Step,
                now: Timestamp,
                beyond: &str,
                limit: u32,
            ) -> Result<Vec<OverrideRow>, StoreError> {
                let (after, until) = step.ends(now);
                let ending = sqlx::query_as(ENDING)
                    .bind(after.0)
                    .bind(until.0)
                    .bind(beyond)
                    .bind(i64::from(limit));
                let ending: Vec<Record> = ending.fetch_all(&mut *self.tx).await?;
                ending.into_iter().map(TryInto::try_into).collect()
            }
        }
    };
}
for_both!(stamp);
