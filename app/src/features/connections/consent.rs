//! A server whose provider asks each person (S22): who will ask, what is stored for whom, and how it stands.
//!
//! The buttons are plain forms: what they post to leads to another site, which scripts could not follow.

use domain::overrides::{Kind, State};
use leptos::prelude::*;

use super::model::{ConsentPage, ManualView, TokenView};
use super::problem::ConsentProblemNotice;
use crate::features::overrides::form::fixed_subject;
use crate::features::overrides::model::{meaning, tone};
use crate::ui::badge::Badge;
use crate::ui::drawn::IntoAny;
use crate::ui::page::PageHead;
use crate::ui::time::{Time, TimeOr};

#[component]
pub fn Consent(page: ConsentPage) -> AnyView {
    let good = page.token.as_ref().is_some_and(|token| token.state == State::Active);
    let manual = page
        .manual
        .clone()
        .map(|manual| view! { <Manual manual server=page.server.clone() good/> });
    let standing = match page.token.clone() {
        Some(token) => view! { <Standing token page=page.clone()/> }.into_any(),
        None => view! { <Explanation page=page.clone()/> }.into_any(),
    };
    view! {
        <PageHead title=format!("Connect to {}", page.server)/>
        <ConsentProblemNotice/>
        {manual}
        {standing}
    }
    .into_any()
}

#[component]
fn Explanation(page: ConsentPage) -> AnyView {
    let server = page.server.clone();
    let who = match &page.provider {
        Some(host) => view! { "Its provider, "<strong>{host.clone()}</strong>", asks you to sign in and to allow it. " }.into_any(),
        None => view! { "Its provider asks you to sign in and to allow it; the server names it when you continue, and you see its address before you sign in. " }.into_any(),
    };
    let scopes =
        (!page.scopes.is_empty()).then(|| view! { <dl class="facts"><Scopes scopes=page.scopes.clone()/></dl> });
    view! {
        <section class="card" aria-labelledby="authorize-heading">
            <h2 id="authorize-heading">"Authorize Overkey"</h2>
            <p>{format!("{server} answers calls only in the name of somebody who allowed it. ")}{who}</p>
            <p>{format!("What the provider gives Overkey is a token. It is stored encrypted, sent to {server} with your calls only, and never shown to anybody. You can disconnect at any time.")}</p>
            {fixed_subject(page.me, true)}
            {scopes}
            <Start server label="Authorize" kind="primary"/>
        </section>
    }
    .into_any()
}

#[component]
fn Standing(token: TokenView, page: ConsentPage) -> AnyView {
    let (server, me) = (page.server, page.me.name);
    let good = token.state == State::Active;
    let wins = page.manual.is_some_and(|manual| manual.used);
    let text = match token.state {
        State::Active if wins => "It is good, but calls carry the header that was entered.",
        state => meaning(Kind::OAuth, state),
    };
    let (label, kind) = if good {
        ("Authorize again", "secondary")
    } else {
        ("Authorize again", "primary")
    };
    let away = format!("/servers/{server}/overrides/{}/delete?back=connect", token.id);
    view! {
        <section class="card" aria-labelledby="authorization-heading">
            <h2 id="authorization-heading">"My authorization"</h2>
            <p>{text}</p>
            <dl class="facts">
                <div><dt>"State"</dt><dd><Badge text=token.state.label() tone=tone(token.state)/></dd></div>
                <div><dt>"For"</dt><dd>{format!("You ({me})")}</dd></div>
                <div><dt>"Provider"</dt><dd>{token.provider}</dd></div>
                <Scopes scopes=token.scopes/>
                <div><dt>"Authorized"</dt><dd><Time at=token.authorized/></dd></div>
                <div><dt>"Last used"</dt><dd><TimeOr at=token.last_used never="Never"/></dd></div>
            </dl>
            <div class="form-buttons">
                <Start server=server.clone() label kind/>
                <a class="button" data-kind="quiet" href=away>"Disconnect"</a>
                <a class="button" data-kind="quiet" href=format!("/servers/{server}")>"Open the server's page"</a>
            </div>
        </section>
    }
    .into_any()
}

#[component]
fn Scopes(scopes: Vec<String>) -> AnyView {
    let text = if scopes.is_empty() {
        "None".to_owned()
    } else {
        scopes.join(", ")
    };
    view! { <div><dt>"Scopes"</dt><dd><code>{text}</code></dd></div> }.into_any()
}

#[component]
fn Start(server: String, label: &'static str, kind: &'static str) -> AnyView {
    view! {
        <form action=format!("/oauth/start/{server}") method="post">
            <button class="button" data-kind=kind>{label}</button>
        </form>
    }
    .into_any()
}

#[component]
fn Manual(manual: ManualView, server: String, good: bool) -> AnyView {
    let tab = format!("/servers/{server}/overrides");
    view! {
        <div class="callout page-callout" data-tone="attention">
            <p>{manual.sentence(good)}</p>
            <a href=tab>"See it on the server's page"</a>
        </div>
    }
    .into_any()
}
