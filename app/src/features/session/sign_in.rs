//! `/sign-in` and the one-time `/setup/{token}`: plain forms that the server answers with a redirect.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

use crate::ui::icon::{Icon, icons};

#[component]
pub fn SignIn() -> AnyView {
    let query = use_query_map();
    let problem = move || {
        query.read().get("error").map(|code| match code.as_str() {
            "wrong" => "The e-mail address or the password is wrong.",
            "limited" => "Too many tries. Wait a few minutes and try again.",
            "invitation" => "This invitation has been used or is too old. Ask an admin for another one, or sign in.",
            "link" => "This set-up link has been used or is too old. Sign in instead.",
            _ => "Signing in failed on our side. Try again.",
        })
    };
    let next = query.read_untracked().get("next").unwrap_or_default();
    view! {
        <Title text="Sign in · Overkey"/>
        <EntryPage heading="Sign in">
            <EntryProblem problem/>
            <form class="form" action="/sign-in" method="post">
                <input type="hidden" name="next" value=next/>
                <EntryField name="email" label="E-mail address" kind="email" autocomplete="username"/>
                <EntryField name="password" label="Password" kind="password" autocomplete="current-password"/>
                <button class="button" data-kind="primary">"Sign in"</button>
            </form>
        </EntryPage>
    }
    .into_any()
}

#[component]
pub fn SetUp() -> AnyView {
    let (params, query) = (use_params_map(), use_query_map());
    let action = format!("/setup/{}", params.read_untracked().get("token").unwrap_or_default());
    let problem = move || {
        query.read().get("error").map(|code| match code.as_str() {
            "email" => "Enter an e-mail address, such as ada@example.com.",
            "password" => "Choose another password: at least 8 characters, and not one that is easy to guess.",
            _ => "This failed on our side. Try again.",
        })
    };
    view! {
        <Title text="Set up · Overkey"/>
        <EntryPage heading="Make the first admin">
            <p class="muted">"Nobody is here yet. The account you make now manages everything; this link works once."</p>
            <EntryProblem problem/>
            <form class="form" action=action method="post">
                <EntryField name="name" label="Your name" kind="text" autocomplete="name"/>
                <EntryField name="email" label="E-mail address" kind="email" autocomplete="username"/>
                <EntryField name="password" label="Password" kind="password" autocomplete="new-password"/>
                <button class="button" data-kind="primary">"Make the account"</button>
            </form>
        </EntryPage>
    }
    .into_any()
}

#[component]
pub fn EntryPage(heading: &'static str, children: Children) -> AnyView {
    view! {
        <main id="main" class="entry">
            <p class="brand"><Icon icon=icons::BRAND/>"Overkey"</p>
            <div class="card"><h1>{heading}</h1>{children()}</div>
        </main>
    }
    .into_any()
}

#[component]
pub fn EntryProblem(problem: impl Fn() -> Option<&'static str> + Send + Sync + 'static) -> impl IntoView {
    move || problem().map(|text| view! { <p class="problem" role="alert">{text}</p> })
}

#[component]
pub fn EntryField(name: &'static str, label: &'static str, kind: &'static str, autocomplete: &'static str) -> AnyView {
    view! {
        <p class="field">
            <label for=name>{label}</label>
            <input class="field-input" id=name name=name type=kind autocomplete=autocomplete required/>
        </p>
    }
    .into_any()
}
