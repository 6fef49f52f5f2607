//! What happened, newest first.

use async_trait::async_trait;
use domain::actor::SubjectRef;
use domain::timestamp::Timestamp;

use super::work::{Tx, for_both, subject};
use super::{Audit, AuditRow, Page, PageQuery, StoreError, cursor};

const INSERT: &str = "INSERT INTO audit
    (id, at, actor_type, actor_id, actor_name, action, server, subject_type, subject_id, detail)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
const LIST: &str = "SELECT id, at, actor_type, actor_id, actor_name, action, server, subject_type, subject_id, detail
    FROM audit WHERE (at, id) < ($1, $2) AND action LIKE $3 ESCAPE '\\' ORDER BY at DESC, id DESC LIMIT $4";
const NAME: &str = "audit";

#[derive(sqlx::FromRow)]
struct Record {
    id: String,
    at: i64,
    actor_type: Option<String>,
    actor_id: Option<String>,
    actor_name: String,
    action: String,
    server: Option<String>,
    subject_type: Option<String>,
    subject_id: Option<String>,
    detail: String,
}

fn optional(kind: Option<String>, id: Option<String>) -> Result<Option<SubjectRef>, StoreError> {
    kind.zip(id).map(|(kind, id)| subject(&kind, id)).transpose()
}

impl TryFrom<Record> for AuditRow {
    type Error = StoreError;

    fn try_from(record: Record) -> Result<Self, StoreError> {
        Ok(Self {
            id: record.id,
            at: Timestamp(record.at),
            actor: optional(record.actor_type, record.actor_id)?,
            actor_name: record.actor_name,
            action: record.action,
            server: record.server,
            subject: optional(record.subject_type, record.subject_id)?,
            detail: record.detail,
        })
    }
}

macro_rules! stamp {
    ($db:ty) => {
        #[async_trait]
        impl Audit for Tx<$db> {
            async fn insert(&mut self, event: &AuditRow) -> Result<(), StoreError> {
                let (actor, subject) = (event.actor.as_ref(), event.subject.as_ref());
                sqlx::query(INSERT)
                    .bind(&event.id)
                    .bind(event.at.0)
                    .bind(actor.map(|actor| actor.kind.as_str()))
                    .bind(actor.map(|actor| actor.id.as_str()))
                    .bind(&event.actor_name)
                    .bind(&event.action)
                    .bind(event.server.as_deref())
                    .bind(subject.map(|subject| subject.kind.as_str()))
                    .bind(subject.map(|subject| subject.id.as_str()))
                    .bind(&event.detail)
                    .execute(&mut *self.tx)
                    .await?;
                Ok(())
            }

            async fn list(&mut self, query: &PageQuery) -> Result<Page<AuditRow>, StoreError> {
                let after: Option<(i64, String)> = cursor::place(NAME, query.cursor.as_deref())?;
                let (at, id) = after.unwrap_or((i64::MAX, String::new()));
                let records: Vec<Record> = sqlx::query_as(LIST)
                    .bind(at)
                    .bind(id)
                    .bind(cursor::pattern(query.search.as_deref()).unwrap_or_else(|| "%".to_owned()))
                    .bind(cursor::limits(query.limit).1)
                    .fetch_all(&mut *self.tx)
                    .await?;
                let rows: Vec<AuditRow> = records
                    .into_iter()
                    .map(TryInto::try_into)
                    .collect::<Result<_, _>>()?;
                cursor::page(NAME, query, rows, |row| (row.at.0, row.id.clone()))
            }
        }
    };
}
for_both!(stamp);
