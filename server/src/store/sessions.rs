//! Browser sessions, by the hash of their id.

use async_trait::async_trait;
use domain::id::UserId;
use domain::timestamp::Timestamp;

use super::work::{Tx, for_both};
use super::{SessionRow, Sessions, StoreError};

const INSERT: &str = "INSERT INTO sessions (id_hash, user_id, data, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT DO NOTHING";
const PUT: &str = "INSERT INTO sessions (id_hash, user_id, data, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (id_hash) DO UPDATE SET user_id = excluded.user_id, data = excluded.data,
        created_at = excluded.created_at, expires_at = excluded.expires_at";
const FIND: &str =
    "SELECT id_hash, user_id, data, created_at, expires_at FROM sessions WHERE id_hash = $1 AND expires_at > $2";
const DELETE: &str = "DELETE FROM sessions WHERE id_hash = $1";
const DELETE_OF_USER: &str = "DELETE FROM sessions WHERE user_id = $1";
const DELETE_EXPIRED: &str = "DELETE FROM sessions WHERE expires_at <= $1";

#[derive(sqlx::FromRow)]
struct Record {
    id_hash: Vec<u8>,
    user_id: Option<String>,
    data: String,
    created_at: i64,
    expires_at: i64,
}

impl From<Record> for SessionRow {
    fn from(record: Record) -> Self {
        Self {
            id_hash: record.id_hash,
            user: record.user_id.map(UserId::new),
            data: record.data,
            created_at: Timestamp(record.created_at),
            expires_at: Timestamp(record.expires_at),
        }
    }
}

macro_rules! stamp {
    ($db:ty) => {
        impl Tx<$db> {
            async fn write_session(&mut self, sql: &'static str, row: &SessionRow) -> Result<u64, StoreError> {
                let write = sqlx::query(sql)
                    .bind(&row.id_hash)
                    .bind(row.user.as_ref().map(UserId::as_str))
                    .bind(&row.data)
                    .bind(row.created_at.0)
                    .bind(row.expires_at.0);
                Ok(write.execute(&mut *self.tx).await?.rows_affected())
            }
        }

        #[async_trait]
        impl Sessions for Tx<$db> {
            async fn insert(&mut self, session: &SessionRow) -> Result<bool, StoreError> {
                Ok(self.write_session(INSERT, session).await? == 1)
            }

            async fn put(&mut self, session: &SessionRow) -> Result<(), StoreError> {
                self.write_session(PUT, session).await.map(drop)
            }

            async fn find(&mut self, id_hash: &[u8], now: Timestamp) -> Result<Option<SessionRow>, StoreError> {
                let found = sqlx::query_as(FIND).bind(id_hash).bind(now.0);
                let found: Option<Record> = found.fetch_optional(&mut *self.tx).await?;
                Ok(found.map(SessionRow::from))
            }

            async fn delete(&mut self, id_hash: &[u8]) -> Result<(), StoreError> {
                sqlx::query(DELETE).bind(id_hash).execute(&mut *self.tx).await?;
                Ok(())
            }

            async fn delete_of_user(&mut self, user: &UserId) -> Result<(), StoreError> {
                sqlx::query(DELETE_OF_USER)
                    .bind(user.as_str())
                    .execute(&mut *self.tx)
                    .await?;
                Ok(())
            }

            async fn delete_expired(&mut self, now: Timestamp) -> Result<u64, StoreError> {
                let deleted = sqlx::query(DELETE_EXPIRED).bind(now.0).execute(&mut *self.tx);
                Ok(deleted.await?.rows_affected())
            }
        }
    };
}
for_both!(stamp);
