//! Where a client may have its person sent back to, and when an asked-for address is one of those it named.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::{Host, Position, Url};

const MAX_BYTES: usize = 1024;
/// What we add to a redirect; an address that holds one already could be mistaken for our answer.
const RESERVED: [&str; 4] = ["code", "state", "iss", "error"];
/// Schemes that browsers or systems carry out themselves, and those that other rules decide.
const REFUSED_SCHEMES: [&str; 24] = [
    "about",
    "blob",
    "chrome",
    "data",
    "edge",
    "file",
    "filesystem",
    "ftp",
    "help",
    "intent",
    "jar",
    "javascript",
    "mailto",
    "res",
    "resource",
    "search",
    "search-ms",
    "shell",
    "sms",
    "tel",
    "vbscript",
    "view-source",
    "ws",
    "wss",
];

/// An address that was checked. Two are equal if they are spelled alike (RFC 9700 section 4.1.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RedirectUri {
    text: String,
    url: Url,
    kind: RedirectKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedirectKind {
    /// A program that listens on the person's own machine.
    Loopback,
    /// A web site, over https.
    Web,
    /// An app on the person's device, by a scheme of its own.
    App,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedirectError {
    #[error("a redirect URI is an absolute URI of at most 1024 characters, without spaces and control characters")]
    NotAnUri,
    #[error("a redirect URI has no fragment, no user and no password")]
    TooMuch,
    #[error("a redirect URI holds none of the parameters code, state, iss and error")]
    Reserved,
    #[error("http is for this machine only (127.0.0.1, [::1], localhost); use https")]
    PlainHttp,
    #[error("this scheme is not taken; an app's own scheme is followed by //")]
    Scheme,
}

impl RedirectUri {
    pub fn parse(text: &str) -> Result<Self, RedirectError> {
        let clean = text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"\"'<>\\^`{|}".contains(&byte));
        if text.len() > MAX_BYTES || !clean {
            return Err(RedirectError::NotAnUri);
        }
        let url = Url::parse(text).map_err(|_| RedirectError::NotAnUri)?;
        if url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
            return Err(RedirectError::TooMuch);
        }
        if url.query_pairs().any(|(name, _)| RESERVED.contains(&&*name)) {
            return Err(RedirectError::Reserved);
        }
        let kind = kind(text, &url)?;
        Ok(Self {
            text: text.to_owned(),
            url,
            kind,
        })
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub const fn kind(&self) -> RedirectKind {
        self.kind
    }

    /// Whether somebody who registered this may ask for `asked`: spelled alike, or on this machine with another port (RFC 8252
    /// section 7.3: a program takes the port that it gets).
    pub fn allows(&self, asked: &Self) -> bool {
        if self.text == asked.text {
            return true;
        }
        let both_here = self.kind == RedirectKind::Loopback && asked.kind == RedirectKind::Loopback;
        both_here
            && self.url.host() == asked.url.host()
            && self.url[Position::BeforePath..] == asked.url[Position::BeforePath..]
    }

    /// The address with an answer in it.
    pub fn answering(&self, pairs: &[(&str, &str)]) -> Url {
        let mut url = self.url.clone();
        url.query_pairs_mut().extend_pairs(pairs);
        url
    }

    /// What a page must allow its form to lead to (CSP `form-action`).
    pub fn form_action(&self) -> String {
        match (self.kind, self.url.host()) {
            // A policy cannot name an IPv6 address.
            (RedirectKind::App, _) | (RedirectKind::Loopback, Some(Host::Ipv6(_))) => format!("{}:", self.url.scheme()),
            (RedirectKind::Loopback | RedirectKind::Web, _) => self.url.origin().ascii_serialization(),
        }
    }

    /// As a person recognises it: a host, or an app's scheme.
    pub fn place(&self) -> String {
        match self.kind {
            RedirectKind::Loopback | RedirectKind::Web => {
                self.url[Position::BeforeHost..Position::AfterPort].to_owned()
            }
            RedirectKind::App => format!("{}://", self.url.scheme()),
        }
    }
}

fn kind(text: &str, url: &Url) -> Result<RedirectKind, RedirectError> {
    match url.scheme() {
        "https" => Ok(RedirectKind::Web),
        "http" if is_this_machine(url) => Ok(RedirectKind::Loopback),
        "http" => Err(RedirectError::PlainHttp),
        scheme => {
            let refused = REFUSED_SCHEMES.contains(&scheme) || scheme.starts_with("ms-") || scheme.len() < 2;
            let own = text.get(scheme.len()..).is_some_and(|rest| rest.starts_with("://"));
            if refused || !own || url.cannot_be_a_base() {
                Err(RedirectError::Scheme)
            } else {
                Ok(RedirectKind::App)
            }
        }
    }
}

/// `localhost` by name, or a loopback address.
pub fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for RedirectUri {
    type Error = RedirectError;

    fn try_from(text: String) -> Result<Self, RedirectError> {
        Self::parse(&text)
    }
}

impl From<RedirectUri> for String {
    fn from(uri: RedirectUri) -> Self {
        uri.text
    }
}
