//! Phase 5: the request as the upstream gets it (protocol-security 1.3).
//!
//! What to strip is worked out first, what to inject goes in last, so that no header of the caller's can add to, replace or
//! remove an injected one (C5, C6). The answer's body is not touched here.

use std::pin::pin;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri, header};
use domain::role::Permit;
use http_body_util::Full;
use tracing::{Instrument, Span};

use super::credential::CallCredential;
use super::error::GatewayError;
use super::limits::Kind;
use super::message::{Message, Transport};
use super::{Parts, legacy_sse, session_id};
use crate::egress::{Answer, EgressError, Purpose, uri};
use crate::services::calls::Target;
use crate::telemetry::traces;

const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");

/// Never sent upstream: what authenticated the caller, what a browser or a proxy said about them, and what frames the message on
/// one connection (RFC 9110 section 7.6.1). Accept-Encoding too: a compressed event stream arrives in lumps.
fn stays(name: &str) -> bool {
    let named = matches!(
        name,
        "accept-encoding"
            | "authorization"
            | "connection"
            | "content-length"
            | "cookie"
            | "expect"
            | "forwarded"
            | "host"
            | "http2-settings"
            | "keep-alive"
            | "mcp-session-id"
            | "origin"
            | "referer"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
            | "via"
            | "x-real-ip"
            | "x-upstream-authorization"
    );
    named
        || ["proxy-", "sec-", "x-forwarded-"]
            .iter()
            .any(|begun| name.starts_with(begun))
}

pub async fn forward(
    gateway: &Parts,
    _permit: Permit,
    target: &Target,
    credential: &CallCredential,
    message: &Message,
) -> Result<Response<Answer>, GatewayError> {
    let span = traces::upstream();
    pin!(send(gateway, target, credential, message, &span))
        .instrument(span.clone())
        .await
}

async fn send(
    gateway: &Parts,
    target: &Target,
    credential: &CallCredential,
    message: &Message,
    span: &Span,
) -> Result<Response<Answer>, GatewayError> {
    let mut request = Request::new(Full::new(message.body.clone()));
    *request.method_mut() = message.method.clone();
    *request.uri_mut() = upstream_uri(gateway, target, credential, message)?;
    *request.headers_mut() = headers(gateway, credential, message)?;
    traces::carry_on(request.headers_mut());
    let purpose = match Kind::of(&message.method, &message.headers) {
        Kind::Call => Purpose::Call,
        Kind::Stream => Purpose::Listen,
    };
    let sending = gateway.egress.send_for(purpose, request);
    let sent = tokio::time::timeout(gateway.config.first_byte_timeout, pin!(sending)).await;
    let sent = sent.map_err(|_| GatewayError::TimedOut)?;
    let answer = sent.map_err(|error| not_sent(target, &error))?;
    traces::answered(span, answer.status().as_u16());
    Ok(answer)
}

fn not_sent(target: &Target, error: &EgressError) -> GatewayError {
    tracing::warn!(error = %error.detail(), server.name = %target.server.name, "Could not reach an upstream");
    match error {
        EgressError::Refused(reason) => GatewayError::Refused(*reason),
        EgressError::Unreachable { .. } => GatewayError::Unreachable,
        EgressError::TimedOut => GatewayError::TimedOut,
    }
}

/// The registered URL as it is; the caller's own query never reaches it.
fn upstream_uri(
    gateway: &Parts,
    target: &Target,
    credential: &CallCredential,
    message: &Message,
) -> Result<Uri, GatewayError> {
    let uri = match &message.transport {
        Transport::StreamableHttp | Transport::SseStream => target.server.uri.clone(),
        Transport::SseMessage(sealed) => {
            let registered = target.server.url.as_url();
            uri(&legacy_sse::open_endpoint(
                gateway,
                &credential.binding(),
                registered,
                sealed,
            )?)
        }
    };
    uri.ok_or(GatewayError::Unreachable)
}

fn headers(gateway: &Parts, credential: &CallCredential, message: &Message) -> Result<HeaderMap, GatewayError> {
    let mut headers = pass_on(&message.headers);
    let session = message.headers.get(SESSION).map(HeaderValue::to_str).transpose();
    let session = session.map_err(|_| GatewayError::SessionNotFound)?;
    if let Some(sealed) = session.and_then(session_id::upstream_part) {
        let id = gateway
            .sessions
            .open(&credential.binding(), "session", sealed)
            .ok_or(GatewayError::SessionNotFound)?;
        headers.insert(
            SESSION,
            HeaderValue::try_from(id).map_err(|_| GatewayError::SessionNotFound)?,
        );
    }
    for (name, value) in &credential.inner.headers {
        headers.insert(name, value.clone());
    }
    if let Some(token) = &credential.passed_through {
        let unusable = |_| GatewayError::CredentialUnusable("a credential does not fit into a header".to_owned());
        headers.insert(header::AUTHORIZATION, sensitive(token.expose()).map_err(unusable)?);
    }
    Ok(headers)
}

pub fn sensitive(text: &str) -> Result<HeaderValue, header::InvalidHeaderValue> {
    let mut value = HeaderValue::from_str(text)?;
    value.set_sensitive(true);
    Ok(value)
}

/// The caller's headers without those that stay here. Unknown ones pass (`Mcp-Param-*`, tracing).
fn pass_on(given: &HeaderMap) -> HeaderMap {
    let mut headers = given.clone();
    take_out(&mut headers, stays);
    headers
}

/// Takes out some, and what `Connection` names: that is for one connection only.
pub fn take_out(headers: &mut HeaderMap, stays: impl Fn(&str) -> bool) {
    let connection = headers.get_all(header::CONNECTION);
    let is_named = |name: &str| {
        let values = connection.iter().map(HeaderValue::as_bytes);
        let mut named = values.flat_map(|value| value.split(|byte| *byte == b','));
        named.any(|one| one.trim_ascii().eq_ignore_ascii_case(name.as_bytes()))
    };
    let out = headers
        .keys()
        .filter(|name| stays(name.as_str()) || is_named(name.as_str()));
    for name in out.cloned().collect::<Vec<_>>() {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c5_c6_only_what_may_pass_passes() {
        let mut given = HeaderMap::new();
        for (name, value) in [
            ("authorization", "Bearer gateway"),
            ("cookie", "a=b"),
            ("origin", "https://evil.example"),
            ("sec-fetch-site", "cross-site"),
            ("x-forwarded-for", "1.2.3.4"),
            ("proxy-authorization", "x"),
            ("connection", "keep-alive, X-Drop-Me, mcp-protocol-version"),
            ("x-drop-me", "1"),
            ("mcp-protocol-version", "2025-11-25"),
            ("mcp-method", "tools/call"),
            ("mcp-param-x", "1"),
            ("accept", "application/json, text/event-stream"),
            ("last-event-id", "7"),
            ("traceparent", "00-1"),
            ("user-agent", "client/1"),
        ] {
            given.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let mut passed: Vec<_> = pass_on(&given).keys().map(ToString::to_string).collect();
        passed.sort();
        assert_eq!(
            passed,
            [
                "accept",
                "last-event-id",
                "mcp-method",
                "mcp-param-x",
                "traceparent",
                "user-agent"
            ]
        );
    }
}
