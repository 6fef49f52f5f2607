//! Overkey as an OAuth 2.1 authorization server for the servers it serves (B10): what MCP clients read, register at and get tokens from.
//! The page on which a person allows a client is `crate::web::login`'s, what is kept is `services::logins`', the rules are
//! `domain::login`'s.

mod answer;
mod ask;
mod document;
mod metadata;
mod register;
mod ticket;
mod token;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, Method, header};
use axum::routing::{get, post};
use tower_http::cors::{Any, CorsLayer};
use url::Url;

use crate::egress::Egress;
use crate::seal::Seal;
use crate::services::Core;
use crate::services::logins::Logins;

pub use ask::{Ask, NotAsked};
pub use ticket::Ticket;

/// Registrations and token requests are small.
const MAX_BODY: usize = 32 * 1024;

/// Cheap to clone.
#[derive(Clone)]
pub struct Login(Arc<Parts>);

struct Parts {
    logins: Logins,
    egress: Egress,
    seal: Arc<Seal>,
    public_url: Url,
}

impl Login {
    pub fn new(core: &Core, logins: Logins, egress: Egress) -> Self {
        Self(Arc::new(Parts {
            logins,
            egress,
            seal: core.seal.clone(),
            public_url: core.public_url.clone(),
        }))
    }

    /// What we are called as an authorization server: no slash at its end.
    pub fn issuer(&self) -> String {
        self.0.public_url.origin().ascii_serialization()
    }

    pub fn logins(&self) -> &Logins {
        &self.0.logins
    }
}

/// What needs no session. Programs in browsers may read it from everywhere: nothing here listens to cookies.
pub fn router(login: Login) -> Router {
    let read_anywhere = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([
            header::CONTENT_TYPE,
            header::AUTHORIZATION,
            header::ACCEPT,
            HeaderName::from_static("mcp-protocol-version"),
        ]);
    Router::new()
        .route("/.well-known/oauth-authorization-server", get(metadata::server))
        .route(
            "/.well-known/oauth-protected-resource/mcp/{server}",
            get(metadata::resource),
        )
        .route(
            "/.well-known/oauth-protected-resource/mcp/{server}/sse",
            get(metadata::resource),
        )
        .route("/oauth/register", post(register::register))
        .route("/oauth/token", post(token::token))
        .route("/oauth/revoke", post(token::revoke))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(read_anywhere)
        .with_state(login)
}
