//! Refuses a changing request that another site started (G3). Leptos has no check of its own.

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// A cookie travels by itself, a bearer token does not: requests that bring one are nobody else's doing.
pub async fn same_origin(request: Request, next: Next) -> Response {
    let headers = request.headers();
    if request.method().is_safe() || headers.contains_key(header::AUTHORIZATION) || started_here(headers) {
        next.run(request).await
    } else {
        (StatusCode::FORBIDDEN, "This request came from another site.").into_response()
    }
}

/// Browsers say where a request comes from in `Sec-Fetch-Site` (Fetch Metadata), older ones in `Origin` (RFC 6454). A client that
/// says neither is no browser.
fn started_here(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_some() && host == text("host")
        }
        (None, None) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(pairs: &[(&'static str, &'static str)]) -> bool {
        started_here(
            &pairs
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                .collect(),
        )
    }

    #[test]
    fn g3_only_our_own_pages_may_change_things() {
        assert!(allowed(&[("host", "a.example"), ("origin", "https://a.example")]));
        assert!(allowed(&[("sec-fetch-site", "same-origin"), ("origin", "null")]));
        assert!(allowed(&[("host", "a.example")]));
        assert!(!allowed(&[("sec-fetch-site", "cross-site")]));
        assert!(!allowed(&[
            ("sec-fetch-site", "same-site"),
            ("host", "a.example"),
            ("origin", "https://a.example")
        ]));
        assert!(!allowed(&[("host", "a.example"), ("origin", "https://evil.example")]));
        assert!(!allowed(&[("host", "a.example"), ("origin", "null")]));
    }
}
