//! `/servers/{name}/access`: who was given a server, and as what. What that comes to for each is in `effective_access.rs`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::actor::{SubjectKind, SubjectRef};
use domain::id::TeamId;
use domain::role::ServerRole;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::Caller;
use super::moment::Moment;
use super::openapi::Problems;
use super::paging::{Items, Paging};
use super::problem::Problem;
use super::request::{Body, Params, Segments};
use crate::services::{ServiceError, Services};
use crate::store::{Grant, Grantee};

#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "grantee": {"type": "user", "id": "019a2b3c-0000-7000-8000-000000000001", "name": "Bob"},
    "role": "user", "granted_at": "2026-11-23T03:00:00Z"
}))]
pub(super) struct GrantView {
    grantee: GranteeView,
    /// `manager` or `user`.
    role: &'static str,
    granted_at: Moment,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GranteeView {
    /// `user`, `team`, `virtual_account`, `external_identity` or `everyone`.
    r#type: &'static str,
    id: String,
    name: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"role": "user"}))]
pub(super) struct RoleInput {
    /// `manager` or `user`.
    role: String,
}

type Place = (String, String, String);

/// Lists who has access. The server's managers only.
#[utoipa::path(get, path = "/servers/{name}/access", tag = "access",
    params(("name" = String, Path, example = "notes"), Paging),
    responses((status = 200, body = Items<GrantView>), Problems))]
pub(super) async fn list(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments(name): Segments<String>,
    Params(paging): Params<Paging>,
) -> Result<Json<Items<GrantView>>, Problem> {
    let grants = services.catalog.grants(&actor, &name).await?;
    let views = grants.into_iter().map(view).collect();
    let key = |one: &GrantView| format!("{}/{}", one.grantee.r#type, one.grantee.id);
    Ok(Json(paging.cut(views, |one| one.grantee.name.as_str(), key)?))
}

/// Gives access, or another role. The server's managers only.
#[utoipa::path(put, path = "/servers/{name}/access/{grantee_type}/{grantee_id}", tag = "access", request_body = RoleInput,
    params(
        ("name" = String, Path, example = "notes"),
        ("grantee_type" = String, Path, description = "`user`, `team`, `virtual_account`, `external_identity` or `everyone`.", example = "user"),
        ("grantee_id" = String, Path, description = "A user's id or e-mail address, a team's id or name, a virtual account's name; `all` of `everyone`.", example = "bob@example.com")
    ),
    responses(
        (status = 201, body = GrantView, description = "Given"),
        (status = 200, body = GrantView, description = "Changed"),
        Problems
    ))]
pub(super) async fn put(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments((name, kind, id)): Segments<Place>,
    Body(input): Body<RoleInput>,
) -> Result<(StatusCode, Json<GrantView>), Problem> {
    let grantee = grantee(&kind, id)?;
    let role =
        ServerRole::parse(&input.role).ok_or_else(|| ServiceError::invalid("role", "Choose manager or user."))?;
    let (grant, new) = services.catalog.grant(&actor, &name, grantee, role).await?;
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(view(grant))))
}

/// Takes access away; overrides stay, unused. The server's managers only.
#[utoipa::path(delete, path = "/servers/{name}/access/{grantee_type}/{grantee_id}", tag = "access",
    params(
        ("name" = String, Path, example = "notes"),
        ("grantee_type" = String, Path, example = "everyone"),
        ("grantee_id" = String, Path, example = "all")
    ),
    responses((status = 204, description = "Taken away"), Problems))]
pub(super) async fn delete(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments((name, kind, id)): Segments<Place>,
) -> Result<StatusCode, Problem> {
    services.catalog.revoke(&actor, &name, grantee(&kind, id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn grantee(kind: &str, id: String) -> Result<Grantee, Problem> {
    match (kind, SubjectKind::parse(kind)) {
        (_, Some(kind)) => Ok(Grantee::Subject(SubjectRef { kind, id })),
        ("team", None) => Ok(Grantee::Team(TeamId::new(id))),
        ("everyone", None) if id == "all" => Ok(Grantee::Everyone),
        ("everyone", None) => Err(Problem::malformed("grantee_id", "Everyone is everyone/all.")),
        (_, None) => Err(Problem::malformed(
            "grantee_type",
            "Choose one of: user, team, virtual_account, external_identity, everyone.",
        )),
    }
}

fn view(grant: Grant) -> GrantView {
    let (r#type, id) = match grant.grantee {
        Grantee::Subject(subject) => (subject.kind.as_str(), subject.id),
        Grantee::Team(id) => ("team", id.to_string()),
        Grantee::Everyone => ("everyone", "all".to_owned()),
    };
    GrantView {
        grantee: GranteeView {
            r#type,
            id,
            name: grant.grantee_name,
        },
        role: grant.role.as_str(),
        granted_at: Moment(grant.granted_at),
    }
}
