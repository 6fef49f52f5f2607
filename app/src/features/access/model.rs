//! Grants, as the Access tab shows them.

use domain::role::ServerRole;
use serde::{Deserialize, Serialize};

use crate::features::overrides::model::SubjectHit;
use crate::ui::time::Moment;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessPage {
    pub server: String,
    pub rows: Vec<GrantRow>,
    /// The first of those who could be added.
    pub subjects: Vec<SubjectHit>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantRow {
    /// As REST names it: `user/…`, `virtual_account/…`, `everyone/all`.
    pub grantee: String,
    pub name: String,
    /// "User", "Virtual account", "Everyone".
    pub kind: String,
    pub role: ServerRole,
    pub since: Moment,
    pub mine: bool,
}

pub const fn role_label(role: ServerRole) -> &'static str {
    match role {
        ServerRole::Manager => "Manager",
        ServerRole::User => "User",
    }
}
