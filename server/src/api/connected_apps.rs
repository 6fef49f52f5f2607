//! `/connected-apps`: the MCP clients that I allowed to call a server as me (B10), to look at and to end.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::moment::Moment;
use super::openapi::Problems;
use super::paging::{Items, Paging};
use super::problem::Problem;
use super::request::{Params, Segments};
use crate::services::Services;
use crate::services::logins::LoginGrantRow;

#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "019a2b3c-0000-7000-8000-00000000000d", "name": "Claude Code", "client_id": "https://claude.ai/oauth/claude-code",
    "redirect_place": "127.0.0.1:33418", "server": "notes", "allowed_at": "2026-11-23T03:00:00Z", "last_used_at": null,
    "expires_at": "2026-12-23T03:00:00Z"
}))]
pub(super) struct AppView {
    id: String,
    /// What the client calls itself.
    name: String,
    /// An id that was registered here, or the address of the client's own description.
    client_id: String,
    /// Where it had me sent back to.
    redirect_place: String,
    /// The one server that it may call.
    server: String,
    allowed_at: Moment,
    last_used_at: Option<Moment>,
    /// Without being used until then.
    expires_at: Moment,
}

impl AppView {
    fn new(row: LoginGrantRow) -> Self {
        Self {
            id: row.id,
            name: row.app.name,
            client_id: row.app.client_id,
            redirect_place: row.app.place,
            server: row.server_name,
            allowed_at: Moment(row.created_at),
            last_used_at: row.last_used_at.map(Moment),
            expires_at: Moment(row.expires_at),
        }
    }
}

/// Lists the apps that may call a server as me, newest first. People only.
#[utoipa::path(get, path = "/connected-apps", tag = "connected-apps", params(Paging),
    responses((status = 200, body = Items<AppView>), Problems))]
pub(super) async fn list(
    State(services): State<Services>,
    Caller(actor): Caller,
    Params(paging): Params<Paging>,
) -> Result<Json<Items<AppView>>, Problem> {
    let views: Vec<_> = services
        .logins
        .apps(&actor)
        .await?
        .into_iter()
        .map(AppView::new)
        .collect();
    Ok(Json(paging.cut(
        views,
        |one: &AppView| &one.name,
        |one| one.id.clone(),
    )?))
}

/// Disconnects one of my apps: its tokens stop working at once.
#[utoipa::path(delete, path = "/connected-apps/{id}", tag = "connected-apps",
    params(("id" = String, Path, example = "019a2b3c-0000-7000-8000-00000000000d")),
    responses((status = 204, description = "Disconnected"), Problems))]
pub(super) async fn delete(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments(id): Segments<String>,
) -> Result<StatusCode, Problem> {
    services.logins.disconnect(&actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
