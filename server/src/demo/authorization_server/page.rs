//! Its two pages: who signs in, and whether the client may. Whole without scripts; texts of clients are escaped.

use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use html_escape::{encode_double_quoted_attribute, encode_text};

use super::PEOPLE;
use super::authorize::Pending;

/// No `form-action`: browsers hold the redirect that answers a form against it too, and that leads to the client.
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'";

const STYLE: &str = "
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center;
  background: light-dark(#eef1f6, #14181f); color: light-dark(#1b2430, #e6eaf0); }
main { box-sizing: border-box; width: min(26rem, 100vw - 2rem); padding: 2rem; border-radius: 12px;
  background: light-dark(#fff, #1d232d); border: 1px solid light-dark(#d5dbe5, #37404e); }
h1 { margin: 0 0 1rem; font-size: 1.25rem; }
p, ul { margin: 0 0 1rem; overflow-wrap: anywhere; }
form { display: grid; gap: .5rem; margin: 0 0 1rem; }
main > :last-child { margin-bottom: 0; }
button { font: inherit; padding: .6rem 1rem; border-radius: 8px; cursor: pointer; color: inherit;
  background: light-dark(#f4f6fa, #262d39); border: 1px solid light-dark(#8390a3, #6d7a8e); }
button[value=allow] { background: light-dark(#0b5d4b, #7fd8c0); color: light-dark(#fff, #06251d); border-color: transparent; }
button:focus-visible { outline: 3px solid light-dark(#0b5d4b, #7fd8c0); outline-offset: 2px; }
small { color: light-dark(#51606f, #a3afbe); }
";

pub(super) async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE).into_response()
}

pub(super) fn who(pending: &Pending) -> Response {
    let buttons: String = PEOPLE
        .iter()
        .map(|(id, name)| format!(r#"<button name="person" value="{id}">Continue as {name}</button>"#))
        .collect();
    let body = format!(
        r#"<h1>Sign in to the demo provider</h1>
<p>{client} asks for access in your name. Who are you?</p>
<form method="post" action="/authorize">{request}{buttons}</form>"#,
        client = encode_text(&pending.client_name),
        request = request(pending),
    );
    document(StatusCode::OK, "Sign in", &body)
}

pub(super) fn may_it(pending: &Pending) -> Response {
    let code = &pending.code;
    let resource = code.resource.as_deref().unwrap_or("nothing in particular");
    let scopes: String = code
        .scope
        .split_whitespace()
        .map(|scope| format!("<li>{}</li>", encode_text(scope)))
        .collect();
    let body = format!(
        r#"<h1>Allow {client}?</h1>
<p>Signed in as {person}. {client} wants to use <strong>{resource}</strong> in your name, with the scopes:</p>
<ul>{scopes}</ul>
<form method="post" action="/authorize">{request}
<button name="decision" value="allow">Allow</button><button name="decision" value="deny">Deny</button></form>
<p><small>You go back to {host} afterwards.</small></p>"#,
        client = encode_text(&pending.client_name),
        person = pending.person.map_or("nobody", |(_, name)| name),
        resource = encode_text(resource),
        request = request(pending),
        host = encode_text(code.redirect_uri.authority()),
    );
    document(StatusCode::OK, "Allow access", &body)
}

pub(super) fn problem(text: &str) -> Response {
    let body = format!("<h1>This did not work</h1><p>{}</p>", encode_text(text));
    document(StatusCode::BAD_REQUEST, "Problem", &body)
}

fn request(pending: &Pending) -> String {
    format!(
        r#"<input type="hidden" name="request" value="{}">"#,
        encode_double_quoted_attribute(&pending.id)
    )
}

fn document(status: StatusCode, title: &str, body: &str) -> Response {
    let html = format!(
        r#"<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title} · Demo provider</title>
<link rel="stylesheet" href="/style.css"></head><body><main>{body}</main></body></html>"#
    );
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, headers, Html(html)).into_response()
}
