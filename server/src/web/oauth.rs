//! The browser's way to a server's provider and back (`crate::oauth` does what counts).
//!
//! `POST /oauth/start/{server}` answers with a page that leads on by itself: a redirect would be stopped by the policy that our forms
//! post to us only.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use domain::actor::Actor;
use domain::oauth::ConsentProblem;
use domain::secret::Secret;
use domain::server::ServerName;
use serde::Deserialize;
use serde_json::Value;
use tower_sessions::Session;
use url::Url;

use super::session;
use crate::oauth::{Answer, Ending, Oauth};

/// What needs a signed-in browser.
pub fn router(oauth: Oauth) -> Router {
    Router::new()
        .route("/oauth/start/{server}", post(start))
        .route("/oauth/callback", get(callback))
        .with_state(oauth)
}

/// What providers read.
pub fn public_router(oauth: Oauth) -> Router {
    Router::new()
        .route("/oauth/client-metadata.json", get(client_metadata))
        .with_state(oauth)
}

async fn client_metadata(State(oauth): State<Oauth>) -> Response {
    match oauth.document_url() {
        Some(_) => Json::<Value>(oauth.metadata_document()).into_response(),
        // Without https we are nobody's client by this document.
        None => (StatusCode::NOT_FOUND, Json(serde_json::json!({ "error": "not_found" }))).into_response(),
    }
}

async fn start(
    State(oauth): State<Oauth>,
    Path(server): Path<String>,
    actor: Option<Extension<Actor>>,
    browser: Session,
) -> Response {
    // Only a name goes into an address; anything else is no server of ours.
    let Ok(name) = ServerName::parse(&server) else {
        return Redirect::to("/connections").into_response();
    };
    let (Some(Extension(actor)), Some(session_hash)) = (actor, session::hash_of(&browser)) else {
        return Redirect::to(&format!("/sign-in?next=/connect/{name}")).into_response();
    };
    match oauth.begin(&actor, name.as_str(), &session_hash).await {
        Ok(departure) => lead_on(&departure.url, &departure.host),
        Err(error) => back_to(Some(&name), Some(error.problem())),
    }
}

/// RFC 6749 section 4.1.2, RFC 9207. Each at most once: a second one is 400.
#[derive(Deserialize)]
struct Returned {
    state: Option<String>,
    code: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

async fn callback(
    State(oauth): State<Oauth>,
    Query(returned): Query<Returned>,
    actor: Option<Extension<Actor>>,
    browser: Session,
) -> Response {
    let (Some(Extension(actor)), Some(session_hash)) = (actor, session::hash_of(&browser)) else {
        return back_to(None, Some(ConsentProblem::AnotherSession));
    };
    let answer = Answer {
        state: returned.state.map(Secret::new),
        code: returned.code.map(Secret::new),
        issuer: returned.iss,
        error: returned.error,
    };
    let Ending { server, problem } = oauth.finish(&actor, &session_hash, answer).await;
    back_to(server.as_ref(), problem)
}

fn back_to(server: Option<&ServerName>, problem: Option<ConsentProblem>) -> Response {
    let page = server.map_or_else(|| "/connections".to_owned(), |server| format!("/connect/{server}"));
    let query = match problem {
        Some(problem) => format!("problem={}", problem.as_str()),
        None => "done=authorized".to_owned(),
    };
    Redirect::to(&format!("{page}?{query}")).into_response()
}

/// A page that leads on by itself: a redirect would be stopped by the policy that our forms post to us only.
pub(super) fn lead_on(url: &Url, host: &str) -> Response {
    let (url, host) = (escaped(url.as_str()), escaped(host));
    let page = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Continue to {host} · Overkey</title>\
        <meta http-equiv=\"refresh\" content=\"0;url={url}\"></head>\
        <body><p>Continue to <a id=\"continue\" href=\"{url}\">{host}</a>.</p></body></html>"
    );
    let mut response = Html(page).into_response();
    // The address holds our state: no other site is told it by a Referer.
    let none = HeaderValue::from_static("no-referrer");
    response.headers_mut().insert(header::REFERRER_POLICY, none);
    response
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g4_an_address_is_text_in_our_page() {
        assert_eq!(
            escaped("https://a.example/?a=1&b=\"><script>'"),
            "https://a.example/?a=1&amp;b=&quot;&gt;&lt;script&gt;&#39;"
        );
    }
}
