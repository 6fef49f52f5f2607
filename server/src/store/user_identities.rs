//! People, as identity providers know them, and the sign-ons that have been answered.

use async_trait::async_trait;
use domain::id::UserId;
use domain::timestamp::Timestamp;

use super::work::{Tx, for_both, inserted, key};
use super::{Place, StoreError, UserIdentities, UserIdentityRow};

const LINK: &str = "INSERT INTO user_identities (issuer, subject, user_id, linked_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT DO NOTHING";
const FIND: &str = "SELECT issuer, subject, user_id, linked_at FROM user_identities WHERE issuer = $1 AND subject = $2";
const OF_USER: &str =
    "SELECT issuer, subject, user_id, linked_at FROM user_identities WHERE user_id = $1 ORDER BY issuer";
const USE_SIGN_ON: &str = "INSERT INTO used_sign_ons (state_hash, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
const FORGET_SIGN_ONS: &str = "DELETE FROM used_sign_ons WHERE expires_at <= $1";

#[derive(sqlx::FromRow)]
struct Record {
    issuer: String,
    subject: String,
    user_id: String,
    linked_at: i64,
}

impl From<Record> for UserIdentityRow {
    fn from(record: Record) -> Self {
        Self {
            issuer: record.issuer,
            subject: record.subject,
            user: UserId::new(record.user_id),
            linked_at: Timestamp(record.linked_at),
        }
    }
}

macro_rules! stamp {
    ($db:ty) => {
        #[async_trait]
        impl UserIdentities for Tx<$db> {
            async fn link(&mut self, row: &UserIdentityRow) -> Result<(), StoreError> {
                let link = sqlx::query(LINK)
                    .bind(&row.issuer)
                    .bind(&row.subject)
                    .bind(row.user.as_str())
                    .bind(row.linked_at.0);
                self.touch(Place::identity(&row.issuer, &row.subject));
                inserted(link.execute(&mut *self.tx).await?.rows_affected())
            }

            async fn find(&mut self, issuer: &str, subject: &str) -> Result<Option<UserIdentityRow>, StoreError> {
                let found = sqlx::query_as(FIND).bind(key(issuer)).bind(key(subject));
                let found: Option<Record> = found.fetch_optional(&mut *self.tx).await?;
                Ok(found.map(UserIdentityRow::from))
            }

            async fn of_user(&mut self, user: &UserId) -> Result<Vec<UserIdentityRow>, StoreError> {
                let found = sqlx::query_as(OF_USER).bind(user.as_str());
                let found: Vec<Record> = found.fetch_all(&mut *self.tx).await?;
                Ok(found.into_iter().map(UserIdentityRow::from).collect())
            }

            async fn use_sign_on(&mut self, state_hash: &[u8], expires_at: Timestamp) -> Result<bool, StoreError> {
                let used = sqlx::query(USE_SIGN_ON).bind(state_hash).bind(expires_at.0);
                Ok(used.execute(&mut *self.tx).await?.rows_affected() == 1)
            }

            async fn forget_sign_ons(&mut self, now: Timestamp) -> Result<u64, StoreError> {
                let forgotten = sqlx::query(FORGET_SIGN_ONS).bind(now.0);
                Ok(forgotten.execute(&mut *self.tx).await?.rows_affected())
            }
        }
    };
}
for_both!(stamp);
