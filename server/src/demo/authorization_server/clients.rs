//! Clients: those known from the start, those that register themselves (RFC 7591), and how one proves who it is.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::secret::Secret;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::json;
use subtle::ConstantTimeEq;
use url::Url;

use super::DemoProvider;
use super::ledger::{Refusal, random_text};

const MAX_CLIENTS: usize = 1_000;
const MAX_NAME: usize = 100;
const NONE: &str = "none";
pub(super) const METHODS: [&str; 3] = ["client_secret_basic", "client_secret_post", NONE];

#[derive(Debug, Clone)]
pub struct Client {
    pub id: String,
    /// `None`: a public client, which proves nothing but its code's verifier.
    pub secret: Option<Secret>,
    /// As people read it.
    pub name: String,
    /// Compared character by character.
    pub redirect_uris: Vec<String>,
}

impl Client {
    /// A public one without redirects, to be completed.
    pub fn named(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            secret: None,
            name: id.to_owned(),
            redirect_uris: Vec::new(),
        }
    }
}

const UNKNOWN: Refusal = Refusal::new("invalid_client", "The client is unknown, or its secret is wrong.");

/// By HTTP Basic, or by the form's fields; never both (RFC 6749 section 2.3).
pub(super) fn authenticate(
    provider: &DemoProvider,
    headers: &HeaderMap,
    id: Option<&str>,
    secret: Option<&str>,
) -> Result<Client, Refusal> {
    let basic = match headers.get(header::AUTHORIZATION) {
        Some(value) => Some(value.to_str().ok().and_then(basic).ok_or(UNKNOWN)?),
        None => None,
    };
    let (id, secret) = match (&basic, secret) {
        (Some(_), Some(_)) => {
            return Err(Refusal::new("invalid_request", "Authenticate in one way only."));
        }
        (Some((basic_id, _)), None) if id.is_some_and(|id| id != basic_id) => return Err(UNKNOWN),
        (Some((id, secret)), None) => (id.as_str(), Some(secret.expose())),
        (None, secret) => (id.ok_or(UNKNOWN)?, secret),
    };
    let known = client(provider, id).ok_or(UNKNOWN)?;
    let proven = match (&known.secret, secret) {
        (Some(known), Some(given)) => known.expose().as_bytes().ct_eq(given.as_bytes()).into(),
        (None, None) => true,
        _ => false,
    };
    if proven { Ok(known) } else { Err(UNKNOWN) }
}

pub(super) fn client(provider: &DemoProvider, id: &str) -> Option<Client> {
    provider.books().clients.iter().find(|client| client.id == id).cloned()
}

/// Both halves are form-encoded before they are joined (RFC 6749 section 2.3.1).
fn basic(value: &str) -> Option<(String, Secret)> {
    let (scheme, encoded) = value.split_once(' ')?;
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let decoded = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text).decode_utf8().ok().map(String::from)
    };
    scheme
        .eq_ignore_ascii_case("basic")
        .then_some((decoded(id)?, Secret::new(decoded(secret)?)))
}

#[derive(Deserialize)]
pub(super) struct Registration {
    #[serde(default)]
    redirect_uris: Vec<String>,
    client_name: Option<String>,
    token_endpoint_auth_method: Option<String>,
}

pub(super) async fn register(
    State(provider): State<DemoProvider>,
    request: Result<Json<Registration>, JsonRejection>,
) -> Response {
    provider.count(|counts| counts.registrations += 1);
    if !provider.switches().registration {
        return StatusCode::NOT_FOUND.into_response();
    }
    let request = request.map_err(|_| Refusal::new("invalid_client_metadata", "This is no client metadata."));
    match request.and_then(|Json(request)| accept(&provider, request)) {
        Ok(answer) => (StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response(),
        Err(refusal) => (StatusCode::BAD_REQUEST, Json(refusal)).into_response(),
    }
}

fn accept(provider: &DemoProvider, request: Registration) -> Result<serde_json::Value, Refusal> {
    if request.redirect_uris.is_empty() || !request.redirect_uris.iter().all(|uri| is_redirect(uri)) {
        let text = "Give redirect URIs with https, or with http on this machine, without a fragment.";
        return Err(Refusal::new("invalid_redirect_uri", text));
    }
    let method = request.token_endpoint_auth_method.as_deref().unwrap_or(METHODS[0]);
    if !METHODS.contains(&method) {
        return Err(Refusal::new(
            "invalid_client_metadata",
            "Unknown authentication method.",
        ));
    }
    let secret = (method != NONE).then(|| random_text("dp_secret_")).transpose()?;
    let name = request
        .client_name
        .unwrap_or_else(|| "A client without a name".to_owned());
    let client = Client {
        id: random_text("dp_client_")?.expose().to_owned(),
        secret,
        name: name.chars().take(MAX_NAME).collect(),
        redirect_uris: request.redirect_uris,
    };
    let mut answer = json!({
        "client_id": client.id,
        "client_id_issued_at": provider.now(),
        "client_name": client.name,
        "redirect_uris": client.redirect_uris,
        "token_endpoint_auth_method": method,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
    });
    if let Some(secret) = &client.secret {
        answer["client_secret"] = secret.expose().into();
        answer["client_secret_expires_at"] = 0.into();
    }
    let mut books = provider.books();
    if books.clients.len() >= MAX_CLIENTS {
        return Err(Refusal::new(
            "invalid_client_metadata",
            "There are too many clients already.",
        ));
    }
    books.clients.push(client);
    Ok(answer)
}

fn is_redirect(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        url.fragment().is_none() && (url.scheme() == "https" || (url.scheme() == "http" && local))
    })
}
