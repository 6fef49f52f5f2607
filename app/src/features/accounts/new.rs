//! `/virtual-accounts/new`: an account and its first token, which the answer to the form shows once.

use leptos::prelude::*;

use super::api::CreateAccount;
use crate::features::people::api::suggest_people;
use crate::features::people::person_field::PersonField;
use crate::features::tokens::cells::LifetimeField;
use crate::features::tokens::model::CreatedToken;
use crate::ui::action::ServerAction;
use crate::ui::asked::ask;
use crate::ui::drawn::IntoAny;
use crate::ui::field::{Field, Problem, SubmitButton, Summary, TextArea};
use crate::ui::live::live;
use crate::ui::loaded::loaded;
use crate::ui::page::PageHead;
use crate::ui::posted::posted;
use crate::ui::shown_once::ShownOnce;
use crate::ui::suggest_field::Suggestion;

#[component]
pub fn NewAccount() -> AnyView {
    let create = ServerAction::<CreateAccount>::new();
    let posted = posted::<CreatedToken>();
    let outcome = Signal::derive(move || create.value().get().or_else(|| posted.clone()));
    // Who could own it; only who may make one gets an answer.
    let people = ask(|| (), |()| suggest_people(String::new()));
    loaded(people, move |people| view! { <Page people create outcome/> }.into_any())
}

/// Posts to its own address, so that without scripts the answer is this page with the token in it; scripts ask in place.
#[component]
fn Page(
    people: Vec<Suggestion>,
    create: ServerAction<CreateAccount>,
    outcome: Signal<Option<Result<CreatedToken, crate::error::UiError>>>,
) -> AnyView {
    let problem: Problem = Signal::derive(move || outcome.get().and_then(Result::err));
    let made = move || outcome.get().and_then(Result::ok);
    let submit = create.submits();
    view! {
        <PageHead title="Add virtual account" above=vec![("Virtual accounts".to_owned(), "/virtual-accounts".to_owned())]/>
        <div role="status">{live(move || made().map(|token| view! { <Made token/> }))}</div>
        <form class="form" action="/virtual-accounts/new" method="post" novalidate on:submit=submit>
            <Summary problem/>
            <Field name="name" label="Name" problem required=true
                hint="1 to 63 lower-case letters, digits, hyphens, dots and underscores, such as nightly-build. It cannot be changed later."/>
            <TextArea name="description" label="Description (optional)" rows=2 problem/>
            <PersonField name="owner" label="Owner" problem first=people hint="Who answers for it, and may replace its tokens. You, when empty."/>
            <LifetimeField label="Its first token expires after"/>
            <div class="form-buttons">
                <SubmitButton label=Signal::stored("Add virtual account".to_owned()) pending=create.pending()/>
                <a class="button" data-kind="quiet" href="/virtual-accounts">"Back to virtual accounts"</a>
            </div>
        </form>
    }
    .into_any()
}

#[component]
fn Made(token: CreatedToken) -> AnyView {
    let href = format!("/virtual-accounts/{}", token.name);
    view! {
        <ShownOnce heading=format!("Copy the token of {} now.", token.name) text="It is stored as a hash and cannot be shown again."
            value=token.value label="the token"/>
        <p><a href=href>{format!("Open {}", token.name)}</a></p>
    }
    .into_any()
}
