//! The addresses of what the token page does.

use leptos::prelude::*;

use super::model::{CreatedToken, TokenRow};
#[cfg(feature = "ssr")]
use crate::backend;
use crate::error::UiError;
use crate::wire::Wire;

#[server(endpoint = "ui/tokens/list", protocol = Wire)]
pub async fn list_tokens() -> Result<Vec<TokenRow>, UiError> {
    backend::call(|backend, actor| async move { backend.tokens.list(&actor).await }).await
}

#[server(endpoint = "ui/tokens/create", protocol = Wire)]
pub async fn create_token(
    #[server(default)] name: String,
    #[server(default)] days: String,
) -> Result<CreatedToken, UiError> {
    backend::call(|backend, actor| async move { backend.tokens.create(&actor, &name, &days).await }).await
}

#[server(endpoint = "ui/tokens/revoke", protocol = Wire)]
pub async fn revoke_token(id: String) -> Result<(), UiError> {
    backend::call(|backend, actor| async move { backend.tokens.revoke(&actor, &id).await }).await?;
    backend::go_to("/tokens?done=revoked");
    Ok(())
}
