//! What somebody wants to be there: a file, read and parsed. `None` says nothing of a thing, and leaves it as it is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use domain::outbound_input::OutboundInput;
use domain::role::{PlatformRole, ServerRole};
use domain::secret::Secret;

/// A section that is not there says nothing; one that is there and empty wants nothing to be there.
#[derive(Debug, Default)]
pub struct World {
    /// By e-mail address, in lower case.
    pub users: Option<BTreeMap<String, UserSpec>>,
    pub teams: Option<BTreeMap<String, TeamSpec>>,
    /// By the name that `access` calls them by.
    pub external_identities: Option<BTreeMap<String, IdentitySpec>>,
    pub virtual_accounts: Option<BTreeMap<String, AccountSpec>>,
    pub servers: Option<BTreeMap<String, ServerSpec>>,
}

#[derive(Debug, Default)]
pub struct UserSpec {
    pub name: Option<String>,
    pub platform_role: Option<PlatformRole>,
    pub disabled: Option<bool>,
    /// The first one: whoever has a password keeps it.
    pub password: Option<Secret>,
}

#[derive(Debug, Default)]
pub struct TeamSpec {
    pub description: Option<String>,
    /// E-mail addresses, in lower case.
    pub members: Option<BTreeSet<String>>,
}

#[derive(Debug, Default)]
pub struct IdentitySpec {
    pub issuer: String,
    pub subject: String,
}

#[derive(Debug, Default)]
pub struct AccountSpec {
    pub description: Option<String>,
    /// An e-mail address; `Some(None)`: nobody.
    pub owner: Option<Option<String>>,
}

#[derive(Debug, Default)]
pub struct ServerSpec {
    pub url: Option<String>,
    pub description: Option<String>,
    /// With its secrets in place.
    pub outbound_auth: Option<OutboundInput>,
    /// B01.
    pub allow_overrides: Option<bool>,
    pub access: Option<BTreeMap<Named, ServerRole>>,
}

/// A grantee, as a file names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Named {
    Everyone,
    Team(String),
    User(String),
    VirtualAccount(String),
    /// By its name in the file.
    ExternalIdentity(String),
}

impl Named {
    /// `everyone`, `team/platform`, `user/bob@example.com`, `virtual_account/ci-bot`, `external_identity/deployer`.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "everyone" {
            return Some(Self::Everyone);
        }
        let (kind, name) = text.split_once('/')?;
        let name = Some(name.trim()).filter(|name| !name.is_empty())?;
        match kind {
            "team" => Some(Self::Team(name.to_owned())),
            "user" => Some(Self::User(name.to_lowercase())),
            "virtual_account" => Some(Self::VirtualAccount(name.to_owned())),
            "external_identity" => Some(Self::ExternalIdentity(name.to_owned())),
            _ => None,
        }
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everyone => f.write_str("everyone"),
            Self::Team(name) => write!(f, "team/{name}"),
            Self::User(name) => write!(f, "user/{name}"),
            Self::VirtualAccount(name) => write!(f, "virtual_account/{name}"),
            Self::ExternalIdentity(name) => write!(f, "external_identity/{name}"),
        }
    }
}

/// A section of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    Users,
    Teams,
    ExternalIdentities,
    VirtualAccounts,
    Servers,
}

impl Section {
    pub const ALL: [Self; 5] = [
        Self::Users,
        Self::Teams,
        Self::ExternalIdentities,
        Self::VirtualAccounts,
        Self::Servers,
    ];

    /// As the file calls it.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Teams => "teams",
            Self::ExternalIdentities => "external_identities",
            Self::VirtualAccounts => "virtual_accounts",
            Self::Servers => "servers",
        }
    }

    /// One of it, as a person reads it.
    pub const fn one(self) -> &'static str {
        match self {
            Self::Users => "user",
            Self::Teams => "team",
            Self::ExternalIdentities => "external identity",
            Self::VirtualAccounts => "virtual account",
            Self::Servers => "server",
        }
    }
}

/// Something that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// `None`: of the file as a whole.
    pub section: Option<Section>,
    /// Which one; empty: of the section as a whole.
    pub name: String,
    /// Which of its fields; empty: of it as a whole.
    pub field: String,
    /// Never what was written there.
    pub message: String,
}
