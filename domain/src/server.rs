//! A registered upstream: its name, its URL and where that URL points.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

/// `[a-z0-9-]{1,63}`: stands in the gateway's URL.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServerName(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("A name has 1 to 63 lower-case letters, digits and hyphens.")]
pub struct ServerNameError;

impl ServerName {
    pub fn parse(text: &str) -> Result<Self, ServerNameError> {
        let fits = (1..=63).contains(&text.len());
        if fits
            && text
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        {
            Ok(Self(text.to_owned()))
        } else {
            Err(ServerNameError)
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for ServerName {
    type Error = ServerNameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<ServerName> for String {
    fn from(name: ServerName) -> Self {
        name.0
    }
}

const MAX_URL_BYTES: usize = 2048;

/// An absolute http(s) URL without user, password or fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerUrl(Url);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ServerUrlError {
    #[error("Enter the server's full URL, such as https://mcp.example.com/mcp.")]
    NotAUrl,
    #[error("The URL starts with https:// (or http:// inside your network).")]
    NotHttp,
    #[error("Leave user name and password out of the URL; credentials belong under outbound auth.")]
    HasCredentials,
    #[error("Leave the part after # out of the URL.")]
    HasFragment,
    #[error("The URL is longer than 2,048 characters.")]
    TooLong,
}

impl ServerUrl {
    pub fn parse(text: &str) -> Result<Self, ServerUrlError> {
        let url = Url::parse(text.trim()).map_err(|_| ServerUrlError::NotAUrl)?;
        // The form that is stored and parsed again: escaping can make it three times as long as what was typed.
        if url.as_str().len() > MAX_URL_BYTES {
            return Err(ServerUrlError::TooLong);
        }
        if !matches!(url.scheme(), "http" | "https") {
            return Err(ServerUrlError::NotHttp);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ServerUrlError::HasCredentials);
        }
        if url.fragment().is_some() {
            return Err(ServerUrlError::HasFragment);
        }
        Ok(Self(url))
    }

    pub fn as_url(&self) -> &Url {
        &self.0
    }

    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Scheme, host and port (D06): what a credential was given for.
    pub fn origin(&self) -> Origin {
        Origin(self.0.origin().ascii_serialization())
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

/// `https://mcp.example.com`, as RFC 6454 writes it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Origin(String);

impl Origin {
    /// From the database; a URL's own origin comes from `ServerUrl::origin`.
    pub fn stored(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lower_case_letters_digits_and_hyphens() {
        assert!(ServerName::parse("git-hub-2").is_ok());
        for bad in ["", "Git", "a_b", "a/b", "..%2f", &"a".repeat(64)] {
            assert_eq!(ServerName::parse(bad), Err(ServerNameError), "{bad:?}");
        }
    }

    #[test]
    fn d06_the_origin_is_scheme_host_and_port() {
        let origin = |text: &str| ServerUrl::parse(text).unwrap().origin();
        assert_eq!(
            origin("https://a.example/mcp"),
            origin("https://a.example:443/other?x=1")
        );
        assert_ne!(origin("https://a.example/mcp"), origin("http://a.example/mcp"));
        assert_ne!(origin("https://a.example/mcp"), origin("https://a.example:8443/mcp"));
    }

    #[test]
    fn urls_carry_no_credentials_and_are_http() {
        assert_eq!(ServerUrl::parse("ftp://a"), Err(ServerUrlError::NotHttp));
        assert_eq!(ServerUrl::parse("https://u:p@a/"), Err(ServerUrlError::HasCredentials));
        assert_eq!(ServerUrl::parse("https://a/#x"), Err(ServerUrlError::HasFragment));
        assert_eq!(ServerUrl::parse("mcp"), Err(ServerUrlError::NotAUrl));
    }

    #[test]
    fn a_url_that_is_accepted_is_accepted_again_as_it_is_stored() {
        let escaped = format!("https://a.example/{}", "é".repeat(900));
        assert_eq!(ServerUrl::parse(&escaped), Err(ServerUrlError::TooLong));
        let longest = format!("https://a.example/{}", "é".repeat(338));
        let url = ServerUrl::parse(&longest).unwrap();
        assert_eq!(ServerUrl::parse(url.as_str()), Ok(url));
    }
}
