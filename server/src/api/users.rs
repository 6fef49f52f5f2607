//! `/users`: people. Admins only. A path names a user by id or by e-mail address.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use domain::role::PlatformRole;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::Caller;
use super::moment::Moment;
use super::openapi::Problems;
use super::paging::{Items, Paging};
use super::problem::Problem;
use super::request::{Body, Params, SecretText, Segments};
use crate::services::accounts::{NewUser, UserChange};
use crate::services::{ServiceError, Services};
use crate::store::UserRow;

#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "019a2b3c-0000-7000-8000-000000000001", "email": "bob@example.com", "name": "Bob", "platform_role": "member",
    "disabled": false, "created_at": "2026-11-23T03:00:00Z"
}))]
pub(super) struct UserView {
    id: String,
    email: String,
    name: String,
    /// `admin` or `member`.
    platform_role: &'static str,
    disabled: bool,
    created_at: Moment,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "bob@example.com", "name": "Bob", "platform_role": "member"}))]
pub(super) struct UserInput {
    email: String,
    #[serde(default)]
    name: Option<String>,
    /// At least 8 characters. Without one they cannot sign in with a password.
    #[serde(default)]
    password: Option<SecretText>,
    /// `admin` or `member`; `member` when absent.
    #[serde(default)]
    platform_role: Option<String>,
}

/// What is left out, or null, stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"disabled": true}))]
pub(super) struct UserPatch {
    name: Option<String>,
    password: Option<SecretText>,
    platform_role: Option<String>,
    disabled: Option<bool>,
}

/// Lists people, by e-mail address.
#[utoipa::path(get, path = "/users", tag = "users", params(Paging),
    responses((status = 200, body = Items<UserView>), Problems))]
pub(super) async fn list(
    State(services): State<Services>,
    Caller(actor): Caller,
    Params(paging): Params<Paging>,
) -> Result<Json<Items<UserView>>, Problem> {
    let page = services.accounts.users(&actor, &paging.query()?).await?;
    Ok(Json(Items::of(page, view)))
}

/// Adds a person.
#[utoipa::path(post, path = "/users", tag = "users", request_body = UserInput,
    responses((status = 201, body = UserView), Problems))]
pub(super) async fn create(
    State(services): State<Services>,
    Caller(actor): Caller,
    Body(input): Body<UserInput>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<UserView>), Problem> {
    let new = NewUser {
        email: input.email,
        name: input.name,
        password: input.password.map(|password| password.0),
        platform_role: role(input.platform_role.as_deref())?.unwrap_or(PlatformRole::Member),
    };
    let user = services.accounts.create_user(&actor, new).await?;
    let location = format!("/api/v1/users/{}", user.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(view(user))))
}

/// One person.
#[utoipa::path(get, path = "/users/{id}", tag = "users",
    params(("id" = String, Path, description = "An id or e-mail address.", example = "bob@example.com")),
    responses((status = 200, body = UserView), Problems))]
pub(super) async fn get(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments(id): Segments<String>,
) -> Result<Json<UserView>, Problem> {
    Ok(Json(view(services.accounts.user(&actor, &id).await?)))
}

/// Changes a person. Another password, or disabling, ends their sessions.
#[utoipa::path(patch, path = "/users/{id}", tag = "users", request_body = UserPatch,
    params(("id" = String, Path, description = "An id or e-mail address.", example = "bob@example.com")),
    responses((status = 200, body = UserView), Problems))]
pub(super) async fn change(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments(id): Segments<String>,
    Body(patch): Body<UserPatch>,
) -> Result<Json<UserView>, Problem> {
    let change = UserChange {
        name: patch.name,
        password: patch.password.map(|password| password.0),
        platform_role: role(patch.platform_role.as_deref())?,
        disabled: patch.disabled,
    };
    Ok(Json(view(services.accounts.change_user(&actor, &id, change).await?)))
}

/// Deletes a person with their overrides, tokens, access and sessions.
#[utoipa::path(delete, path = "/users/{id}", tag = "users",
    params(("id" = String, Path, description = "An id or e-mail address.", example = "bob@example.com")),
    responses((status = 204, description = "Deleted"), Problems))]
pub(super) async fn delete(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments(id): Segments<String>,
) -> Result<StatusCode, Problem> {
    services.accounts.delete_user(&actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn role(text: Option<&str>) -> Result<Option<PlatformRole>, ServiceError> {
    let parse = |text| {
        PlatformRole::parse(text).ok_or_else(|| ServiceError::invalid("platform_role", "Choose admin or member."))
    };
    text.map(parse).transpose()
}

fn view(row: UserRow) -> UserView {
    UserView {
        id: row.id.to_string(),
        email: row.email,
        name: row.name,
        platform_role: row.platform_role.as_str(),
        disabled: row.disabled_at.is_some(),
        created_at: Moment(row.created_at),
    }
}
