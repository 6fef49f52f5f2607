//! Auth overrides, one row each. Pages of them are in `override_page.rs`.

use async_trait::async_trait;
use domain::actor::{SubjectKind, SubjectRef};
use domain::id::{OverrideId, ServerId};
use domain::overrides::{Condition, Kind};
use domain::server::Origin;
use domain::timestamp::Timestamp;

use super::standing::fields;
use super::work::{Dialect, Tx, for_both, inserted, key, known, subject};
use super::{
    Consent, OverridePage, OverrideQuery, OverrideRow, OverrideUse, Overrides, Place, Standing, StoreError, SubjectHit,
    cursor,
};
use crate::seal::Sealed;

/// What every read selects; `o` is the override, `u` the user and `x` the external identity it is for.
macro_rules! columns {
    () => {
        "SELECT o.id, o.server_id, o.subject_type, o.subject_id,
        COALESCE(u.name, x.name) AS name, COALESCE(u.email, x.issuer) AS detail, o.kind, o.condition, o.sealed, o.origin, o.masks,
        o.updated_by_type, o.updated_by_id, o.updated_by_name, o.created_at, o.updated_at, o.last_used_at, o.last_verified_at,
        o.expires_at, o.version, o.consent, o.entity_key FROM "
    };
}
pub(super) use columns;

macro_rules! joins {
    () => {
        "LEFT JOIN users u ON u.id = o.user_id LEFT JOIN external_identities x ON x.id = o.external_identity_id "
    };
}
pub(super) use joins;

macro_rules! select {
    ($rest:literal) => {
        concat!(columns!(), "overrides o ", joins!(), $rest)
    };
}

const ENTITY_OF_USER: &str = "SELECT entity_key FROM users WHERE id = $1";
const ENTITY_OF_VIRTUAL_ACCOUNT: &str = "SELECT entity_key FROM virtual_accounts WHERE id = $1";
const ENTITY_OF_EXTERNAL_IDENTITY: &str = "SELECT entity_key FROM external_identities WHERE id = $1";
const INSERT: &str = "INSERT INTO overrides
    (id, server_id, subject_type, subject_id, entity_key, kind, condition, sealed, origin, masks, updated_by_type,
    updated_by_id, updated_by_name, created_at, updated_at, last_used_at, last_verified_at, expires_at, version,
    consent, fields, granted)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
    (SELECT COUNT(*) FROM grants WHERE server_id = $2 AND grantee_type = $3 AND grantee_id = $4)) ON CONFLICT DO NOTHING";
const UPDATE: &str = "UPDATE overrides SET condition = $2, sealed = $3, origin = $4, masks = $5, updated_by_type = $6,
    updated_by_id = $7, updated_by_name = $8, updated_at = $9, expires_at = $10, version = $11, consent = $12, last_verified_at = $13,
    fields = $14 WHERE id = $1";
const FIND: &str = select!("WHERE o.id = $1");
const FIND_FOR: &str = select!("WHERE o.server_id = $1 AND o.subject_type = $2 AND o.subject_id = $3 AND o.kind = $4");
const OF_SUBJECT: &str =
    select!("WHERE o.server_id = $1 AND o.subject_type = $2 AND o.subject_id = $3 ORDER BY o.kind");
const EVERYWHERE: &str = select!("WHERE o.subject_type = $1 AND o.subject_id = $2 ORDER BY o.server_id, o.kind");
const OF_SERVER: &str = select!("WHERE o.server_id = $1 ORDER BY o.entity_key, o.id");
const DELETE: &str = "DELETE FROM overrides WHERE id = $1";
const DELETE_OF_SERVER: &str = "DELETE FROM overrides WHERE server_id = $1";
/// `$4`: 1 it was taken, 0 it was rejected. Suspended and invalidated ones stay so.
const RECORD_VERDICT: &str = "UPDATE overrides SET
    last_verified_at = CASE WHEN $4 = 1 THEN $3 ELSE last_verified_at END,
    condition = CASE WHEN $4 = 0 AND condition = 'good' THEN 'rejected'
        WHEN $4 = 1 AND condition = 'rejected' THEN 'good' ELSE condition END
    WHERE id = $1 AND version = $2";
const SEARCH_SUBJECTS: &str = "SELECT 'user' AS subject_type, id, name, email AS detail, entity_key FROM users
    WHERE entity_key LIKE $1 ESCAPE '\\'
    UNION ALL SELECT 'virtual_account' AS subject_type, id, id AS name, description AS detail, entity_key
    FROM virtual_accounts WHERE entity_key LIKE $1 ESCAPE '\\'
    UNION ALL SELECT 'external_identity' AS subject_type, id, name, issuer AS detail, entity_key
    FROM external_identities WHERE entity_key LIKE $1 ESCAPE '\\'
    ORDER BY entity_key LIMIT $2";

