//! `/servers`: the registered upstreams the caller may see.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use domain::outbound_input::OutboundInput;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::Caller;
use super::moment::Moment;
use super::openapi::Problems;
use super::outbound_auth::{DryRun, EffectView, OutboundAuthShape, etag, if_match, view as effect};
use super::paging::{Items, Paging};
use super::problem::Problem;
use super::request::{Body, Params, Segments};
use crate::services::Services;
use crate::services::catalog::{NewServer, SeenServer};
use crate::services::outbound_change::{Expected, ServerChange, shown_outbound};

#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "019a2b3c-0000-7000-8000-00000000000a", "name": "notes", "url": "https://notes.example.com/mcp",
    "description": "Everybody's notes", "allow_overrides": false, "my_role": "manager",
    "outbound_auth": {"mode": "api_key_individual", "headers": {"Authorization": "Bearer {{API_KEY}}"}},
    "gateway_url": "https://overkey.example.com/mcp/notes", "revision": "7",
    "created_at": "2026-11-23T03:00:00Z", "updated_at": "2026-11-23T03:00:00Z"
}))]
pub(super) struct ServerView {
    id: String,
    name: String,
    url: String,
    description: String,
    /// Secrets are masked. A masked value written back means "keep".
    #[schema(value_type = OutboundAuthShape)]
    outbound_auth: OutboundInput,
    /// Whether a server with a shared credential takes overrides too.
    allow_overrides: bool,
    /// `manager` or `user`.
    my_role: &'static str,
    /// Where MCP clients connect.
    gateway_url: String,
    /// Raised by every change of the server, of its access or of its overrides.
    revision: String,
    created_at: Moment,
    updated_at: Moment,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "notes", "url": "https://notes.example.com/mcp",
    "outbound_auth": {"mode": "api_key_individual", "headers": {"Authorization": "Bearer {{API_KEY}}"}}
}))]
pub(super) struct ServerInput {
    /// `[a-z0-9-]{1,63}`: stands in the gateway's URL.
    name: String,
    url: String,
    #[serde(default)]
    description: Option<String>,
    #[schema(value_type = OutboundAuthShape)]
    outbound_auth: OutboundInput,
    #[serde(default)]
    allow_overrides: Option<bool>,
}

/// What is left out, or null, stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"description": "Everybody's notes"}))]
pub(super) struct ServerPatch {
    name: Option<String>,
    url: Option<String>,
    description: Option<String>,
    #[schema(value_type = Option<OutboundAuthShape>)]
    outbound_auth: Option<OutboundInput>,
    allow_overrides: Option<bool>,
}

/// What a change made, or with `dry_run=true` would do.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum Changed {
    Server(Box<ServerView>),
    Preview(EffectView),
}

type Tagged = ([(HeaderName, String); 1], Json<ServerView>);

/// Lists the servers I may use, by name.
#[utoipa::path(get, path = "/servers", tag = "servers", params(Paging),
    responses((status = 200, body = Items<ServerView>), Problems))]
pub(super) async fn list(
    State(services): State<Services>,
    Caller(actor): Caller,
    Params(paging): Params<Paging>,
) -> Result<Json<Items<ServerView>>, Problem> {
    let (servers, next) = services.catalog.list(&actor, &paging.query()?).await?;
    let views = servers.into_iter().map(|server| view(&services, server));
    Ok(Json(Items::new(views.collect::<Result<_, _>>()?, next)))
}

/// Registers a server. Admins only.
#[utoipa::path(post, path = "/servers", tag = "servers", request_body = ServerInput,
    responses((status = 201, body = ServerView), Problems))]
