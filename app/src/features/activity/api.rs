//! The addresses of what the activity pages ask for.

use leptos::prelude::*;

use super::model::{CallsPage, CallsRequest, ChangesPage, SummaryPage, SummaryRequest};
#[cfg(feature = "ssr")]
use crate::backend;
use crate::error::UiError;
use crate::wire::Wire;

#[server(endpoint = "ui/activity/summary", protocol = Wire)]
pub async fn activity_summary(request: SummaryRequest) -> Result<SummaryPage, UiError> {
    backend::call(|backend, actor| async move { backend.activity.summary(&actor, request).await }).await
}

#[server(endpoint = "ui/activity/calls", protocol = Wire)]
pub async fn list_calls(request: CallsRequest) -> Result<CallsPage, UiError> {
    backend::call(|backend, actor| async move { backend.activity.calls(&actor, request).await }).await
}

#[server(endpoint = "ui/activity/changes", protocol = Wire)]
pub async fn list_changes(server: String, #[server(default)] cursor: String) -> Result<ChangesPage, UiError> {
    backend::call(|backend, actor| async move { backend.activity.changes(&actor, &server, &cursor).await }).await
}
