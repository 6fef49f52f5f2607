//! An authorization request (OAuth 2.1 section 4.1.1), once its client and its redirect are known to belong together.

use url::Url;

use super::audience::server_of;
use crate::server::ServerName;

const MAX_STATE: usize = 1024;
/// SHA-256 in base64url.
const CHALLENGE: usize = 43;
const VERIFIER: std::ops::RangeInclusive<usize> = 43..=128;

/// As it came; each at most once.
#[derive(Debug, Clone, Default, serde::Deserialize)]
pub struct Asked {
    pub response_type: Option<String>,
    pub client_id: Option<String>,
    pub redirect_uri: Option<String>,
    pub code_challenge: Option<String>,
    pub code_challenge_method: Option<String>,
    pub state: Option<String>,
    pub resource: Option<String>,
    /// Everything is one scope, so it is not looked at.
    pub scope: Option<String>,
}

/// What of it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    pub challenge: String,
    pub state: Option<String>,
    /// `None`: the client did not say; the person does.
    pub server: Option<ServerName>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    #[error("response_type has to be code")]
    ResponseType,
    #[error("PKCE is missing: send code_challenge with code_challenge_method=S256")]
    Challenge,
    #[error("state is longer than 1024 characters")]
    State,
    #[error("resource has to be the address of one server, as the client was given it")]
    Resource,
}

impl RequestError {
    pub const fn code(self) -> &'static str {
        match self {
            Self::ResponseType => "unsupported_response_type",
            Self::Challenge | Self::State => "invalid_request",
            // RFC 8707 section 2.
            Self::Resource => "invalid_target",
        }
    }
}

pub fn check(asked: &Asked, public: &Url) -> Result<Checked, RequestError> {
    if asked.response_type.as_deref() != Some("code") {
        return Err(RequestError::ResponseType);
    }
    let challenge = asked.code_challenge.as_deref().unwrap_or_default();
    if asked.code_challenge_method.as_deref() != Some("S256") || !is_challenge(challenge) {
        return Err(RequestError::Challenge);
    }
    if asked.state.as_ref().is_some_and(|state| state.len() > MAX_STATE) {
        return Err(RequestError::State);
    }
    let server = match asked.resource.as_deref() {
        Some(resource) => Some(server_of(public, resource).ok_or(RequestError::Resource)?),
        None => None,
    };
    Ok(Checked {
        challenge: challenge.to_owned(),
        state: asked.state.clone(),
        server,
    })
}

fn is_challenge(text: &str) -> bool {
    let base64url = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    text.len() == CHALLENGE && text.bytes().all(base64url)
}

/// RFC 7636 section 4.1.
pub fn is_verifier(text: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    VERIFIER.contains(&text.len()) && text.bytes().all(unreserved)
}
