//! Answers of an authorization server, as RFC 6749 section 5.2 and RFC 7591 section 3.2.2 write errors.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tracing::error;

use crate::services::ServiceError;

/// The texts are ours and repeat nothing that was sent.
pub fn refused(code: &str, text: &str) -> Response {
    let body = json!({ "error": code, "error_description": text });
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}

pub fn failed(failure: &ServiceError) -> Response {
    let (status, code, text, wait) = match failure {
        ServiceError::Limited(seconds) => (
            StatusCode::TOO_MANY_REQUESTS,
            "temporarily_unavailable",
            "Too many tries from your address.",
            *seconds,
        ),
        ServiceError::Unavailable(_) => {
            error!(error = ?failure, "The database is not available to sign a client in");
            let text = "The gateway's database is not available. Try again.";
            (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", text, 5)
        }
        other => {
            error!(error = ?other, "A client's sign-in failed inside Overkey");
            let body = json!({ "error": "server_error", "error_description": "Something failed on our side." });
            return (StatusCode::INTERNAL_SERVER_ERROR, Json(body)).into_response();
        }
    };
    let body = json!({ "error": code, "error_description": text });
    (status, [(header::RETRY_AFTER, wait.to_string())], Json(body)).into_response()
}
