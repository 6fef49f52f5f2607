//! Every failure of the REST API as `application/problem+json` (RFC 9457), with a `type` that stays.
//!
//! What failed inside is logged once, with a trace id; the caller gets the id and nothing of the text.

use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::field::FieldError;
use serde::Serialize;
use tracing::error;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::services::ServiceError;

pub(super) const MEDIA_TYPE: &str = "application/problem+json";
const STALE: &str = "The server or its overrides changed since the preview, or the change affects overrides and no preview was \
                     given in If-Match. Look at the preview again (dry_run=true) and send its revision.";

const OVERTAKEN: &str =
    "The server or the override changed while the credential was tried. Nothing was stored; try again.";

/// The stable types, each with one status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Malformed,
    Unauthorized,
    Forbidden,
    NotFound,
    NoSuchRoute,
    MethodNotAllowed,
    Conflict,
    StalePreview,
    TooLarge,
    UnsupportedMediaType,
    Invalid,
    OverridesUnsupported,
    TooManyTries,
    Internal,
    Unavailable,
}

impl Kind {
    pub(super) const ALL: [Self; 15] = [
        Self::Malformed,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::NoSuchRoute,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::StalePreview,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::Invalid,
        Self::OverridesUnsupported,
        Self::TooManyTries,
        Self::Internal,
        Self::Unavailable,
    ];

    /// Status, `type` and `title`.
    pub(super) const fn spec(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Malformed => (
                StatusCode::BAD_REQUEST,
                "/problems/malformed",
                "The request is malformed",
            ),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "/problems/unauthorized", "Not signed in"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "/problems/forbidden", "Not allowed"),
            Self::NotFound => (StatusCode::NOT_FOUND, "/problems/not-found", "Not found"),
            Self::NoSuchRoute => (StatusCode::NOT_FOUND, "/problems/no-such-route", "No such route"),
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "/problems/method-not-allowed",
                "Method not allowed",
            ),
            Self::Conflict => (StatusCode::CONFLICT, "/problems/conflict", "Conflict"),
            Self::StalePreview => (StatusCode::CONFLICT, "/problems/stale-preview", "Preview needed"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "/problems/too-large", "Body too large"),
            Self::UnsupportedMediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "/problems/unsupported-media-type",
                "Not JSON",
            ),
            Self::Invalid => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "/problems/invalid",
                "Some fields need another value",
            ),
            Self::OverridesUnsupported => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "/problems/overrides-unsupported",
                "This server takes no overrides",
            ),
            Self::TooManyTries => (
                StatusCode::TOO_MANY_REQUESTS,
                "/problems/too-many-tries",
                "Too many tries",
            ),
            Self::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "/problems/internal",
                "Something failed on our side",
            ),
            Self::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "/problems/unavailable",
                "Not available just now",
            ),
        }
    }
}

/// A failure on its way to the caller.
#[derive(Debug)]
pub(super) struct Problem {
    kind: Kind,
    detail: String,
    errors: Vec<FieldError>,
    trace_id: Option<String>,
    header: Option<(HeaderName, HeaderValue)>,
}

/// The body of every failure (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "type": "/problems/invalid", "title": "Some fields need another value", "status": 422,
    "detail": "Some fields need another value.",
    "errors": [{"field": "credential", "message": "Enter the credential."}]
}))]
pub(super) struct ProblemBody {
    /// A path that names the kind of problem and stays the same between versions.
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: String,
    /// What to correct where.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<FieldProblem>, required = false)]
    errors: Vec<FieldError>,
    /// Finds the cause in the server's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<String>,
}

/// How `errors` looks: `domain::field::FieldError`.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "describes domain::field::FieldError, which knows nothing of OpenAPI"
)]
pub(super) struct FieldProblem {
    #[schema(example = "outbound_auth.headers.Authorization")]
    field: String,
    #[schema(example = "Name at least one header, such as Authorization.")]
    message: String,
}

