//! Phase 3: may this caller call this server? Forwarding needs the permit.

use domain::role::{Permit, ServerAction, decide};

use super::error::GatewayError;
use crate::services::calls::Target;

/// D11: a server one may not use answers like one that is not there.
pub fn authorize(target: &Target) -> Result<Permit, GatewayError> {
    decide(target.role, ServerAction::Call).map_err(|_| GatewayError::NotFound)
}
