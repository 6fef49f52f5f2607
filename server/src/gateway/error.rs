//! Why a call did not reach its upstream, or its answer not the caller: the one place that makes these into answers.
//!
//! What a client must not mistake for an era of MCP or a missing login decides the status (protocol-security 1.2, 1.6): a missing
//! upstream credential is HTTP 200 with a JSON-RPC error (every client shows its text), our own trouble is 502, 503 or 504,
//! and 401 means the gateway token only.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tracing::error;

pub use super::auth_required::AuthRequired;
use super::auth_required::Question;
use super::limits::Full;
use super::message::{Addressed, Message, Transport};
use crate::egress::Refused;
use crate::services::ServiceError;
use crate::telemetry::measures;

/// The upstream refused a credential that is not the caller's own to mend.
const UPSTREAM_REFUSED: i64 = 4403;
const INTERNAL: i64 = -32603;
const INVALID_REQUEST: i64 = -32600;
const INVALID_PARAMS: i64 = -32602;
/// As the MCP SDKs answer for an unknown session.
const SESSION_NOT_FOUND: i64 = -32001;

/// The texts of `Unavailable`, `Internal` and `CredentialUnusable` are for the log only.
#[derive(Debug)]
pub enum GatewayError {
    NoToken,
    BadToken,
    MethodNotAllowed(&'static str),
    ForeignOrigin,
    /// No such server, or not the caller's to use (D11).
    NotFound,
    TooLarge(usize),
    /// The body did not arrive in time.
    TooSlow,
    /// More would be too much just now: nothing was sent.
    Full(Full),
    BadRequest(&'static str),
    SessionNotFound,
    AuthRequired(Box<AuthRequired>),
    /// The same, put to the person by the client.
    Asked(Box<Question>),
    /// A request state of ours that is not for this call, or came too late.
    StaleState,
    CredentialUnusable(String),
    UpstreamRefused,
    /// The provider that gives out the server's tokens does not take the client that the server's settings name.
    ProviderRefused,
    /// No token can be had now; nothing is lost.
    ProviderInTrouble,
    Unreachable,
    /// Nothing was sent: the registered URL is not one that we call (F1).
    Refused(Refused),
    TimedOut,
    /// The upstream answered with a redirect, which is never followed with a credential (D11).
    Redirected,
    /// The upstream's SSE stream named an endpoint we do not send credentials to (D12), or none.
    BadEndpoint,
    /// The identity provider's token cannot be checked just now.
    NoKeys,
    Unavailable(String),
    Internal(String),
}

impl From<Full> for GatewayError {
    fn from(full: Full) -> Self {
        Self::Full(full)
    }
}

impl From<ServiceError> for GatewayError {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Unavailable(error) => Self::Unavailable(error.to_string()),
            ServiceError::Internal(error) => Self::Internal(format!("{error:#}")),
            error => Self::Internal(error.to_string()),
        }
    }
}

