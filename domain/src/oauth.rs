//! The rules of being an OAuth client: when a token is renewed, which client we are at a provider, how it knows us, and which
//! scopes are asked for. Nothing here talks to anybody.
//!
//! Sources: RFC 6749, RFC 8414, RFC 9728, and MCP 2026-07-28 "Authorization".

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::timestamp::Timestamp;

/// Renew this many seconds before the end, so that no call arrives with a token that ends on its way.
const AHEAD_SECONDS: i64 = 60;
/// Of a short life, only this part: a token of 20 seconds is good for 15.
const AHEAD_PART: i64 = 4;

/// Whether a token can be used now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    Fresh,
    /// Good, but soon not: use it, and renew it meanwhile.
    Due,
    /// Renew it first.
    Expired,
}

/// `expires_at` is `None` when the provider told no lifetime (RFC 6749 section 5.1): such a token is used until it is refused.
pub fn freshness(issued_at: Timestamp, expires_at: Option<Timestamp>, now: Timestamp) -> Freshness {
    let Some(end) = expires_at else {
        return Freshness::Fresh;
    };
    let life = end.0.saturating_sub(issued_at.0).max(0);
    let ahead = AHEAD_SECONDS.min(life / AHEAD_PART);
    match now {
        now if now >= end => Freshness::Expired,
        now if now >= end.plus(-ahead) => Freshness::Due,
        _ => Freshness::Fresh,
    }
}

/// Which client we are at a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientSource {
    /// A manager entered it.
    PreRegistered,
    /// The address of our own description is our client id.
    MetadataDocument,
    /// The provider makes one for us (RFC 7591).
    Dynamic,
    /// None of these: a manager has to register one and enter it.
    Impossible,
}

/// In the order that MCP gives: pre-registered, then the metadata document, then dynamic registration.
pub const fn client_source(pre_registered: bool, takes_documents: bool, registers: bool) -> ClientSource {
    match (pre_registered, takes_documents, registers) {
        (true, ..) => ClientSource::PreRegistered,
        (false, true, _) => ClientSource::MetadataDocument,
        (false, false, true) => ClientSource::Dynamic,
        (false, false, false) => ClientSource::Impossible,
    }
}

/// How a client proves who it is at the token endpoint (RFC 6749 section 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuthMethod {
    #[serde(rename = "client_secret_basic")]
    Basic,
    #[serde(rename = "client_secret_post")]
    Post,
    /// A public client: its id alone, and PKCE.
    #[serde(rename = "none")]
    Nothing,
}

impl AuthMethod {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "client_secret_basic",
            Self::Post => "client_secret_post",
            Self::Nothing => "none",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Basic, Self::Post, Self::Nothing]
            .into_iter()
            .find(|method| method.as_str() == text)
    }

    /// What to use with a provider that takes `supported`; an empty list means Basic (RFC 8414 section 2). A secret that the provider
    /// takes in no way is left out where it asks for none. `None` where it asks for something else.
    pub fn choose(has_secret: bool, supported: &[String]) -> Option<Self> {
        let takes = |method: Self| supported.iter().any(|name| name == method.as_str());
        match has_secret {
            false => Some(Self::Nothing),
            true if supported.is_empty() || takes(Self::Basic) => Some(Self::Basic),
            true if takes(Self::Post) => Some(Self::Post),
            true if takes(Self::Nothing) => Some(Self::Nothing),
            true => None,
        }
    }
}

/// Where a consent's scopes come from, the first that says something: what the manager set, what the server's 401 asked for, what
/// the server's description lists. Scopes that a call was refused for lack of, and those that were granted, are added.
pub fn scopes(
    configured: &[String],
    challenged: &[String],
    described: &[String],
    added: &BTreeSet<String>,
) -> Vec<String> {
    let first = [configured, challenged, described]
        .into_iter()
        .find(|scopes| !scopes.is_empty())
        .unwrap_or_default();
    let mut asked: Vec<String> = Vec::new();
    for scope in first.iter().chain(added) {
        if !asked.contains(scope) {
            asked.push(scope.clone());
        }
    }
    asked
}

/// Without it many providers give no refresh token (OpenID Connect Core 1.0 section 11).
pub const OFFLINE_ACCESS: &str = "offline_access";

/// Whether consenting (again) could help a call that was refused for lack of scopes: only if it lacked one that was not granted.
pub fn consent_could_help(challenged: &[String], granted: &[String]) -> bool {
    challenged.iter().any(|scope| !granted.contains(scope))
}

/// A space-separated list (RFC 6749 section 3.3).
pub fn split_scopes(text: &str) -> Vec<String> {
    text.split_ascii_whitespace().map(ToOwned::to_owned).collect()
}

