//! Phase 6: the upstream's answer as the caller gets it (protocol-security 1.3, 1.6).

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use domain::actor::Actor;
use domain::injection::{Choice, MissingReason};
use domain::oauth::consent_could_help;

use super::Parts;
use super::answer_body::AnswerBody;
use super::credential::{CallCredential, Token, required};
use super::elicitation;
use super::error::{AuthRequired, GatewayError};
use super::forward::take_out;
use super::legacy_sse;
use super::message::{Message, Transport};
use crate::oauth::Challenge;
use crate::services::calls::Target;

const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");

/// The upstream speaks to us, not to the caller's browser or login: these stay here, with what frames one connection.
fn stays(name: &str) -> bool {
    let named = matches!(
        name,
        "alt-svc"
            | "clear-site-data"
            | "connection"
            | "content-length"
            | "content-security-policy"
            | "keep-alive"
            | "location"
            | "mcp-session-id"
            | "proxy-authenticate"
            | "proxy-connection"
            | "refresh"
            | "server"
            | "set-cookie"
            | "strict-transport-security"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
            | "www-authenticate"
    );
    named || name.starts_with("access-control-")
}

/// What seldom happens is boxed, here and in the other phases: every call would carry the room for it.
pub async fn respond(
    gateway: &Parts,
    actor: &Actor,
    target: &Target,
    credential: &CallCredential,
    message: &Message,
    answer: Response<AnswerBody>,
) -> Result<axum::response::Response, GatewayError> {
    if answer.status() == StatusCode::UNAUTHORIZED {
        return Err(Box::pin(rejected(gateway, actor, target, credential, answer.headers())).await);
    }
    if answer.status() == StatusCode::FORBIDDEN
        && let Some(error) = Box::pin(lacks_scopes(gateway, actor, target, credential, answer.headers())).await
    {
        return Err(error);
    }
    if answer.status().is_redirection() {
        return Err(GatewayError::Redirected);
    }
    let (parts, body) = answer.into_parts();
    let mut headers = parts.headers;
    let session = headers.get(SESSION);
    let mut session = session.map(|id| sealed_session(gateway, credential, id)).transpose()?;
    take_out(&mut headers, stays);
    if parts.status.is_success() {
        session = elicitation::noted(gateway, message, (&target.server.name, &actor.subject), session);
    }
    headers.extend(session.map(|id| (SESSION, id)));
    let body = match message.transport {
        Transport::SseStream if parts.status.is_success() => {
            legacy_sse::rewrite(gateway, target, credential, body).await?
        }
        Transport::SseStream | Transport::StreamableHttp | Transport::SseMessage(_) => Body::new(body),
    };
    let mut response = Response::new(body);
    *response.status_mut() = parts.status;
    *response.headers_mut() = headers;
    Ok(response)
}

/// Never the upstream's own 401: the client would sign in there and hand that token to us.
async fn rejected(
    gateway: &Parts,
    actor: &Actor,
    target: &Target,
    credential: &CallCredential,
    headers: &HeaderMap,
) -> GatewayError {
    match (&credential.inner.choice, &credential.token) {
        // It was renewed before, so another consent is all that may help.
        (Choice::Own(..), Some(Token::Own(held))) => {
            let scopes = Challenge::of(headers).scopes;
            if !scopes.is_empty() {
                gateway.oauth.want_scopes(&held.row.id, &scopes).await;
            }
            gateway.oauth.invalidate(&held.row.id, held.row.version).await;
            required(gateway, actor, target, MissingReason::OauthInvalidated).into()
        }
        (Choice::Own(..), _) => required(gateway, actor, target, MissingReason::OverrideRejected).into(),
        (Choice::ServerDefault | Choice::PassThrough | Choice::Nothing | Choice::Missing(_), _) => {
            GatewayError::UpstreamRefused
        }
    }
}

/// A call that needs scopes which the subject has not granted: the next consent asks for them too. The tokens stay as they are.
async fn lacks_scopes(
    gateway: &Parts,
    actor: &Actor,
    target: &Target,
    credential: &CallCredential,
    headers: &HeaderMap,
) -> Option<GatewayError> {
    let Some(Token::Own(held)) = &credential.token else {
        return None;
    };
    let challenge = Challenge::of(headers);
    if !challenge.lacks_scopes() || !consent_could_help(&challenge.scopes, &held.consent.scopes) {
        return None;
    }
    gateway.oauth.want_scopes(&held.row.id, &challenge.scopes).await;
    let required = AuthRequired {
        instead_of: Some(credential.inner.identity.clone()),
        ..required(gateway, actor, target, MissingReason::OauthConsentRequired)
    };
    Some(required.into())
}

fn sealed_session(gateway: &Parts, credential: &CallCredential, id: &HeaderValue) -> Result<HeaderValue, GatewayError> {
    let id = id
        .to_str()
        .map_err(|_| GatewayError::Internal("the upstream's session id is not ASCII".to_owned()))?;
    let sealed = gateway.sessions.seal(&credential.binding(), "session", id);
    let sealed = sealed.and_then(|sealed| HeaderValue::try_from(sealed).ok());
    sealed.ok_or_else(|| GatewayError::Internal("a session id could not be sealed".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d10_what_the_upstream_says_to_browsers_and_logins_stays_here() {
        let mut given = HeaderMap::new();
        for name in [
            "set-cookie",
            "www-authenticate",
            "server",
            "access-control-allow-origin",
            "location",
            "alt-svc",
        ] {
            given.append(HeaderName::from_static(name), HeaderValue::from_static("x"));
        }
        for name in [
            "content-type",
            "retry-after",
            "cache-control",
            "x-accel-buffering",
            "mcp-protocol-version",
        ] {
            given.append(HeaderName::from_static(name), HeaderValue::from_static("x"));
        }
        take_out(&mut given, stays);
        let mut passed: Vec<_> = given.keys().map(ToString::to_string).collect();
        passed.sort();
        assert_eq!(
            passed,
            [
                "cache-control",
                "content-type",
                "mcp-protocol-version",
                "retry-after",
                "x-accel-buffering"
            ]
        );
    }
}
