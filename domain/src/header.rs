//! Header names a credential may stand in, and values a header may carry (RFC 9110 section 5).

use std::fmt;

use serde::{Deserialize, Serialize};

/// Names the proxy owns (D05): they frame the message, belong to MCP, or tell who asked.
const OWNED: &[&str] = &[
    "accept",
    "accept-encoding",
    "alt-svc",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "date",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "last-event-id",
    "origin",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "referer",
    "server",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-upstream-authorization",
];
const OWNED_PREFIXES: &[&str] = &["mcp-", "sec-", "proxy-", "x-forwarded-"];
const MAX_NAME_BYTES: usize = 128;

/// A header a credential may be sent in. Keeps the spelling it was typed with; compares without regard to case.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HeaderName(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeaderNameError {
    #[error("Enter a header name, such as Authorization.")]
    Empty,
    #[error("A header name has letters, digits and hyphens only.")]
    NotAToken,
    #[error("The gateway sets this header itself. Choose another one.")]
    Owned,
}

impl HeaderName {
    pub fn parse(text: &str) -> Result<Self, HeaderNameError> {
        let name = text.trim();
        if name.is_empty() {
            return Err(HeaderNameError::Empty);
        }
        if name.len() > MAX_NAME_BYTES || !name.bytes().all(is_token) {
            return Err(HeaderNameError::NotAToken);
        }
        let lower = name.to_ascii_lowercase();
        if OWNED.contains(&lower.as_str()) || OWNED_PREFIXES.iter().any(|prefix| lower.starts_with(prefix)) {
            return Err(HeaderNameError::Owned);
        }
        Ok(Self(name.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form to compare and to key by.
    pub fn lower(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl PartialEq for HeaderName {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for HeaderName {}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for HeaderName {
    type Error = HeaderNameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<HeaderName> for String {
    fn from(name: HeaderName) -> Self {
        name.0
    }
}

/// RFC 9110 section 5.6.2.
const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
        )
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueError {
    ControlCharacter,
    NotAscii,
}

/// Whether a text can be (part of) a header value. Stricter than RFC 9110: no tab, no obs-text.
pub fn check_value(text: &str) -> Result<(), ValueError> {
    if text.chars().any(char::is_control) {
        return Err(ValueError::ControlCharacter);
    }
    if !text.is_ascii() {
        return Err(ValueError::NotAscii);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d05_c7_names_the_proxy_owns_are_refused() {
        for name in [
            "Host",
            "content-length",
            "Transfer-Encoding",
            "Connection",
            "Cookie",
            "Mcp-Session-Id",
            "mcp-anything",
            "Content-Type",
            "Accept",
            "TE",
            "X-Forwarded-For",
            "X-Upstream-Authorization",
        ] {
            assert_eq!(HeaderName::parse(name), Err(HeaderNameError::Owned), "{name}");
        }
        for name in ["Authorization", "X-Api-Key", "PRIVATE-TOKEN", "x-figma-token"] {
            assert!(HeaderName::parse(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn names_are_tokens_and_compare_without_case() {
        for name in ["X Api", "X:Y", "Ä", "a\r\nb", "a\0"] {
            assert_eq!(HeaderName::parse(name), Err(HeaderNameError::NotAToken), "{name:?}");
        }
        assert_eq!(HeaderName::parse("  "), Err(HeaderNameError::Empty));
        assert_eq!(HeaderName::parse("AUTHORIZATION"), HeaderName::parse("authorization"));
    }
}
