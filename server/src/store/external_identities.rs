//! Callers that identity providers name (B02), by issuer and subject.

use async_trait::async_trait;
use domain::actor::SubjectRef;
use domain::id::ExternalIdentityId;
use domain::timestamp::Timestamp;

use super::work::{Tx, for_both, inserted, key};
use super::{ExternalIdentities, ExternalIdentityRow, Page, PageQuery, Place, StoreError, cursor};

const INSERT: &str = "INSERT INTO external_identities (id, issuer, subject, name, entity_key, created_at)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
const FIND: &str = "SELECT id, issuer, subject, name, entity_key, created_at FROM external_identities WHERE id = $1";
const FIND_BY_SUBJECT: &str = "SELECT id, issuer, subject, name, entity_key, created_at FROM external_identities
    WHERE issuer = $1 AND subject = $2";
const RENAME: &str = "UPDATE external_identities SET name = $2, entity_key = $3 WHERE id = $1";
const RENAME_IN_OVERRIDES: &str = "UPDATE overrides SET entity_key = $2 WHERE external_identity_id = $1";
const LIST: &str = "SELECT id, issuer, subject, name, entity_key, created_at FROM external_identities
    WHERE entity_key > $1 AND entity_key LIKE $2 ESCAPE '\\' ORDER BY entity_key LIMIT $3";
const DELETE: &str = "DELETE FROM external_identities WHERE id = $1";
const NAME: &str = "external_identities";

#[derive(sqlx::FromRow)]
struct Record {
    id: String,
    issuer: String,
    subject: String,
    name: String,
    entity_key: String,
    created_at: i64,
}

impl From<Record> for ExternalIdentityRow {
    fn from(record: Record) -> Self {
        Self {
            id: ExternalIdentityId::new(record.id),
            issuer: record.issuer,
            subject: record.subject,
            name: record.name,
            created_at: Timestamp(record.created_at),
        }
    }
}

fn entity_key(row: &ExternalIdentityRow) -> String {
    format!("{}\n{}\n{}\n{}", row.name, row.issuer, row.subject, row.id).to_lowercase()
}

macro_rules! stamp {
    ($db:ty) => {
        #[async_trait]
        impl ExternalIdentities for Tx<$db> {
            async fn insert(&mut self, row: &ExternalIdentityRow) -> Result<(), StoreError> {
                let insert = sqlx::query(INSERT)
                    .bind(row.id.as_str())
                    .bind(&row.issuer)
                    .bind(&row.subject)
                    .bind(&row.name)
                    .bind(entity_key(row))
                    .bind(row.created_at.0);
                inserted(insert.execute(&mut *self.tx).await?.rows_affected())
            }

            async fn find(&mut self, id: &ExternalIdentityId) -> Result<Option<ExternalIdentityRow>, StoreError> {
                let found = sqlx::query_as(FIND).bind(key(id.as_str()));
                let found: Option<Record> = found.fetch_optional(&mut *self.tx).await?;
                Ok(found.map(ExternalIdentityRow::from))
            }

            async fn find_by_subject(
                &mut self,
                issuer: &str,
                subject: &str,
            ) -> Result<Option<ExternalIdentityRow>, StoreError> {
                let found = sqlx::query_as(FIND_BY_SUBJECT)
                    .bind(key(issuer))
                    .bind(key(subject));
                let found: Option<Record> = found.fetch_optional(&mut *self.tx).await?;
                Ok(found.map(ExternalIdentityRow::from))
            }

            async fn rename(&mut self, row: &ExternalIdentityRow) -> Result<bool, StoreError> {
                let entity_key = entity_key(row);
                let rename = sqlx::query(RENAME)
                    .bind(row.id.as_str())
                    .bind(&row.name)
                    .bind(&entity_key);
                let renamed = rename.execute(&mut *self.tx).await?.rows_affected() == 1;
                self.touch(Place::subject(&SubjectRef::external_identity(&row.id)));
                let copies = sqlx::query(RENAME_IN_OVERRIDES)
                    .bind(row.id.as_str())
                    .bind(entity_key);
                copies.execute(&mut *self.tx).await?;
                Ok(renamed)
            }

            async fn list(&mut self, query: &PageQuery) -> Result<Page<ExternalIdentityRow>, StoreError> {
                let after: Option<String> = cursor::place(NAME, query.cursor.as_deref())?;
                let records: Vec<Record> = sqlx::query_as(LIST)
                    .bind(after.unwrap_or_default())
                    .bind(cursor::pattern(query.search.as_deref()).unwrap_or_else(|| "%".to_owned()))
                    .bind(cursor::limits(query.limit).1)
                    .fetch_all(&mut *self.tx)
                    .await?;
                let page = cursor::page(NAME, query, records, |record| record.entity_key.clone())?;
                Ok(Page {
                    items: page.items.into_iter().map(ExternalIdentityRow::from).collect(),
                    next: page.next,
                })
            }

            async fn delete(&mut self, id: &ExternalIdentityId) -> Result<bool, StoreError> {
                let delete = sqlx::query(DELETE).bind(id.as_str()).execute(&mut *self.tx);
                let deleted = delete.await?.rows_affected() == 1;
                self.touch(Place::subject(&SubjectRef::external_identity(id)));
                self.mark_revocation().await?;
                Ok(deleted)
            }
        }
    };
}
for_both!(stamp);
