use leptos::prelude::*;

use super::model::Me;
#[cfg(feature = "ssr")]
use crate::backend;
use crate::error::UiError;

#[server(endpoint = "ui/session/me")]
pub async fn who_am_i() -> Result<Me, UiError> {
    backend::call(|backend, actor| async move { backend.people.me(&actor).await }).await
}
