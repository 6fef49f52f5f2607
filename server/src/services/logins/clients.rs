//! Clients that register themselves (RFC 7591). Anybody may, so there are bounds: how often from one address, and how many in all.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::login::client::Client;
use rand::TryRngCore;
use rand::rngs::OsRng;

use super::Logins;
use crate::services::ServiceError;
use crate::store::LoginClientRow;

const PREFIX: &str = "mcp-client-";
/// Of a full table, so many of the longest unused make place: whoever fills it drives out their own.
const MOST: i64 = 10_000;
const EVICTED: i64 = 100;

impl Logins {
    pub async fn register(&self, client: Client, from: Option<IpAddr>) -> Result<LoginClientRow, ServiceError> {
        from.map_or(Ok(()), |address| self.registrations.check(&address))?;
        let now = self.now();
        let mut bytes = [0u8; 16];
        OsRng
            .try_fill_bytes(&mut bytes)
            .map_err(|error| ServiceError::Internal(error.into()))?;
        let row = LoginClientRow {
            id: format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)),
            client,
            created_at: now,
            used_at: now,
        };
        let mut work = self.core.store.begin().await?;
        if work.login_clients().count().await? >= MOST {
            work.login_clients().evict(EVICTED).await?;
        }
        work.login_clients().insert(&row).await?;
        work.save().await?;
        Ok(row)
    }

    pub async fn client(&self, id: &str) -> Result<Option<Client>, ServiceError> {
        let found = self.core.store.read().await?.login_clients().find(id).await?;
        Ok(found.map(|row| row.client))
    }
}
