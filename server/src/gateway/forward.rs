//! Phase 5: the request as the upstream gets it (protocol-security 1.3).
//!
//! What to strip is worked out first, what to inject goes in last, so that no header of the caller's can add to, replace or
//! remove an injected one (C5, C6). The answer's body is not touched here.

use std::collections::HashSet;

use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri, header};
use domain::role::Permit;
use http_body_util::Full;
use hyper::body::Incoming;
use tracing::{Instrument, Span};
use url::Url;

use super::credential::CallCredential;
use super::error::GatewayError;
use super::message::{Message, Transport};
use super::{Parts, legacy_sse, session_id};
use crate::egress::EgressError;
use crate::services::calls::Target;
use crate::telemetry::traces;

const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");

/// Never sent upstream: what authenticated the caller, what a browser or a proxy said about them, and what frames the message on
/// one connection (RFC 9110 section 7.6.1). Accept-Encoding too: a compressed event stream arrives in lumps.
const STRIPPED: &[&str] = &[
    "accept-encoding",
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "mcp-session-id",
    "origin",
    "referer",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-real-ip",
    "x-upstream-authorization",
];
const STRIPPED_PREFIXES: &[&str] = &["proxy-", "sec-", "x-forwarded-"];

pub async fn forward(
    gateway: &Parts,
    _permit: Permit,
    target: &Target,
    credential: &CallCredential,
    message: &Message,
) -> Result<Response<Incoming>, GatewayError> {
    let span = traces::upstream();
    send(gateway, target, credential, message, &span)
        .instrument(span.clone())
        .await
}

async fn send(
    gateway: &Parts,
    target: &Target,
    credential: &CallCredential,
    message: &Message,
    span: &Span,
) -> Result<Response<Incoming>, GatewayError> {
    let url = upstream_url(gateway, target, credential, message)?;
    let mut request = Request::new(Full::new(message.body.clone()));
    *request.method_mut() = message.method.clone();
    *request.uri_mut() = uri(&url).ok_or(GatewayError::Unreachable)?;
    *request.headers_mut() = headers(gateway, credential, message)?;
    traces::carry_on(request.headers_mut());
    let sending = tokio::time::timeout(gateway.config.first_byte_timeout, gateway.egress.send(request));
    let sent = sending.await.map_err(|_| GatewayError::TimedOut)?;
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
fn upstream_url(
    gateway: &Parts,
    target: &Target,
    credential: &CallCredential,
    message: &Message,
) -> Result<Url, GatewayError> {
    let registered = target.server.url.as_url();
    match &message.transport {
        Transport::StreamableHttp | Transport::SseStream => Ok(registered.clone()),
        Transport::SseMessage(sealed) => legacy_sse::open_endpoint(gateway, &credential.binding, registered, sealed),
    }
}

pub fn uri(url: &Url) -> Option<Uri> {
    let path: PathAndQuery = url[url::Position::BeforePath..url::Position::AfterQuery].parse().ok()?;
    let authority = &url[url::Position::BeforeHost..url::Position::AfterPort];
    Uri::builder()
        .scheme(url.scheme())
        .authority(authority)
        .path_and_query(path)
        .build()
        .ok()
}

fn headers(gateway: &Parts, credential: &CallCredential, message: &Message) -> Result<HeaderMap, GatewayError> {
    let unusable = |_| GatewayError::CredentialUnusable("a credential does not fit into a header".to_owned());
    let mut headers = pass_on(&message.headers);
    let session = message.headers.get(SESSION).map(HeaderValue::to_str).transpose();
    let session = session.map_err(|_| GatewayError::SessionNotFound)?;
    if let Some(sealed) = session.and_then(session_id::upstream_part) {
        let id = gateway
            .sessions
            .open(&credential.binding, "session", sealed)
            .ok_or(GatewayError::SessionNotFound)?;
        headers.insert(
            SESSION,
            HeaderValue::try_from(id).map_err(|_| GatewayError::SessionNotFound)?,
        );
    }
    for (name, value) in &credential.inner.headers {
        let name = HeaderName::try_from(name.lower())
            .map_err(|_| GatewayError::CredentialUnusable("a header name is no token".to_owned()))?;
        headers.insert(name, sensitive(value.expose()).map_err(unusable)?);
    }
    if let Some(token) = &credential.passed_through {
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
    let named: HashSet<String> = connection_named(given);
    let stays = |name: &HeaderName| {
        let name = name.as_str();
        STRIPPED.contains(&name)
            || STRIPPED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
            || named.contains(name)
    };
    given
        .iter()
        .filter(|(name, _)| !stays(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// What `Connection` names is for one connection only.
pub fn connection_named(headers: &HeaderMap) -> HashSet<String> {
    let values = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok());
    values
        .flat_map(|text| text.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect()
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

    #[test]
    fn the_registered_url_is_used_as_it_is() {
        let url = Url::parse("https://[::1]:8443/mcp?key=1").unwrap();
        assert_eq!(uri(&url).unwrap().to_string(), "https://[::1]:8443/mcp?key=1");
        assert_eq!(
            uri(&Url::parse("http://a.example").unwrap()).unwrap().to_string(),
            "http://a.example/"
        );
    }
}
