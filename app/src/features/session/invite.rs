//! `/invite/{token}`: somebody who was invited chooses a password. Looking at the page uses nothing up: programs look at links.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::api::whom_invited;
use super::model::Invited;
use super::sign_in::{EntryField, EntryPage, EntryProblem};
use crate::error::UiError;
use crate::secret_input::SecretInput;
use crate::ui::asked::ask;
use crate::ui::drawn::IntoAny;

#[component]
pub fn Invite() -> AnyView {
    let token = use_params_map().read_untracked().get("token").unwrap_or_default();
    let action = format!("/invite/{token}");
    let person = ask(move || token.clone(), |token| whom_invited(SecretInput::new(token)));
    let content = move || {
        let action = action.clone();
        Suspend::new(async move {
            match person.answer().await {
                Ok(person) => view! { <Choose person action/> }.into_any(),
                Err(error) => view! { <Dead error/> }.into_any(),
            }
        })
    };
    view! {
        <Title text="Welcome · Overkey"/>
        <Transition fallback=|| view! { <p class="skeleton" role="status">"Loading…"</p> }>{content}</Transition>
    }
    .into_any()
}

#[component]
fn Choose(person: Invited, action: String) -> AnyView {
    let query = use_query_map();
    let problem = move || {
        query.read().get("error").map(|code| match code.as_str() {
            "password" => "Choose another password: at least 8 characters, and not one that is easy to guess.",
            _ => "This failed on our side. Try again.",
        })
    };
    let (heading, text) = if person.returning {
        (
            "Choose another password",
            "It replaces the one you have, and signs you out everywhere else.",
        )
    } else {
        (
            "Welcome to Overkey",
            "Choose a password, and you are in. This link works once.",
        )
    };
    view! {
        <EntryPage heading>
            <p class="muted">{format!("{}: {text}", person.name)}</p>
            <EntryProblem problem/>
            <form class="form" action=action method="post">
                <p class="field">
                    <label for="email">"E-mail address"</label>
                    <input class="field-input" id="email" type="email" value=person.email autocomplete="username" readonly/>
                </p>
                <EntryField name="password" label="Password" kind="password" autocomplete="new-password"/>
                <button class="button" data-kind="primary">"Set the password"</button>
            </form>
        </EntryPage>
    }
    .into_any()
}

#[component]
fn Dead(error: UiError) -> AnyView {
    let text = match error {
        UiError::Gone => "It has been used, or is too old. Ask whoever sent it for another one.".to_owned(),
        other => other.to_string(),
    };
    view! {
        <EntryPage heading="This link does not work">
            <p class="muted">{text}</p>
            <a class="button" href="/sign-in" rel="external">"Sign in"</a>
        </EntryPage>
    }
    .into_any()
}
