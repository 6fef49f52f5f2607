//! After the consent: calls would fail without my credential, so the same way asks for it, and then leads back to the app.

use leptos::prelude::*;

use super::authorize::Sheet;
use super::model::{Missing, MissingView};
use crate::features::overrides::form::Credentials;
use crate::features::overrides::model::FormPage;
use crate::ui::drawn::IntoAny;
use crate::ui::field::{Problem, Summary};

#[component]
pub fn MissingPart(page: MissingView) -> AnyView {
    let MissingView {
        ticket,
        app,
        server,
        step,
        problem,
    } = page;
    let heading = match &step {
        Missing::Key { .. } => format!("Your key for {server}"),
        Missing::Provider => format!("{server} asks for your consent, too"),
        Missing::Manager => format!("{server} has no credential for you"),
    };
    let content = match step {
        Missing::Key { form, edit } => view! { <Key form=*form edit problem ticket=ticket app=app/> }.into_any(),
        Missing::Provider => view! { <Provider server ticket=ticket app=app/> }.into_any(),
        Missing::Manager => view! {
            <p>{format!("Only a manager of {server} can add one for you; ask one. Until then {app} can sign in, but its calls fail.")}</p>
            <Onward ticket=ticket label=format!("Continue to {app}") primary=true/>
        }
        .into_any(),
    };
    view! { <Sheet heading>{content}</Sheet> }.into_any()
}

#[component]
fn Key(
    form: FormPage,
    edit: Option<String>,
    problem: Option<crate::error::UiError>,
    ticket: String,
    app: String,
) -> AnyView {
    let problem: Problem = Signal::stored(problem);
    let server = form.server.clone();
    view! {
        <p>{format!("{app} is allowed. {server} takes each person's own key, and yours is missing. What you enter is stored encrypted, sent to {server} with your requests only, and never shown again: not to {app} either.")}</p>
        <form class="form" action="/oauth/authorize" method="post" novalidate>
            <Summary problem/>
            <input type="hidden" name="ticket" value=ticket.clone()/>
            <input type="hidden" name="edit" value=edit.unwrap_or_default()/>
            <Credentials page=form problem/>
            <div class="form-buttons">
                <button class="button" data-kind="primary" name="decision" value="save">{format!("Save my key and continue to {app}")}</button>
            </div>
        </form>
        <Onward ticket label="Continue without a key".to_owned() primary=false/>
    }
    .into_any()
}

#[component]
fn Provider(server: String, ticket: String, app: String) -> AnyView {
    view! {
        <p>{format!("{app} is allowed. {server} belongs to a provider that asks each person: authorize there, in another tab, and come back to this one.")}</p>
        <form action=format!("/oauth/start/{server}") method="post" target="_blank">
            <button class="button" data-kind="primary">{format!("Authorize {server}")}</button>
        </form>
        <Onward ticket label=format!("Continue to {app}") primary=false/>
    }
    .into_any()
}

#[component]
fn Onward(ticket: String, label: String, primary: bool) -> AnyView {
    view! {
        <form action="/oauth/authorize" method="post">
            <input type="hidden" name="ticket" value=ticket/>
            <button class="button" data-kind=if primary { "primary" } else { "quiet" } name="decision" value="continue">{label}</button>
        </form>
    }
    .into_any()
}
