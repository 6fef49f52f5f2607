//! What a table's row holds, in domain types. Times are UTC seconds; JSON is text.

use std::collections::{BTreeMap, BTreeSet};

use domain::actor::SubjectRef;
use domain::id::{ExternalIdentityId, OverrideId, ServerId, TeamId, TokenId, UserId, VirtualAccountId};
use domain::outbound::Mode;
use domain::overrides::{Condition, Kind, OverrideFacts};
use domain::reach::Given;
use domain::role::{PlatformRole, ServerRole};
use domain::server::{Origin, ServerName, ServerUrl};
use domain::team::TeamName;
use domain::timestamp::Timestamp;
use domain::total::Total;
use serde::{Deserialize, Serialize};

use super::Part;
use crate::seal::Sealed;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRow {
    pub id: UserId,
    /// Lower case.
    pub email: String,
    pub name: String,
    /// Argon2id, PHC string. `None`: cannot sign in with a password.
    pub password_hash: Option<String>,
    pub platform_role: PlatformRole,
    pub disabled_at: Option<Timestamp>,
    pub created_at: Timestamp,
    /// Until when the link to choose a password is good, used or not: filled by reads, ignored by writes.
    pub invited_until: Option<Timestamp>,
}

/// A link with which one person chooses a password, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationRow {
    pub user: UserId,
    /// SHA-256 of the link's token.
    pub hash: Vec<u8>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamRow {
    pub id: TeamId,
    pub name: TeamName,
    pub description: String,
    pub created_at: Timestamp,
    /// How many people are in it, and on how many servers it has a role: filled by reads, ignored by writes.
    pub members: i64,
    pub servers: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    pub user: UserId,
    pub email: String,
    pub name: String,
    pub disabled: bool,
    pub added_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VirtualAccountRow {
    pub id: VirtualAccountId,
    pub description: String,
    /// Who answers for it.
    pub owner: Option<UserId>,
    pub created_by: Option<UserId>,
    pub created_at: Timestamp,
    /// The owner's name and e-mail address, and when one of its tokens was used last: filled by reads, ignored by writes.
    pub owner_named: Option<(String, String)>,
    pub last_used_at: Option<Timestamp>,
}

/// A caller that an identity provider names, and nobody else of ours is (B02).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalIdentityRow {
    pub id: ExternalIdentityId,
    pub issuer: String,
    pub subject: String,
    /// What the provider or an admin calls it.
    pub name: String,
    pub created_at: Timestamp,
}

/// A person, as an identity provider knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserIdentityRow {
    pub issuer: String,
    pub subject: String,
    pub user: UserId,
    pub linked_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerRow {
    pub id: ServerId,
    pub name: ServerName,
    pub url: ServerUrl,
    pub description: String,
    pub mode: Mode,
    /// `OutboundInput` as JSON with every secret masked: what may be shown.
    pub outbound: String,
    /// The secrets of the outbound auth (shared header values, client secret), sealed together; `None` when it has none.
    pub secrets: Option<Sealed>,
    /// B01.
    pub allow_optional: bool,
    pub revision: i64,
    pub created_by: Option<UserId>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Who a grant is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grantee {
    Subject(SubjectRef),
    Team(TeamId),
    Everyone,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    pub server: ServerId,
    pub grantee: Grantee,
    pub role: ServerRole,
    /// The grantee's name for people; filled by lists, ignored by `put`.
    pub grantee_name: String,
    pub granted_at: Timestamp,
}

/// A subject, and every grant that reaches it on one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReachRow {
    pub subject: SubjectRef,
    pub name: String,
    /// A user's e-mail address, a virtual account's description, an external identity's issuer.
    pub detail: String,
    pub disabled: bool,
    pub platform_role: PlatformRole,
    pub given: Vec<Given>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverrideRow {
    pub id: OverrideId,
    pub server: ServerId,
    pub subject: SubjectRef,
    /// The subject's name (and as `subject_detail` a user's e-mail address or an external identity's issuer): filled by reads, ignored by writes.
    pub subject_name: String,
    pub subject_detail: Option<String>,
    pub kind: Kind,
    pub condition: Condition,
    /// The values (manual) or tokens (oauth), sealed together.
    pub sealed: Sealed,
    /// The origin they were given for (D06); part of what the seal is bound to.
    pub origin: Origin,
    /// Masked value by field key (D10), worked out when the value was set. Its keys are the fields the override holds.
    pub masks: BTreeMap<String, String>,
    pub updated_by: SubjectRef,
    /// As it was then: the person may be gone.
    pub updated_by_name: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
    pub last_verified_at: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
    /// Raised by every change of the sealed values.
    pub version: i64,
    /// Of an oauth override: what may be shown of its tokens.
    pub consent: Option<Consent>,
}

/// What may be shown of an oauth override's tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// A new one each time the subject consents; renewals keep it. MCP sessions are bound to it.
    pub id: String,
    /// The authorization server that issued the tokens; part of what their seal is bound to.
    pub issuer: String,
    pub scopes: Vec<String>,
    /// The end of the access token; `None` when the provider told none.
    pub expires_at: Option<Timestamp>,
}

