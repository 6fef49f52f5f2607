//! Who calls: a gateway token or an identity provider's in `Authorization`, else the session that the web layer has already looked up.

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use domain::actor::Actor;
use domain::secret::Secret;

use super::problem::Problem;
use crate::services::calls::AuthenticateError;
use crate::services::{ServiceError, Services};

const CHALLENGE: &str = "Bearer realm=\"overkey\"";
const BAD_TOKEN: &str = "Bearer realm=\"overkey\", error=\"invalid_token\"";

/// The authenticated caller. A route that takes none is open to everybody.
pub(super) struct Caller(pub(super) Actor);

impl FromRequestParts<Services> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, services: &Services) -> Result<Self, Problem> {
        if !parts.headers.contains_key(AUTHORIZATION) {
            return parts.extensions.get::<Actor>().cloned().map(Self).ok_or_else(|| {
                Problem::unauthorized(CHALLENGE, "Send a gateway token as Authorization: Bearer, or sign in.")
            });
        }
        let token = bearer(&parts.headers).ok_or_else(bad_token)?;
        match services.calls.authenticate(token.expose()).await {
            Ok(caller) => Ok(Self(Actor::clone(&caller.actor).arriving(parts.extensions.get()))),
            Err(AuthenticateError::Invalid) => Err(bad_token()),
            Err(AuthenticateError::NoKeys) => Err(Problem::no_keys()),
            Err(AuthenticateError::Store(error)) => Err(ServiceError::from(error).into()),
        }
    }
}

fn bad_token() -> Problem {
    Problem::unauthorized(BAD_TOKEN, "This gateway token is not valid, or not any more.")
}

/// The one bearer token (RFC 6750 section 2.1). Two headers, or two tokens in one, are none: the first must not win by chance.
fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let (Some(only), None) = (given.next(), given.next()) else {
        return None;
    };
    let (scheme, token) = HeaderValue::to_str(only).ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.contains([' ', ','])).then(|| Secret::new(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(values: &[&'static str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_static(value));
        }
        bearer(&headers).map(|token| token.expose().to_owned())
    }

    #[test]
    fn exactly_one_bearer_token_counts() {
        assert_eq!(token(&["Bearer abc"]).as_deref(), Some("abc"));
        assert_eq!(token(&["bearer abc"]).as_deref(), Some("abc"));
        for bad in [
            &["Bearer a", "Bearer b"] as &[&'static str],
            &["Bearer a, Bearer b"],
            &["Bearer a b"],
            &["Basic abc"],
            &["abc"],
        ] {
            assert_eq!(token(bad), None, "{bad:?}");
        }
    }
}
