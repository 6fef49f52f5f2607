//! Who may do what: one place, printed as a table in `tests/snapshots` and compared there.

use serde::{Deserialize, Serialize};

use crate::actor::{Actor, SubjectKind, SubjectRef};
use crate::outbound::{Mode, Support};

/// A person's role on the whole platform. An admin is a manager of every server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlatformRole {
    Member,
    Admin,
}

impl PlatformRole {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Admin => "admin",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Member, Self::Admin]
            .into_iter()
            .find(|role| role.as_str() == text)
    }
}

/// A role on one server. A manager may do everything that a user may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerRole {
    User,
    Manager,
}

impl ServerRole {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Manager => "manager",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::User, Self::Manager]
            .into_iter()
            .find(|role| role.as_str() == text)
    }
}

/// The role that counts: the strongest of the platform role and every grant that reaches the actor.
pub fn effective_role(platform: PlatformRole, grants: impl IntoIterator<Item = ServerRole>) -> Option<ServerRole> {
    match platform {
        PlatformRole::Admin => Some(ServerRole::Manager),
        PlatformRole::Member => grants.into_iter().max(),
    }
}

/// Why something is refused. Each has one HTTP status, everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Answers like a server that does not exist (D11): 404.
    #[error("no such server")]
    NotVisible,
    /// 403.
    #[error("not allowed")]
    Forbidden,
    /// The outbound auth of this server takes no overrides (S21, S23-S25): 422.
    #[error("this server's outbound auth takes no overrides")]
    Unsupported,
}

/// What can be done to a server itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerAction {
    /// See it listed, open its page, list its tools.
    See,
    /// Send it an MCP request through the gateway.
    Call,
    /// Change its name, URL, outbound auth or access; delete it.
    Manage,
}

impl ServerAction {
    pub const ALL: [Self; 3] = [Self::See, Self::Call, Self::Manage];
}

/// Proof that an action was allowed: work that needs a permission takes one of these (only this module makes them).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permit {
    role: ServerRole,
}

impl Permit {
    pub const fn role(self) -> ServerRole {
        self.role
    }

    pub const fn is_manager(self) -> bool {
        matches!(self.role, ServerRole::Manager)
    }
}

pub fn decide(role: Option<ServerRole>, action: ServerAction) -> Result<Permit, Refusal> {
    let role = role.ok_or(Refusal::NotVisible)?;
    match (action, role) {
        (ServerAction::See | ServerAction::Call, _) | (ServerAction::Manage, ServerRole::Manager) => {
            Ok(Permit { role })
        }
        (ServerAction::Manage, ServerRole::User) => Err(Refusal::Forbidden),
    }
}

/// What can be done on the Auth Overrides tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverrideAction {
    /// S10.
    OpenTab,
    /// S11: see this subject's override in the list.
    List,
    /// S12.
    Add,
    /// S13, D01.
    Edit,
    /// S14.
    Delete,
    /// S22, S55: let the server's provider ask the subject, who is present, for an oauth token.
    Consent,
}

impl OverrideAction {
    pub const ALL: [Self; 6] = [
        Self::OpenTab,
        Self::List,
        Self::Add,
        Self::Edit,
        Self::Delete,
        Self::Consent,
    ];
}

/// Whose override it is, seen from the actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whose {
    pub own: bool,
    pub kind: SubjectKind,
}

impl Whose {
    pub fn of(actor: &Actor, subject: &SubjectRef) -> Self {
        Self {
            own: actor.is(subject),
            kind: subject.kind,
        }
    }
}

/// S03, S10-S14, S20-S25, S30-S31, D01, D11: may this role do this to that subject's override on a server of this mode?
///
/// The order of the checks is the order of what may be learnt: first whether the server is there for the actor at all (D11),
/// then whose override it is (a forged subject is 403 on every server), then what the server supports.
pub fn decide_override(
    role: Option<ServerRole>,
    action: OverrideAction,
    whose: Whose,
    mode: Mode,
    allow_optional: bool,
) -> Result<Permit, Refusal> {
    let role = role.ok_or(Refusal::NotVisible)?;
    let manager = role == ServerRole::Manager;
    match action {
        OverrideAction::OpenTab => {}
        OverrideAction::List | OverrideAction::Delete if manager || whose.own => {}
        OverrideAction::Add | OverrideAction::Edit if manager || whose.own => {
            if mode.support(allow_optional) != Support::Supported {
                return Err(Refusal::Unsupported);
            }
            // S31: a virtual account's override is its managers' business, even when it calls the API itself.
            if !(manager || mode.users_may_add(allow_optional) && whose.kind != SubjectKind::VirtualAccount) {
                return Err(Refusal::Forbidden);
            }
        }
        // Nobody consents for another, and only people can: the provider asks whoever sits at the browser.
        OverrideAction::Consent if whose.own && matches!(whose.kind, SubjectKind::User) => {
            if !matches!(mode, Mode::AuthorizationCode) {
                return Err(Refusal::Unsupported);
            }
        }
        OverrideAction::List
        | OverrideAction::Add
        | OverrideAction::Edit
        | OverrideAction::Delete
        | OverrideAction::Consent => {
            return Err(Refusal::Forbidden);
        }
    }
    Ok(Permit { role })
}

/// B07: a server's calls and changes. Managers see everybody's, users their own.
pub fn decide_activity(role: Option<ServerRole>, own: bool) -> Result<Permit, Refusal> {
    let role = role.ok_or(Refusal::NotVisible)?;
    if own || role == ServerRole::Manager {
        Ok(Permit { role })
    } else {
        Err(Refusal::Forbidden)
    }
}
