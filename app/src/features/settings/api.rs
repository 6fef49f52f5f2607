//! The addresses of what the settings page does.

use leptos::prelude::*;

use super::model::NotificationsPage;
#[cfg(feature = "ssr")]
use crate::backend;
use crate::error::UiError;
use crate::wire::Wire;

#[server(endpoint = "ui/settings/notifications", protocol = Wire)]
pub async fn notifications() -> Result<NotificationsPage, UiError> {
    backend::call(|backend, actor| async move { backend.settings.notifications(&actor).await }).await
}

#[server(endpoint = "ui/settings/test", protocol = Wire)]
pub async fn test_notifications() -> Result<(), UiError> {
    backend::call(|backend, actor| async move { backend.settings.test(&actor).await }).await?;
    backend::go_to("/settings?done=test-sent");
    Ok(())
}
