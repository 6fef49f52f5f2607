//! The addresses of what the Access tab does.

use leptos::prelude::*;

use super::model::AccessPage;
#[cfg(feature = "ssr")]
use crate::backend;
use crate::error::UiError;
use crate::ui::suggest_field::Suggestion;
use crate::wire::Wire;

#[server(endpoint = "ui/access/list", protocol = Wire)]
pub async fn list_access(
    server: String,
    #[server(default)] search: String,
    #[server(default)] cursor: String,
) -> Result<AccessPage, UiError> {
    backend::call(|backend, actor| async move { backend.access.list(&actor, &server, &search, &cursor).await }).await
}

#[server(endpoint = "ui/access/suggest", protocol = Wire)]
pub async fn suggest_grantees(server: String, #[server(default)] search: String) -> Result<Vec<Suggestion>, UiError> {
    backend::call(|backend, actor| async move { backend.access.suggest(&actor, &server, &search).await }).await
}

/// `grantee` is an e-mail address, a team's or a virtual account's name, or `everyone`.
#[server(endpoint = "ui/access/grant", protocol = Wire)]
pub async fn grant_access(server: String, #[server(default)] grantee: String, role: String) -> Result<(), UiError> {
    let kept = vec![("grantee".to_owned(), grantee.clone())];
    let target = format!("/servers/{server}/access?done=granted");
    backend::call(|backend, actor| async move { backend.access.grant(&actor, &server, &grantee, &role).await })
        .await
        .map_err(|error| error.keeping(kept))?;
    backend::go_to(&target);
    Ok(())
}

#[server(endpoint = "ui/access/revoke", protocol = Wire)]
pub async fn revoke_access(server: String, grantee: String) -> Result<(), UiError> {
    let target = format!("/servers/{server}/access?done=access-removed");
    backend::call(|backend, actor| async move { backend.access.revoke(&actor, &server, &grantee).await }).await?;
    backend::go_to(&target);
    Ok(())
}
