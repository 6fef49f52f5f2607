//! The life of what a person allowed: a code that is good once, then an access token and refresh tokens of which only the newest is
//! good. Whatever is used twice ends all of it (OAuth 2.1 sections 4.1.3 and 4.3.1, RFC 9700 section 4.14).

use crate::server::ServerName;
use crate::timestamp::Timestamp;

/// How long each is good, in seconds.
pub const CODE_SECONDS: i64 = 60;
pub const ACCESS_SECONDS: i64 = 3_600;
/// Without being used; each renewal begins anew.
pub const REFRESH_SECONDS: i64 = 30 * 86_400;

/// What was written down when the person allowed it.
#[derive(Debug, Clone, Copy)]
pub struct Code<'a> {
    pub client: &'a str,
    pub redirect_uri: &'a str,
    pub challenge: &'a str,
    pub server: &'a ServerName,
    pub expires_at: Timestamp,
}

/// What the client shows for it.
#[derive(Debug, Clone, Copy)]
pub struct CodeShown<'a> {
    pub client: &'a str,
    /// OAuth 2.1 asks for none; who sends it has to send the same.
    pub redirect_uri: Option<&'a str>,
    /// The challenge that its verifier makes.
    pub challenge: &'a str,
    pub server: Resource<'a>,
}

/// The `resource` parameter of a token request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource<'a> {
    /// The server of the consent.
    NotNamed,
    Named(&'a ServerName),
    /// Nothing of ours.
    Foreign,
}

impl Resource<'_> {
    fn fits(self, server: &ServerName) -> bool {
        match self {
            Self::NotNamed => true,
            Self::Named(named) => named == server,
            Self::Foreign => false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Unknown, too old, used, another client's, or with another verifier: one answer, which tells nobody which.
    #[error("the code or the refresh token does not count")]
    Grant,
    #[error("resource names another server than the person allowed")]
    Target,
}

impl Refused {
    /// RFC 6749 section 5.2, RFC 8707 section 2.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Grant => "invalid_grant",
            Self::Target => "invalid_target",
        }
    }
}

/// A code that was not used before.
pub fn exchange(code: &Code<'_>, shown: &CodeShown<'_>, now: Timestamp) -> Result<(), Refused> {
    let same = code.client == shown.client
        && code.challenge == shown.challenge
        && shown.redirect_uri.is_none_or(|uri| uri == code.redirect_uri);
    if !same || code.expires_at <= now {
        return Err(Refused::Grant);
    }
    if shown.server.fits(code.server) {
        Ok(())
    } else {
        Err(Refused::Target)
    }
}

/// A refresh token that was found.
#[derive(Debug, Clone, Copy)]
pub struct Refresh<'a> {
    pub client: &'a str,
    pub server: &'a ServerName,
    pub expires_at: Timestamp,
    /// It was exchanged for a newer one before.
    pub used: bool,
    /// Whether its person is still there and not disabled.
    pub person_acts: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// A new access token and a new refresh token in its place.
    Rotate,
    /// Somebody has a copy: everything that came of this consent ends.
    EndAll,
    Refuse(Refused),
}

/// Whoever shows a used one, it was copied: that counts before everything else.
pub fn renew(token: &Refresh<'_>, client: &str, server: Resource<'_>, now: Timestamp) -> Renewal {
    if token.used {
        return Renewal::EndAll;
    }
    if token.client != client || token.expires_at <= now || !token.person_acts {
        return Renewal::Refuse(Refused::Grant);
    }
    if server.fits(token.server) {
        Renewal::Rotate
    } else {
        Renewal::Refuse(Refused::Target)
    }
}
