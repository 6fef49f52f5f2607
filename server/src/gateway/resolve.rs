//! Phase 2: the server's name → the server, the caller's role on it and the caller's own overrides there (S41).

use domain::actor::Actor;

use super::error::GatewayError;
use crate::services::ServiceError;
use crate::services::calls::{Calls, Target};

pub async fn resolve(calls: &Calls, actor: &Actor, server: &str) -> Result<Target, GatewayError> {
    match calls.target(actor, server).await {
        Ok(Some(target)) => Ok(target),
        Ok(None) => Err(GatewayError::NotFound),
        Err(ServiceError::Unavailable(error)) => Err(GatewayError::Unavailable(error.to_string())),
        Err(error) => Err(GatewayError::Internal(error.to_string())),
    }
}
