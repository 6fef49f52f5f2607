//! Giving access: to a person, a team, a virtual account or everyone.

use leptos::prelude::*;

use super::api::{GrantAccess, suggest_grantees};
use super::model::AccessPage;
use crate::ui::action::{ActionForm, ServerAction};
use crate::ui::drawn::IntoAny;
use crate::ui::field::{SubmitButton, Summary, problem_of};
use crate::ui::suggest_field::SuggestField;

#[component]
pub fn Give(page: AccessPage, grant: ServerAction<GrantAccess>) -> AnyView {
    let problem = problem_of(grant);
    // An action, not a resource: see `ui::loaded`.
    let server = page.server.clone();
    let search = Action::new(move |text: &String| suggest_grantees(server.clone(), text.clone()));
    let first = page.first;
    let suggestions = Signal::derive(move || match search.value().get() {
        Some(Ok(found)) if !found.is_empty() => found,
        _ => first.clone(),
    });
    let on_input = Callback::new(move |text: String| drop(search.dispatch(text)));
    view! {
        <section class="card" aria-labelledby="give-access">
            <h3 id="give-access">"Give access"</h3>
            <ActionForm action=grant class="form form-inline" novalidate=true>
                <Summary problem/>
                <input type="hidden" name="server" value=page.server/>
                <SuggestField name="grantee" label="Who" problem suggestions on_input required=true
                    hint="An e-mail address, a team, a virtual account's name, or everyone."/>
                <div class="field">
                    <label for="role">"Role"</label>
                    <select class="field-input" id="role" name="role">
                        <option value="user" selected=true>"User"</option>
                        <option value="manager">"Manager"</option>
                    </select>
                    <div class="field-notes"></div>
                </div>
                <div class="form-buttons"><SubmitButton label=Signal::stored("Give access".to_owned()) pending=grant.pending()/></div>
            </ActionForm>
        </section>
    }
    .into_any()
}
