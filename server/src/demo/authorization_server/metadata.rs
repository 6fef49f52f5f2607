//! What clients read first (RFC 8414).

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::{DemoProvider, SCOPES, clients};

pub(super) async fn metadata(State(provider): State<DemoProvider>) -> Json<Value> {
    let mut metadata = json!({
        "issuer": provider.base_url,
        "authorization_endpoint": provider.authorization_url(),
        "token_endpoint": provider.token_url(),
        "revocation_endpoint": provider.revocation_url(),
        "scopes_supported": SCOPES,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "token_endpoint_auth_methods_supported": clients::METHODS,
        "revocation_endpoint_auth_methods_supported": clients::METHODS,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    });
    if provider.switches().registration {
        metadata["registration_endpoint"] = provider.registration_url().into();
    }
    Json(metadata)
}
