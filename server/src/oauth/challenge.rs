//! What a 401 or 403 says in `WWW-Authenticate: Bearer` (RFC 6750 section 3, RFC 9728 section 5.1).

use domain::oauth::split_scopes;
use http::{HeaderMap, header};
use http_auth::parser::ChallengeParser;
use url::Url;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Challenge {
    /// Where the resource's description is.
    pub resource_metadata: Option<Url>,
    pub scopes: Vec<String>,
    pub error: Option<String>,
}

impl Challenge {
    /// The first Bearer challenge; without one, all is empty.
    pub fn of(headers: &HeaderMap) -> Self {
        let values = headers.get_all(header::WWW_AUTHENTICATE).iter();
        values
            .filter_map(|value| value.to_str().ok())
            .find_map(bearer)
            .unwrap_or_default()
    }

    pub fn lacks_scopes(&self) -> bool {
        self.error.as_deref() == Some("insufficient_scope")
    }
}

fn bearer(text: &str) -> Option<Challenge> {
    let challenge = ChallengeParser::new(text)
        .map_while(Result::ok)
        .find(|challenge| challenge.scheme.eq_ignore_ascii_case("bearer"))?;
    let get = |wanted: &str| {
        let mut params = challenge.params.iter();
        let found = params.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value.to_unescaped())
    };
    Some(Challenge {
        resource_metadata: get("resource_metadata").and_then(|text| Url::parse(&text).ok()),
        scopes: get("scope").map(|text| split_scopes(&text)).unwrap_or_default(),
        error: get("error"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&'static str]) -> Challenge {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::WWW_AUTHENTICATE, value.parse().unwrap());
        }
        Challenge::of(&headers)
    }

    #[test]
    fn the_first_bearer_challenge_counts_in_any_order_and_spelling() {
        let said = of(&[
            "Basic realm=\"x\"",
            "bearer scope=\"a b\", resource_metadata=\"https://a.example/prm\", error=\"insufficient_scope\"",
        ]);
        assert_eq!(said.scopes, ["a", "b"]);
        assert_eq!(
            said.resource_metadata.as_ref().map(Url::as_str),
            Some("https://a.example/prm")
        );
        assert!(said.lacks_scopes());
        assert_eq!(
            of(&["Basic realm=\"x\", Bearer error=invalid_token"]).error.as_deref(),
            Some("invalid_token")
        );
    }

    #[test]
    fn nonsense_says_nothing() {
        for text in [
            "",
            "Bearer",
            "Bearer resource_metadata=\"not a url\"",
            "Digest x=1",
            "Bearer ,,,=",
        ] {
            let said = of(&[text]);
            assert_eq!(said.resource_metadata, None, "{text}");
            assert!(said.scopes.is_empty() && !said.lacks_scopes(), "{text}");
        }
    }
}
