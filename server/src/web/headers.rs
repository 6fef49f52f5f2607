//! The headers that every answer carries, and the host that every request must name.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, uri::Authority};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use url::Url;

/// Made once: making a value looks at each of its bytes.
static ALWAYS: [(HeaderName, HeaderValue); 7] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    // Leptos goes back to the Referer after a form post without scripts; other sites learn nothing.
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    ),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];
static HTTPS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000; includeSubDomains");

pub async fn security_headers(State(public_url): State<Arc<Url>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    secure(response.headers_mut(), &public_url);
    response
}

/// G5: on every route, errors and files included. What an answer has set already stays.
pub fn secure(headers: &mut HeaderMap, public_url: &Url) {
    headers.reserve(ALWAYS.len() + 1);
    for (name, value) in &ALWAYS {
        set(headers, name, value);
    }
    if public_url.scheme() == "https" {
        set(headers, &header::STRICT_TRANSPORT_SECURITY, &HTTPS_ONLY);
    }
}

fn set(headers: &mut HeaderMap, name: &HeaderName, value: &HeaderValue) {
    headers.entry(name).or_insert_with(|| value.clone());
}

pub async fn known_host(State(public_url): State<Arc<Url>>, request: Request, next: Next) -> Response {
    match misdirected(&request, &public_url) {
        Some(refusal) => refusal,
        None => next.run(request).await,
    }
}

/// E2: a request for another host is DNS rebinding or a misconfigured proxy; both are told so (RFC 9110 section 15.5.20).
pub fn misdirected(request: &Request, public_url: &Url) -> Option<Response> {
    // RFC 9112 section 3.2.2: an absolute request target names the host too, and then both have to be ours.
    let header = request
        .headers()
        .get(header::HOST)
        .map(|host| host.to_str().unwrap_or_default());
    let target = request.uri().authority().map(Authority::as_str);
    let mut named = header.into_iter().chain(target).peekable();
    if named.peek().is_some() && named.all(|host| is_ours(host, public_url)) {
        return None;
    }
    let text = "This host is not the one Overkey is configured for. An operator sets it as OVERKEY_PUBLIC_URL.";
    Some((StatusCode::MISDIRECTED_REQUEST, text).into_response())
}

/// The public URL's host, and the loopback names when that is a loopback name itself. Ports do not matter: a proxy may map them.
fn is_ours(host: &str, public_url: &Url) -> bool {
    // As nearly everybody writes it.
    let port = public_url.host_str().and_then(|ours| host.strip_prefix(ours));
    let is_port = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if port.is_some_and(|rest| rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port)) {
        return true;
    }
    let Ok(authority) = host.parse::<Authority>() else {
        return false;
    };
    let (named, ours) = (
        authority.host().to_ascii_lowercase(),
        public_url.host_str().unwrap_or_default(),
    );
    let loopback = |name: &str| matches!(name, "localhost" | "127.0.0.1" | "[::1]");
    named == ours || (loopback(ours) && loopback(&named))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e2_only_our_own_host_is_answered() {
        let public = Url::parse("https://mcp.example.com").unwrap();
        assert!(is_ours("MCP.example.com", &public) && is_ours("mcp.example.com:8443", &public));
        for foreign in ["evil.example", "mcp.example.com.evil.example", "127.0.0.1", "", "a b"] {
            assert!(!is_ours(foreign, &public), "{foreign}");
        }
        let local = Url::parse("http://127.0.0.1:8080").unwrap();
        assert!(
            is_ours("localhost:8080", &local) && is_ours("[::1]:1", &local) && !is_ours("rebound.example:8080", &local)
        );
    }
}
