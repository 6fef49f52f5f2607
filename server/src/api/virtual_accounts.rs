//! `/virtual-accounts` and their tokens. Admins; an account's owner sees it, and replaces and revokes its tokens.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use domain::account::DEFAULT_GRACE_HOURS;
use domain::actor::SubjectRef;
use domain::id::{TokenId, VirtualAccountId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::Caller;
use super::moment::Moment;
use super::openapi::Problems;
use super::paging::{Items, Paging};
use super::problem::Problem;
use super::request::{Body, Params, Segments, given};
use super::subject::SubjectView;
use super::tokens::{NewTokenView, TokenInput, TokenView, page};
use crate::services::Services;
use crate::services::virtual_accounts::{AccountChange, NewAccount};
use crate::store::VirtualAccountRow;

#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "ci-bot", "name": "ci-bot", "description": "Continuous integration",
    "owner": {"type": "user", "id": "019a2b3c-0000-7000-8000-000000000001", "name": "Bob"},
    "created_at": "2026-11-23T03:00:00Z", "last_used_at": null
}))]
pub(super) struct VirtualAccountView {
    /// The same as its name.
    id: String,
    name: String,
    description: String,
    /// Who answers for it.
    owner: Option<SubjectView>,
    created_at: Moment,
    /// When one of its tokens was used last.
    last_used_at: Option<Moment>,
}

/// `expires_at` and `expires` are its first token's.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "ci-bot", "description": "Continuous integration", "expires": "30d"}))]
pub(super) struct VirtualAccountInput {
    name: String,
    #[serde(default)]
    description: Option<String>,
    /// A person's id or e-mail address; you, when absent.
    #[serde(default)]
    owner: Option<String>,
    #[serde(default)]
    expires_at: Option<Moment>,
    #[serde(default)]
    expires: Option<String>,
}

/// What is left out stays as it is. `owner: null` leaves it without one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"owner": "bob@example.com"}))]
pub(super) struct VirtualAccountPatch {
    description: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    owner: Option<Option<String>>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"grace_hours": 24}))]
pub(super) struct RotationInput {
    /// How long the old token goes on working, 0 to 720 hours; 24 when absent.
    #[serde(default = "a_day")]
    #[schema(required = false, minimum = 0, maximum = 720)]
    grace_hours: i64,
}

const fn a_day() -> i64 {
    DEFAULT_GRACE_HOURS
}

/// The new token, and the one that it replaces.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RotatedView {
    #[serde(flatten)]
    new: NewTokenView,
    replaces: ReplacedView,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "019a2b3c-0000-7000-8000-00000000000c", "ends_at": "2026-11-24T03:00:00Z"}))]
pub(super) struct ReplacedView {
    id: String,
    ends_at: Moment,
}

/// Lists virtual accounts, by name: all for admins, for others those they own.
#[utoipa::path(get, path = "/virtual-accounts", tag = "virtual accounts", params(Paging),
    responses((status = 200, body = Items<VirtualAccountView>), Problems))]
pub(super) async fn list(
    State(services): State<Services>,
    Caller(actor): Caller,
    Params(paging): Params<Paging>,
) -> Result<Json<Items<VirtualAccountView>>, Problem> {
    let page = services.virtual_accounts.list(&actor, &paging.query()?).await?;
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
    let new = NewAccount {
        name: input.name,
        description: input.description.unwrap_or_default(),
        owner: input.owner,
    };
    let request = token.request(services.calls.now())?;
    let (account, token) = services.virtual_accounts.create(&actor, new, request).await?;
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
        .virtual_accounts
        .get(&actor, &VirtualAccountId::new(name))
        .await?;
    Ok(Json(view(account)))
}

/// Describes a virtual account anew, or gives it another owner.
#[utoipa::path(patch, path = "/virtual-accounts/{name}", tag = "virtual accounts", request_body = VirtualAccountPatch,
    params(("name" = String, Path, example = "ci-bot")),
    responses((status = 200, body = VirtualAccountView), Problems))]
pub(super) async fn change(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments(name): Segments<String>,
    Body(patch): Body<VirtualAccountPatch>,
) -> Result<Json<VirtualAccountView>, Problem> {
    let change = AccountChange {
        description: patch.description,
        owner: patch.owner,
    };
    let id = VirtualAccountId::new(name);
    Ok(Json(view(services.virtual_accounts.change(&actor, &id, change).await?)))
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
        .virtual_accounts
        .delete(&actor, &VirtualAccountId::new(name))
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
    let rows = services
        .account_tokens
        .list(&actor, &VirtualAccountId::new(name))
        .await?;
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
        .account_tokens
        .create(&actor, &VirtualAccountId::new(name), request)
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
        .account_tokens
        .revoke(&actor, &VirtualAccountId::new(name), &TokenId::new(id))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a new token in place of one, which works for a while longer. The new one lives as long as the old one was meant to.
#[utoipa::path(post, path = "/virtual-accounts/{name}/tokens/{id}/rotate", tag = "virtual accounts",
    request_body = RotationInput,
    params(
        ("name" = String, Path, example = "ci-bot"),
        ("id" = String, Path, example = "019a2b3c-0000-7000-8000-00000000000c")
    ),
    responses((status = 201, body = RotatedView), Problems))]
pub(super) async fn rotate_token(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments((name, id)): Segments<(String, String)>,
    Body(input): Body<RotationInput>,
) -> Result<(StatusCode, Json<RotatedView>), Problem> {
    let (account, token) = (VirtualAccountId::new(name), TokenId::new(id));
    let rotated = services
        .account_tokens
        .rotate(&actor, &account, &token, input.grace_hours)
        .await?;
    let shown = RotatedView {
        new: NewTokenView::new(rotated.new),
        replaces: ReplacedView {
            id: rotated.old.to_string(),
            ends_at: Moment(rotated.old_ends_at),
        },
    };
    Ok((StatusCode::CREATED, Json(shown)))
}

fn view(row: VirtualAccountRow) -> VirtualAccountView {
    VirtualAccountView {
        id: row.id.to_string(),
        name: row.id.to_string(),
        description: row.description,
        owner: row
            .owner
            .zip(row.owner_named)
            .map(|(id, (name, _))| SubjectView::new(SubjectRef::user(&id), name)),
        created_at: Moment(row.created_at),
        last_used_at: row.last_used_at.map(Moment),
    }
}
