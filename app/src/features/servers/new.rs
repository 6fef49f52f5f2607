//! `/servers/new`: registering a server.

use domain::outbound::Mode;
use leptos::prelude::*;

use super::api::CreateServer;
use super::form::ServerFields;
use super::model::SettingsPage;
use crate::ui::field::{SubmitButton, Summary, problem_of};
use crate::ui::page::PageHead;

#[component]
pub fn NewServer() -> AnyView {
    let create = ServerAction::<CreateServer>::new();
    let problem = problem_of(create);
    let empty = SettingsPage {
        mode: Mode::ApiKeyIndividual.as_str().to_owned(),
        individual: "Authorization: Bearer {{API_KEY}}".to_owned(),
        ..SettingsPage::default()
    };
    view! {
        <PageHead title="Add server" above=vec![("Servers".to_owned(), "/servers".to_owned())]/>
        <ActionForm action=create attr:class="form" attr:novalidate="">
            <Summary problem/>
            <ServerFields page=empty problem/>
            <div class="form-buttons">
                <SubmitButton label=Signal::stored("Add server".to_owned()) pending=create.pending()/>
                <a class="button" data-kind="quiet" href="/servers">"Cancel"</a>
            </div>
        </ActionForm>
    }
    .into_any()
}
