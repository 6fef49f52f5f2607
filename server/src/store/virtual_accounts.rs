//! Service accounts, by name.

use async_trait::async_trait;
use domain::actor::SubjectRef;
use domain::id::{UserId, VirtualAccountId};
use domain::timestamp::Timestamp;

use super::work::{Tx, for_both, inserted, key};
use super::{Page, PageQuery, Place, StoreError, VirtualAccountRow, VirtualAccounts, cursor};

const INSERT: &str = "INSERT INTO virtual_accounts (id, entity_key, description, owner_id, created_by, created_at)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
const UPDATE: &str = "UPDATE virtual_accounts SET description = $2, owner_id = $3 WHERE id = $1";
/// What every read selects.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT v.id, v.description, v.owner_id, v.created_by, v.created_at, o.name AS owner_name, o.email AS owner_email,
            (SELECT MAX(t.last_used_at) FROM tokens t WHERE t.virtual_account_id = v.id) AS last_used_at
            FROM virtual_accounts v LEFT JOIN users o ON o.id = v.owner_id ",
            $rest
        )
    };
}
const FIND: &str = select!("WHERE v.id = $1");
const LIST: &str = select!("WHERE v.id > $1 AND v.entity_key LIKE $2 ESCAPE '\\' ORDER BY v.id LIMIT $3");
const LIST_OWNED: &str =
    select!("WHERE v.id > $1 AND v.entity_key LIKE $2 ESCAPE '\\' AND v.owner_id = $4 ORDER BY v.id LIMIT $3");
const DELETE: &str = "DELETE FROM virtual_accounts WHERE id = $1";
const NAME: &str = "virtual_accounts";

#[derive(sqlx::FromRow)]
struct Record {
    id: String,
    description: String,
    owner_id: Option<String>,
    created_by: Option<String>,
    created_at: i64,
    owner_name: Option<String>,
    owner_email: Option<String>,
    last_used_at: Option<i64>,
}

impl From<Record> for VirtualAccountRow {
    fn from(record: Record) -> Self {
        Self {
            id: VirtualAccountId::new(record.id),
            description: record.description,
            owner: record.owner_id.map(UserId::new),
            created_by: record.created_by.map(UserId::new),
            created_at: Timestamp(record.created_at),
            owner_named: record.owner_name.zip(record.owner_email),
            last_used_at: record.last_used_at.map(Timestamp),
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
                    .bind(account.owner.as_ref().map(UserId::as_str))
                    .bind(account.created_by.as_ref().map(UserId::as_str))
                    .bind(account.created_at.0);
                inserted(insert.execute(&mut *self.tx).await?.rows_affected())
            }

            async fn find(&mut self, id: &VirtualAccountId) -> Result<Option<VirtualAccountRow>, StoreError> {
                let found = sqlx::query_as(FIND).bind(key(id.as_str()));
                let found: Option<Record> = found.fetch_optional(&mut *self.tx).await?;
                Ok(found.map(VirtualAccountRow::from))
            }

            async fn update(&mut self, account: &VirtualAccountRow) -> Result<bool, StoreError> {
                let update = sqlx::query(UPDATE)
                    .bind(account.id.as_str())
                    .bind(&account.description)
                    .bind(account.owner.as_ref().map(UserId::as_str));
                let updated = update.execute(&mut *self.tx).await?.rows_affected() == 1;
                self.touch(Place::subject(&SubjectRef::virtual_account(&account.id)));
                Ok(updated)
            }

            async fn list(
                &mut self,
                query: &PageQuery,
                owner: Option<&UserId>,
            ) -> Result<Page<VirtualAccountRow>, StoreError> {
                let after: Option<String> = cursor::place(NAME, query.cursor.as_deref())?;
                let mut list = sqlx::query_as(if owner.is_some() { LIST_OWNED } else { LIST })
                    .bind(after.unwrap_or_default())
                    .bind(cursor::pattern(query.search.as_deref()).unwrap_or_else(|| "%".to_owned()))
                    .bind(cursor::limits(query.limit).1);
                if let Some(owner) = owner {
                    list = list.bind(owner.as_str());
                }
                let records: Vec<Record> = list.fetch_all(&mut *self.tx).await?;
                let rows = records.into_iter().map(VirtualAccountRow::from).collect();
                cursor::page(NAME, query, rows, |row| row.id.as_str().to_owned())
            }

            async fn delete(&mut self, id: &VirtualAccountId) -> Result<bool, StoreError> {
                let delete = sqlx::query(DELETE).bind(id.as_str()).execute(&mut *self.tx);
                let deleted = delete.await?.rows_affected() == 1;
                self.touch(Place::subject(&SubjectRef::virtual_account(id)));
                self.mark_revocation().await?;
                Ok(deleted)
            }
        }
    };
}
for_both!(stamp);
