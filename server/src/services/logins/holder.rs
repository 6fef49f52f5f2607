//! Who calls with an access token of ours: it counts at one server, and nowhere else.

use std::sync::Arc;

use domain::actor::{Actor, SubjectRef};
use domain::id::{ServerId, TokenId};
use domain::server::ServerName;
use domain::timestamp::Timestamp;
use domain::via::By;

use super::ACCESS;
use crate::services::calls::AuthenticateError;
use crate::services::{Core, tokens};
use crate::store::LoginTokenKind;

/// The hash to look it up by; `None` for what is no access token of ours.
pub fn access_hash(token: &str) -> Option<Vec<u8>> {
    tokens::hash_with(&[ACCESS], token)
}

/// Whose token it is, and where it counts.
#[derive(Debug)]
pub struct LoginHolder {
    pub actor: Arc<Actor>,
    /// What they allowed, by its id.
    pub grant: TokenId,
    pub server: ServerId,
    server_name: ServerName,
    expires_at: Timestamp,
}

impl LoginHolder {
    pub fn counts(&self, server: &str, now: Timestamp) -> bool {
        self.server_name.as_str() == server && self.expires_at > now
    }
}

/// Asks the database.
pub async fn holder(core: &Core, hash: &[u8]) -> Result<LoginHolder, AuthenticateError> {
    let mut work = core.store.read().await?;
    let found = work.logins().find_token(hash).await?;
    let found = found.filter(|found| found.token.kind == LoginTokenKind::Access);
    let found = found.ok_or(AuthenticateError::Invalid)?;
    let owner = tokens::owner(work.as_mut(), &SubjectRef::user(&found.user)).await?;
    let actor = owner.ok_or(AuthenticateError::Invalid)?;
    let token = found.token;
    Ok(LoginHolder {
        actor: Arc::new(actor.by(By::App(token.grant.clone()))),
        grant: TokenId::new(token.grant),
        server: found.server,
        server_name: found.server_name,
        expires_at: token.expires_at,
    })
}
