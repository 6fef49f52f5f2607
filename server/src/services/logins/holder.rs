//! Who calls with an access token of ours: it counts at one server, and nowhere else.

use domain::actor::{Actor, SubjectRef};
use domain::id::TokenId;
use domain::via::By;

use super::ACCESS;
use crate::services::calls::AuthenticateError;
use crate::services::{Core, tokens};
use crate::store::LoginTokenKind;

/// The hash to look it up by; `None` for what is no access token of ours.
pub fn access_hash(token: &str) -> Option<Vec<u8>> {
    tokens::hash_with(&[ACCESS], token)
}

/// The person, and the id of what they allowed.
pub async fn holder(core: &Core, hash: &[u8], server: &str) -> Result<(Actor, TokenId), AuthenticateError> {
    let mut work = core.store.read().await?;
    let found = work
        .logins()
        .find_token(hash)
        .await?
        .ok_or(AuthenticateError::Invalid)?;
    let token = found.token;
    let counts =
        token.kind == LoginTokenKind::Access && token.expires_at > core.now() && found.server.as_str() == server;
    if !counts {
        return Err(AuthenticateError::Invalid);
    }
    let owner = tokens::owner(work.as_mut(), &SubjectRef::user(&found.user)).await?;
    let actor = owner.ok_or(AuthenticateError::Invalid)?;
    Ok((actor.by(By::App(token.grant.clone())), TokenId::new(token.grant)))
}
