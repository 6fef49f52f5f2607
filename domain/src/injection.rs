//! Which credential a call uses, and the headers it becomes (S40-S43, D12).
//!
//! Invariant: a caller never receives another subject's credential. `decide` sees only the caller's own overrides, and every
//! way through it ends in one of the five choices below.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::header::{self, HeaderName};
use crate::id::OverrideId;
use crate::outbound::{CredentialField, Mode, OutboundAuth, Support};
use crate::overrides::{Condition, Kind, OverrideFacts};
use crate::secret::Secret;
use crate::template::HeaderTemplate;
use crate::timestamp::Timestamp;

/// What to send upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// This override of the caller's own.
    Own(OverrideId, Kind),
    /// The server's own credential: shared headers, or its client-credentials token.
    ServerDefault,
    /// What the caller sent for the upstream.
    PassThrough,
    /// The server asks for nothing.
    Nothing,
    /// Nothing that could be used: the call ends with McpAuthRequiredError.
    Missing(MissingReason),
}

/// `reason` of McpAuthRequiredError.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingReason {
    OverrideMissing,
    OverrideNeedsUpdate,
    OverrideSuspended,
    OverrideRejected,
    OauthConsentRequired,
    OauthInvalidated,
}

impl MissingReason {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OverrideMissing => "override_missing",
            Self::OverrideNeedsUpdate => "override_needs_update",
            Self::OverrideSuspended => "override_suspended",
            Self::OverrideRejected => "override_rejected",
            Self::OauthConsentRequired => "oauth_consent_required",
            Self::OauthInvalidated => "oauth_invalidated",
        }
    }
}

/// What `decide` needs of a server.
#[derive(Debug, Clone, Copy)]
pub struct ServerFacts<'a> {
    pub mode: Mode,
    /// B01.
    pub allow_optional: bool,
    /// The values a manual override must hold here.
    pub asked: &'a [CredentialField],
}

/// D12: own manual override → own oauth token → server default (where the mode has one) → error.
///
/// An own override that cannot be used now (suspended, lacking a value, expired) ends in an error rather than in the shared
/// credential: nobody should act under another identity without having chosen so.
pub fn decide(server: ServerFacts<'_>, own: &[OverrideFacts], now: Timestamp) -> Choice {
    if server.mode.support(server.allow_optional) != Support::Supported {
        return without_overrides(server.mode);
    }
    let find = |kind| own.iter().find(|one| one.kind == kind);
    let mut blocked = None;
    for one in [find(Kind::Manual), find(Kind::OAuth)].into_iter().flatten() {
        match why_unusable(one, server.asked, now) {
            None => return Choice::Own(one.id.clone(), one.kind),
            Some(reason) => blocked = blocked.or(Some(reason)),
        }
    }
    blocked.map_or_else(|| without_overrides(server.mode), Choice::Missing)
}

fn without_overrides(mode: Mode) -> Choice {
    match mode {
        Mode::NoAuth => Choice::Nothing,
        Mode::TokenPassthrough => Choice::PassThrough,
        Mode::ApiKeyShared | Mode::ClientCredentials => Choice::ServerDefault,
        Mode::ApiKeyIndividual => Choice::Missing(MissingReason::OverrideMissing),
        Mode::AuthorizationCode => Choice::Missing(MissingReason::OauthConsentRequired),
    }
}

pub(crate) fn why_unusable(one: &OverrideFacts, asked: &[CredentialField], now: Timestamp) -> Option<MissingReason> {
    match one.condition {
        Condition::Suspended => Some(MissingReason::OverrideSuspended),
        Condition::Invalidated => Some(MissingReason::OauthInvalidated),
        Condition::Good | Condition::Rejected if one.lacks(asked) || one.is_expired(now) => {
            Some(MissingReason::OverrideNeedsUpdate)
        }
        Condition::Rejected if one.kind == Kind::OAuth => Some(MissingReason::OauthConsentRequired),
        Condition::Good | Condition::Rejected => None,
    }
}

/// Why an opened credential could not become headers. The request is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FillError {
    #[error("the override lacks a value the server's headers ask for")]
    MissingValue,
    /// C3: a value forced into the database past the check at the door.
    #[error("the credential does not fit into a header")]
    NotAHeaderValue,
}

/// S04, S05: the headers to send for an override's values (by field key).
pub fn fill(
    headers: &[(HeaderName, Option<HeaderTemplate>)],
    values: &BTreeMap<String, Secret>,
) -> Result<Vec<(HeaderName, Secret)>, FillError> {
    headers
        .iter()
        .map(|(name, template)| {
            let value = match template {
                Some(template) => template.fill(|field| values.get(field)),
                None => values.get(&crate::outbound::whole_header_key(name)).cloned(),
            };
            checked(name, value.ok_or(FillError::MissingValue)?)
        })
        .collect()
}

/// The headers of a server's shared credential.
pub fn shared(auth: &OutboundAuth) -> Result<Vec<(HeaderName, Secret)>, FillError> {
    match auth {
        OutboundAuth::ApiKeyShared(headers) => headers
            .iter()
            .map(|(name, value)| checked(name, value.clone()))
            .collect(),
        OutboundAuth::NoAuth
        | OutboundAuth::TokenPassthrough
        | OutboundAuth::ApiKeyIndividual(_)
        | OutboundAuth::AuthorizationCode(_)
        | OutboundAuth::ClientCredentials(_) => Err(FillError::MissingValue),
    }
}

/// An access token as it is sent (RFC 6750 section 2.1).
pub fn bearer(token: &Secret) -> Result<Vec<(HeaderName, Secret)>, FillError> {
    let name = HeaderName::parse("Authorization").map_err(|_| FillError::NotAHeaderValue)?;
    // A token with white space around it would be another one.
    let (name, _) = checked(&name, token.clone())?;
    Ok(vec![(name, Secret::new(format!("Bearer {}", token.expose())))])
}

fn checked(name: &HeaderName, value: Secret) -> Result<(HeaderName, Secret), FillError> {
    let text = value.expose();
    if text.is_empty() || text.trim() != text || header::check_value(text).is_err() {
        return Err(FillError::NotAHeaderValue);
    }
    Ok((name.clone(), value))
}
