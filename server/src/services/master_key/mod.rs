//! Rotating the master key while everything runs (B06), and what of it is where.
//!
//! Which key is current stands in the database: it is the one that wraps the key check, so that all replicas go by the same, and
//! know at once whether theirs is that one.

mod kept;
mod rotate;
mod status;
mod watch;

pub use kept::{KEY_CHECK, OpenError, current, open};
pub use rotate::{Done, Progress, RotateError, SETTLE};
pub use status::{KeyUse, Status};
pub use watch::watch;

use super::Core;
use crate::store::SealedKind;

#[derive(Clone)]
pub struct MasterKeys {
    core: Core,
}

impl MasterKeys {
    pub fn new(core: Core) -> Self {
        Self { core }
    }
}

/// As people and the audit trail call them.
const fn label(kind: SealedKind) -> &'static str {
    match kind {
        SealedKind::Server => "servers",
        SealedKind::Override => "overrides",
        SealedKind::OAuthClient => "oauth_clients",
        SealedKind::Consent => "consents",
    }
}
