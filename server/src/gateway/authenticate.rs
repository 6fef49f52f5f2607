//! Phase 1: the bearer token → who calls (S40, B02, B10). RFC 6750 section 2.1; nothing else is accepted.

use std::sync::Arc;

use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use domain::actor::Actor;

use super::error::GatewayError;
use crate::services::calls::{AuthenticateError, Caller, Calls};

/// Takes the Authorization header out of the request: from here on nobody can forward it by mistake.
pub async fn authenticate(calls: &Calls, server: &str, request: &mut Parts) -> Result<Caller, GatewayError> {
    let token = take_token(&mut request.headers)?;
    let caller = calls
        .authenticate_at(&token, server)
        .await
        .map_err(|error| match error {
            AuthenticateError::Invalid => GatewayError::BadToken,
            AuthenticateError::NoKeys => GatewayError::NoKeys,
            AuthenticateError::Store(error) => GatewayError::Unavailable(error.to_string()),
        })?;
    let actor = Actor::clone(&caller.actor).arriving(request.extensions.get());
    Ok(Caller {
        actor: Arc::new(actor),
        ..caller
    })
}

/// A3: exactly one header with exactly one token; never the first of several.
fn take_token(headers: &mut HeaderMap) -> Result<String, GatewayError> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let (first, second) = (given.next().cloned(), given.next().is_some());
    headers.remove(header::AUTHORIZATION);
    let first = first.ok_or(GatewayError::NoToken)?;
    let text = first.to_str().map_err(|_| GatewayError::BadToken)?;
    let (scheme, token) = text.split_once(' ').ok_or(GatewayError::BadToken)?;
    let token = token.trim();
    let one = !second && !token.is_empty() && !token.contains([' ', ',']);
    if one && scheme.eq_ignore_ascii_case("bearer") {
        Ok(token.to_owned())
    } else {
        Err(GatewayError::BadToken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(values: &[&'static str]) -> Result<String, String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, value.parse().unwrap());
        }
        let taken = take_token(&mut headers);
        assert!(
            !headers.contains_key(header::AUTHORIZATION),
            "it is taken out whatever it is"
        );
        taken.map_err(|error| format!("{error:?}"))
    }

    #[test]
    fn a1_a3_a5_one_bearer_token_and_nothing_else() {
        assert_eq!(token(&["bearer abc"]), Ok("abc".into()));
        assert_eq!(token(&["Bearer  abc "]), Ok("abc".into()));
        assert_eq!(token(&[]), Err("NoToken".into()));
        for bad in [
            &["Bearer a, Bearer b"][..],
            &["Bearer a", "Bearer b"],
            &["Basic abc"],
            &["Bearer"],
            &["Bearer "],
        ] {
            assert_eq!(token(bad), Err("BadToken".into()), "{bad:?}");
        }
    }
}