impl Problem {
    pub(super) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            errors: Vec::new(),
            trace_id: None,
            header: None,
        }
    }

    /// 400, at one place of the request.
    pub(super) fn malformed(field: impl Into<String>, message: impl Into<String>) -> Self {
        let error = FieldError::new(field, message);
        Self {
            errors: vec![error.clone()],
            ..Self::new(Kind::Malformed, error.message)
        }
    }

    /// 401; `challenge` is the WWW-Authenticate header's value (RFC 6750 section 3).
    pub(super) fn unauthorized(challenge: &'static str, detail: &str) -> Self {
        Self {
            header: Some((header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge))),
            ..Self::new(Kind::Unauthorized, detail)
        }
    }

    /// 503: the identity provider's token may be good, but its keys cannot be had.
    pub(super) fn no_keys() -> Self {
        Self {
            header: Some((header::RETRY_AFTER, HeaderValue::from_static("30"))),
            ..Self::new(
                Kind::Unavailable,
                "The keys of your identity provider cannot be reached. Try again.",
            )
        }
    }

    fn invalid(errors: Vec<FieldError>) -> Self {
        // A cursor is ours: one that we did not make is no value to think about, but a broken request.
        let kind = match errors.as_slice() {
            [only] if only.field == "cursor" => Kind::Malformed,
            _ => Kind::Invalid,
        };
        Self {
            errors,
            ..Self::new(kind, "Some fields need another value.")
        }
    }

    fn logged(kind: Kind, cause: &dyn std::fmt::Display) -> Self {
        let trace_id = Uuid::now_v7();
        error!(error = %cause, trace.id = %trace_id, "A REST call failed");
        let detail = match kind {
            Kind::Unavailable => "The database does not answer just now. Try again in a moment.",
            _ => "Something failed on our side. The server's log says more under this trace id.",
        };
        Self {
            trace_id: Some(trace_id.to_string()),
            ..Self::new(kind, detail)
        }
    }
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::NotFound => Self::new(Kind::NotFound, "There is no such thing, or it is not yours to see."),
            ServiceError::Forbidden => Self::new(Kind::Forbidden, "You are not allowed to do this."),
            ServiceError::Unsupported(why) => Self::new(Kind::OverridesUnsupported, why),
            ServiceError::Invalid(errors) => Self::invalid(errors),
            ServiceError::Conflict(what) => Self::new(Kind::Conflict, what),
            ServiceError::Overtaken => Self::new(Kind::Conflict, OVERTAKEN),
            ServiceError::Stale => Self::new(Kind::StalePreview, STALE),
            ServiceError::Limited(seconds) => Self {
                header: Some((header::RETRY_AFTER, HeaderValue::from(seconds))),
                ..Self::new(Kind::TooManyTries, format!("Wait {seconds} seconds."))
            },
            ServiceError::Busy => Self {
                header: Some((header::RETRY_AFTER, HeaderValue::from(5))),
                ..Self::new(
                    Kind::Unavailable,
                    "Too many passwords are being looked at just now. Try again in a few seconds.",
                )
            },
            ServiceError::Unavailable(cause) => Self {
                header: Some((header::RETRY_AFTER, HeaderValue::from(1))),
                ..Self::logged(Kind::Unavailable, &cause)
            },
            ServiceError::Internal(cause) => Self::logged(Kind::Internal, &format_args!("{cause:#}")),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, r#type, title) = self.kind.spec();
        let body = ProblemBody {
            r#type,
            title,
            status: status.as_u16(),
            detail: self.detail,
            errors: self.errors,
            trace_id: self.trace_id,
        };
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.extend(self.header);
        response
    }
}

pub(super) async fn no_such_route() -> Problem {
    Problem::new(
        Kind::NoSuchRoute,
        "The REST API has no such route. /api/v1/openapi.json lists them.",
    )
}

/// axum adds `Allow`.
pub(super) async fn method_not_allowed(request: Request) -> Problem {
    Problem::new(
        Kind::MethodNotAllowed,
        format!("This route does not answer {}.", request.method()),
    )
}
