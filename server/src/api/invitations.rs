//! `/users/{id}/invitation`: the link by which somebody chooses a password, once. Admins only.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::secret::Secret;
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::moment::Moment;
use super::openapi::Problems;
use super::problem::Problem;
use super::request::Segments;
use super::tokens::shown_once;
use crate::services::Services;
use crate::services::invitations::NewInvitation;

/// A new link. It is in this answer and nowhere else.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"url": "https://overkey.example.com/invite/…", "expires_at": "2026-11-30T03:00:00Z"}))]
pub(super) struct InvitationView {
    #[serde(serialize_with = "shown_once")]
    #[schema(value_type = String)]
    url: Secret,
    expires_at: Moment,
}

impl InvitationView {
    pub(super) fn new(invitation: NewInvitation) -> Self {
        Self {
            url: invitation.url,
            expires_at: Moment(invitation.expires_at),
        }
    }
}

/// Makes a link by which this person chooses a password; the one before stops working.
#[utoipa::path(post, path = "/users/{id}/invitation", tag = "users",
    params(("id" = String, Path, description = "An id or e-mail address.", example = "bob@example.com")),
    responses((status = 201, body = InvitationView), Problems))]
pub(super) async fn create(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments(id): Segments<String>,
) -> Result<(StatusCode, Json<InvitationView>), Problem> {
    let invitation = services.invitations.invite(&actor, &id).await?;
    Ok((StatusCode::CREATED, Json(InvitationView::new(invitation))))
}

/// Takes the link back that is under way.
#[utoipa::path(delete, path = "/users/{id}/invitation", tag = "users",
    params(("id" = String, Path, description = "An id or e-mail address.", example = "bob@example.com")),
    responses((status = 204, description = "Taken back"), Problems))]
pub(super) async fn delete(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments(id): Segments<String>,
) -> Result<StatusCode, Problem> {
    services.invitations.withdraw(&actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
