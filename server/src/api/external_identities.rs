//! `/external-identities`: callers whom an identity provider names, and who are no users here (B02). Admins only.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use domain::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::Caller;
use super::moment::Moment;
use super::openapi::Problems;
use super::paging::{Items, Paging};
use super::problem::Problem;
use super::request::{Body, Params, Segments};
use crate::services::Services;
use crate::services::identities::{Held, NewIdentity};
use crate::store::ExternalIdentityRow;

#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "019a2b3c-0000-7000-8000-00000000000f", "issuer": "https://id.example.com", "subject": "build-7",
    "name": "Build 7", "created_at": "2026-11-25T03:00:00Z", "last_call_at": "2026-11-25T04:00:00Z"
}))]
pub(super) struct ExternalIdentityView {
    /// As access and overrides name it.
    id: String,
    issuer: String,
    subject: String,
    name: String,
    created_at: Moment,
    /// Of the calls that are kept.
    last_call_at: Option<Moment>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"issuer": "https://id.example.com", "subject": "build-7", "name": "Build 7"}))]
pub(super) struct ExternalIdentityInput {
    /// Of a configured identity provider, exactly as it spells it.
    issuer: String,
    /// As its tokens name the caller.
    subject: String,
    /// The subject, when absent.
    #[serde(default)]
    name: Option<String>,
}

/// Lists external identities, by name. They come by themselves with their first call.
#[utoipa::path(get, path = "/external-identities", tag = "external identities", params(Paging),
    responses((status = 200, body = Items<ExternalIdentityView>), Problems))]
pub(super) async fn list(
    State(services): State<Services>,
    Caller(actor): Caller,
    Params(paging): Params<Paging>,
) -> Result<Json<Items<ExternalIdentityView>>, Problem> {
    let page = services.identities.list(&actor, &paging.query()?).await?;
    Ok(Json(Items::of(page, seen)))
}

/// Makes one before its first call, so that it can be given access.
#[utoipa::path(post, path = "/external-identities", tag = "external identities", request_body = ExternalIdentityInput,
    responses((status = 201, body = ExternalIdentityView), Problems))]
pub(super) async fn create(
    State(services): State<Services>,
    Caller(actor): Caller,
    Body(input): Body<ExternalIdentityInput>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<ExternalIdentityView>), Problem> {
    let new = NewIdentity {
        issuer: input.issuer,
        subject: input.subject,
        name: input.name,
    };
    let row = services.identities.create(&actor, new).await?;
    let location = format!("/api/v1/external-identities/{}", row.id);
    Ok((
        StatusCode::CREATED,
        [(header::LOCATION, location)],
        Json(view(row, None)),
    ))
}

/// One external identity.
#[utoipa::path(get, path = "/external-identities/{id}", tag = "external identities",
    params(("id" = String, Path, example = "019a2b3c-0000-7000-8000-00000000000f")),
    responses((status = 200, body = ExternalIdentityView), Problems))]
pub(super) async fn get(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments(id): Segments<String>,
) -> Result<Json<ExternalIdentityView>, Problem> {
    Ok(Json(seen(services.identities.get(&actor, &id).await?)))
}

/// Deletes one with its access and overrides. A token that names it later makes a new one, without access.
#[utoipa::path(delete, path = "/external-identities/{id}", tag = "external identities",
    params(("id" = String, Path, example = "019a2b3c-0000-7000-8000-00000000000f")),
    responses((status = 204, description = "Deleted"), Problems))]
pub(super) async fn delete(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments(id): Segments<String>,
) -> Result<StatusCode, Problem> {
    services.identities.delete(&actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn seen(held: Held) -> ExternalIdentityView {
    view(held.row, held.last_call)
}

fn view(row: ExternalIdentityRow, last_call: Option<Timestamp>) -> ExternalIdentityView {
    ExternalIdentityView {
        id: row.id.to_string(),
        issuer: row.issuer,
        subject: row.subject,
        name: row.name,
        created_at: Moment(row.created_at),
        last_call_at: last_call.map(Moment),
    }
}
