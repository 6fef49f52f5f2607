//! The address of what the audit page asks for.

use leptos::prelude::*;

use super::model::{AuditPage, AuditRequest};
#[cfg(feature = "ssr")]
use crate::backend;
use crate::error::UiError;
use crate::wire::Wire;

#[server(endpoint = "ui/audit/list", protocol = Wire)]
pub async fn list_audit(request: AuditRequest) -> Result<AuditPage, UiError> {
    backend::call(|backend, actor| async move { backend.audit.list(&actor, request).await }).await
}
