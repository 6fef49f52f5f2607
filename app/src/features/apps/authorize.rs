//! `/oauth/authorize`: an app asks to act for me (B10). Plain forms on a page that is never woken up: what is decided here is worth
//! a page that no program of ours changes once it is sent.

use leptos::prelude::*;
use leptos_meta::Title;

use super::missing::MissingPart;
use super::model::{AskView, AuthorizePage, RefusedView};
use crate::ui::drawn::IntoAny;
use crate::ui::icon::{Icon, icons};
use crate::ui::inside::Inside;

#[component]
pub fn Authorize() -> AnyView {
    match use_context::<AuthorizePage>() {
        Some(AuthorizePage::Ask(page)) => view! { <Ask page/> }.into_any(),
        Some(AuthorizePage::Missing(page)) => view! { <MissingPart page/> }.into_any(),
        Some(AuthorizePage::Refused(page)) => view! { <Refused page/> }.into_any(),
        None => ().into_any(),
    }
}

/// Like the page to sign in: nothing around it that leads elsewhere. The tab's title holds no word of the app's: leptos_meta writes it as
/// it is.
#[component]
pub fn Sheet(heading: String, children: Inside) -> AnyView {
    view! {
        <Title text="Let an app in · Overkey"/>
        <main id="main" class="entry entry-wide">
            <p class="brand"><Icon icon=icons::BRAND/>"Overkey"</p>
            <div class="card"><h1>{heading}</h1>{children.view()}</div>
        </main>
    }
    .into_any()
}

#[component]
fn Ask(page: AskView) -> AnyView {
    let heading = match &page.server {
        Some(server) => format!("Let {} use {server}?", page.app),
        None => format!("Let {} use one of your servers?", page.app),
    };
    let which = match page.server.clone() {
        Some(server) => view! { <dl class="fixed-field"><dt>"Server"</dt><dd>{server}</dd></dl> }.into_any(),
        None => view! { <Choice servers=page.servers.clone()/> }.into_any(),
    };
    view! {
        <Sheet heading>
            <p>{format!("{} wants to call the server's tools as you, with your access and your credential there. It is not shown the credential.", page.app)}</p>
            <dl class="fixed-field"><dt>"App"</dt><dd>{page.app.clone()}<span class="muted">{page.vouched()}</span></dd></dl>
            <dl class="fixed-field"><dt>"You go back to"</dt><dd><code>{page.place.clone()}</code><span class="muted">{page.where_to()}</span></dd></dl>
            <dl class="fixed-field"><dt>"You"</dt><dd>{page.me.name.clone()}<span class="muted">{page.me.email.clone()}</span></dd></dl>
            <form class="form" action="/oauth/authorize" method="post">
                <input type="hidden" name="ticket" value=page.ticket/>
                {which}
                <p class="muted">"Allow it only if you have just started this in the app yourself. You can end it any time under Tokens."</p>
                <div class="form-buttons">
                    <button class="button" data-kind="primary" name="decision" value="allow">"Allow"</button>
                    <button class="button" name="decision" value="deny">"Do not allow"</button>
                </div>
            </form>
            <form action="/sign-out" method="post">
                <input type="hidden" name="next" value=page.again/>
                <p class="muted">"Not you? "<button class="button" data-kind="quiet">"Use another account"</button></p>
            </form>
        </Sheet>
    }
    .into_any()
}

/// The app named no server.
#[component]
fn Choice(servers: Vec<String>) -> AnyView {
    let options = servers
        .into_iter()
        .map(|server| view! { <option value=server>{server.clone()}</option> })
        .collect_view();
    view! {
        <div class="field">
            <label for="server">"Server"</label>
            <select class="field-input" id="server" name="server" required>
                <option value="">"Choose one"</option>
                {options}
            </select>
            <div class="field-notes"><span class="field-hint">"The app did not say which. Choose the one whose address you gave it."</span></div>
        </div>
    }
    .into_any()
}

#[component]
fn Refused(page: RefusedView) -> AnyView {
    let back = page.back.map(|(place, url)| {
        view! { <p><a class="button" rel="external noreferrer" href=url>{format!("Go back to {place}")}</a></p> }
    });
    view! {
        <Sheet heading=page.heading.to_owned()>
            <p role="alert">{page.text}</p>
            {back}
            <p><a href="/servers" rel="external">"Open Overkey"</a></p>
        </Sheet>
    }
    .into_any()
}
