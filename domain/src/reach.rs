//! Where a role on a server comes from, so that people see why somebody may do something and what would take it away.

use serde::{Deserialize, Serialize};

use crate::role::{PlatformRole, ServerRole, effective_role};

/// In the order in which sources of the same role are named.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    PlatformAdmin,
    /// A grant of their own.
    Direct,
    /// A team they are in, by its name.
    Team(String),
    Everyone,
}

/// One grant that reaches somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    pub role: ServerRole,
    pub source: Source,
}

/// The role that counts, and all that it comes from: the strongest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    pub role: ServerRole,
    pub given: Vec<Given>,
}

impl Reach {
    /// `None`: they have no role there.
    pub fn of(platform: PlatformRole, grants: impl IntoIterator<Item = Given>) -> Option<Self> {
        let mut given: Vec<Given> = grants.into_iter().collect();
        if platform == PlatformRole::Admin {
            given.push(Given {
                role: ServerRole::Manager,
                source: Source::PlatformAdmin,
            });
        }
        given.sort_by(|a, b| b.role.cmp(&a.role).then_with(|| a.source.cmp(&b.source)));
        let role = effective_role(platform, given.iter().map(|one| one.role))?;
        Some(Self { role, given })
    }

    /// What gives the role that counts: any one of them would be enough.
    pub fn decisive(&self) -> impl Iterator<Item = &Source> {
        let role = self.role;
        self.given
            .iter()
            .filter(move |one| one.role == role)
            .map(|one| &one.source)
    }
}
