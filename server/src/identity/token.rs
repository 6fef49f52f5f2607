//! A signed token (RFC 7515, compact; RFC 7519), taken apart. Nothing in it counts before its signature was checked.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::identity::{Claims, Head, MAX_TOKEN};
use serde::Deserialize;
use serde_json::{Map, Value};

/// What has these is an ID token (OpenID Connect Core 3.1.3.6, 3.3.2.11), or tells of a log-out or another event (RFC 8417).
const NOT_IN_ACCESS_TOKENS: [&str; 5] = ["nonce", "at_hash", "c_hash", "s_hash", "events"];
/// Words by which some providers tell their other tokens apart, in a claim of their own (`typ`).
const OTHER_KINDS: [&str; 4] = ["id", "refresh", "offline", "logout"];

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("it is too long")]
    TooLong,
    #[error("it is not three parts of base64url with JSON inside")]
    Shape,
}

/// `jku`, `x5u`, `jwk` and `x5c` are not even read: keys come from the configured provider.
#[derive(Deserialize)]
struct Header {
    alg: String,
    typ: Option<String>,
    kid: Option<String>,
    crit: Option<Value>,
}

pub struct Token<'a> {
    header: Header,
    claims: Map<String, Value>,
    /// What was signed.
    pub message: &'a str,
    pub signature: Vec<u8>,
}

pub fn parse(token: &str) -> Result<Token<'_>, Malformed> {
    if token.len() > MAX_TOKEN {
        return Err(Malformed::TooLong);
    }
    let (message, signature) = token.rsplit_once('.').ok_or(Malformed::Shape)?;
    let (header, claims) = message.split_once('.').ok_or(Malformed::Shape)?;
    let bytes = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| Malformed::Shape);
    Ok(Token {
        header: serde_json::from_slice(&bytes(header)?).map_err(|_| Malformed::Shape)?,
        claims: serde_json::from_slice(&bytes(claims)?).map_err(|_| Malformed::Shape)?,
        message,
        signature: bytes(signature)?,
    })
}

impl Token<'_> {
    pub fn issuer(&self) -> &str {
        self.text("iss").unwrap_or_default()
    }

    pub fn key_id(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    pub fn head(&self) -> Head<'_> {
        Head {
            algorithm: &self.header.alg,
            token_type: self.header.typ.as_deref(),
            critical: self.header.crit.is_some(),
        }
    }

    /// `subject`, `account` and `name`: the claims that say these things.
    pub fn claims(&self, subject: &str, account: &str, name: &str) -> Claims {
        let owned = |claim: &str| self.text(claim).map(str::to_owned);
        let of_another_kind = self
            .text("typ")
            .is_some_and(|kind| OTHER_KINDS.contains(&kind.to_ascii_lowercase().as_str()));
        Claims {
            issuer: self.issuer().to_owned(),
            audiences: texts(self.claims.get("aud")),
            expires_at: self.seconds("exp", f64::floor),
            not_before: self.seconds("nbf", f64::ceil),
            issued_at: self.seconds("iat", f64::ceil),
            subject: owned(subject).unwrap_or_default(),
            account: owned(account),
            name: owned(name),
            no_access_token: of_another_kind
                || NOT_IN_ACCESS_TOKENS
                    .iter()
                    .any(|claim| self.claims.contains_key(*claim)),
        }
    }

    pub fn all_claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim).and_then(Value::as_str)
    }

    /// RFC 7519: a number of seconds, which may have a fraction. What is there and no number is a time that never comes.
    fn seconds(&self, claim: &str, round: fn(f64) -> f64) -> Option<i64> {
        let value = self.claims.get(claim)?;
        let whole = || value.as_f64().map(round).filter(|number| number.abs() < 1e15);
        #[expect(clippy::cast_possible_truncation, reason = "bounded just above")]
        let seconds = value.as_i64().or_else(|| whole().map(|number| number as i64));
        Some(seconds.unwrap_or(if claim == "exp" { i64::MIN } else { i64::MAX }))
    }
}

/// A text or a list of texts.
fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn spelled(header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.c2ln", part(header), part(claims))
    }

    fn claims(claims: Value) -> Claims {
        let text = spelled(&json!({"alg": "RS256"}), &claims);
        parse(&text).unwrap().claims("sub", "azp", "name")
    }

    #[test]
    fn a6_a_token_has_a_greatest_length_and_three_parts() {
        assert_eq!(parse(&"a".repeat(MAX_TOKEN + 1)).err(), Some(Malformed::TooLong));
        for bad in [
            "",
            "a",
            "a.b",
            "a.b.c",
            "....",
            "eyJhbGciOiJSUzI1NiJ9.W10.c2ln",
            "eyJhbGciOiJSUzI1NiJ9.e30=.c2ln",
        ] {
            assert_eq!(parse(bad).err(), Some(Malformed::Shape), "{bad}");
        }
    }

    #[test]
    fn a6_what_only_other_tokens_have_is_noticed() {
        assert!(!claims(json!({"sub": "a", "typ": "Bearer", "scope": "x"})).no_access_token);
        for bad in [
            json!({"nonce": "n"}),
            json!({"at_hash": "h"}),
            json!({"c_hash": "h"}),
            json!({"s_hash": "h"}),
            json!({"events": {}}),
            json!({"typ": "ID"}),
            json!({"typ": "Refresh"}),
        ] {
            assert!(claims(bad.clone()).no_access_token, "{bad}");
        }
    }

    #[test]
    fn times_and_audiences_may_be_spelled_in_several_ways() {
        let read = claims(json!({"aud": ["a", 1, "b"], "exp": 100.9, "nbf": 99.1, "iat": 98}));
        assert_eq!(read.audiences, ["a", "b"]);
        assert_eq!(
            (read.expires_at, read.not_before, read.issued_at),
            (Some(100), Some(100), Some(98))
        );
        let odd = claims(json!({"aud": "a", "exp": "100", "nbf": "99"}));
        assert_eq!(
            (odd.expires_at, odd.not_before, odd.issued_at),
            (Some(i64::MIN), Some(i64::MAX), None)
        );
    }
}
