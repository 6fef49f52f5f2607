//! `/servers/new`: registering a server.

use leptos::prelude::*;

use super::api::{CreateServer, new_server};
use super::form::ServerFields;
use super::model::SettingsPage;
use crate::ui::action::{ActionForm, ServerAction};
use crate::ui::asked::ask;
use crate::ui::drawn::IntoAny;
use crate::ui::field::{SubmitButton, Summary, problem_of};
use crate::ui::loaded::loaded;
use crate::ui::page::PageHead;

#[component]
pub fn NewServer() -> impl IntoView {
    let create = ServerAction::<CreateServer>::new();
    let page = ask(|| (), |()| new_server());
    loaded(page, move |page| view! { <Form page create/> }.into_any())
}

#[component]
fn Form(page: SettingsPage, create: ServerAction<CreateServer>) -> AnyView {
    let problem = problem_of(create);
    view! {
        <PageHead title="Add server" above=vec![("Servers".to_owned(), "/servers".to_owned())]/>
        <ActionForm action=create class="form" novalidate=true>
            <Summary problem/>
            <ServerFields page problem/>
            <div class="form-buttons">
                <SubmitButton label=Signal::stored("Add server".to_owned()) pending=create.pending()/>
                <a class="button" data-kind="quiet" href="/servers">"Cancel"</a>
            </div>
        </ActionForm>
    }
    .into_any()
}
