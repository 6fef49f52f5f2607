//! Consents on their way, and the clients that providers registered for us.

use async_trait::async_trait;
use domain::id::{ServerId, UserId};
use domain::timestamp::Timestamp;

use super::work::{Tx, for_both};
use super::{Consents, OAuthClientRow, PendingConsent, StoreError};
use crate::seal::Sealed;

const BEGIN: &str = "INSERT INTO consents (state_hash, session_hash, user_id, server_id, sealed, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6)";
const TAKE: &str = "DELETE FROM consents WHERE state_hash = $1
    RETURNING state_hash, session_hash, user_id, server_id, sealed, expires_at";
const DELETE_EXPIRED: &str = "DELETE FROM consents WHERE expires_at <= $1";
const CLIENT: &str =
    "SELECT server_id, issuer, sealed, created_at FROM oauth_clients WHERE server_id = $1 AND issuer = $2";
const ADD_CLIENT: &str = "INSERT INTO oauth_clients (server_id, issuer, sealed, created_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT DO NOTHING";
const FORGET_CLIENT: &str = "DELETE FROM oauth_clients WHERE server_id = $1 AND issuer = $2";

#[derive(sqlx::FromRow)]
struct Pending {
    state_hash: Vec<u8>,
    session_hash: Vec<u8>,
    user_id: String,
    server_id: String,
    sealed: Vec<u8>,
    expires_at: i64,
}

impl From<Pending> for PendingConsent {
    fn from(record: Pending) -> Self {
        Self {
            state_hash: record.state_hash,
            session_hash: record.session_hash,
            user: UserId::new(record.user_id),
            server: ServerId::new(record.server_id),
            sealed: Sealed::from_bytes(record.sealed),
            expires_at: Timestamp(record.expires_at),
        }
    }
}

#[derive(sqlx::FromRow)]
struct Client {
    server_id: String,
    issuer: String,
    sealed: Vec<u8>,
    created_at: i64,
}

impl From<Client> for OAuthClientRow {
    fn from(record: Client) -> Self {
        Self {
            server: ServerId::new(record.server_id),
            issuer: record.issuer,
            sealed: Sealed::from_bytes(record.sealed),
            created_at: Timestamp(record.created_at),
        }
    }
}

macro_rules! stamp {
    ($db:ty) => {
        #[async_trait]
        impl Consents for Tx<$db> {
            async fn begin(&mut self, pending: &PendingConsent) -> Result<(), StoreError> {
                let begin = sqlx::query(BEGIN)
                    .bind(&pending.state_hash)
                    .bind(&pending.session_hash)
                    .bind(pending.user.as_str())
                    .bind(pending.server.as_str())
                    .bind(pending.sealed.as_bytes())
                    .bind(pending.expires_at.0);
                begin.execute(&mut *self.tx).await?;
                Ok(())
            }

            async fn take(&mut self, state_hash: &[u8]) -> Result<Option<PendingConsent>, StoreError> {
                let taken = sqlx::query_as(TAKE).bind(state_hash);
                let taken: Option<Pending> = taken.fetch_optional(&mut *self.tx).await?;
                Ok(taken.map(Into::into))
            }

            async fn delete_expired(&mut self, now: Timestamp) -> Result<u64, StoreError> {
                let deleted = sqlx::query(DELETE_EXPIRED).bind(now.0).execute(&mut *self.tx);
                Ok(deleted.await?.rows_affected())
            }

            async fn client(&mut self, server: &ServerId, issuer: &str) -> Result<Option<OAuthClientRow>, StoreError> {
                let found = sqlx::query_as(CLIENT).bind(server.as_str()).bind(issuer);
                let found: Option<Client> = found.fetch_optional(&mut *self.tx).await?;
                Ok(found.map(Into::into))
            }

            async fn add_client(&mut self, client: &OAuthClientRow) -> Result<bool, StoreError> {
                let add = sqlx::query(ADD_CLIENT)
                    .bind(client.server.as_str())
                    .bind(&client.issuer)
                    .bind(client.sealed.as_bytes())
                    .bind(client.created_at.0);
                Ok(add.execute(&mut *self.tx).await?.rows_affected() == 1)
            }

            async fn forget_client(&mut self, server: &ServerId, issuer: &str) -> Result<(), StoreError> {
                let forget = sqlx::query(FORGET_CLIENT).bind(server.as_str()).bind(issuer);
                forget.execute(&mut *self.tx).await?;
                Ok(())
            }
        }
    };
}
for_both!(stamp);
