//! A server as a use case about its overrides meets it: what it asks for, who acts, and whom its grants reach.

use std::collections::BTreeSet;

use domain::actor::{Actor, SubjectRef};
use domain::outbound::OutboundAuth;
use domain::role::{OverrideAction, PlatformRole, Refusal, ServerRole, Whose, decide_override};

use super::ServiceError;
use crate::store::{Grantee, ServerRow, Work};

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

/// Whom a server's grants reach, read once for a whole list (D09).
pub(super) struct AccessList {
    everyone: bool,
    subjects: BTreeSet<SubjectRef>,
}

impl AccessList {
    pub async fn load(work: &mut dyn Work, server: &ServerRow) -> Result<Self, ServiceError> {
        let grants = work.grants().list(&server.id).await?;
        let everyone = grants.iter().any(|grant| grant.grantee == Grantee::Everyone);
        let through_teams = work.grants().through_teams(&server.id).await?;
        let own = grants.into_iter().filter_map(|grant| match grant.grantee {
            Grantee::Subject(subject) => Some(subject),
            Grantee::Team(_) | Grantee::Everyone => None,
        });
        let through_teams = through_teams.iter().map(SubjectRef::user);
        Ok(Self {
            everyone,
            subjects: own.chain(through_teams).collect(),
        })
    }

    /// An admin reaches every server without a grant.
    pub async fn reaches(&self, work: &mut dyn Work, subject: &SubjectRef) -> Result<bool, ServiceError> {
        if self.everyone || self.subjects.contains(subject) {
            return Ok(true);
        }
        let owner = super::tokens::owner(work, subject).await?;
        Ok(owner.is_some_and(|owner| owner.platform_role == PlatformRole::Admin))
    }
}
