//! What people allowed MCP clients, and the codes and tokens issued for it.

use async_trait::async_trait;
use domain::id::{ServerId, TokenId, UserId};
use domain::login::redirect::RedirectUri;
use domain::server::ServerName;
use domain::timestamp::Timestamp;

use super::work::{Tx, for_both, inserted, key, known};
use super::{
    FoundLoginToken, LoginApp, LoginCodeRow, LoginGrantRow, LoginTokenKind, LoginTokenRow, Logins, Place, StoreError,
};

const ADD_CODE: &str = "INSERT INTO login_codes
    (hash, user_id, server_id, client_id, client_name, place, redirect_uri, challenge, refreshes, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
const TAKE_CODE: &str = "DELETE FROM login_codes WHERE hash = $1
    RETURNING hash, user_id, server_id, client_id, client_name, place, redirect_uri, challenge, refreshes, expires_at";
const CODE_IS_THERE: &str = "SELECT 1 FROM login_codes WHERE hash = $1";
const ADD_GRANT: &str = "INSERT INTO login_grants
    (id, user_id, server_id, client_id, client_name, place, code_hash, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
/// What every read of grants selects.
macro_rules! grants {
    ($rest:literal) => {
        concat!(
            "SELECT g.id, g.user_id, g.server_id, s.name AS server_name, g.client_id, g.client_name, g.place, g.code_hash,
                g.created_at, g.last_used_at, g.expires_at
            FROM login_grants g JOIN servers s ON s.id = g.server_id ",
            $rest
        )
    };
}
const FIND_GRANT: &str = grants!("WHERE g.id = $1");
const GRANT_OF_CODE: &str = grants!("WHERE g.code_hash = $1");
const LIST: &str = grants!("WHERE g.user_id = $1 AND g.expires_at > $2 ORDER BY g.created_at DESC, g.id DESC");
const DELETE_GRANT: &str = "DELETE FROM login_grants WHERE id = $1";
const PROLONG: &str = "UPDATE login_grants SET expires_at = $2 WHERE id = $1 AND expires_at < $2";
const ADD_TOKEN: &str = "INSERT INTO login_tokens (hash, grant_id, kind, expires_at) VALUES ($1, $2, $3, $4)";
const FIND_TOKEN: &str = "SELECT t.hash, t.grant_id, t.kind, t.expires_at, t.used_at, g.user_id, g.client_id, g.server_id, s.name AS server_name
    FROM login_tokens t JOIN login_grants g ON g.id = t.grant_id JOIN servers s ON s.id = g.server_id WHERE t.hash = $1";
const USE_REFRESH: &str =
    "UPDATE login_tokens SET used_at = $2 WHERE hash = $1 AND kind = 'refresh' AND used_at IS NULL";
const EXPIRED: [&str; 3] = [
    "DELETE FROM login_codes WHERE expires_at <= $1",
    "DELETE FROM login_grants WHERE expires_at <= $1",
    "DELETE FROM login_tokens WHERE expires_at <= $1",
];

#[derive(sqlx::FromRow)]
struct Code {
    hash: Vec<u8>,
    user_id: String,
    server_id: String,
    client_id: String,
    client_name: String,
    place: String,
    redirect_uri: String,
    challenge: String,
    refreshes: i64,
    expires_at: i64,
}

impl TryFrom<Code> for LoginCodeRow {
    type Error = StoreError;

    fn try_from(record: Code) -> Result<Self, StoreError> {
        Ok(Self {
            hash: record.hash,
            user: UserId::new(record.user_id),
            server: ServerId::new(record.server_id),
            app: LoginApp {
                client_id: record.client_id,
                name: record.client_name,
                place: record.place,
            },
            redirect_uri: known(RedirectUri::parse(&record.redirect_uri).ok(), "redirect_uri")?,
            challenge: record.challenge,
            refreshes: record.refreshes == 1,
            expires_at: Timestamp(record.expires_at),
        })
    }
}

#[derive(sqlx::FromRow)]
struct Grant {
    id: String,
    user_id: String,
    server_id: String,
    server_name: String,
    client_id: String,
    client_name: String,
    place: String,
    code_hash: Vec<u8>,
    created_at: i64,
    last_used_at: Option<i64>,
    expires_at: i64,
}

impl From<Grant> for LoginGrantRow {
    fn from(record: Grant) -> Self {
        Self {
            id: record.id,
            user: UserId::new(record.user_id),
            server: ServerId::new(record.server_id),
            server_name: record.server_name,
            app: LoginApp {
                client_id: record.client_id,
                name: record.client_name,
                place: record.place,
            },
            code_hash: record.code_hash,
            created_at: Timestamp(record.created_at),
            last_used_at: record.last_used_at.map(Timestamp),
            expires_at: Timestamp(record.expires_at),
        }
    }
}

#[derive(sqlx::FromRow)]
struct Token {
    hash: Vec<u8>,
    grant_id: String,
    kind: String,
    expires_at: i64,
    used_at: Option<i64>,
    user_id: String,
    client_id: String,
    server_id: String,
    server_name: String,
}

impl TryFrom<Token> for FoundLoginToken {
    type Error = StoreError;

    fn try_from(record: Token) -> Result<Self, StoreError> {
        Ok(Self {
            token: LoginTokenRow {
                hash: record.hash,
                grant: record.grant_id,
                kind: known(LoginTokenKind::parse(&record.kind), "kind")?,
                expires_at: Timestamp(record.expires_at),
                used_at: record.used_at.map(Timestamp),
            },
            user: UserId::new(record.user_id),
            server: ServerId::new(record.server_id),
            server_name: known(ServerName::parse(&record.server_name).ok(), "name")?,
            client_id: record.client_id,
        })
    }
}

macro_rules! stamp {
    ($db:ty) => {
        #[async_trait]
        impl Logins for Tx<$db> {
            async fn add_code(&mut self, row: &LoginCodeRow) -> Result<(), StoreError> {
                let add = sqlx::query(ADD_CODE)
                    .bind(&row.hash)
                    .bind(row.user.as_str())
                    .bind(row.server.as_str())
                    .bind(&row.app.client_id)
                    .bind(&row.app.name)
                    .bind(&row.app.place)
                    .bind(row.redirect_uri.as_str())
                    .bind(&row.challenge)
                    .bind(i64::from(row.refreshes))
                    .bind(row.expires_at.0);
                inserted(add.execute(&mut *self.tx).await?.rows_affected())
            }

            async fn knows_code(&mut self, hash: &[u8]) -> Result<bool, StoreError> {
                let there = sqlx::query(CODE_IS_THERE).bind(hash);
                Ok(there.fetch_optional(&mut *self.tx).await?.is_some())
            }

            async fn take_code(&mut self, hash: &[u8]) -> Result<Option<LoginCodeRow>, StoreError> {
                let taken: Option<Code> = sqlx::query_as(TAKE_CODE)
                    .bind(hash)
                    .fetch_optional(&mut *self.tx)
                    .await?;
                taken.map(TryInto::try_into).transpose()
            }

            async fn add_grant(&mut self, row: &LoginGrantRow) -> Result<(), StoreError> {
                let add = sqlx::query(ADD_GRANT)
                    .bind(&row.id)
                    .bind(row.user.as_str())
                    .bind(row.server.as_str())
                    .bind(&row.app.client_id)
                    .bind(&row.app.name)
                    .bind(&row.app.place)
                    .bind(&row.code_hash)
                    .bind(row.created_at.0)
                    .bind(row.expires_at.0);
                inserted(add.execute(&mut *self.tx).await?.rows_affected())
            }

            async fn find_grant(&mut self, id: &str) -> Result<Option<LoginGrantRow>, StoreError> {
                let found: Option<Grant> = sqlx::query_as(FIND_GRANT)
                    .bind(key(id))
                    .fetch_optional(&mut *self.tx)
                    .await?;
                Ok(found.map(Into::into))
            }

            async fn grant_of_code(&mut self, hash: &[u8]) -> Result<Option<LoginGrantRow>, StoreError> {
                let found: Option<Grant> = sqlx::query_as(GRANT_OF_CODE)
                    .bind(hash)
                    .fetch_optional(&mut *self.tx)
                    .await?;
                Ok(found.map(Into::into))
            }

            async fn list_grants(&mut self, user: &UserId, now: Timestamp) -> Result<Vec<LoginGrantRow>, StoreError> {
                let found: Vec<Grant> = sqlx::query_as(LIST)
                    .bind(user.as_str())
                    .bind(now.0)
                    .fetch_all(&mut *self.tx)
                    .await?;
                Ok(found.into_iter().map(Into::into).collect())
            }

            async fn prolong_grant(&mut self, id: &str, until: Timestamp) -> Result<(), StoreError> {
                let prolong = sqlx::query(PROLONG).bind(id).bind(until.0);
                prolong.execute(&mut *self.tx).await?;
                Ok(())
            }

            async fn delete_grant(&mut self, id: &str) -> Result<bool, StoreError> {
                let delete = sqlx::query(DELETE_GRANT).bind(key(id));
                let deleted = delete.execute(&mut *self.tx).await?.rows_affected() == 1;
                self.touch(Place::token(&TokenId::new(id)));
                self.mark_revocation().await?;
                Ok(deleted)
            }

            async fn add_token(&mut self, row: &LoginTokenRow) -> Result<(), StoreError> {
                let add = sqlx::query(ADD_TOKEN)
                    .bind(&row.hash)
                    .bind(&row.grant)
                    .bind(row.kind.as_str())
                    .bind(row.expires_at.0);
                inserted(add.execute(&mut *self.tx).await?.rows_affected())
            }

            async fn find_token(&mut self, hash: &[u8]) -> Result<Option<FoundLoginToken>, StoreError> {
                let found: Option<Token> = sqlx::query_as(FIND_TOKEN)
                    .bind(hash)
                    .fetch_optional(&mut *self.tx)
                    .await?;
                found.map(TryInto::try_into).transpose()
            }

            async fn use_refresh(&mut self, hash: &[u8], at: Timestamp) -> Result<bool, StoreError> {
                let used = sqlx::query(USE_REFRESH).bind(hash).bind(at.0);
                Ok(used.execute(&mut *self.tx).await?.rows_affected() == 1)
            }

            async fn delete_expired(&mut self, now: Timestamp) -> Result<u64, StoreError> {
                let mut deleted = 0;
                for sql in EXPIRED {
                    let delete = sqlx::query(sql).bind(now.0);
                    deleted += delete.execute(&mut *self.tx).await?.rows_affected();
                }
                Ok(deleted)
            }
        }
    };
}
for_both!(stamp);
