//! The addresses of what the Tools tab does.

use leptos::prelude::*;

use super::model::{ToolList, ToolResult};
#[cfg(feature = "ssr")]
use crate::backend;
use crate::error::UiError;
use crate::wire::Wire;

#[server(endpoint = "ui/tools/list", protocol = Wire)]
pub async fn list_tools(server: String) -> Result<ToolList, UiError> {
    backend::call(|backend, actor| async move { backend.tools.list(&actor, &server).await }).await
}

#[server(endpoint = "ui/tools/call", protocol = Wire)]
pub async fn call_tool(
    server: String,
    tool: String,
    #[server(default)] arguments: String,
) -> Result<ToolResult, UiError> {
    backend::call(|backend, actor| async move { backend.tools.call(&actor, &server, &tool, &arguments).await }).await
}
