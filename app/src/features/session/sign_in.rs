//! `/sign-in` and the one-time `/setup/{token}`: plain forms that the server answers with a redirect.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::api::ways_to_sign_in;
use super::model::SignInWays;
use crate::ui::asked::ask;
use crate::ui::drawn::IntoAny;
use crate::ui::icon::{Icon, icons};
use crate::ui::inside::Inside;
use crate::ui::loaded::loaded_part;

#[component]
pub fn SignIn() -> AnyView {
    let ways = ask(|| (), |()| ways_to_sign_in());
    view! {
        <Title text="Sign in · Overkey"/>
        <EntryPage heading="Sign in">
            {loaded_part(ways, |ways| view! { <Ways ways/> }.into_any())}
        </EntryPage>
    }
    .into_any()
}

#[component]
fn Ways(ways: SignInWays) -> AnyView {
    let query = use_query_map();
    let problem = move || query.read().get("error").map(|code| problem_text(&code));
    let next = query.read_untracked().get("next").unwrap_or_default();
    let both = ways.password && ways.sso.is_some();
    let sso_next = next.clone();
    view! {
        <EntryProblem problem/>
        {ways.sso.map(|name| view! {
            <form class="form" action="/sign-in/sso" method="post">
                <input type="hidden" name="next" value=sso_next/>
                <button class="button" data-kind="primary">{format!("Sign in with {name}")}</button>
            </form>
        })}
        {both.then(|| view! { <p class="entry-or">"or with a password"</p> })}
        {ways.password.then(|| view! {
            <form class="form" action="/sign-in" method="post">
                <input type="hidden" name="next" value=next/>
                <EntryField name="email" label="E-mail address" kind="email" autocomplete="username"/>
                <EntryField name="password" label="Password" kind="password" autocomplete="current-password"/>
                <button class="button" data-kind=(!both).then_some("primary")>"Sign in"</button>
            </form>
        })}
    }
    .into_any()
}

/// By the code in the address.
fn problem_text(code: &str) -> &'static str {
    match code {
        "wrong" => "The e-mail address or the password is wrong.",
        "limited" => "Too many tries. Wait a few minutes and try again.",
        "invitation" => "This invitation has been used or is too old. Ask an admin for another one, or sign in.",
        "link" => "This set-up link has been used or is too old. Sign in instead.",
        "password_off" => "Passwords are not used here. Sign in at your identity provider.",
        "sso_off" => "Single sign-on is not set up here.",
        "sso_again" => "This sign-in is too old, was used before, or began in another browser. Try again.",
        "sso_denied" => "You were not signed in at your identity provider. Try again.",
        "sso_unreachable" => "Your identity provider cannot be reached. Try again in a moment.",
        "sso_answer" => "Your identity provider's answer cannot be trusted. If it happens again, tell an admin.",
        "sso_taken" => "Somebody here has your e-mail address already. Sign in with a password, or ask an admin.",
        "sso_unverified" => "Your identity provider does not vouch for your e-mail address. Ask an admin.",
        "sso_unknown" => "You have no account here. Ask an admin for an invitation.",
        "sso_no_email" => "Your identity provider names no e-mail address of yours. Ask an admin.",
        "sso_disabled" => "Your account here is disabled. Ask an admin.",
        "sso_first" => "Nobody is here yet: the first to sign in has to be an admin.",
        _ => "Signing in failed on our side. Try again.",
    }
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
pub fn EntryPage(heading: &'static str, children: Inside) -> AnyView {
    view! {
        <main id="main" class="entry">
            <p class="brand"><Icon icon=icons::BRAND/>"Overkey"</p>
            <div class="card"><h1>{heading}</h1>{children.view()}</div>
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
