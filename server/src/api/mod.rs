//! The REST API: `/api/v1`. Each file is one resource; the rules are the services'.

mod access;
mod activity;
mod audit;
mod caller;
mod connected_apps;
mod effective_access;
mod export;
mod external_identities;
mod import;
mod invitations;
mod me;
mod moment;
mod notifications;
mod openapi;
mod outbound_auth;
mod overrides;
mod paging;
mod problem;
mod request;
mod resolve;
mod servers;
mod subject;
mod teams;
mod tokens;
mod user_tokens;
mod users;
mod verify;
mod virtual_accounts;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, header};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::services::Services;

/// Room for sixteen credentials of 16 KiB each, and for escapes.
const MAX_BODY: usize = 512 * 1024;

/// Everything below `/api/v1`, to be nested there. An `Actor` in the request's extensions is a signed-in session; a gateway
/// token in `Authorization` counts before it.
pub fn router(services: Services) -> Router {
    let (routes, document) = openapi::routes().split_for_parts();
    openapi::serve(routes, document)
        .fallback(problem::no_such_route)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(SetResponseHeaderLayer::overriding(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-store"),
        ))
        .with_state(services)
}