impl GatewayError {
    /// A short name for logs and metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NoToken | Self::BadToken => "unauthenticated",
            Self::MethodNotAllowed(_) => "method_not_allowed",
            Self::ForeignOrigin => "foreign_origin",
            Self::NotFound => "not_found",
            Self::TooLarge(_) => "too_large",
            Self::TooSlow => "too_slow",
            Self::Full(Full::InAll) => "overloaded",
            Self::Full(Full::Subject) => "limited",
            Self::Full(Full::Server) => "server_full",
            Self::BadRequest(_) => "bad_request",
            Self::SessionNotFound => "session_not_found",
            Self::AuthRequired(_) => "auth_required",
            Self::Asked(_) => "asked",
            Self::StaleState => "stale_state",
            Self::CredentialUnusable(_) => "credential_unusable",
            Self::UpstreamRefused => "upstream_refused",
            Self::ProviderRefused => "provider_refused",
            Self::ProviderInTrouble => "provider_in_trouble",
            Self::Unreachable => "unreachable",
            Self::Refused(_) => "refused",
            Self::TimedOut => "timed_out",
            Self::Redirected => "redirected",
            Self::BadEndpoint => "bad_endpoint",
            Self::NoKeys => "no_keys",
            Self::Unavailable(_) => "unavailable",
            Self::Internal(_) => "internal",
        }
    }

    pub fn respond(self, message: &Message) -> Response {
        match &self {
            Self::NoToken => challenge(
                "Bearer realm=\"overkey\"",
                "Send a gateway token: Authorization: Bearer ok_pat_…",
            ),
            Self::BadToken => challenge(
                "Bearer realm=\"overkey\", error=\"invalid_token\", error_description=\"The gateway token is malformed, unknown, expired or revoked\"",
                "The gateway token is malformed, unknown, expired or revoked.",
            ),
            Self::MethodNotAllowed(allow) => {
                let body = plain("method_not_allowed", "MCP uses other methods here.");
                with_header(status(StatusCode::METHOD_NOT_ALLOWED, body), header::ALLOW, allow)
            }
            Self::ForeignOrigin => status(
                StatusCode::FORBIDDEN,
                plain("forbidden_origin", "Pages of this origin may not call the gateway."),
            ),
            Self::NotFound => status(
                StatusCode::NOT_FOUND,
                plain("not_found", "There is no such MCP server, or it is not yours to use."),
            ),
            Self::TooLarge(limit) => status(
                StatusCode::PAYLOAD_TOO_LARGE,
                plain("too_large", &format!("A request's body has at most {limit} bytes.")),
            ),
            Self::TooSlow => status(
                StatusCode::REQUEST_TIMEOUT,
                plain("too_slow", "The request's body did not arrive in time."),
            ),
            Self::Full(full) => {
                let answer = rpc(
                    message,
                    StatusCode::SERVICE_UNAVAILABLE,
                    &failure(INTERNAL, too_much(*full)),
                );
                with_header(answer, header::RETRY_AFTER, "5")
            }
            Self::BadRequest(text) => rpc(message, StatusCode::BAD_REQUEST, &failure(INVALID_REQUEST, text)),
            Self::SessionNotFound => rpc(
                message,
                StatusCode::NOT_FOUND,
                &failure(SESSION_NOT_FOUND, "Session not found. Initialize again."),
            ),
            Self::AuthRequired(required) => {
                measures::missing(required.reason.as_str());
                refused(message, &required.error())
            }
            Self::Asked(question) => question.respond(message),
            Self::StaleState => {
                let text = "Invalid or expired requestState. Call again without it.";
                rpc(message, StatusCode::OK, &failure(INVALID_PARAMS, text))
            }
            Self::UpstreamRefused => {
                let text = "The upstream server refused the credential the gateway sent. A manager of this server has to look at its outbound auth; on a passthrough server, check X-Upstream-Authorization.";
                refused(message, &failure(UPSTREAM_REFUSED, text))
            }
            Self::ProviderRefused => {
                let text = "The server's OAuth provider does not accept the gateway as a client. A manager of this server has to look at its client id and secret.";
                refused(message, &failure(UPSTREAM_REFUSED, text))
            }
            Self::ProviderInTrouble => {
                let text = "The server's OAuth provider cannot be reached or gave no token. Try again.";
                let answer = rpc(message, StatusCode::SERVICE_UNAVAILABLE, &failure(INTERNAL, text));
                with_header(answer, header::RETRY_AFTER, "5")
            }
            Self::Internal(reason) => {
                error!(error = %reason, "A call failed inside the gateway");
                let text = "Something failed inside the gateway. Its log says what.";
                rpc(message, StatusCode::INTERNAL_SERVER_ERROR, &failure(INTERNAL, text))
            }
            Self::CredentialUnusable(reason) => {
                error!(error = %reason, "A stored credential cannot be used");
                let text = "The gateway could not use the stored credential. A manager has to enter it again.";
                bad_gateway(message, text)
            }
            Self::Unreachable => bad_gateway(message, "The upstream server cannot be reached."),
            Self::Refused(reason) => bad_gateway(
                message,
                &format!("The gateway does not call this server's URL: {reason}."),
            ),
            Self::Redirected => {
                let text = "The upstream server answered with a redirect, which the gateway does not follow. A manager has to enter its final URL.";
                bad_gateway(message, text)
            }
            Self::BadEndpoint => {
                let text = "The upstream server's event stream named no endpoint of its own origin.";
                bad_gateway(message, text)
            }
            Self::TimedOut => rpc(
                message,
                StatusCode::GATEWAY_TIMEOUT,
                &failure(INTERNAL, "The upstream server took too long to answer."),
            ),
            Self::NoKeys => {
                let text = "The keys of your identity provider cannot be reached. Try again.";
                let answer = rpc(message, StatusCode::SERVICE_UNAVAILABLE, &failure(INTERNAL, text));
                with_header(answer, header::RETRY_AFTER, "30")
            }
            Self::Unavailable(reason) => {
                error!(error = %reason, "The database is not available");
                let answer = rpc(
                    message,
                    StatusCode::SERVICE_UNAVAILABLE,
                    &failure(INTERNAL, "The gateway's database is not available. Try again."),
                );
                with_header(answer, header::RETRY_AFTER, "5")
            }
        }
    }
}

