//! Gateway tokens: their hashes, and whose they are.

use async_trait::async_trait;
use domain::actor::{SubjectKind, SubjectRef};
use domain::id::TokenId;
use domain::timestamp::Timestamp;

use super::work::{Tx, for_both, inserted, key, subject};
use super::{Place, StoreError, TokenRow, Tokens};

const INSERT: &str = "INSERT INTO tokens
    (id, owner_type, owner_id, name, hash, hint, created_at, expires_at, last_used_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
/// What every read selects.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, owner_type, owner_id, name, hash, hint, created_at, expires_at, last_used_at, replaced_at
            FROM tokens ",
            $rest
        )
    };
}
const FIND_BY_HASH: &str = select!("WHERE hash = $1");
const FIND: &str = select!("WHERE id = $1 AND owner_type = $2 AND owner_id = $3");
const LIST: &str = select!("WHERE owner_type = $1 AND owner_id = $2 ORDER BY created_at DESC, id DESC");
const REPLACE: &str = "UPDATE tokens SET replaced_at = $4, expires_at = $5
    WHERE id = $1 AND owner_type = $2 AND owner_id = $3 AND replaced_at IS NULL";
const DELETE: &str = "DELETE FROM tokens WHERE id = $1 AND owner_type = $2 AND owner_id = $3";
#[derive(sqlx::FromRow)]
struct Record {
    id: String,
    owner_type: String,
    owner_id: String,
    name: String,
    hash: Vec<u8>,
    hint: String,
    created_at: i64,
    expires_at: Option<i64>,
    last_used_at: Option<i64>,
    replaced_at: Option<i64>,
}

impl TryFrom<Record> for TokenRow {
    type Error = StoreError;

    fn try_from(record: Record) -> Result<Self, StoreError> {
        Ok(Self {
            id: TokenId::new(record.id),
            owner: subject(&record.owner_type, record.owner_id)?,
            name: record.name,
            hash: record.hash,
            hint: record.hint,
            created_at: Timestamp(record.created_at),
            expires_at: record.expires_at.map(Timestamp),
            last_used_at: record.last_used_at.map(Timestamp),
            replaced_at: record.replaced_at.map(Timestamp),
        })
    }
}

macro_rules! stamp {
    ($db:ty) => {
        #[async_trait]
        impl Tokens for Tx<$db> {
            async fn insert(&mut self, token: &TokenRow) -> Result<(), StoreError> {
                match token.owner.kind {
                    SubjectKind::User | SubjectKind::VirtualAccount => {}
                    // They come with tokens of their identity provider.
                    SubjectKind::ExternalIdentity => return Err(StoreError::Dangling),
                }
                let insert = sqlx::query(INSERT)
                    .bind(token.id.as_str())
                    .bind(token.owner.kind.as_str())
                    .bind(&token.owner.id)
                    .bind(&token.name)
                    .bind(&token.hash)
                    .bind(&token.hint)
                    .bind(token.created_at.0)
                    .bind(token.expires_at.map(|at| at.0))
                    .bind(token.last_used_at.map(|at| at.0));
                inserted(insert.execute(&mut *self.tx).await?.rows_affected())
            }

            async fn find_by_hash(&mut self, hash: &[u8]) -> Result<Option<TokenRow>, StoreError> {
                let found = sqlx::query_as(FIND_BY_HASH).bind(hash);
                let found: Option<Record> = found.fetch_optional(&mut *self.tx).await?;
                found.map(TryInto::try_into).transpose()
            }

            async fn list(&mut self, owner: &SubjectRef) -> Result<Vec<TokenRow>, StoreError> {
                let found = sqlx::query_as(LIST).bind(owner.kind.as_str()).bind(&owner.id);
                let found: Vec<Record> = found.fetch_all(&mut *self.tx).await?;
                found.into_iter().map(TryInto::try_into).collect()
            }

            async fn find(&mut self, id: &TokenId, owner: &SubjectRef) -> Result<Option<TokenRow>, StoreError> {
                let found = sqlx::query_as(FIND)
                    .bind(key(id.as_str()))
                    .bind(owner.kind.as_str())
                    .bind(&owner.id);
                let found: Option<Record> = found.fetch_optional(&mut *self.tx).await?;
                found.map(TryInto::try_into).transpose()
            }

            async fn replace(
                &mut self,
                id: &TokenId,
                owner: &SubjectRef,
                at: Timestamp,
                ends_at: Timestamp,
            ) -> Result<bool, StoreError> {
                let replace = sqlx::query(REPLACE)
                    .bind(key(id.as_str()))
                    .bind(owner.kind.as_str())
                    .bind(&owner.id)
                    .bind(at.0)
                    .bind(ends_at.0);
                let replaced = replace.execute(&mut *self.tx).await?.rows_affected() == 1;
                self.touch(Place::token(id));
                self.mark_revocation().await?;
                Ok(replaced)
            }

            async fn delete(&mut self, id: &TokenId, owner: &SubjectRef) -> Result<bool, StoreError> {
                let delete = sqlx::query(DELETE)
                    .bind(key(id.as_str()))
                    .bind(owner.kind.as_str())
                    .bind(&owner.id);
                let deleted = delete.execute(&mut *self.tx).await?.rows_affected() == 1;
                self.touch(Place::token(id));
                self.mark_revocation().await?;
                Ok(deleted)
            }

            async fn record_uses(&mut self, uses: &[(TokenId, Timestamp)]) -> Result<(), StoreError> {
                self.tokens_used(uses).await
            }
        }
    };
}
for_both!(stamp);
