//! `GET /me`: who the caller is.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::openapi::Problems;
use super::subject::SubjectView;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Me {
    subject: SubjectView,
    /// `admin` or `member`.
    #[schema(example = "member")]
    platform_role: &'static str,
}

/// Who am I?
#[utoipa::path(get, path = "/me", tag = "me", responses((status = 200, body = Me), Problems))]
pub(super) async fn me(Caller(actor): Caller) -> Json<Me> {
    Json(Me {
        platform_role: actor.platform_role.as_str(),
        subject: SubjectView::new(actor.subject, actor.name),
    })
}
