//! An override as the rules see it: whose, of which kind, in which state. Its secret stays sealed elsewhere.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::actor::SubjectRef;
use crate::id::OverrideId;
use crate::outbound::CredentialField;
use crate::timestamp::Timestamp;

/// D02: one override per (server, subject, kind).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Typed in by a person.
    Manual,
    /// Obtained by OAuth consent.
    #[serde(rename = "oauth")]
    OAuth,
}

impl Kind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::OAuth => "oauth",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Manual, Self::OAuth]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// What is stored about an override's health. What depends on the server's present settings, on access or on the clock is
/// worked out (`state`), so that it can never be stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    Good,
    /// The upstream answered 401 to it (B05). Still sent: the upstream has the last word, and a success clears it.
    Rejected,
    /// Given for another origin (D06); not sent before somebody confirms or enters it again.
    Suspended,
    /// The OAuth client changed (S61, D08); not sent before the subject consents again.
    Invalidated,
}

impl Condition {
    pub const ALL: [Self; 4] = [Self::Good, Self::Rejected, Self::Suspended, Self::Invalidated];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Rejected => "rejected",
            Self::Suspended => "suspended",
            Self::Invalidated => "invalidated",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|condition| condition.as_str() == text)
    }
}

/// What people and the REST API see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Active,
    NeedsUpdate,
    Rejected,
    Suspended,
    Reconnect,
    NoAccess,
    Expired,
}

impl State {
    pub const ALL: [Self; 7] = [
        Self::Active,
        Self::NeedsUpdate,
        Self::Rejected,
        Self::Suspended,
        Self::Reconnect,
        Self::NoAccess,
        Self::Expired,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::NeedsUpdate => "needs_update",
            Self::Rejected => "rejected",
            Self::Suspended => "suspended",
            Self::Reconnect => "reconnect",
            Self::NoAccess => "no_access",
            Self::Expired => "expired",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::NeedsUpdate => "Needs update",
            Self::Rejected => "Rejected",
            Self::Suspended => "Suspended",
            Self::Reconnect => "Reconnect",
            Self::NoAccess => "No access",
            Self::Expired => "Expired",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// What the rules need to know of one stored override.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverrideFacts {
    pub id: OverrideId,
    pub subject: SubjectRef,
    pub kind: Kind,
    pub condition: Condition,
    /// The keys of the values it holds (`CredentialField::key`); empty for an oauth token.
    pub fields: BTreeSet<String>,
    pub expires_at: Option<Timestamp>,
}

impl OverrideFacts {
    /// D03, D04: a manual override that lacks a value the server asks for is not used.
    pub fn lacks(&self, asked: &[CredentialField]) -> bool {
        self.kind == Kind::Manual && asked.iter().any(|field| !self.fields.contains(&field.key))
    }

    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.kind == Kind::Manual && self.expires_at.is_some_and(|at| at <= now)
    }

    /// The one state to show: what stops it most comes first.
    pub fn state(&self, asked: &[CredentialField], has_access: bool, now: Timestamp) -> State {
        if !has_access {
            return State::NoAccess;
        }
        match self.condition {
            Condition::Suspended => State::Suspended,
            Condition::Invalidated => State::Reconnect,
            Condition::Good | Condition::Rejected if self.lacks(asked) => State::NeedsUpdate,
            Condition::Good | Condition::Rejected if self.is_expired(now) => State::Expired,
            Condition::Rejected if self.kind == Kind::OAuth => State::Reconnect,
            Condition::Rejected => State::Rejected,
            Condition::Good => State::Active,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(condition: Condition, fields: &[&str]) -> OverrideFacts {
        OverrideFacts {
            id: OverrideId::new("o"),
            subject: SubjectRef {
                kind: crate::actor::SubjectKind::User,
                id: "bob".into(),
            },
            kind: Kind::Manual,
            condition,
            fields: fields.iter().map(ToString::to_string).collect(),
            expires_at: Some(Timestamp(100)),
        }
    }

    fn asked(key: &str) -> Vec<CredentialField> {
        vec![CredentialField {
            key: key.into(),
            label: key.into(),
            whole_header: false,
        }]
    }

    #[test]
    fn b05_the_state_names_what_stops_it_most() {
        let now = Timestamp(50);
        assert_eq!(
            facts(Condition::Good, &["K"]).state(&asked("K"), true, now),
            State::Active
        );
        assert_eq!(
            facts(Condition::Good, &["K"]).state(&asked("K"), true, Timestamp(100)),
            State::Expired
        );
        assert_eq!(
            facts(Condition::Rejected, &["K"]).state(&asked("K"), true, now),
            State::Rejected
        );
        assert_eq!(
            facts(Condition::Suspended, &[]).state(&asked("K"), true, now),
            State::Suspended
        );
        assert_eq!(
            facts(Condition::Good, &["K"]).state(&asked("K"), false, now),
            State::NoAccess,
            "D09"
        );
    }

    #[test]
    fn d04_a_value_for_the_whole_header_is_none_for_a_placeholder() {
        assert_eq!(
            facts(Condition::Good, &["header:authorization"]).state(&asked("API_KEY"), true, Timestamp(0)),
            State::NeedsUpdate
        );
    }
}
