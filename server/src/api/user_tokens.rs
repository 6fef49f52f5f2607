//! `/users/{id}/tokens`: somebody's personal access tokens, to look at and to revoke. Admins only.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::id::TokenId;

use super::caller::Caller;
use super::openapi::Problems;
use super::paging::{Items, Paging};
use super::problem::Problem;
use super::request::{Params, Segments};
use super::tokens::{TokenView, page};
use crate::services::Services;

/// Lists a person's tokens, newest first.
#[utoipa::path(get, path = "/users/{id}/tokens", tag = "users",
    params(("id" = String, Path, description = "An id or e-mail address.", example = "bob@example.com"), Paging),
    responses((status = 200, body = Items<TokenView>), Problems))]
pub(super) async fn list(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments(id): Segments<String>,
    Params(paging): Params<Paging>,
) -> Result<Json<Items<TokenView>>, Problem> {
    let person = services.people.get(&actor, &id).await?;
    Ok(Json(page(person.tokens, paging)?))
}

/// Revokes one of a person's tokens, at once.
#[utoipa::path(delete, path = "/users/{id}/tokens/{token}", tag = "users",
    params(
        ("id" = String, Path, description = "An id or e-mail address.", example = "bob@example.com"),
        ("token" = String, Path, example = "019a2b3c-0000-7000-8000-00000000000c")
    ),
    responses((status = 204, description = "Revoked"), Problems))]
pub(super) async fn delete(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments((id, token)): Segments<(String, String)>,
) -> Result<StatusCode, Problem> {
    services.people.revoke_token(&actor, &id, &TokenId::new(token)).await?;
    Ok(StatusCode::NO_CONTENT)
}
