//! Links with which people choose a password, by the hash of their token.

use async_trait::async_trait;
use domain::id::UserId;
use domain::timestamp::Timestamp;

use super::work::{Tx, for_both};
use super::{InvitationRow, Invitations, StoreError};

const PUT: &str = "INSERT INTO invitations (user_id, hash, created_at, expires_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash, created_at = excluded.created_at,
        expires_at = excluded.expires_at";
const FIND: &str = "SELECT user_id, hash, created_at, expires_at FROM invitations WHERE hash = $1";
const TAKE: &str = "DELETE FROM invitations WHERE hash = $1 RETURNING user_id, hash, created_at, expires_at";
const REMOVE: &str = "DELETE FROM invitations WHERE user_id = $1";

#[derive(sqlx::FromRow)]
struct Record {
    user_id: String,
    hash: Vec<u8>,
    created_at: i64,
    expires_at: i64,
}

impl From<Record> for InvitationRow {
    fn from(record: Record) -> Self {
        Self {
            user: UserId::new(record.user_id),
            hash: record.hash,
            created_at: Timestamp(record.created_at),
            expires_at: Timestamp(record.expires_at),
        }
    }
}

macro_rules! stamp {
    ($db:ty) => {
        #[async_trait]
        impl Invitations for Tx<$db> {
            async fn put(&mut self, invitation: &InvitationRow) -> Result<(), StoreError> {
                sqlx::query(PUT)
                    .bind(invitation.user.as_str())
                    .bind(&invitation.hash)
                    .bind(invitation.created_at.0)
                    .bind(invitation.expires_at.0)
                    .execute(&mut *self.tx)
                    .await?;
                Ok(())
            }

            async fn find(&mut self, hash: &[u8]) -> Result<Option<InvitationRow>, StoreError> {
                let found = sqlx::query_as(FIND).bind(hash);
                let found: Option<Record> = found.fetch_optional(&mut *self.tx).await?;
                Ok(found.map(InvitationRow::from))
            }

            async fn take(&mut self, hash: &[u8]) -> Result<Option<InvitationRow>, StoreError> {
                let taken = sqlx::query_as(TAKE).bind(hash);
                let taken: Option<Record> = taken.fetch_optional(&mut *self.tx).await?;
                Ok(taken.map(InvitationRow::from))
            }

            async fn remove(&mut self, user: &UserId) -> Result<bool, StoreError> {
                let remove = sqlx::query(REMOVE).bind(user.as_str()).execute(&mut *self.tx);
                Ok(remove.await?.rows_affected() == 1)
            }
        }
    };
}
for_both!(stamp);
