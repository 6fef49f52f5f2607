//! Mounts the pages: Leptos routes, their server functions, the files they load, and the way to the sign-in page.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use domain::actor::Actor;
use leptos::config::{Env, LeptosOptions};
use leptos::prelude::provide_context;
use leptos_axum::{LeptosRoutes, generate_route_list_with_exclusions_and_ssg_and_context};
use url::form_urlencoded;

use app::backend::Backend;
use app::shell::shell;
use app::{App, Parts};

use super::{assets, import, login, once, set_up::SetUpLink, sign_in::safe_next};
use crate::login::Login;

#[derive(Clone)]
pub(super) struct Pages {
    options: LeptosOptions,
    pub(super) backend: Backend,
    pub(super) login: Login,
}

pub fn router(backend: &Backend, set_up: SetUpLink, login: Login) -> Router {
    let pages = Pages {
        options: options(),
        backend: backend.clone(),
        login,
    };
    let context = context(backend);
    let (routes, _) = generate_route_list_with_exclusions_and_ssg_and_context(
        App,
        Some(vec![login::PAGE.to_owned()]),
        context.clone(),
    );
    let drawn = {
        let options = pages.options.clone();
        move || shell(options.clone())
    };
    let leptos = Router::new()
        .leptos_routes_with_context(&pages.options, routes, context, drawn)
        .with_state(pages.options.clone());
    Router::new()
        .merge(leptos)
        .merge(once::routes())
        .merge(login::routes())
        .merge(import::routes())
        .fallback(file_or_not_found)
        .layer(from_fn(signed_in_first))
        .layer(from_fn_with_state(set_up, only_a_good_link))
        .with_state(pages)
}

#[expect(
    clippy::disallowed_methods,
    reason = "how `make dev` is told apart is Leptos' own affair, not a setting"
)]
fn options() -> LeptosOptions {
    // `make dev` sets it; Leptos puts its reloading script into the pages then.
    let watched = std::env::var_os("LEPTOS_WATCH").is_some();
    LeptosOptions::builder()
        .output_name(assets::output_name())
        .site_pkg_dir("pkg")
        .env(if watched { Env::DEV } else { Env::PROD })
        .build()
}

/// What pages and server functions find in their context; the same everywhere, or one of them would lack it.
pub(super) fn context(backend: &Backend) -> impl Fn() + Clone + Send + Sync + 'static + use<> {
    let backend = backend.clone();
    let parts = Parts(Arc::new(assets::parts()));
    move || {
        provide_context(backend.clone());
        provide_context(parts.clone());
    }
}

pub(super) async fn draw(
    pages: &Pages,
    context: impl Fn() + Clone + Send + Sync + 'static,
    request: Request,
) -> Response {
    let options = pages.options.clone();
    leptos_axum::render_app_async_with_context(context, move || shell(options.clone()))(request).await
}

/// A file that browsers load, or a page that says there is none. MCP clients probe some paths and read JSON: a page would look
/// like a broken authorization server to them.
async fn file_or_not_found(State(pages): State<Pages>, request: Request) -> Response {
    if let Some(file) = assets::find(request.uri().path(), request.headers()) {
        return file;
    }
    if !wants_page(request.headers()) {
        return super::not_found(request.uri());
    }
    let mut response = draw(&pages, context(&pages.backend), request).await;
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

pub(super) fn wants_page(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .any(|text| text.contains("text/html"))
}

/// Pages are for people who are signed in; the others come back here afterwards.
async fn signed_in_first(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let open = path == "/sign-in"
        || ["/setup/", "/invite/", "/api/"]
            .iter()
            .any(|open| path.starts_with(open));
    let known = request.extensions().get::<Actor>().is_some();
    let is_file = assets::find(path, request.headers()).is_some();
    if open || known || is_file || !wants_page(request.headers()) {
        return next.run(request).await;
    }
    to_sign_in(request.uri())
}

pub(super) fn to_sign_in(uri: &Uri) -> Response {
    let wanted = uri.path_and_query().map_or("/", |path| path.as_str());
    let query: String = form_urlencoded::Serializer::new(String::new())
        .append_pair("next", safe_next(wanted))
        .finish();
    Redirect::to(&format!("/sign-in?{query}")).into_response()
}

/// A set-up link that was used or never made leads to the sign-in page.
async fn only_a_good_link(State(link): State<SetUpLink>, request: Request, next: Next) -> Response {
    match request.uri().path().strip_prefix("/setup/") {
        Some(token) if !link.fits(token) => Redirect::to("/sign-in?error=link").into_response(),
        _ => next.run(request).await,
    }
}