impl OverrideRow {
    /// What the rules see of it.
    pub fn facts(&self) -> OverrideFacts {
        OverrideFacts {
            id: self.id.clone(),
            subject: self.subject.clone(),
            kind: self.kind,
            condition: self.condition,
            fields: self.masks.keys().cloned().collect::<BTreeSet<_>>(),
            expires_at: self.expires_at,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverrideSort {
    Entity,
    Kind,
    UpdatedAt,
    LastUsed,
}

/// One page of a server's overrides.
#[derive(Debug, Clone)]
pub struct OverrideQuery {
    pub server: ServerId,
    /// S11: a user sees only their own.
    pub only: Option<SubjectRef>,
    /// Matches name, e-mail address or id, anywhere, without case.
    pub search: Option<String>,
    /// Only these, none of which overlap; `None`: all.
    pub among: Option<Vec<Part>>,
    /// Whether to tell the total. Parts that leave something open are not to be counted.
    pub counted: bool,
    pub sort: OverrideSort,
    pub descending: bool,
    /// Opaque; from `OverridePage::next` or `previous` of the same query.
    pub cursor: Option<String>,
    pub limit: u32,
}

#[derive(Debug, Clone)]
pub struct OverridePage {
    pub rows: Vec<OverrideRow>,
    pub next: Option<String>,
    pub previous: Option<String>,
    /// Of all that match, not only of this page. What a search finds is counted only so far.
    pub total: Option<Total>,
}

/// What happened when an override was used.
#[derive(Debug, Clone)]
pub struct OverrideUse {
    pub id: OverrideId,
    pub version: i64,
    pub at: Timestamp,
    /// `Some(false)`: the upstream answered 401. `Some(true)`: it took the credential. `None`: it did not get that far.
    pub accepted: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectHit {
    pub subject: SubjectRef,
    pub name: String,
    /// A user's e-mail address, a virtual account's description, an external identity's issuer.
    pub detail: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    pub id: TokenId,
    pub owner: SubjectRef,
    pub name: String,
    /// SHA-256 of the token.
    pub hash: Vec<u8>,
    /// Its first characters, to recognise it by.
    pub hint: String,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    /// When another one took its place; it works until it expires.
    pub replaced_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// SHA-256 of the id in the cookie.
    pub id_hash: Vec<u8>,
    /// Whose it is, once signed in: to end all of a person's sessions at once.
    pub user: Option<UserId>,
    pub data: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// A consent on its way: the browser is at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingConsent {
    /// SHA-256 of the state.
    pub state_hash: Vec<u8>,
    /// The browser session that began it.
    pub session_hash: Vec<u8>,
    pub user: UserId,
    pub server: ServerId,
    pub sealed: Sealed,
    pub expires_at: Timestamp,
}

/// A client that a provider registered for us (RFC 7591), for one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthClientRow {
    pub server: ServerId,
    pub issuer: String,
    pub sealed: Sealed,
    pub created_at: Timestamp,
}

/// Something that somebody is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeRow {
    pub id: String,
    pub channel: NoticeChannel,
    /// What it tells of: told once by each channel.
    pub once: String,
    pub event: String,
    /// A mail address; empty for a webhook.
    pub recipient: String,
    /// JSON; no secret.
    pub payload: String,
    pub created_at: Timestamp,
    pub state: NoticeState,
    /// How often it was taken up.
    pub attempts: i64,
    pub next_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    /// Why the last try failed.
    pub problem: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeChannel {
    Webhook,
    Mail,
}

impl NoticeChannel {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Mail => "mail",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Webhook, Self::Mail].into_iter().find(|one| one.as_str() == text)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeState {
    Waiting,
    Sent,
    /// Given up.
    Failed,
}

impl NoticeState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Waiting, Self::Sent, Self::Failed]
            .into_iter()
            .find(|one| one.as_str() == text)
    }
}

#[derive(Debug, Clone, Default)]
pub struct PageQuery {
    pub search: Option<String>,
    /// Opaque; from `Page::next` of the same query.
    pub cursor: Option<String>,
    /// 1..=200.
    pub limit: u32,
}

#[derive(Debug, Clone)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}
