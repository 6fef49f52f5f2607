//! Registered upstreams.

use async_trait::async_trait;
use domain::actor::SubjectRef;
use domain::id::{ServerId, UserId};
use domain::outbound::Mode;
use domain::server::{ServerName, ServerUrl};
use domain::timestamp::Timestamp;

use super::work::{Dialect, Tx, for_both, inserted, key, known};
use super::{Page, PageQuery, Place, ServerRow, Servers, StoreError, cursor};
use crate::seal::Sealed;

const INSERT: &str = "INSERT INTO servers
    (id, name, search_key, url, description, mode, outbound, secrets, allow_optional, revision, created_by, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING";
const FIND: &str = "SELECT id, name, url, description, mode, outbound, secrets, allow_optional, revision, created_by,
    created_at, updated_at FROM servers WHERE name = $1";
const FIND_BY_ID: &str =
    "SELECT id, name, url, description, mode, outbound, secrets, allow_optional, revision, created_by,
    created_at, updated_at FROM servers WHERE id = $1";
/// An UPDATE, so that PostgreSQL holds the row until the work ends.
const LOCK: &str = "UPDATE servers SET revision = revision + 1 WHERE name = $1
    RETURNING id, name, url, description, mode, outbound, secrets, allow_optional, revision, created_by, created_at, updated_at";
const UPDATE: &str =
    "UPDATE servers SET name = $2, search_key = $3, url = $4, description = $5, mode = $6, outbound = $7,
    secrets = $8, allow_optional = $9, updated_at = $10 WHERE id = $1";
const LIST: &str = "SELECT id, name, url, description, mode, outbound, secrets, allow_optional, revision, created_by,
    created_at, updated_at FROM servers WHERE name > $1 AND search_key LIKE $2 ESCAPE '\\' ORDER BY name LIMIT $3";
const LIST_VISIBLE: &str =
    "SELECT id, name, url, description, mode, outbound, secrets, allow_optional, revision, created_by,
    created_at, updated_at FROM servers WHERE name > $1 AND search_key LIKE $2 ESCAPE '\\'
    AND EXISTS (SELECT 1 FROM grants WHERE server_id = servers.id
        AND ((grantee_type = $4 AND grantee_id = $5) OR grantee_type = 'everyone'
            OR ($4 = 'user' AND team_id IN (SELECT team_id FROM team_members WHERE user_id = $5))))
    ORDER BY name LIMIT $3";
const DELETE: &str = "DELETE FROM servers WHERE id = $1";
const NAME: &str = "servers";

#[derive(sqlx::FromRow)]
struct Record {
    id: String,
    name: String,
    url: String,
    description: String,
    mode: String,
    outbound: String,
    secrets: Option<Vec<u8>>,
    allow_optional: i64,
    revision: i64,
    created_by: Option<String>,
    created_at: i64,
    updated_at: i64,
}

impl TryFrom<Record> for ServerRow {
    type Error = StoreError;

    fn try_from(record: Record) -> Result<Self, StoreError> {
        Ok(Self {
            id: ServerId::new(record.id),
            name: known(ServerName::parse(&record.name).ok(), "name")?,
            url: known(ServerUrl::parse(&record.url).ok(), "url")?,
            description: record.description,
            mode: known(Mode::parse(&record.mode), "mode")?,
            outbound: record.outbound,
            secrets: record.secrets.map(Sealed::from_bytes),
            allow_optional: record.allow_optional != 0,
            revision: record.revision,
            created_by: record.created_by.map(UserId::new),
            created_at: Timestamp(record.created_at),
            updated_at: Timestamp(record.updated_at),
        })
    }
}

fn search_key(server: &ServerRow) -> String {
    format!("{}\n{}\n{}", server.name, server.description, server.url).to_lowercase()
}

macro_rules! stamp {
    ($db:ty) => {
        impl Tx<$db> {
            async fn one_server(&mut self, sql: &'static str, name: &str) -> Result<Option<ServerRow>, StoreError> {
                let found: Option<Record> = sqlx::query_as(sql)
                    .bind(key(name))
                    .fetch_optional(&mut *self.tx)
                    .await?;
                found.map(TryInto::try_into).transpose()
            }
        }

        #[async_trait]
        impl Servers for Tx<$db> {
            async fn insert(&mut self, server: &ServerRow) -> Result<(), StoreError> {
                let insert = sqlx::query(INSERT)
                    .bind(server.id.as_str())
                    .bind(server.name.as_str())
                    .bind(search_key(server))
                    .bind(server.url.as_str())
                    .bind(&server.description)
                    .bind(server.mode.as_str())
                    .bind(&server.outbound)
                    .bind(server.secrets.as_ref().map(Sealed::as_bytes))
                    .bind(i64::from(server.allow_optional))
                    .bind(server.revision)
                    .bind(server.created_by.as_ref().map(UserId::as_str))
                    .bind(server.created_at.0)
                    .bind(server.updated_at.0);
                inserted(insert.execute(&mut *self.tx).await?.rows_affected())
            }

            async fn find(&mut self, name: &str) -> Result<Option<ServerRow>, StoreError> {
                self.one_server(FIND, name).await
            }

            async fn find_by_id(&mut self, id: &ServerId) -> Result<Option<ServerRow>, StoreError> {
                self.one_server(FIND_BY_ID, id.as_str()).await
            }

            async fn lock(&mut self, name: &str) -> Result<Option<ServerRow>, StoreError> {
                self.one_server(LOCK, name).await
            }

            async fn hold(&mut self, id: &ServerId) -> Result<Option<ServerRow>, StoreError> {
                let found: Option<Record> = sqlx::query_as(&[FIND_BY_ID, Self::FOR_SHARE].concat())
                    .bind(id.as_str())
                    .fetch_optional(&mut *self.tx)
                    .await?;
                found.map(TryInto::try_into).transpose()
            }

            async fn update(&mut self, server: &ServerRow) -> Result<bool, StoreError> {
                let update = sqlx::query(UPDATE)
                    .bind(server.id.as_str())
                    .bind(server.name.as_str())
                    .bind(search_key(server))
                    .bind(server.url.as_str())
                    .bind(&server.description)
                    .bind(server.mode.as_str())
                    .bind(&server.outbound)
                    .bind(server.secrets.as_ref().map(Sealed::as_bytes))
                    .bind(i64::from(server.allow_optional))
                    .bind(server.updated_at.0);
                let updated = update.execute(&mut *self.tx).await?.rows_affected() == 1;
                self.touch(Place::server(&server.id));
                Ok(updated)
            }

            async fn list(
                &mut self,
                query: &PageQuery,
                visible_to: Option<&SubjectRef>,
            ) -> Result<Page<ServerRow>, StoreError> {
                let after: Option<String> = cursor::place(NAME, query.cursor.as_deref())?;
                let mut list = sqlx::query_as(if visible_to.is_some() { LIST_VISIBLE } else { LIST })
                    .bind(after.unwrap_or_default())
                    .bind(cursor::pattern(query.search.as_deref()).unwrap_or_else(|| "%".to_owned()))
                    .bind(cursor::limits(query.limit).1);
                if let Some(subject) = visible_to {
                    list = list.bind(subject.kind.as_str()).bind(&subject.id);
                }
                let records: Vec<Record> = list.fetch_all(&mut *self.tx).await?;
                let rows: Vec<ServerRow> = records
                    .into_iter()
                    .map(TryInto::try_into)
                    .collect::<Result<_, _>>()?;
                cursor::page(NAME, query, rows, |row| row.name.as_str().to_owned())
            }

            async fn delete(&mut self, id: &ServerId) -> Result<bool, StoreError> {
                let delete = sqlx::query(DELETE).bind(id.as_str()).execute(&mut *self.tx);
                let deleted = delete.await?.rows_affected() == 1;
                self.touch(Place::server(id));
                self.mark_revocation().await?;
                Ok(deleted)
            }
        }
    };
}
for_both!(stamp);
