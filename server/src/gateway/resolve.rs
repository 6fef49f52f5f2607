//! Phase 2: the server's name → the server, the caller's role on it and the caller's own overrides there (S41).

use domain::actor::Actor;

use super::error::GatewayError;
use crate::services::calls::{Calls, Target};

pub async fn resolve(calls: &Calls, actor: &Actor, server: &str) -> Result<Target, GatewayError> {
    calls.target(actor, server).await?.ok_or(GatewayError::NotFound)
}
