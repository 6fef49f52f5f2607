//! `POST /oauth/register` (RFC 7591): anybody may, it gives no access to anything.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use domain::login::SCOPE;
use domain::login::client::{Client, Described};
use domain::via::Via;
use serde_json::{Map, json};

use super::{Login, answer};
use crate::services::logins::LoginClientRow;

pub async fn register(
    State(login): State<Login>,
    Extension(via): Extension<Via>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_json = kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/json"));
    let described = serde_json::from_slice::<Described>(&body).ok().filter(|_| is_json);
    let Some(described) = described else {
        let text = "Send the client's metadata as a JSON object, with Content-Type: application/json.";
        return answer::refused("invalid_client_metadata", text);
    };
    let client = match Client::registering(&described) {
        Ok(client) => client,
        Err(error) => return answer::refused(error.code(), &error.to_string()),
    };
    match login.logins().register(client, via.address).await {
        Ok(row) => (StatusCode::CREATED, Json(registered(&row))).into_response(),
        Err(error) => answer::failed(&error),
    }
}

/// What was taken, which is not all that was sent (RFC 7591 section 3.2.1).
fn registered(row: &LoginClientRow) -> Map<String, serde_json::Value> {
    let grants: &[&str] = if row.client.refreshes {
        &["authorization_code", "refresh_token"]
    } else {
        &["authorization_code"]
    };
    let mut taken = Map::from_iter([
        ("client_id".to_owned(), json!(row.id)),
        ("client_id_issued_at".to_owned(), json!(row.created_at.0)),
        ("redirect_uris".to_owned(), json!(row.client.redirect_uris)),
        ("grant_types".to_owned(), json!(grants)),
        ("response_types".to_owned(), json!(["code"])),
        ("token_endpoint_auth_method".to_owned(), json!("none")),
        ("scope".to_owned(), json!(SCOPE)),
    ]);
    if let Some(name) = &row.client.name {
        taken.insert("client_name".to_owned(), json!(name));
    }
    taken
}
