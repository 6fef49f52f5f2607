//! How an actor came in: from where and with what, for the audit trail (B07). No rule asks for it.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::id::TokenId;

/// Filled in bit by bit on the way: address and request by the first to see the request, the rest by whoever authenticates.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Via {
    /// The client's address, behind trusted proxies.
    pub address: Option<IpAddr>,
    pub by: By,
    /// Made for each HTTP request; the log names it too.
    pub request: Option<String>,
}

/// What the actor showed. Never the thing itself: its id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum By {
    /// Nothing yet: somebody who is signing in, or the program itself.
    #[default]
    Nothing,
    Token(TokenId),
    /// A token of this identity provider, by its issuer.
    Provider(String),
    /// The beginning of the hash that the session is stored under.
    Session(String),
    /// An MCP client that somebody allowed to act for them (B10), by the id of what they allowed.
    App(String),
    CommandLine,
    /// `overkey apply` with this file: the beginning of its SHA-256.
    Apply(String),
}

impl By {
    /// As it is stored and shown: a word, and an id where there is one.
    pub fn parts(&self) -> Option<(&'static str, &str)> {
        match self {
            Self::Nothing => None,
            Self::Token(id) => Some(("token", id.as_str())),
            Self::Provider(issuer) => Some(("provider", issuer)),
            Self::Session(id) => Some(("session", id)),
            Self::App(id) => Some(("app", id)),
            Self::CommandLine => Some(("command_line", "")),
            Self::Apply(file) => Some(("apply", file)),
        }
    }

    /// The other way round; `None` for a word that is none of ours.
    pub fn parse(word: &str, id: String) -> Option<Self> {
        match word {
            "token" => Some(Self::Token(TokenId::new(id))),
            "provider" => Some(Self::Provider(id)),
            "session" => Some(Self::Session(id)),
            "app" => Some(Self::App(id)),
            "command_line" => Some(Self::CommandLine),
            "apply" => Some(Self::Apply(id)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_reads_back() {
        for by in [
            By::Token(TokenId::new("t")),
            By::Provider("https://id.example".into()),
            By::Session("ab".into()),
            By::App("a".into()),
            By::CommandLine,
            By::Apply("3f9a".into()),
        ] {
            let (word, id) = by.parts().unwrap();
            assert_eq!(By::parse(word, id.to_owned()), Some(by.clone()));
        }
        assert_eq!(By::Nothing.parts(), None);
        assert_eq!(By::parse("elsewhere", String::new()), None);
    }
}
