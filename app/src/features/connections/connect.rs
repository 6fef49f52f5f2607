//! `/connect/{server}`: where the link in an MCP client's error leads (B09). It says what will be stored for whom.

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::api::connect;
use super::consent::Consent;
use super::model::ConnectPage;
use crate::features::overrides::api::{AddOverride, EditOverride};
use crate::features::overrides::form::{Credentials, fixed_subject};
use crate::features::overrides::model::FormPage;
use crate::ui::action::{ActionForm, ServerAction};
use crate::ui::asked::ask;
use crate::ui::drawn::IntoAny;
use crate::ui::empty_state::EmptyState;
use crate::ui::field::{SubmitButton, Summary, problem_of};
use crate::ui::loaded::loaded;
use crate::ui::page::PageHead;

#[component]
pub fn Connect() -> impl IntoView {
    let (params, query) = (use_params_map(), use_query_map());
    let asked = move || {
        let server = params.read().get("server").unwrap_or_default();
        (server, query.read().get("subject").unwrap_or_default())
    };
    // What was just done is part of the question: after it, the answer is another one.
    let done = Memo::new(move |_| query.read().get("done").unwrap_or_default());
    let (add, edit) = (ServerAction::<AddOverride>::new(), ServerAction::<EditOverride>::new());
    let page = ask(
        move || (asked(), done.get()),
        |((server, subject), _)| connect(server, subject),
    );
    loaded(page, move |page| show(page, add, edit))
}

fn show(page: ConnectPage, add: ServerAction<AddOverride>, edit: ServerAction<EditOverride>) -> AnyView {
    match page {
        ConnectPage::AnotherPerson { server } => view! {
            <PageHead title=format!("Connect to {server}")/>
            <EmptyState heading="This link is for somebody else" text="It was made for another person's client. Sign in as that person, or ask them to open it themselves; nothing was stored.">
                <form action="/sign-out" method="post"><button class="button">"Sign out"</button></form>
            </EmptyState>
        }
        .into_any(),
        ConnectPage::Ready { server, sentence } => view! {
            <PageHead title=format!("Connect to {server}")/>
            <EmptyState heading="Nothing is missing" text=sentence>
                <a class="button" href=format!("/servers/{server}")>"Open the server's page"</a>
            </EmptyState>
        }
        .into_any(),
        ConnectPage::AskManager { server, state } => {
            let text = match state {
                Some(state) => format!("Your credential here is in the state “{}”. Only a manager of this server can change it; ask one.", state.label()),
                None => "Only a manager of this server can add a credential for you; ask one.".to_owned(),
            };
            view! { <PageHead title=format!("Connect to {server}")/><EmptyState heading="A manager has to help" text/> }.into_any()
        }
        ConnectPage::Consent(page) => view! { <Consent page=*page/> }.into_any(),
        ConnectPage::Enter { form, edit: None } => view! { <AddOwn form=*form action=add/> }.into_any(),
        ConnectPage::Enter { form, edit: Some(id) } => view! { <EditOwn form=*form id action=edit/> }.into_any(),
    }
}

#[component]
fn AddOwn(form: FormPage, action: ServerAction<AddOverride>) -> AnyView {
    let problem = problem_of(action);
    view! {
        <Explanation form=form.clone()/>
        <ActionForm action class="form" novalidate=true>
            <Summary problem/>
            <input type="hidden" name="form[server]" value=form.server.clone()/>
            <input type="hidden" name="back" value="connections"/>
            <Credentials page=form problem/>
            <div class="form-buttons"><SubmitButton label=Signal::stored("Save my key".to_owned()) pending=action.pending()/></div>
        </ActionForm>
    }
    .into_any()
}

#[component]
fn EditOwn(form: FormPage, id: String, action: ServerAction<EditOverride>) -> AnyView {
    let problem = problem_of(action);
    view! {
        <Explanation form=form.clone()/>
        <ActionForm action class="form" novalidate=true>
            <Summary problem/>
            <input type="hidden" name="form[server]" value=form.server.clone()/>
            <input type="hidden" name="id" value=id/>
            <input type="hidden" name="back" value="connections"/>
            <Credentials page=form problem/>
            <div class="form-buttons"><SubmitButton label=Signal::stored("Save my key".to_owned()) pending=action.pending()/></div>
        </ActionForm>
    }
    .into_any()
}

#[component]
fn Explanation(form: FormPage) -> AnyView {
    let subject = form.subject.clone().map(|subject| fixed_subject(subject, true));
    view! {
        <PageHead title=format!("Connect to {}", form.server)/>
        <p class="section-text">{format!("Your client called {} and has no credential there. What you enter is stored encrypted, sent to {} with your requests only, and never shown again.", form.server, form.server)}</p>
        {subject}
    }
    .into_any()
}
