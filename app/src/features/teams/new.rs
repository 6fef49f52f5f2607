//! `/teams/new`, and the fields that a team's page shares with it.

use leptos::prelude::*;

use super::api::CreateTeam;
use crate::ui::action::{ActionForm, ServerAction};
use crate::ui::drawn::IntoAny;
use crate::ui::field::{Field, Problem, SubmitButton, Summary, TextArea, problem_of};
use crate::ui::page::PageHead;

#[component]
pub fn NewTeam() -> AnyView {
    let create = ServerAction::<CreateTeam>::new();
    let problem = problem_of(create);
    view! {
        <PageHead title="Add team" above=vec![("Teams".to_owned(), "/teams".to_owned())]/>
        <ActionForm action=create class="form" novalidate=true>
            <Summary problem/>
            <TeamFields problem/>
            <div class="form-buttons">
                <SubmitButton label=Signal::stored("Add team".to_owned()) pending=create.pending()/>
                <a class="button" data-kind="quiet" href="/teams">"Cancel"</a>
            </div>
        </ActionForm>
    }
    .into_any()
}

#[component]
pub fn TeamFields(
    problem: Problem,
    #[prop(optional, into)] name: String,
    #[prop(optional, into)] description: String,
) -> AnyView {
    view! {
        <Field name="name" label="Name" problem value=name required=true
            hint="1 to 63 lower-case letters, digits, hyphens, dots and underscores, such as platform."/>
        <TextArea name="description" label="Description (optional)" rows=2 problem value=description/>
    }
    .into_any()
}
