//! The addresses of what the pages of external identities do.

use leptos::prelude::*;

use super::model::{IdentitiesPage, IdentityPage};
#[cfg(feature = "ssr")]
use crate::backend;
use crate::error::UiError;
use crate::wire::Wire;

#[server(endpoint = "ui/external-identities/list", protocol = Wire)]
pub async fn list_identities(
    #[server(default)] search: String,
    #[server(default)] cursor: String,
) -> Result<IdentitiesPage, UiError> {
    backend::call(|backend, actor| async move { backend.identities.list(&actor, &search, &cursor).await }).await
}

#[server(endpoint = "ui/external-identities/get", protocol = Wire)]
pub async fn get_identity(id: String) -> Result<IdentityPage, UiError> {
    backend::call(|backend, actor| async move { backend.identities.get(&actor, &id).await }).await
}

#[server(endpoint = "ui/external-identities/delete", protocol = Wire)]
pub async fn delete_identity(id: String) -> Result<(), UiError> {
    backend::call(|backend, actor| async move { backend.identities.delete(&actor, &id).await }).await?;
    backend::go_to("/external-identities?done=identity-deleted");
    Ok(())
}
