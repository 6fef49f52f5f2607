//! MCP clients that registered themselves.

use async_trait::async_trait;
use domain::login::client::Client;
use domain::timestamp::Timestamp;

use super::work::{Tx, for_both, inserted, key};
use super::{LoginClientRow, LoginClients, StoreError};

const INSERT: &str = "INSERT INTO login_clients (id, name, redirect_uris, refreshes, created_at, used_at)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
const FIND: &str = "SELECT id, name, redirect_uris, refreshes, created_at, used_at FROM login_clients WHERE id = $1";
const COUNT: &str = "SELECT COUNT(*) FROM login_clients";
const TOUCH: &str = "UPDATE login_clients SET used_at = $2 WHERE id = $1 AND used_at < $2";
/// Nobody has allowed them anything that still counts.
macro_rules! idle {
    ($select:literal) => {
        concat!(
            "DELETE FROM login_clients WHERE id IN (SELECT id FROM login_clients WHERE NOT EXISTS
                (SELECT 1 FROM login_grants WHERE login_grants.client_id = login_clients.id) ",
            $select,
            ")"
        )
    };
}
const DELETE_IDLE: &str = idle!("AND used_at <= $1");
const EVICT: &str = idle!("ORDER BY used_at, id LIMIT $1");

#[derive(sqlx::FromRow)]
struct Record {
    id: String,
    name: Option<String>,
    redirect_uris: String,
    refreshes: i64,
    created_at: i64,
    used_at: i64,
}

impl TryFrom<Record> for LoginClientRow {
    type Error = StoreError;

    fn try_from(record: Record) -> Result<Self, StoreError> {
        let redirect_uris = serde_json::from_str(&record.redirect_uris);
        Ok(Self {
            id: record.id,
            client: Client {
                name: record.name,
                redirect_uris: redirect_uris.map_err(|error| StoreError::Broken(error.to_string()))?,
                refreshes: record.refreshes == 1,
            },
            created_at: Timestamp(record.created_at),
            used_at: Timestamp(record.used_at),
        })
    }
}

macro_rules! stamp {
    ($db:ty) => {
        #[async_trait]
        impl LoginClients for Tx<$db> {
            async fn insert(&mut self, row: &LoginClientRow) -> Result<(), StoreError> {
                let uris = serde_json::to_string(&row.client.redirect_uris);
                let insert = sqlx::query(INSERT)
                    .bind(&row.id)
                    .bind(&row.client.name)
                    .bind(uris.map_err(|error| StoreError::Broken(error.to_string()))?)
                    .bind(i64::from(row.client.refreshes))
                    .bind(row.created_at.0)
                    .bind(row.used_at.0);
                inserted(insert.execute(&mut *self.tx).await?.rows_affected())
            }

            async fn find(&mut self, id: &str) -> Result<Option<LoginClientRow>, StoreError> {
                let found: Option<Record> = sqlx::query_as(FIND)
                    .bind(key(id))
                    .fetch_optional(&mut *self.tx)
                    .await?;
                found.map(TryInto::try_into).transpose()
            }

            async fn count(&mut self) -> Result<i64, StoreError> {
                Ok(sqlx::query_scalar(COUNT).fetch_one(&mut *self.tx).await?)
            }

            async fn touch(&mut self, id: &str, at: Timestamp) -> Result<(), StoreError> {
                let touch = sqlx::query(TOUCH).bind(key(id)).bind(at.0);
                touch.execute(&mut *self.tx).await?;
                Ok(())
            }

            async fn evict(&mut self, number: i64) -> Result<u64, StoreError> {
                let evict = sqlx::query(EVICT).bind(number);
                Ok(evict.execute(&mut *self.tx).await?.rows_affected())
            }

            async fn delete_idle(&mut self, since: Timestamp) -> Result<u64, StoreError> {
                let delete = sqlx::query(DELETE_IDLE).bind(since.0);
                Ok(delete.execute(&mut *self.tx).await?.rows_affected())
            }
        }
    };
}
for_both!(stamp);