#[derive(sqlx::FromRow)]
pub(super) struct Record {
    id: String,
    server_id: String,
    subject_type: String,
    subject_id: String,
    name: Option<String>,
    detail: Option<String>,
    kind: String,
    condition: String,
    sealed: Vec<u8>,
    origin: String,
    masks: String,
    updated_by_type: String,
    updated_by_id: String,
    updated_by_name: String,
    created_at: i64,
    updated_at: i64,
    last_used_at: Option<i64>,
    last_verified_at: Option<i64>,
    expires_at: Option<i64>,
    version: i64,
    consent: Option<String>,
    pub(super) entity_key: String,
}

impl TryFrom<Record> for OverrideRow {
    type Error = StoreError;

    fn try_from(record: Record) -> Result<Self, StoreError> {
        Ok(Self {
            id: OverrideId::new(record.id),
            server: ServerId::new(record.server_id),
            subject_name: record.name.unwrap_or_else(|| record.subject_id.clone()),
            subject: subject(&record.subject_type, record.subject_id)?,
            subject_detail: record.detail,
            kind: known(Kind::parse(&record.kind), "kind")?,
            condition: known(Condition::parse(&record.condition), "condition")?,
            sealed: Sealed::from_bytes(record.sealed),
            origin: Origin::stored(record.origin),
            masks: known(serde_json::from_str(&record.masks).ok(), "masks")?,
            updated_by: subject(&record.updated_by_type, record.updated_by_id)?,
            updated_by_name: record.updated_by_name,
            created_at: Timestamp(record.created_at),
            updated_at: Timestamp(record.updated_at),
            last_used_at: record.last_used_at.map(Timestamp),
            last_verified_at: record.last_verified_at.map(Timestamp),
            expires_at: record.expires_at.map(Timestamp),
            version: record.version,
            consent: match record.consent {
                Some(json) => Some(known(serde_json::from_str(&json).ok(), "consent")?),
                None => None,
            },
        })
    }
}

#[derive(sqlx::FromRow)]
struct Hit {
    subject_type: String,
    id: String,
    name: String,
    detail: String,
}

impl TryFrom<Hit> for SubjectHit {
    type Error = StoreError;

    fn try_from(hit: Hit) -> Result<Self, StoreError> {
        Ok(Self {
            subject: subject(&hit.subject_type, hit.id)?,
            name: hit.name,
            detail: hit.detail,
        })
    }
}

fn masks(row: &OverrideRow) -> Result<String, StoreError> {
    serde_json::to_string(&row.masks).map_err(|_| StoreError::broken("masks do not encode"))
}

pub(super) fn consent(consent: &Consent) -> Result<String, StoreError> {
    serde_json::to_string(consent).map_err(|_| StoreError::broken("a consent does not encode"))
}

