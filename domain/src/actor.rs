//! Who acts, and for whom an override is.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{ExternalIdentityId, UserId, VirtualAccountId};
use crate::role::PlatformRole;
use crate::via::{By, Via};

/// The kinds of subject an override can be for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectKind {
    User,
    VirtualAccount,
    /// A caller known by an identity provider's token (B02).
    ExternalIdentity,
}

impl SubjectKind {
    pub const ALL: [Self; 3] = [Self::User, Self::VirtualAccount, Self::ExternalIdentity];

    /// As in routes, JSON and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::VirtualAccount => "virtual_account",
            Self::ExternalIdentity => "external_identity",
        }
    }

    /// As a person reads it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::VirtualAccount => "Virtual account",
            Self::ExternalIdentity => "External identity",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Names one subject. A user's and an external identity's id is a UUID, a virtual account's its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SubjectRef {
    #[serde(rename = "type")]
    pub kind: SubjectKind,
    pub id: String,
}

impl SubjectRef {
    pub fn user(id: &UserId) -> Self {
        Self {
            kind: SubjectKind::User,
            id: id.as_str().to_owned(),
        }
    }

    pub fn virtual_account(id: &VirtualAccountId) -> Self {
        Self {
            kind: SubjectKind::VirtualAccount,
            id: id.as_str().to_owned(),
        }
    }

    pub fn external_identity(id: &ExternalIdentityId) -> Self {
        Self {
            kind: SubjectKind::ExternalIdentity,
            id: id.as_str().to_owned(),
        }
    }
}

impl fmt::Display for SubjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.as_str(), self.id)
    }
}

/// The signed-in person or authenticated caller. Made only by authentication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    pub subject: SubjectRef,
    /// What people read: a person's name, a virtual account's name.
    pub name: String,
    pub platform_role: PlatformRole,
    /// From where, and with what: goes along, so that every use case can write it down.
    pub via: Via,
}

impl Actor {
    /// Somebody of whom is not known yet how they came in.
    pub fn new(subject: SubjectRef, name: impl Into<String>, platform_role: PlatformRole) -> Self {
        Self {
            subject,
            name: name.into(),
            platform_role,
            via: Via::default(),
        }
    }

    /// The same, who showed this.
    #[must_use]
    pub fn by(mut self, by: By) -> Self {
        self.via.by = by;
        self
    }

    /// The same, whose request came like this; what they showed stays.
    #[must_use]
    pub fn arriving(mut self, arrival: Option<&Via>) -> Self {
        if let Some(arrival) = arrival {
            self.via.address = arrival.address;
            self.via.request.clone_from(&arrival.request);
        }
        self
    }

    pub fn is(&self, subject: &SubjectRef) -> bool {
        self.subject == *subject
    }

    /// The user this actor is; `None` for a virtual account.
    pub fn user_id(&self) -> Option<UserId> {
        (self.subject.kind == SubjectKind::User).then(|| UserId::new(self.subject.id.clone()))
    }
}
