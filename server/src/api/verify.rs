//! `/servers/{name}/overrides/.../verify`: whether the upstream accepts a stored credential (B04).

use axum::Json;
use axum::extract::State;
use domain::verdict::Verdict;
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::openapi::Problems;
use super::overrides::{KindParams, Place};
use super::problem::Problem;
use super::request::{Params, Segments, subject};
use crate::services::Services;

#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"ok": true, "status": "accepted", "detail": "The server accepts this credential."}))]
pub(super) struct VerdictView {
    /// Nothing speaks against the credential.
    ok: bool,
    /// `accepted`, `unchecked` (it answers without a credential too), `rejected` (401 or 403), `unreachable`, `failed` (another
    /// answer than MCP's) or `not_sent` (calls do not carry it at present).
    status: &'static str,
    detail: String,
}

impl From<Verdict> for VerdictView {
    fn from(verdict: Verdict) -> Self {
        Self {
            ok: verdict.ok(),
            status: verdict.as_str(),
            detail: verdict.detail(),
        }
    }
}

/// Makes one real call with a stored override, and remembers whether the upstream accepts it. For who may edit the override.
#[utoipa::path(post, path = "/servers/{name}/overrides/{subject_type}/{subject_id}/verify", tag = "overrides",
    params(
        ("name" = String, Path, example = "notes"),
        ("subject_type" = String, Path, example = "user"),
        ("subject_id" = String, Path, description = "A user's id or e-mail address, a virtual account's name.", example = "bob@example.com"),
        KindParams
    ),
    responses((status = 200, body = VerdictView), Problems))]
pub(super) async fn verify(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments((name, kind, id)): Segments<Place>,
    Params(params): Params<KindParams>,
) -> Result<Json<VerdictView>, Problem> {
    let subject = subject(&kind, id)?;
    let verdict = services
        .overrides
        .verify(&actor, &name, &subject, params.kind()?)
        .await?;
    Ok(Json(verdict.into()))
}
