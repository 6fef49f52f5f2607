//! The HTTP front: which part answers which path, and what surrounds them all.

pub mod arrival;
pub mod assets;
mod bounded;
pub mod calls;
mod door;
pub mod headers;
pub mod health;
mod import;
pub mod invite;
pub mod listen;
mod login;
mod login_form;
pub mod oauth;
mod once;
mod parting;
pub mod same_origin;
pub mod session;
pub mod set_up;
pub mod sign_in;
pub mod sign_on;
pub mod ui;
pub mod workers;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use app::features::session::model::SignInWays;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{StatusCode, Uri, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use ipnet::IpNet;
use serde_json::json;
use tower::ServiceExt;
use tower_http::catch_panic::CatchPanicLayer;
use url::Url;

use crate::api;
use crate::backend;
use crate::clock::Clock;
use crate::gateway::{Address, Gateway, GatewayConfig};
use crate::identity::SignOn;
use crate::login as mcp_login;
use crate::services::Services;
use crate::startup::Overkey;
use crate::telemetry::measures;
use bounded::{Bounded, bounded};
use calls::CallFront;
use set_up::SetUpLink;

/// Forms are small; REST and MCP bodies have limits of their own.
const FORM_LIMIT: usize = 256 * 1024;

/// What our own handlers need.
#[derive(Clone)]
pub struct WebState {
    pub services: Services,
    pub clock: Arc<dyn Clock>,
    pub set_up: SetUpLink,
    pub password_sign_in: bool,
    pub sign_on: Option<SignOn>,
    pub public_url: Arc<Url>,
}

/// All that we answer: calls, and the rest.
#[derive(Clone)]
pub struct Site {
    pub calls: CallFront,
    pub rest: Router,
}

impl Site {
    /// Everything on the runtime that asks.
    pub async fn answer(self, request: Request) -> Result<Response, Infallible> {
        match Address::of(request.uri()) {
            Some(address) => Ok(self.calls.answer(address, request).await),
            None => self.rest.oneshot(request).await,
        }
    }
}

pub fn site(overkey: &Overkey, set_up: SetUpLink) -> anyhow::Result<Site> {
    let (core, config) = (&overkey.core, &overkey.config);
    let state = WebState {
        services: overkey.services.clone(),
        clock: core.clock.clone(),
        set_up,
        password_sign_in: config.password_sign_in,
        sign_on: overkey.sign_on.clone(),
        public_url: Arc::new(core.public_url.clone()),
    };
    let trusted_proxies: Arc<[IpNet]> = config.trusted_proxies.clone().into();
    let gateway = Gateway::new(
        overkey.services.calls.clone(),
        overkey.egress.clone(),
        overkey.oauth.clone(),
        &core.seal,
        core.public_url.clone(),
        gateway_config(overkey),
    );
    let ways = SignInWays {
        password: config.password_sign_in,
        sso: config.sso.as_ref().map(|sso| sso.name.clone()),
    };
    let pages = backend::wire(
        &overkey.services,
        &core.clock,
        &gateway,
        overkey.oauth.redirect_url(),
        ways,
    );
    let public_url = state.public_url.clone();
    let sessions = session::layer(core.store.clone(), core.clock.clone(), &core.public_url);
    let with_session = Router::new()
        .route("/sign-in", post(sign_in::sign_in))
        .route("/sign-in/sso", post(sign_on::begin))
        .route("/sign-in/sso/callback", get(sign_on::callback))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/setup/{token}", post(sign_in::set_up))
        .route("/invite/{token}", post(invite::accept))
        .route("/theme", post(sign_in::theme))
        .with_state(state.clone())
        .layer(DefaultBodyLimit::max(FORM_LIMIT))
        .merge(oauth::router(overkey.oauth.clone()))
        .nest("/api/v1", api::router(overkey.services.clone()))
        .merge(ui::router(&pages, state.set_up.clone(), overkey.login.clone()))
        .layer(from_fn_with_state(
            (state.services.clone(), state.clock.clone()),
            session::actor,
        ))
        .layer(sessions)
        .layer(from_fn(same_origin::same_origin));
    let bounds = Bounded::new(Duration::from_secs(config.body_timeout));
    let calls = CallFront::new(gateway, trusted_proxies.clone(), public_url.clone());
    let rest = Router::new()
        .merge(with_session)
        .merge(oauth::public_router(overkey.oauth.clone()))
        .merge(mcp_login::router(overkey.login.clone()))
        .layer(from_fn_with_state(bounds, bounded))
        .merge(if config.metrics_listen.is_some() { Router::new() } else { metrics_router(overkey) })
        .layer(from_fn_with_state(trusted_proxies, arrival::arrival))
        .layer(from_fn_with_state(public_url.clone(), headers::known_host))
        // Probes come by address.
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz).with_state((core.store.clone(), core.seal.clone())))
        .layer(from_fn_with_state(public_url, headers::security_headers))
        .layer(CatchPanicLayer::new());
    Ok(Site { calls, rest })
}

/// `/metrics`, on this listener or on its own. Servers are named on its own alone: here strangers read it.
pub fn metrics_router(overkey: &Overkey) -> Router {
    measures::name_servers(overkey.config.metrics_listen.is_some());
    let calls = overkey.services.calls.clone();
    Router::new().route("/metrics", get(health::metrics).with_state(calls))
}

fn gateway_config(overkey: &Overkey) -> GatewayConfig {
    let config = &overkey.config;
    GatewayConfig {
        allowed_origins: config.allowed_origins.clone(),
        body_limit: config.body_limit,
        body_timeout: Duration::from_secs(config.body_timeout),
        first_byte_timeout: Duration::from_secs(config.first_byte_timeout),
        idle_timeout: Duration::from_secs(config.idle_timeout),
        credential_wait: Duration::from_secs(config.credential_wait),
        limits: config.limits,
    }
}

/// For clients that are no browsers. MCP clients probe `/.well-known/` and `/oauth/` and read what comes back as JSON.
fn not_found(uri: &Uri) -> Response {
    let path = uri.path();
    // The last three are where MCP clients look for a login that a server does not describe (MCP 2025-03-26, Authorization).
    let probed = path.starts_with("/.well-known/")
        || path.starts_with("/oauth/")
        || matches!(path, "/register" | "/authorize" | "/token");
    if probed {
        (
            StatusCode::NOT_FOUND,
            Json(json!({ "error": "not_found", "error_description": "There is nothing here." })),
        )
            .into_response()
    } else {
        (
            StatusCode::NOT_FOUND,
            [(header::CONTENT_TYPE, "text/plain; charset=utf-8")],
            "There is no such page.",
        )
            .into_response()
    }
}
