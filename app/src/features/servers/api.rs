//! The addresses of what the server pages do.

use leptos::prelude::*;

use super::model::{ServerForm, ServerList, ServerListRequest, ServerPage, SettingsPage};
#[cfg(feature = "ssr")]
use crate::backend;
use crate::error::UiError;
use crate::wire::Wire;

#[server(endpoint = "ui/servers/list", protocol = Wire)]
pub async fn list_servers(request: ServerListRequest) -> Result<ServerList, UiError> {
    backend::call(|backend, actor| async move { backend.servers.list(&actor, request).await }).await
}

#[server(endpoint = "ui/servers/get", protocol = Wire)]
pub async fn get_server(server: String) -> Result<ServerPage, UiError> {
    backend::call(|backend, actor| async move { backend.servers.get(&actor, &server).await }).await
}

/// What the form of a new server begins with.
#[server(endpoint = "ui/servers/new", protocol = Wire)]
pub async fn new_server() -> Result<SettingsPage, UiError> {
    backend::call(|backend, actor| async move { backend.servers.blank(&actor).await }).await
}

#[server(endpoint = "ui/servers/settings", protocol = Wire)]
pub async fn server_settings(server: String) -> Result<SettingsPage, UiError> {
    backend::call(|backend, actor| async move { backend.servers.settings(&actor, &server).await }).await
}

#[server(endpoint = "ui/servers/create", protocol = Wire)]
pub async fn create_server(form: ServerForm) -> Result<(), UiError> {
    let kept = form.kept();
    let name = backend::call(|backend, actor| async move { backend.servers.create(&actor, form).await })
        .await
        .map_err(|error| error.keeping(kept))?;
    backend::go_to(&format!("/servers/{name}?done=created"));
    Ok(())
}

#[server(endpoint = "ui/servers/change", protocol = Wire)]
pub async fn change_server(server: String, form: ServerForm) -> Result<(), UiError> {
    let kept = form.kept();
    let changed = backend::call(|backend, actor| async move { backend.servers.change(&actor, &server, form).await })
        .await
        .map_err(|error| error.keeping(kept))?;
    let done = if changed.unchanged { "unchanged" } else { "saved" };
    backend::go_to(&format!("/servers/{}/settings?done={done}", changed.name));
    Ok(())
}

#[server(endpoint = "ui/servers/delete", protocol = Wire)]
pub async fn delete_server(server: String, #[server(default)] typed_name: String) -> Result<(), UiError> {
    backend::call(|backend, actor| async move { backend.servers.delete(&actor, &server, &typed_name).await }).await?;
    backend::go_to("/servers?done=removed");
    Ok(())
}
