//! The addresses of what the tab does.

#[cfg(feature = "ssr")]
use domain::overrides::Kind;
#[cfg(feature = "ssr")]
use domain::verdict::Verdict;
use leptos::prelude::*;

#[cfg(feature = "ssr")]
use super::back::Back;
use super::import_model::ImportPage;
use super::model::{Doomed, Entered, FormPage, ListRequest, OverridesPage, SubjectHit};
use super::why_model::WhyPage;
#[cfg(feature = "ssr")]
use crate::backend;
use crate::error::UiError;
use crate::wire::Wire;

#[server(endpoint = "ui/overrides/list", protocol = Wire)]
pub async fn list_overrides(request: ListRequest) -> Result<OverridesPage, UiError> {
    backend::call(|backend, actor| async move { backend.overrides.list(&actor, request).await }).await
}

/// `id` is empty when adding.
#[server(endpoint = "ui/overrides/form", protocol = Wire)]
pub async fn override_form(server: String, #[server(default)] id: String) -> Result<FormPage, UiError> {
    backend::call(|backend, actor| async move { backend.overrides.form(&actor, &server, &id).await }).await
}

/// What the page of an import begins with.
#[server(endpoint = "ui/overrides/import-form", protocol = Wire)]
pub async fn import_form(server: String) -> Result<ImportPage, UiError> {
    backend::call(|backend, actor| async move { backend.imports.form(&actor, &server).await }).await
}

#[server(endpoint = "ui/overrides/subjects", protocol = Wire)]
pub async fn search_subjects(server: String, search: String) -> Result<Vec<SubjectHit>, UiError> {
    backend::call(|backend, actor| async move { backend.overrides.subjects(&actor, &server, &search).await }).await
}

#[server(endpoint = "ui/overrides/what-to-delete", protocol = Wire)]
pub async fn what_to_delete(server: String, id: String) -> Result<Doomed, UiError> {
    backend::call(|backend, actor| async move { backend.overrides.to_delete(&actor, &server, &id).await }).await
}

/// `back` is where to go afterwards: `connections`, or the tab.
#[server(endpoint = "ui/overrides/add", protocol = Wire)]
pub async fn add_override(form: Entered, #[server(default)] back: String) -> Result<(), UiError> {
    let (kept, server) = (form.kept(), form.server.clone());
    let done = if form.replace.is_empty() { "added" } else { "replaced" };
    let verdict = backend::call(|backend, actor| async move { backend.overrides.add(&actor, form).await })
        .await
        .map_err(|error| error.keeping(kept))?;
    backend::go_to(&after(&server, &back, &tried(done, verdict)));
    Ok(())
}

#[server(endpoint = "ui/overrides/edit", protocol = Wire)]
pub async fn edit_override(id: String, form: Entered, #[server(default)] back: String) -> Result<(), UiError> {
    let (kept, server) = (form.kept(), form.server.clone());
    let verdict = backend::call(|backend, actor| async move { backend.overrides.edit(&actor, &id, form).await })
        .await
        .map_err(|error| error.keeping(kept))?;
    backend::go_to(&after(&server, &back, &tried("replaced", verdict)));
    Ok(())
}

/// Stays where it was asked; what came of it is the answer.
#[server(endpoint = "ui/overrides/verify", protocol = Wire)]
pub async fn verify_override(server: String, id: String) -> Result<String, UiError> {
    backend::call(|backend, actor| async move { backend.checks.verify(&actor, &server, &id).await }).await
}

/// `subject` as somebody types it; empty for oneself.
#[server(endpoint = "ui/overrides/why", protocol = Wire)]
pub async fn why(server: String, #[server(default)] subject: String) -> Result<WhyPage, UiError> {
    backend::call(|backend, actor| async move { backend.checks.why(&actor, &server, &subject).await }).await
}

#[server(endpoint = "ui/overrides/confirm", protocol = Wire)]
pub async fn confirm_override(server: String, id: String) -> Result<(), UiError> {
    let target = after(&server, "", "confirmed");
    backend::call(|backend, actor| async move { backend.overrides.confirm(&actor, &server, &id).await }).await?;
    backend::go_to(&target);
    Ok(())
}

#[server(endpoint = "ui/overrides/delete", protocol = Wire)]
pub async fn delete_override(server: String, id: String, #[server(default)] back: String) -> Result<(), UiError> {
    let of = server.clone();
    let kind =
        backend::call(|backend, actor| async move { backend.overrides.delete(&actor, &server, &id).await }).await?;
    let done = match kind {
        Kind::Manual => "deleted",
        Kind::OAuth => "disconnected",
    };
    backend::go_to(&after(&of, &back, done));
    Ok(())
}

/// `added`, or what came of trying it besides.
#[cfg(feature = "ssr")]
fn tried(done: &str, verdict: Option<Verdict>) -> String {
    match verdict {
        Some(verdict) => format!("{done}-{}", verdict.as_str()),
        None => done.to_owned(),
    }
}

#[cfg(feature = "ssr")]
fn after(server: &str, back: &str, done: &str) -> String {
    format!("{}?done={done}", Back::parse(back).address(server))
}
