//! `/users`: people. Admins only. A path names a user by id or by e-mail address.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use domain::role::PlatformRole;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::Caller;
use super::invitations::InvitationView;
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
    "state": "active", "disabled": false, "invited_until": null, "created_at": "2026-11-23T03:00:00Z"
}))]
pub(super) struct UserView {
    id: String,
    email: String,
    name: String,
    /// `admin` or `member`.
    platform_role: &'static str,
    /// `active`, `invited`, `no_password` or `disabled`.
    state: &'static str,
    disabled: bool,
    /// Until when a link to choose a password is good that has not been used.
    invited_until: Option<Moment>,
    created_at: Moment,
}

/// A new person. Where they are invited, the only answer that holds the link.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NewUserView {
    #[serde(flatten)]
    user: UserView,
    #[serde(skip_serializing_if = "Option::is_none")]
    invitation: Option<InvitationView>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "bob@example.com", "name": "Bob", "platform_role": "member"}))]
pub(super) struct UserInput {
    email: String,
    #[serde(default)]
    name: Option<String>,
    /// At least 8 characters. Without one, and without an invitation, they cannot sign in with a password.
    #[serde(default)]
    password: Option<SecretText>,
    /// `admin` or `member`; `member` when absent.
    #[serde(default)]
    platform_role: Option<String>,
    /// Answer with a link by which they choose a password, once, within seven days.
    #[serde(default)]
    #[schema(required = false)]
    invite: bool,
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
    Ok(Json(Items::of(page, |row| view(&services, row))))
}

/// Adds a person.
#[utoipa::path(post, path = "/users", tag = "users", request_body = UserInput,
    responses((status = 201, body = NewUserView), Problems))]
pub(super) async fn create(
    State(services): State<Services>,
    Caller(actor): Caller,
    Body(input): Body<UserInput>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<NewUserView>), Problem> {
    let invite = input.invite;
    if invite && input.password.is_some() {
        let message = "Send a password or an invitation, not both.";
        return Err(ServiceError::invalid("invite", message).into());
    }
    let new = NewUser {
        email: input.email,
        name: input.name,
        password: input.password.map(|password| password.0),
        platform_role: role(input.platform_role.as_deref())?.unwrap_or(PlatformRole::Member),
    };
    let (user, invitation) = if invite {
        let (user, invitation) = services.invitations.create_user(&actor, new).await?;
        (user, Some(InvitationView::new(invitation)))
    } else {
        (services.accounts.create_user(&actor, new).await?, None)
    };
    let location = format!("/api/v1/users/{}", user.id);
    let shown = NewUserView {
        user: view(&services, user),
        invitation,
    };
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(shown)))
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
    let user = services.accounts.user(&actor, &id).await?;
    Ok(Json(view(&services, user)))
}

/// Changes a person. Another password, or disabling, ends their sessions and their invitation. Disabling ends their open streams within
/// seconds, and their tokens do not work until they are enabled again. The last admin stays one.
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
    let user = services.accounts.change_user(&actor, &id, change).await?;
    Ok(Json(view(&services, user)))
}

/// Deletes a person with their overrides, tokens, access, sessions and places in teams.
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

fn view(services: &Services, row: UserRow) -> UserView {
    UserView {
        state: services.people.state(&row).as_str(),
        invited_until: row.invited_until.map(Moment),
        id: row.id.to_string(),
        email: row.email,
        name: row.name,
        platform_role: row.platform_role.as_str(),
        disabled: row.disabled_at.is_some(),
        created_at: Moment(row.created_at),
    }
}
