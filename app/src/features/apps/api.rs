//! The addresses of what the list of apps does.

use leptos::prelude::*;

use super::model::AppRow;
#[cfg(feature = "ssr")]
use crate::backend;
use crate::error::UiError;
use crate::wire::Wire;

#[server(endpoint = "ui/apps/list", protocol = Wire)]
pub async fn list_apps() -> Result<Vec<AppRow>, UiError> {
    backend::call(|backend, actor| async move { backend.apps.list(&actor).await }).await
}

#[server(endpoint = "ui/apps/disconnect", protocol = Wire)]
pub async fn disconnect_app(id: String) -> Result<(), UiError> {
    backend::call(|backend, actor| async move { backend.apps.disconnect(&actor, &id).await }).await?;
    backend::go_to("/tokens?done=app-disconnected");
    Ok(())
}
