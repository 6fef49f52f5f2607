//! The addresses of what the team pages do.

use leptos::prelude::*;

use super::model::{TeamPage, TeamsPage};
#[cfg(feature = "ssr")]
use crate::backend;
use crate::error::UiError;
use crate::wire::Wire;

#[server(endpoint = "ui/teams/list", protocol = Wire)]
pub async fn list_teams(
    #[server(default)] search: String,
    #[server(default)] cursor: String,
) -> Result<TeamsPage, UiError> {
    backend::call(|backend, actor| async move { backend.teams.list(&actor, &search, &cursor).await }).await
}

#[server(endpoint = "ui/teams/get", protocol = Wire)]
pub async fn get_team(
    team: String,
    #[server(default)] search: String,
    #[server(default)] cursor: String,
) -> Result<TeamPage, UiError> {
    backend::call(|backend, actor| async move { backend.teams.get(&actor, &team, &search, &cursor).await }).await
}

#[server(endpoint = "ui/teams/create", protocol = Wire)]
pub async fn create_team(
    #[server(default)] name: String,
    #[server(default)] description: String,
) -> Result<(), UiError> {
    let kept = kept(&name, &description);
    let name = backend::call(|backend, actor| async move { backend.teams.create(&actor, &name, &description).await })
        .await
        .map_err(|error| error.keeping(kept))?;
    backend::go_to(&format!("/teams/{name}?done=team-added"));
    Ok(())
}

#[server(endpoint = "ui/teams/change", protocol = Wire)]
pub async fn change_team(
    team: String,
    #[server(default)] name: String,
    #[server(default)] description: String,
) -> Result<(), UiError> {
    let kept = kept(&name, &description);
    let changed =
        backend::call(|backend, actor| async move { backend.teams.change(&actor, &team, &name, &description).await });
    let name = changed.await.map_err(|error| error.keeping(kept))?;
    backend::go_to(&format!("/teams/{name}?done=team-saved"));
    Ok(())
}

#[server(endpoint = "ui/teams/delete", protocol = Wire)]
pub async fn delete_team(team: String) -> Result<(), UiError> {
    backend::call(|backend, actor| async move { backend.teams.delete(&actor, &team).await }).await?;
    backend::go_to("/teams?done=team-deleted");
    Ok(())
}

#[server(endpoint = "ui/teams/add-member", protocol = Wire)]
pub async fn add_member(team: String, #[server(default)] user: String) -> Result<(), UiError> {
    let kept = vec![("user".to_owned(), user.clone())];
    let target = format!("/teams/{team}?done=member-added");
    backend::call(|backend, actor| async move { backend.teams.add_member(&actor, &team, &user).await })
        .await
        .map_err(|error| error.keeping(kept))?;
    backend::go_to(&target);
    Ok(())
}

#[server(endpoint = "ui/teams/remove-member", protocol = Wire)]
pub async fn remove_member(team: String, user: String) -> Result<(), UiError> {
    let target = format!("/teams/{team}?done=member-removed");
    backend::call(|backend, actor| async move { backend.teams.remove_member(&actor, &team, &user).await }).await?;
    backend::go_to(&target);
    Ok(())
}

#[cfg(feature = "ssr")]
fn kept(name: &str, description: &str) -> crate::error::Kept {
    vec![
        ("name".to_owned(), name.to_owned()),
        ("description".to_owned(), description.to_owned()),
    ]
}
