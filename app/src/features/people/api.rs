//! The addresses of what the people pages do.

use leptos::prelude::*;

use super::model::{InviteLink, PeoplePage, PersonPage};
#[cfg(feature = "ssr")]
use crate::backend;
use crate::error::UiError;
use crate::ui::suggest_field::Suggestion;
use crate::wire::Wire;

#[server(endpoint = "ui/people/list", protocol = Wire)]
pub async fn list_people(
    #[server(default)] search: String,
    #[server(default)] cursor: String,
) -> Result<PeoplePage, UiError> {
    backend::call(|backend, actor| async move { backend.directory.list(&actor, &search, &cursor).await }).await
}

#[server(endpoint = "ui/people/get", protocol = Wire)]
pub async fn get_person(id: String) -> Result<PersonPage, UiError> {
    backend::call(|backend, actor| async move { backend.directory.get(&actor, &id).await }).await
}

#[server(endpoint = "ui/people/suggest", protocol = Wire)]
pub async fn suggest_people(#[server(default)] search: String) -> Result<Vec<Suggestion>, UiError> {
    backend::call(|backend, actor| async move { backend.directory.suggest(&actor, &search).await }).await
}

/// Answers with the link, and goes nowhere: it is shown once.
#[server(endpoint = "ui/people/invite", protocol = Wire)]
pub async fn invite_person(
    #[server(default)] email: String,
    #[server(default)] name: String,
    #[server(default)] role: String,
) -> Result<InviteLink, UiError> {
    backend::call(|backend, actor| async move { backend.directory.invite(&actor, &email, &name, &role).await }).await
}

#[server(endpoint = "ui/people/link", protocol = Wire)]
pub async fn new_link(id: String) -> Result<InviteLink, UiError> {
    backend::call(|backend, actor| async move { backend.directory.link(&actor, &id).await }).await
}

#[server(endpoint = "ui/people/withdraw", protocol = Wire)]
pub async fn withdraw_link(id: String) -> Result<(), UiError> {
    let target = format!("/people/{id}?done=withdrawn");
    backend::call(|backend, actor| async move { backend.directory.withdraw(&actor, &id).await }).await?;
    backend::go_to(&target);
    Ok(())
}

/// An empty part stays as it is.
#[server(endpoint = "ui/people/change", protocol = Wire)]
pub async fn change_person(
    id: String,
    #[server(default)] name: String,
    #[server(default)] role: String,
    #[server(default)] disabled: String,
) -> Result<(), UiError> {
    let kept = vec![("name".to_owned(), name.clone()), ("role".to_owned(), role.clone())];
    let done = match disabled.as_str() {
        "true" => "person-disabled",
        "false" => "person-enabled",
        _ => "person-saved",
    };
    let target = format!("/people/{id}?done={done}");
    backend::call(
        |backend, actor| async move { backend.directory.change(&actor, &id, [&name, &role, &disabled]).await },
    )
    .await
    .map_err(|error| error.keeping(kept))?;
    backend::go_to(&target);
    Ok(())
}

#[server(endpoint = "ui/people/revoke-token", protocol = Wire)]
pub async fn revoke_persons_token(id: String, token: String) -> Result<(), UiError> {
    let target = format!("/people/{id}?done=revoked");
    backend::call(|backend, actor| async move { backend.directory.revoke_token(&actor, &id, &token).await }).await?;
    backend::go_to(&target);
    Ok(())
}

#[server(endpoint = "ui/people/delete", protocol = Wire)]
pub async fn delete_person(id: String) -> Result<(), UiError> {
    backend::call(|backend, actor| async move { backend.directory.delete(&actor, &id).await }).await?;
    backend::go_to("/people?done=person-deleted");
    Ok(())
}
