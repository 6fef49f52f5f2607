//! Which browser pages may call us (MCP transports, "Security Warning"; Fetch, CORS). Requests without Origin are no browser's.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use url::{Host, Url};

use super::error::GatewayError;

const ALLOW_HEADERS: &str = "authorization, content-type, accept, last-event-id, mcp-session-id, mcp-protocol-version, mcp-method, mcp-name, x-upstream-authorization";
const EXPOSE_HEADERS: &str = "mcp-session-id, mcp-protocol-version, www-authenticate, retry-after";

/// The origin to answer to; `None` when the request names none. E2: a foreign or opaque one is refused.
pub fn check(headers: &HeaderMap, public_url: &Url, allowed: &[String]) -> Result<Option<HeaderValue>, GatewayError> {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return Ok(None);
    };
    let known = origin.to_str().is_ok_and(|text| {
        text == public_url.origin().ascii_serialization()
            || allowed.iter().any(|one| one == text)
            || (is_loopback(public_url) && Url::parse(text).is_ok_and(|url| is_loopback(&url)))
    });
    if known {
        Ok(Some(origin.clone()))
    } else {
        Err(GatewayError::ForeignOrigin)
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// E3. `Mcp-Param-*` cannot be listed, so what the browser asks for is not consulted: the fixed list is what we take.
pub fn preflight(origin: Option<HeaderValue>) -> Response {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, DELETE"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOW_HEADERS),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ];
    mark((StatusCode::NO_CONTENT, headers).into_response(), origin)
}

/// Lets the page at `origin` read the answer.
pub fn mark(mut response: Response, origin: Option<HeaderValue>) -> Response {
    if let Some(origin) = origin {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(EXPOSE_HEADERS),
        );
        headers.append(header::VARY, HeaderValue::from_static("origin"));
        headers.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(origin: &'static str, public: &str) -> bool {
        let headers = HeaderMap::from_iter([(header::ORIGIN, HeaderValue::from_static(origin))]);
        check(
            &headers,
            &Url::parse(public).unwrap(),
            &["https://app.example".to_owned()],
        )
        .is_ok()
    }

    #[test]
    fn e2_own_and_listed_origins_only() {
        assert!(allowed("https://mcp.example", "https://mcp.example"));
        assert!(allowed("https://app.example", "https://mcp.example"));
        assert!(allowed("http://localhost:6274", "http://127.0.0.1:8080"));
        for foreign in [
            "null",
            "https://evil.example",
            "http://mcp.example",
            "http://localhost:1",
            "https://mcp.example.evil.example",
        ] {
            assert!(!allowed(foreign, "https://mcp.example"), "{foreign}");
        }
    }
}