/// Whether a resource's description may speak for `server`: the same origin, and a path that contains the server's
/// (RFC 9728 section 3.3; MCP allows the description of a parent path).
pub fn describes(resource: &Url, server: &Url) -> bool {
    if resource.origin() != server.origin() {
        return false;
    }
    let parent = resource.path().trim_end_matches('/');
    server
        .path()
        .strip_prefix(parent)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Why a consent did not succeed: a closed list, because it travels in an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentProblem {
    Denied,
    /// The state is unknown, was used, or is older than ten minutes.
    Expired,
    AnotherSession,
    IssuerMismatch,
    ProviderUnreachable,
    ProviderRefused,
    NotDiscoverable,
    NoClient,
    /// The server's settings, or the person's access, changed meanwhile.
    Changed,
    NotAllowed,
}

impl ConsentProblem {
    pub const ALL: [Self; 10] = [
        Self::Denied,
        Self::Expired,
        Self::AnotherSession,
        Self::IssuerMismatch,
        Self::ProviderUnreachable,
        Self::ProviderRefused,
        Self::NotDiscoverable,
        Self::NoClient,
        Self::Changed,
        Self::NotAllowed,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::AnotherSession => "another_session",
            Self::IssuerMismatch => "issuer_mismatch",
            Self::ProviderUnreachable => "provider_unreachable",
            Self::ProviderRefused => "provider_refused",
            Self::NotDiscoverable => "not_discoverable",
            Self::NoClient => "no_client",
            Self::Changed => "changed",
            Self::NotAllowed => "not_allowed",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|problem| problem.as_str() == text)
    }

    /// What happened, and what to do.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Denied => "You did not allow access, so nothing was stored.",
            Self::Expired => "This authorization was used already or took longer than ten minutes. Start again.",
            Self::AnotherSession => {
                "The answer came to another browser session than the one that asked, so nothing was stored. Start again here."
            }
            Self::IssuerMismatch => {
                "The answer came from another provider than the one that was asked, so nothing was stored. Tell a manager of this server."
            }
            Self::ProviderUnreachable => "The provider cannot be reached. Try again later.",
            Self::ProviderRefused => {
                "The provider refused the request. A manager of this server may have to look at its OAuth settings."
            }
            Self::NotDiscoverable => {
                "The server does not tell which provider to ask. A manager has to enter the provider's addresses."
            }
            Self::NoClient => {
                "The provider lets no client register by itself. A manager has to register one there and enter its client id."
            }
            Self::Changed => "The server's settings changed meanwhile, so nothing was stored. Start again.",
            Self::NotAllowed => "You may not authorize this server.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_token_is_renewed_a_minute_ahead_and_a_short_one_in_its_last_quarter() {
        let of = |life: i64, at: i64| freshness(Timestamp(1_000), Some(Timestamp(1_000 + life)), Timestamp(1_000 + at));
        assert_eq!(
            [of(3_600, 3_539), of(3_600, 3_540), of(3_600, 3_600)],
            [Freshness::Fresh, Freshness::Due, Freshness::Expired]
        );
        assert_eq!(
            [of(20, 14), of(20, 15), of(20, 20), of(0, 0), of(-5, 0)],
            [
                Freshness::Fresh,
                Freshness::Due,
                Freshness::Expired,
                Freshness::Expired,
                Freshness::Expired
            ]
        );
        assert_eq!(freshness(Timestamp(0), None, Timestamp(i64::MAX)), Freshness::Fresh);
    }

    #[test]
    fn the_client_is_the_first_that_is_possible() {
        use ClientSource::{Dynamic, Impossible, MetadataDocument, PreRegistered};
        assert_eq!(client_source(true, true, true), PreRegistered);
        assert_eq!(client_source(false, true, true), MetadataDocument);
        assert_eq!(client_source(false, false, true), Dynamic);
        assert_eq!(client_source(false, false, false), Impossible);
    }

    #[test]
    fn a_secret_is_sent_as_the_provider_takes_it() {
        let choose = |has, names: &[&str]| AuthMethod::choose(has, &named(names));
        assert_eq!(choose(false, &["client_secret_basic"]), Some(AuthMethod::Nothing));
        assert_eq!(choose(true, &[]), Some(AuthMethod::Basic));
        assert_eq!(
            choose(true, &["client_secret_post", "client_secret_basic"]),
            Some(AuthMethod::Basic)
        );
        assert_eq!(choose(true, &["client_secret_post", "none"]), Some(AuthMethod::Post));
        assert_eq!(choose(true, &["private_key_jwt", "none"]), Some(AuthMethod::Nothing));
        assert_eq!(choose(true, &["private_key_jwt"]), None);
    }

    #[test]
    fn scopes_come_from_the_first_that_names_any_and_what_a_call_lacked_is_added() {
        let none = BTreeSet::new();
        assert_eq!(
            scopes(&named(&["a"]), &named(&["b"]), &named(&["c"]), &none),
            named(&["a"])
        );
        assert_eq!(scopes(&[], &named(&["b"]), &named(&["c"]), &none), named(&["b"]));
        assert_eq!(scopes(&[], &[], &named(&["c"]), &none), named(&["c"]));
        let added = BTreeSet::from(["b".to_owned(), "write".to_owned()]);
        assert_eq!(scopes(&[], &named(&["b"]), &[], &added), named(&["b", "write"]));
    }

    #[test]
    fn consent_helps_against_missing_scopes_only() {
        assert!(consent_could_help(&named(&["read", "write"]), &named(&["read"])));
        assert!(!consent_could_help(&named(&["read"]), &named(&["write", "read"])));
        assert!(!consent_could_help(&[], &[]));
    }

    #[test]
    fn a_description_speaks_for_its_own_origin_and_path_only() {
        let url = |text| Url::parse(text).unwrap();
        let server = url("https://a.example/team/mcp");
        for yes in [
            "https://a.example",
            "https://a.example/",
            "https://a.example/team",
            "https://a.example/team/mcp",
            "https://a.example:443/team/",
        ] {
            assert!(describes(&url(yes), &server), "{yes}");
        }
        for no in [
            "http://a.example/team/mcp",
            "https://b.example/team/mcp",
            "https://a.example/te",
            "https://a.example/team/mcp/more",
            "https://a.example:8443/",
        ] {
            assert!(!describes(&url(no), &server), "{no}");
        }
    }

    #[test]
    fn each_problem_has_one_word() {
        for problem in ConsentProblem::ALL {
            assert_eq!(ConsentProblem::parse(problem.as_str()), Some(problem));
        }
    }
}
