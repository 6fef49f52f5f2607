//! The marks that open streams look for: rows that are only ever added, so that no two works wait for each other here.

use async_trait::async_trait;
use uuid::Uuid;

use super::work::{Tx, for_both};
use super::{Revocations, StoreError};

const MARK: &str = "INSERT INTO revocations (id) VALUES ($1)";
const SINCE: &str = "SELECT id FROM revocations WHERE id > $1";
const FORGET: &str = "DELETE FROM revocations WHERE id < $1";

/// The first id of that moment: ids of version 7 sort by time. Theirs is the machine's, so this one's is, too.
fn first_id(seconds_ago: i64) -> String {
    let now = Uuid::now_v7().get_timestamp().map_or(0, |time| time.to_unix().0);
    let then = now.saturating_add_signed(-seconds_ago);
    Uuid::from_u128((u128::from(then) * 1_000) << 80).to_string()
}

macro_rules! stamp {
    ($db:ty) => {
        impl Tx<$db> {
            /// Somebody lost a right: open streams look again.
            pub(super) async fn mark_revocation(&mut self) -> Result<(), StoreError> {
                let mark = sqlx::query(MARK).bind(Uuid::now_v7().to_string());
                mark.execute(&mut *self.tx).await?;
                Ok(())
            }
        }

        #[async_trait]
        impl Revocations for Tx<$db> {
            async fn since(&mut self, seconds: i64) -> Result<Vec<String>, StoreError> {
                let marks = sqlx::query_scalar(SINCE).bind(first_id(seconds));
                Ok(marks.fetch_all(&mut *self.tx).await?)
            }

            async fn forget_before(&mut self, seconds: i64) -> Result<u64, StoreError> {
                let forgotten = sqlx::query(FORGET).bind(first_id(seconds));
                Ok(forgotten.execute(&mut *self.tx).await?.rows_affected())
            }
        }
    };
}
for_both!(stamp);
