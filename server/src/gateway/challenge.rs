//! What a 401 says besides no: where a client finds out how its person signs in (RFC 9728 section 5.1, RFC 6750 section 3).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use domain::login::{SCOPE, audience};
use domain::server::ServerName;
use url::Url;

/// Adds it to an answer that is a 401. Every name that can be a server's gets the same: strangers learn nothing of which there are.
/// Where we are on this machine, clients read the name of it that they used.
pub fn describe(mut answer: Response, public_url: &Url, host: Option<&HeaderValue>, server: &str) -> Response {
    let (StatusCode::UNAUTHORIZED, Ok(server)) = (answer.status(), ServerName::parse(server)) else {
        return answer;
    };
    let base = audience::known_as(public_url, host.and_then(|host| host.to_str().ok()));
    let said = answer.headers().get(header::WWW_AUTHENTICATE);
    let said = said
        .and_then(|value| value.to_str().ok())
        .unwrap_or("Bearer realm=\"overkey\"");
    let description = audience::description(&base, &server);
    let text = format!("{said}, resource_metadata=\"{description}\", scope=\"{SCOPE}\"");
    if let Ok(value) = HeaderValue::from_str(&text) {
        answer.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    }
    answer
}
