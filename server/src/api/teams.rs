//! `/teams` and who is in them. Admins only. A path names a team by id or name, a user by id or e-mail address.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::Caller;
use super::moment::Moment;
use super::openapi::Problems;
use super::paging::{Items, Paging};
use super::problem::Problem;
use super::request::{Body, Params, Segments};
use crate::services::Services;
use crate::services::teams::TeamChange;
use crate::store::{MemberRow, TeamRow};

#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "019a2b3c-0000-7000-8000-00000000000e", "name": "platform", "description": "Keeps the lights on",
    "members": 4, "servers": 3, "created_at": "2026-11-23T03:00:00Z"
}))]
pub(super) struct TeamView {
    id: String,
    name: String,
    description: String,
    /// How many people are in it.
    members: i64,
    /// On how many servers it has a role.
    servers: i64,
    created_at: Moment,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "019a2b3c-0000-7000-8000-000000000001", "email": "bob@example.com", "name": "Bob", "disabled": false,
    "added_at": "2026-11-23T03:00:00Z"
}))]
pub(super) struct MemberView {
    /// The user's.
    id: String,
    email: String,
    name: String,
    disabled: bool,
    added_at: Moment,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "platform", "description": "Keeps the lights on"}))]
pub(super) struct TeamInput {
    /// 1 to 63 lower-case letters, digits, hyphens, dots and underscores.
    name: String,
    #[serde(default)]
    description: Option<String>,
}

/// What is left out, or null, stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"description": "Keeps the lights on"}))]
pub(super) struct TeamPatch {
    name: Option<String>,
    description: Option<String>,
}

/// Lists teams, by name.
#[utoipa::path(get, path = "/teams", tag = "teams", params(Paging),
    responses((status = 200, body = Items<TeamView>), Problems))]
pub(super) async fn list(
    State(services): State<Services>,
    Caller(actor): Caller,
    Params(paging): Params<Paging>,
) -> Result<Json<Items<TeamView>>, Problem> {
    let page = services.teams.list(&actor, &paging.query()?).await?;
    Ok(Json(Items::of(page, view)))
}

/// Makes a team.
#[utoipa::path(post, path = "/teams", tag = "teams", request_body = TeamInput,
    responses((status = 201, body = TeamView), Problems))]
pub(super) async fn create(
    State(services): State<Services>,
    Caller(actor): Caller,
    Body(input): Body<TeamInput>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<TeamView>), Problem> {
    let description = input.description.unwrap_or_default();
    let team = services.teams.create(&actor, &input.name, &description).await?;
    let location = format!("/api/v1/teams/{}", team.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(view(team))))
}

/// One team.
#[utoipa::path(get, path = "/teams/{team}", tag = "teams",
    params(("team" = String, Path, description = "An id or name.", example = "platform")),
    responses((status = 200, body = TeamView), Problems))]
pub(super) async fn get(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments(team): Segments<String>,
) -> Result<Json<TeamView>, Problem> {
    Ok(Json(view(services.teams.get(&actor, &team).await?)))
}

/// Names or describes a team anew. Its access stays.
#[utoipa::path(patch, path = "/teams/{team}", tag = "teams", request_body = TeamPatch,
    params(("team" = String, Path, description = "An id or name.", example = "platform")),
    responses((status = 200, body = TeamView), Problems))]
pub(super) async fn change(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments(team): Segments<String>,
    Body(patch): Body<TeamPatch>,
) -> Result<Json<TeamView>, Problem> {
    let change = TeamChange {
        name: patch.name,
        description: patch.description,
    };
    Ok(Json(view(services.teams.change(&actor, &team, change).await?)))
}

/// Deletes a team. Its access goes with it: its members keep what they have otherwise.
#[utoipa::path(delete, path = "/teams/{team}", tag = "teams",
    params(("team" = String, Path, description = "An id or name.", example = "platform")),
    responses((status = 204, description = "Deleted"), Problems))]
pub(super) async fn delete(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments(team): Segments<String>,
) -> Result<StatusCode, Problem> {
    services.teams.delete(&actor, &team).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists who is in a team, by e-mail address.
#[utoipa::path(get, path = "/teams/{team}/members", tag = "teams",
    params(("team" = String, Path, description = "An id or name.", example = "platform"), Paging),
    responses((status = 200, body = Items<MemberView>), Problems))]
pub(super) async fn members(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments(team): Segments<String>,
    Params(paging): Params<Paging>,
) -> Result<Json<Items<MemberView>>, Problem> {
    let page = services.teams.members(&actor, &team, &paging.query()?).await?;
    Ok(Json(Items::of(page, member)))
}

/// Puts a person into a team.
#[utoipa::path(put, path = "/teams/{team}/members/{user}", tag = "teams",
    params(
        ("team" = String, Path, description = "An id or name.", example = "platform"),
        ("user" = String, Path, description = "An id or e-mail address.", example = "bob@example.com")
    ),
    responses(
        (status = 201, body = MemberView, description = "Added"),
        (status = 200, body = MemberView, description = "Was in it already"),
        Problems
    ))]
pub(super) async fn add_member(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments((team, user)): Segments<(String, String)>,
) -> Result<(StatusCode, Json<MemberView>), Problem> {
    let (row, new) = services.teams.add_member(&actor, &team, &user).await?;
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(member(row))))
}

/// Takes a person out of a team. What they had through it alone ends at once.
#[utoipa::path(delete, path = "/teams/{team}/members/{user}", tag = "teams",
    params(
        ("team" = String, Path, description = "An id or name.", example = "platform"),
        ("user" = String, Path, description = "An id or e-mail address.", example = "bob@example.com")
    ),
    responses((status = 204, description = "Taken out"), Problems))]
pub(super) async fn remove_member(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments((team, user)): Segments<(String, String)>,
) -> Result<StatusCode, Problem> {
    services.teams.remove_member(&actor, &team, &user).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn view(row: TeamRow) -> TeamView {
    TeamView {
        id: row.id.to_string(),
        name: row.name.to_string(),
        description: row.description,
        members: row.members,
        servers: row.servers,
        created_at: Moment(row.created_at),
    }
}

fn member(row: MemberRow) -> MemberView {
    MemberView {
        id: row.user.to_string(),
        email: row.email,
        name: row.name,
        disabled: row.disabled,
        added_at: Moment(row.added_at),
    }
}