macro_rules! stamp {
    ($db:ty) => {
        impl Tx<$db> {
            /// The subject's key as it is and stays until this work ends: a renaming meanwhile would miss the new override.
            async fn entity_key(&mut self, subject: &SubjectRef) -> Result<String, StoreError> {
                let sql = match subject.kind {
                    SubjectKind::User => ENTITY_OF_USER,
                    SubjectKind::VirtualAccount => ENTITY_OF_VIRTUAL_ACCOUNT,
                    SubjectKind::ExternalIdentity => ENTITY_OF_EXTERNAL_IDENTITY,
                };
                let key = sqlx::query_scalar(&[sql, Self::FOR_SHARE].concat())
                    .bind(&subject.id)
                    .fetch_optional(&mut *self.tx)
                    .await?;
                key.ok_or(StoreError::Dangling)
            }
        }

        #[async_trait]
        impl Overrides for Tx<$db> {
            async fn insert(&mut self, row: &OverrideRow) -> Result<(), StoreError> {
                let entity_key = self.entity_key(&row.subject).await?;
                let insert = sqlx::query(INSERT)
                    .bind(row.id.as_str())
                    .bind(row.server.as_str())
                    .bind(row.subject.kind.as_str())
                    .bind(&row.subject.id)
                    .bind(entity_key)
                    .bind(row.kind.as_str())
                    .bind(row.condition.as_str())
                    .bind(row.sealed.as_bytes())
                    .bind(row.origin.as_str())
                    .bind(masks(row)?)
                    .bind(row.updated_by.kind.as_str())
                    .bind(&row.updated_by.id)
                    .bind(&row.updated_by_name)
                    .bind(row.created_at.0)
                    .bind(row.updated_at.0)
                    .bind(row.last_used_at.map(|at| at.0))
                    .bind(row.last_verified_at.map(|at| at.0))
                    .bind(row.expires_at.map(|at| at.0))
                    .bind(row.version)
                    .bind(row.consent.as_ref().map(consent).transpose()?)
                    .bind(fields(row.masks.keys()));
                let rows = insert.execute(&mut *self.tx).await?.rows_affected();
                self.touch(Place::overrides(&row.server, &row.subject));
                inserted(rows)
            }

            async fn update(&mut self, row: &OverrideRow) -> Result<bool, StoreError> {
                let update = sqlx::query(UPDATE)
                    .bind(row.id.as_str())
                    .bind(row.condition.as_str())
                    .bind(row.sealed.as_bytes())
                    .bind(row.origin.as_str())
                    .bind(masks(row)?)
                    .bind(row.updated_by.kind.as_str())
                    .bind(&row.updated_by.id)
                    .bind(&row.updated_by_name)
                    .bind(row.updated_at.0)
                    .bind(row.expires_at.map(|at| at.0))
                    .bind(row.version)
                    .bind(row.consent.as_ref().map(consent).transpose()?)
                    .bind(row.last_verified_at.map(|at| at.0))
                    .bind(fields(row.masks.keys()));
                let updated = update.execute(&mut *self.tx).await?.rows_affected() == 1;
                self.touch(Place::one_override(&row.id));
                Ok(updated)
            }

            async fn find(&mut self, id: &OverrideId) -> Result<Option<OverrideRow>, StoreError> {
                let found = sqlx::query_as(FIND).bind(key(id.as_str()));
                let found: Option<Record> = found.fetch_optional(&mut *self.tx).await?;
                found.map(TryInto::try_into).transpose()
            }

            async fn find_for(
                &mut self,
                server: &ServerId,
                subject: &SubjectRef,
                kind: Kind,
            ) -> Result<Option<OverrideRow>, StoreError> {
                let found = sqlx::query_as(FIND_FOR)
                    .bind(server.as_str())
                    .bind(subject.kind.as_str())
                    .bind(&subject.id)
                    .bind(kind.as_str());
                let found: Option<Record> = found.fetch_optional(&mut *self.tx).await?;
                found.map(TryInto::try_into).transpose()
            }

            async fn of_subject(
                &mut self,
                server: &ServerId,
                subject: &SubjectRef,
            ) -> Result<Vec<OverrideRow>, StoreError> {
                let found = sqlx::query_as(OF_SUBJECT)
                    .bind(server.as_str())
                    .bind(subject.kind.as_str())
                    .bind(&subject.id);
                let found: Vec<Record> = found.fetch_all(&mut *self.tx).await?;
                found.into_iter().map(TryInto::try_into).collect()
            }

            async fn everywhere(&mut self, subject: &SubjectRef) -> Result<Vec<OverrideRow>, StoreError> {
                let found = sqlx::query_as(EVERYWHERE)
                    .bind(subject.kind.as_str())
                    .bind(&subject.id);
                let found: Vec<Record> = found.fetch_all(&mut *self.tx).await?;
                found.into_iter().map(TryInto::try_into).collect()
            }

            async fn of_server(&mut self, server: &ServerId) -> Result<Vec<OverrideRow>, StoreError> {
                let found = sqlx::query_as(OF_SERVER).bind(server.as_str());
                let found: Vec<Record> = found.fetch_all(&mut *self.tx).await?;
                found.into_iter().map(TryInto::try_into).collect()
            }

            async fn page(&mut self, query: &OverrideQuery) -> Result<OverridePage, StoreError> {
                self.override_page(query).await
            }

            async fn standings(&mut self, server: &ServerId) -> Result<Vec<Standing>, StoreError> {
                self.standings_of(server).await
            }

            async fn delete(&mut self, id: &OverrideId) -> Result<bool, StoreError> {
                let delete = sqlx::query(DELETE).bind(id.as_str()).execute(&mut *self.tx);
                let deleted = delete.await?.rows_affected() == 1;
                self.touch(Place::one_override(id));
                Ok(deleted)
            }

            async fn delete_of_server(&mut self, server: &ServerId) -> Result<u64, StoreError> {
                let delete = sqlx::query(DELETE_OF_SERVER).bind(server.as_str());
                let deleted = delete.execute(&mut *self.tx).await?.rows_affected();
                self.touch(Place::server(server));
                Ok(deleted)
            }

            async fn record_uses(&mut self, uses: &[OverrideUse]) -> Result<Vec<OverrideId>, StoreError> {
                self.overrides_used(uses).await
            }

            async fn record_verdict(
                &mut self,
                id: &OverrideId,
                version: i64,
                taken: bool,
                at: Timestamp,
            ) -> Result<bool, StoreError> {
                let record = sqlx::query(RECORD_VERDICT)
                    .bind(id.as_str())
                    .bind(version)
                    .bind(at.0)
                    .bind(i64::from(taken));
                let recorded = record.execute(&mut *self.tx).await?.rows_affected() == 1;
                self.touch(Place::one_override(id));
                Ok(recorded)
            }

            async fn search_subjects(&mut self, search: &str, limit: u32) -> Result<Vec<SubjectHit>, StoreError> {
                let found = sqlx::query_as(SEARCH_SUBJECTS)
                    .bind(cursor::pattern(Some(search)).unwrap_or_else(|| "%".to_owned()))
                    .bind(i64::from(limit));
                let found: Vec<Hit> = found.fetch_all(&mut *self.tx).await?;
                found.into_iter().map(TryInto::try_into).collect()
            }
        }
    };
}
for_both!(stamp);
