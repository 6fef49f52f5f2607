//! Service accounts, by name.

use async_trait::async_trait;
use domain::id::{UserId, VirtualAccountId};
use domain::timestamp::Timestamp;

use super::work::{Tx, for_both, inserted, key};
use super::{Page, PageQuery, StoreError, VirtualAccountRow, VirtualAccounts, cursor};

const INSERT: &str = "INSERT INTO virtual_accounts (id, entity_key, description, created_by, created_at)
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
const FIND: &str = "SELECT id, description, created_by, created_at FROM virtual_accounts WHERE id = $1";
const LIST: &str = "SELECT id, description, created_by, created_at FROM virtual_accounts
    WHERE id > $1 AND entity_key LIKE $2 ESCAPE '\\' ORDER BY id LIMIT $3";
const DELETE: &str = "DELETE FROM virtual_accounts WHERE id = $1";
const NAME: &str = "virtual_accounts";

#[derive(sqlx::FromRow)]
struct Record {
    id: String,
    description: String,
    created_by: Option<String>,
    created_at: i64,
}

impl From<Record> for VirtualAccountRow {
    fn from(record: Record) -> Self {
        Self {
            id: VirtualAccountId::new(record.id),
            description: record.description,
            created_by: record.created_by.map(UserId::new),
            created_at: Timestamp(record.created_at),
        }
    }
}

macro_rules! stamp {
    ($db:ty) => {
        #[async_trait]
        impl VirtualAccounts for Tx<$db> {
            async fn insert(&mut self, account: &VirtualAccountRow) -> Result<(), StoreError> {
                let insert = sqlx::query(INSERT)
                    .bind(account.id.as_str())
                    .bind(account.id.as_str().to_lowercase())
                    .bind(&account.description)
                    .bind(account.created_by.as_ref().map(UserId::as_str))
                    .bind(account.created_at.0);
                inserted(insert.execute(&mut *self.tx).await?.rows_affected())
            }

            async fn find(&mut self, id: &VirtualAccountId) -> Result<Option<VirtualAccountRow>, StoreError> {
                let found = sqlx::query_as(FIND).bind(key(id.as_str()));
                let found: Option<Record> = found.fetch_optional(&mut *self.tx).await?;
                Ok(found.map(VirtualAccountRow::from))
            }

            async fn list(&mut self, query: &PageQuery) -> Result<Page<VirtualAccountRow>, StoreError> {
                let after: Option<String> = cursor::place(NAME, query.cursor.as_deref())?;
                let records: Vec<Record> = sqlx::query_as(LIST)
                    .bind(after.unwrap_or_default())
                    .bind(cursor::pattern(query.search.as_deref()).unwrap_or_else(|| "%".to_owned()))
                    .bind(cursor::limits(query.limit).1)
                    .fetch_all(&mut *self.tx)
                    .await?;
                let rows = records.into_iter().map(VirtualAccountRow::from).collect();
                cursor::page(NAME, query, rows, |row| row.id.as_str().to_owned())
            }

            async fn delete(&mut self, id: &VirtualAccountId) -> Result<bool, StoreError> {
                let delete = sqlx::query(DELETE).bind(id.as_str()).execute(&mut *self.tx);
                Ok(delete.await?.rows_affected() == 1)
            }
        }
    };
}
for_both!(stamp);