pub(super) async fn create(
    State(services): State<Services>,
    Caller(actor): Caller,
    Body(input): Body<ServerInput>,
) -> Result<(StatusCode, [(HeaderName, String); 2], Json<ServerView>), Problem> {
    let new = NewServer {
        name: input.name,
        url: input.url,
        description: input.description.unwrap_or_default(),
        outbound_auth: input.outbound_auth,
        allow_optional: input.allow_overrides.unwrap_or_default(),
    };
    let server = services.catalog.create(&actor, new).await?;
    let location = format!("/api/v1/servers/{}", server.row.name);
    let headers = [(header::LOCATION, location), (header::ETAG, etag(server.row.revision))];
    Ok((StatusCode::CREATED, headers, Json(view(&services, server)?)))
}

/// One server.
#[utoipa::path(get, path = "/servers/{name}", tag = "servers", params(("name" = String, Path, example = "notes")),
    responses((status = 200, body = ServerView), Problems))]
pub(super) async fn get(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments(name): Segments<String>,
) -> Result<Tagged, Problem> {
    let server = services.catalog.get(&actor, &name).await?;
    tagged(&services, server)
}

/// Changes a server. Its managers only. A change of `outbound_auth` or `allow_overrides` that affects overrides needs a preview's
/// revision in If-Match, as `PUT .../outbound-auth` does; a change of the URL's origin suspends them.
#[utoipa::path(patch, path = "/servers/{name}", tag = "servers", request_body = ServerPatch,
    params(
        ("name" = String, Path, example = "notes"),
        DryRun,
        ("If-Match" = Option<String>, Header, description = "The revision that was seen, quoted.", example = "\"7\"")
    ),
    responses((status = 200, body = Changed), Problems))]
pub(super) async fn change(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments(name): Segments<String>,
    Params(params): Params<DryRun>,
    headers: HeaderMap,
    Body(patch): Body<ServerPatch>,
) -> Result<([(HeaderName, String); 1], Json<Changed>), Problem> {
    // D07: a change of outbound auth never does unseen harm, whichever route it takes.
    let unseen = match (&patch.outbound_auth, patch.allow_overrides) {
        (None, None) => Expected::Anything,
        (Some(_), _) | (_, Some(_)) => Expected::Harmless,
    };
    let expected = if_match(&headers)?.unwrap_or(unseen);
    let change = ServerChange {
        name: patch.name,
        url: patch.url,
        description: patch.description,
        outbound_auth: patch.outbound_auth,
        allow_optional: patch.allow_overrides,
    };
    let (revision, body) = if params.wanted()? {
        let preview = services.catalog.preview(&actor, &name, &change).await?;
        (preview.revision, Changed::Preview(effect(preview)))
    } else {
        let (server, _) = services.catalog.change(&actor, &name, &change, expected).await?;
        let revision = server.row.revision;
        (revision, Changed::Server(Box::new(view(&services, server)?)))
    };
    Ok(([(header::ETAG, etag(revision))], Json(body)))
}

/// Deletes a server with its overrides and its access. Its managers only.
#[utoipa::path(delete, path = "/servers/{name}", tag = "servers", params(("name" = String, Path, example = "notes")),
    responses((status = 204, description = "Deleted"), Problems))]
pub(super) async fn delete(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments(name): Segments<String>,
) -> Result<StatusCode, Problem> {
    services.catalog.delete(&actor, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn tagged(services: &Services, server: SeenServer) -> Result<Tagged, Problem> {
    let tag = etag(server.row.revision);
    Ok(([(header::ETAG, tag)], Json(view(services, server)?)))
}

fn view(services: &Services, server: SeenServer) -> Result<ServerView, Problem> {
    let row = server.row;
    Ok(ServerView {
        outbound_auth: shown_outbound(&row)?,
        id: row.id.to_string(),
        gateway_url: services.catalog.gateway_url(&row.name).to_string(),
        name: row.name.to_string(),
        url: row.url.to_string(),
        description: row.description,
        allow_overrides: row.allow_optional,
        my_role: server.role.as_str(),
        revision: row.revision.to_string(),
        created_at: Moment(row.created_at),
        updated_at: Moment(row.updated_at),
    })
}
