//! A server as a use case about its overrides meets it: what it asks for, who acts, and whom it reaches.

use domain::actor::{Actor, SubjectRef};
use domain::outbound::OutboundAuth;
use domain::role::{OverrideAction, Refusal, ServerRole, Whose, decide_override};

use super::ServiceError;
use crate::store::{ServerRow, StoreError, Work};

/// A server, what it asks for, and the actor's role on it.
pub(super) struct Place {
    pub server: ServerRow,
    pub role: Option<ServerRole>,
    pub auth: OutboundAuth,
}

impl Place {
    pub fn decide(&self, actor: &Actor, action: OverrideAction, subject: &SubjectRef) -> Result<(), ServiceError> {
        let (mode, allow) = (self.server.mode, self.server.allow_optional);
        match decide_override(self.role, action, Whose::of(actor, subject), mode, allow) {
            Ok(_) => Ok(()),
            Err(Refusal::Unsupported) => Err(mode
                .unsupported_because(allow)
                .map_or(ServiceError::Forbidden, ServiceError::Unsupported)),
            Err(refusal) => Err(refusal.into()),
        }
    }
}

/// Whether somebody has a role on the server (D09).
pub(super) async fn reaches(work: &mut dyn Work, server: &ServerRow, subject: &SubjectRef) -> Result<bool, StoreError> {
    let reached = work.grants().reached(&server.id, std::slice::from_ref(subject)).await?;
    Ok(!reached.is_empty())
}