/// 503 for the caller's own limit, too: on 429 dual-era clients would take us for an old server (protocol-security 1.2).
const fn too_much(full: Full) -> &'static str {
    match full {
        Full::InAll => "The gateway has too much to do just now. Try again.",
        Full::Subject => "You have too many calls or streams open at this gateway. Try again when some have ended.",
        Full::Server => "Too many calls to this server are waiting for it already. Try again.",
    }
}

fn failure(code: i64, text: &str) -> Value {
    json!({ "code": code, "message": text })
}

fn plain(name: &str, text: &str) -> Value {
    json!({ "error": name, "error_description": text })
}

fn challenge(value: &'static str, text: &str) -> Response {
    let answer = status(StatusCode::UNAUTHORIZED, plain("invalid_token", text));
    with_header(answer, header::WWW_AUTHENTICATE, value)
}

/// No credential that would do: HTTP 200 where clients read a JSON-RPC error in the answer, else a status that stops them.
fn refused(message: &Message, error: &Value) -> Response {
    match (&message.transport, message.method.as_str()) {
        // Nothing to stream without a credential: clients take 405 for "no stream here" and go on.
        (Transport::StreamableHttp, "GET" | "DELETE") => with_header(
            status(StatusCode::METHOD_NOT_ALLOWED, json!({ "error": error })),
            header::ALLOW,
            "POST",
        ),
        (Transport::StreamableHttp, _) => rpc(message, StatusCode::OK, error),
        // Success here promises an answer on the stream, and clients would wait for it.
        (Transport::SseStream | Transport::SseMessage(_), _) => rpc(message, StatusCode::FORBIDDEN, error),
    }
}

/// The error for every request in the message, under its own id, byte for byte; 202 when nobody waits for an answer.
fn rpc(message: &Message, code: StatusCode, error: &Value) -> Response {
    json_rpc(message, code, "error", error)
}

/// `member` is `error` or `result`.
pub fn json_rpc(message: &Message, code: StatusCode, member: &str, value: &Value) -> Response {
    let one = |id: &str| format!(r#"{{"jsonrpc":"2.0","id":{id},"{member}":{value}}}"#);
    let body = match message.addressed() {
        Addressed::Requests { ids, batch: false } => one(ids.first().map_or("null", |id| id.get())),
        Addressed::Requests { ids, batch: true } => {
            format!("[{}]", ids.iter().map(|id| one(id.get())).collect::<Vec<_>>().join(","))
        }
        Addressed::Nobody if code == StatusCode::OK => return StatusCode::ACCEPTED.into_response(),
        Addressed::Nobody | Addressed::Unreadable => one("null"),
    };
    (code, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

fn bad_gateway(message: &Message, text: &str) -> Response {
    rpc(message, StatusCode::BAD_GATEWAY, &failure(INTERNAL, text))
}

fn status(code: StatusCode, body: Value) -> Response {
    (code, axum::Json(body)).into_response()
}

fn with_header(mut response: Response, name: HeaderName, value: &'static str) -> Response {
    response.headers_mut().insert(name, HeaderValue::from_static(value));
    response
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use axum::http::{HeaderMap, Method};
    use domain::actor::SubjectRef;
    use domain::id::VirtualAccountId;
    use domain::injection::MissingReason;
    use domain::server::ServerName;
    use url::Url;

    use super::*;

    /// The status of an error that concerns the credential.
    fn status_of(error: GatewayError, method: Method, transport: Transport) -> u16 {
        let message = Message {
            method,
            headers: HeaderMap::new(),
            body: Bytes::from_static(br#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#),
            transport,
        };
        error.respond(&message).status().as_u16()
    }

    fn missing() -> GatewayError {
        GatewayError::AuthRequired(Box::new(AuthRequired {
            reason: MissingReason::OverrideMissing,
            server: ServerName::parse("notes").unwrap(),
            subject: SubjectRef::virtual_account(&VirtualAccountId::new("1")),
            subject_name: "ci-bot".to_owned(),
            url: Url::parse("https://gateway.example/connections").unwrap(),
            instead_of: None,
        }))
    }

    #[test]
    fn s43_a_missing_credential_is_told_where_the_client_listens() {
        let errors: [fn() -> GatewayError; 2] = [missing, || GatewayError::UpstreamRefused];
        for error in errors {
            let http = |method| status_of(error(), method, Transport::StreamableHttp);
            assert_eq!(
                [http(Method::POST), http(Method::GET), http(Method::DELETE)],
                [200, 405, 405]
            );
            assert_eq!(status_of(error(), Method::GET, Transport::SseStream), 403);
            let posted = Transport::SseMessage("sealed".to_owned());
            assert_eq!(
                status_of(error(), Method::POST, posted),
                403,
                "200 promises an answer on the stream"
            );
        }
    }
}
