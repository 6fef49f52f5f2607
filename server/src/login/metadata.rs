//! What a client reads first: how a server is protected (RFC 9728), and who gives out tokens (RFC 8414).

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::login::{SCOPE, audience};
use domain::server::ServerName;
use serde_json::{Value, json};

use super::Login;

/// The same for every name that can be a server's, whether there is one or not: nobody is told which there are (D11).
pub async fn resource(State(login): State<Login>, headers: HeaderMap, Path(server): Path<String>) -> Response {
    let Ok(server) = ServerName::parse(&server) else {
        let body = json!({ "error": "not_found", "error_description": "This can be no server's address." });
        return (StatusCode::NOT_FOUND, Json(body)).into_response();
    };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let base = audience::known_as(&login.0.public_url, host);
    Json(json!({
        "resource": audience::resource(&base, &server).as_str(),
        "authorization_servers": [login.issuer()],
        "scopes_supported": [SCOPE],
        "bearer_methods_supported": ["header"],
        "resource_name": format!("{server} (Overkey)"),
    }))
    .into_response()
}

pub async fn server(State(login): State<Login>) -> Json<Value> {
    let at = |path: &str| format!("{}{path}", login.issuer());
    Json(json!({
        "issuer": login.issuer(),
        "authorization_endpoint": at("/oauth/authorize"),
        "token_endpoint": at("/oauth/token"),
        "registration_endpoint": at("/oauth/register"),
        "revocation_endpoint": at("/oauth/revoke"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "scopes_supported": [SCOPE],
        "authorization_response_iss_parameter_supported": true,
        "client_id_metadata_document_supported": true,
    }))
}
