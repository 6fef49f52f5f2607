//! `/servers/{name}/settings`: a change that touches overrides is shown first and confirmed (D07).

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::api::{ChangeServer, server_settings};
use super::form::ServerFields;
use super::model::SettingsPage;
use super::pending::Pending;
use crate::error::UiError;
use crate::ui::action::{ActionForm, ServerAction};
use crate::ui::asked::ask;
use crate::ui::drawn::IntoAny;
use crate::ui::field::{SubmitButton, Summary, problem_of, successes};
use crate::ui::loaded::loaded_part;

#[component]
pub fn Settings() -> impl IntoView {
    let (params, query) = (use_params_map(), use_query_map());
    let asked = Memo::new(move |_| {
        let server = params.read().get("server").unwrap_or_default();
        (server, query.read().get("done").unwrap_or_default())
    });
    let change = ServerAction::<ChangeServer>::new();
    let changed = successes(change);
    let page = ask(
        move || (asked.get(), changed.get()),
        |((server, _), _)| server_settings(server),
    );
    loaded_part(page, move |page| view! { <Form page change/> }.into_any())
}

#[component]
fn Form(page: SettingsPage, change: ServerAction<ChangeServer>) -> AnyView {
    let problem = problem_of(change);
    let confirming = Memo::new(move |_| matches!(problem.get(), Some(UiError::Confirm(_))));
    let label = Signal::derive(move || if confirming.get() { "Confirm and save" } else { "Save" }.to_owned());
    view! {
        <Title text=format!("Settings · {} · Overkey", page.name)/>
        <ActionForm action=change class="form" novalidate=true>
            <h2>"Settings"</h2>
            <Summary problem/>
            <input type="hidden" name="server" value=page.name.clone()/>
            <ServerFields page problem/>
            <Pending problem/>
            <div class="form-buttons"><SubmitButton label pending=change.pending()/></div>
        </ActionForm>
    }
    .into_any()
}
