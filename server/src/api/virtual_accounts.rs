//! `/virtual-accounts` and their tokens. Admins only.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use domain::id::{TokenId, VirtualAccountId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::Caller;
use super::moment::Moment;
use super::openapi::Problems;
use super::paging::{Items, Paging};
use super::problem::Problem;
use super::request::{Body, Params, Segments};
use super::tokens::{NewTokenView, TokenInput, TokenView, page};
use crate::services::Services;
use crate::store::VirtualAccountRow;

#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "ci-bot", "name": "ci-bot", "description": "Continuous integration", "created_at": "2026-11-23T03:00:00Z"
}))]
pub(super) struct VirtualAccountView {
    /// The same as its name.
    id: String,
    name: String,
    description: String,
    created_at: Moment,
}

/// `expires_at` and `expires` are its first token's.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "ci-bot", "description": "Continuous integration", "expires": "30d"}))]
pub(super) struct VirtualAccountInput {
    name: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    expires_at: Option<Moment>,
    #[serde(default)]
    expires: Option<String>,
}

/// Lists virtual accounts, by name.
#[utoipa::path(get, path = "/virtual-accounts", tag = "virtual accounts", params(Paging),
    responses((status = 200, body = Items<VirtualAccountView>), Problems))]
pub(super) async fn list(
    State(services): State<Services>,
    Caller(actor): Caller,
    Params(paging): Params<Paging>,
) -> Result<Json<Items<VirtualAccountView>>, Problem> {
    let page = services.accounts.virtual_accounts(&actor, &paging.query()?).await?;
    Ok(Json(Items::of(page, view)))
}

/// Makes a virtual account and its first token.
#[utoipa::path(post, path = "/virtual-accounts", tag = "virtual accounts", request_body = VirtualAccountInput,
    responses((status = 201, body = NewTokenView, description = "`id` and `name` are the account's"), Problems))]
pub(super) async fn create(
    State(services): State<Services>,
    Caller(actor): Caller,
    Body(input): Body<VirtualAccountInput>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<NewTokenView>), Problem> {
    let token = TokenInput {
        name: None,
        expires_at: input.expires_at,
        expires: input.expires,
    };
    let (account, token) = services
        .accounts
        .create_virtual_account(
            &actor,
            &input.name,
            input.description.as_deref().unwrap_or_default(),
            token.request(services.calls.now())?,
        )
        .await?;
    let location = format!("/api/v1/virtual-accounts/{}", account.id);
    let shown = NewTokenView {
        id: account.id.to_string(),
        name: account.id.to_string(),
        ..NewTokenView::new(token)
    };
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(shown)))
}

/// One virtual account.
#[utoipa::path(get, path = "/virtual-accounts/{name}", tag = "virtual accounts",
    params(("name" = String, Path, example = "ci-bot")),
    responses((status = 200, body = VirtualAccountView), Problems))]
pub(super) async fn get(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments(name): Segments<String>,
) -> Result<Json<VirtualAccountView>, Problem> {
    let account = services
        .accounts
        .virtual_account(&actor, &VirtualAccountId::new(name))
        .await?;
    Ok(Json(view(account)))
}

/// Deletes a virtual account with its overrides, tokens and access.
#[utoipa::path(delete, path = "/virtual-accounts/{name}", tag = "virtual accounts",
    params(("name" = String, Path, example = "ci-bot")),
    responses((status = 204, description = "Deleted"), Problems))]
pub(super) async fn delete(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments(name): Segments<String>,
) -> Result<StatusCode, Problem> {
    services
        .accounts
        .delete_virtual_account(&actor, &VirtualAccountId::new(name))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists a virtual account's tokens, newest first.
#[utoipa::path(get, path = "/virtual-accounts/{name}/tokens", tag = "virtual accounts",
    params(("name" = String, Path, example = "ci-bot"), Paging),
    responses((status = 200, body = Items<TokenView>), Problems))]
pub(super) async fn tokens(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments(name): Segments<String>,
    Params(paging): Params<Paging>,
) -> Result<Json<Items<TokenView>>, Problem> {
    let rows = services.tokens.list_of(&actor, &VirtualAccountId::new(name)).await?;
    Ok(Json(page(rows, paging)?))
}

/// Makes another token for a virtual account.
#[utoipa::path(post, path = "/virtual-accounts/{name}/tokens", tag = "virtual accounts", request_body = TokenInput,
    params(("name" = String, Path, example = "ci-bot")),
    responses((status = 201, body = NewTokenView), Problems))]
pub(super) async fn create_token(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments(name): Segments<String>,
    Body(input): Body<TokenInput>,
) -> Result<(StatusCode, Json<NewTokenView>), Problem> {
    let request = input.request(services.calls.now())?;
    let new = services
        .tokens
        .create_for(&actor, &VirtualAccountId::new(name), request)
        .await?;
    Ok((StatusCode::CREATED, Json(NewTokenView::new(new))))
}

/// Revokes one of a virtual account's tokens, at once.
#[utoipa::path(delete, path = "/virtual-accounts/{name}/tokens/{id}", tag = "virtual accounts",
    params(
        ("name" = String, Path, example = "ci-bot"),
        ("id" = String, Path, example = "019a2b3c-0000-7000-8000-00000000000c")
    ),
    responses((status = 204, description = "Revoked"), Problems))]
pub(super) async fn delete_token(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments((name, id)): Segments<(String, String)>,
) -> Result<StatusCode, Problem> {
    services
        .tokens
        .revoke_of(&actor, &VirtualAccountId::new(name), &TokenId::new(id))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn view(row: VirtualAccountRow) -> VirtualAccountView {
    VirtualAccountView {
        id: row.id.to_string(),
        name: row.id.to_string(),
        description: row.description,
        created_at: Moment(row.created_at),
    }
}
