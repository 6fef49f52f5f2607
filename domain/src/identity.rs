//! What a token of an identity provider must say before it names a caller (B02, A6; RFC 7519, RFC 8725, RFC 9068).
//!
//! Who signed it has been found out elsewhere; here stands what is asked of its words.

use std::collections::BTreeMap;

use crate::id::VirtualAccountId;
use crate::timestamp::Timestamp;

/// How far the provider's clock may be ahead of ours. A token's end is the provider's promise, and gets none.
pub const SKEW: i64 = 30;
/// In bytes. Longer ones are not even looked at.
pub const MAX_TOKEN: usize = 16 * 1024;
/// Stored and shown, so it has a bound.
pub const MAX_SUBJECT: usize = 255;
const MAX_NAME: usize = 100;

/// How a token may be signed: always with a key that is not ours to know. `none` and the HMACs are no such way, whatever a
/// provider or an operator says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    EdDsa,
}

impl Algorithm {
    pub const ALL: [Self; 9] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::EdDsa,
    ];

    /// As in a token's header (RFC 7518).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == text)
    }
}

/// How the provider marks its access tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenType {
    /// `typ: at+jwt` (RFC 9068).
    AccessToken,
    /// `typ: JWT`, or none: then what ID tokens have in them tells them apart.
    Jwt,
}

/// What one provider's tokens are held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    pub issuer: String,
    /// One of them must be among the token's.
    pub audiences: Vec<String>,
    pub algorithms: Vec<Algorithm>,
    pub token_type: TokenType,
    /// Callers that are virtual accounts, by the value of the claim that names accounts.
    pub accounts: BTreeMap<String, VirtualAccountId>,
    /// Whether a caller that is neither a user nor a virtual account is let in, as an external identity.
    pub external: bool,
}

/// A token's header, as far as it is looked at. What else it names (`jku`, `x5u`, `jwk`) is nobody's to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head<'a> {
    pub algorithm: &'a str,
    pub token_type: Option<&'a str>,
    /// Whether it asks for extensions that must be understood.
    pub critical: bool,
}

/// A token's claims, as far as they are looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claims {
    pub issuer: String,
    pub audiences: Vec<String>,
    pub expires_at: Option<i64>,
    pub not_before: Option<i64>,
    pub issued_at: Option<i64>,
    pub subject: String,
    /// The claim that names accounts.
    pub account: Option<String>,
    pub name: Option<String>,
    /// It has in it what only ID tokens, log-out tokens and the like have.
    pub no_access_token: bool,
}

/// Who a token names: the same subject at another issuer is somebody else (A7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub issuer: String,
    pub subject: String,
    /// What to call them, if the token says.
    pub name: Option<String>,
    pub account: Option<VirtualAccountId>,
    pub external: bool,
    pub expires_at: Timestamp,
}

/// Why a token does not count. For the log; callers are told no more than that it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("its algorithm is not allowed")]
    Algorithm,
    #[error("it asks for an extension that is not understood")]
    Critical,
    #[error("it is no access token")]
    NoAccessToken,
    #[error("it is of another issuer")]
    Issuer,
    #[error("it is for somebody else")]
    Audience,
    #[error("it has ended, or says of no end")]
    Expired,
    #[error("it is not good yet")]
    NotYet,
    #[error("it names no usable subject")]
    Subject,
}

/// Before the signature is looked at: how it is said to be signed, and what the token is said to be.
pub fn check_head(head: Head<'_>, rules: &Rules) -> Result<Algorithm, Refused> {
    let algorithm = Algorithm::parse(head.algorithm)
        .filter(|algorithm| rules.algorithms.contains(algorithm))
        .ok_or(Refused::Algorithm)?;
    if head.critical {
        return Err(Refused::Critical);
    }
    let named = head.token_type.map(str::to_ascii_lowercase);
    let named = named
        .as_deref()
        .map(|named| named.strip_prefix("application/").unwrap_or(named));
    let right = match rules.token_type {
        TokenType::AccessToken => named == Some("at+jwt"),
        TokenType::Jwt => matches!(named, None | Some("jwt" | "at+jwt")),
    };
    if right {
        Ok(algorithm)
    } else {
        Err(Refused::NoAccessToken)
    }
}

/// After it.
pub fn check_claims(claims: Claims, rules: &Rules, now: Timestamp) -> Result<Identity, Refused> {
    if claims.issuer != rules.issuer {
        return Err(Refused::Issuer);
    }
    if !claims
        .audiences
        .iter()
        .any(|audience| rules.audiences.contains(audience))
    {
        return Err(Refused::Audience);
    }
    if claims.no_access_token {
        return Err(Refused::NoAccessToken);
    }
    let end = claims.expires_at.filter(|end| *end > now.0).ok_or(Refused::Expired)?;
    let latest = now.0.saturating_add(SKEW);
    if claims.not_before.is_some_and(|at| at > latest) || claims.issued_at.is_some_and(|at| at > latest) {
        return Err(Refused::NotYet);
    }
    let subject = claims.subject;
    if subject.is_empty() || subject.len() > MAX_SUBJECT || subject.chars().any(char::is_control) {
        return Err(Refused::Subject);
    }
    let account = claims.account.and_then(|value| rules.accounts.get(&value).cloned());
    Ok(Identity {
        issuer: claims.issuer,
        subject,
        name: claims.name.and_then(|name| shown(&name)),
        account,
        external: rules.external,
        expires_at: Timestamp(end),
    })
}

/// A provider's word for somebody, fit to stand in a list.
pub fn shown(name: &str) -> Option<String> {
    let plain: String = name.chars().filter(|c| !c.is_control()).take(MAX_NAME).collect();
    let plain = plain.trim();
    (!plain.is_empty()).then(|| plain.to_owned())
}
