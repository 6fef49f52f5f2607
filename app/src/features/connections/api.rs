//! The addresses of what the connection pages do.

use leptos::prelude::*;

use super::model::{ConnectPage, ConnectionPage};
#[cfg(feature = "ssr")]
use crate::backend;
use crate::error::UiError;
use crate::features::overrides::model::OverrideRow;
use crate::wire::Wire;

#[server(endpoint = "ui/connections/list", protocol = Wire)]
pub async fn list_connections(
    #[server(default)] search: String,
    #[server(default)] cursor: String,
) -> Result<ConnectionPage, UiError> {
    backend::call(|backend, actor| async move { backend.connections.list(&actor, &search, &cursor).await }).await
}

#[server(endpoint = "ui/connections/connect", protocol = Wire)]
pub async fn connect(server: String, #[server(default)] subject: String) -> Result<ConnectPage, UiError> {
    backend::call(|backend, actor| async move { backend.connections.connect(&actor, &server, &subject).await }).await
}

#[server(endpoint = "ui/connections/own", protocol = Wire)]
pub async fn my_override(server: String) -> Result<Option<OverrideRow>, UiError> {
    backend::call(|backend, actor| async move { backend.connections.own(&actor, &server).await }).await
}
