//! The frame: navigation at the left, search, theme and my menu at the top, the page in the middle.

use leptos::prelude::*;
use leptos_router::components::{A, Outlet};
use leptos_router::hooks::use_location;

use super::api::who_am_i;
use super::model::Me;
use crate::ui::asked::ask;
use crate::ui::avatar::Avatar;
use crate::ui::drawn::IntoAny;
use crate::ui::failure::Failure;
use crate::ui::icon::{Icon, icons};
use crate::ui::loaded::{loaded, loaded_part};
use crate::ui::menu::Menu;
use crate::ui::notice::Notice;

const PLACES: [(&str, &str, icons::Icon); 4] = [
    ("/servers", "Servers", icons::SERVER),
    ("/connections", "My connections", icons::PLUG),
    ("/tokens", "Tokens", icons::KEY),
    ("/activity", "Activity", icons::CHART),
];

/// Admins' places; virtual accounts also of those who own one.
const MANAGED: [(&str, &str, icons::Icon); 5] = [
    ("/people", "People", icons::PERSON),
    ("/teams", "Teams", icons::TEAM),
    ("/virtual-accounts", "Virtual accounts", icons::ACCOUNT),
    ("/audit", "Audit", icons::LIST),
    ("/settings", "Settings", icons::SETTINGS),
];

#[component]
pub fn Frame() -> AnyView {
    let person = ask(|| (), |()| who_am_i());
    search_by_slash();
    view! {
        <a class="skip-link" href="#main">"Skip to the page"</a>
        <div class="frame">
            <header class="frame-top">
                <A href="/servers" attr:class="brand"><Icon icon=icons::BRAND/>"Overkey"</A>
                <search class="frame-search">
                    <form action="/servers" method="get">
                        <label class="visually-hidden" for="frame-search">"Find a server"</label>
                        <Icon icon=icons::SEARCH/>
                        <input id="frame-search" class="field-input" type="search" name="search" placeholder="Find a server" autocomplete="off" aria-keyshortcuts="/"/>
                        <kbd aria-hidden="true">"/"</kbd>
                    </form>
                </search>
                <ThemeMenu/>
                {loaded(person, |me| view! { <MyMenu me/> }.into_any())}
            </header>
            <nav class="frame-nav" aria-label="Main">
                <div class="frame-places">
                    <ul>{PLACES.map(|(href, name, icon)| view! { <li><Place href name icon/></li> }).collect_view()}</ul>
                    {loaded_part(person, |me| view! { <Managed me/> }.into_any())}
                </div>
            </nav>
            <main id="main" class="frame-main" tabindex="-1">
                <Notice/>
                <Outlet/>
            </main>
        </div>
    }
    .into_any()
}

/// What people who manage others see besides.
#[component]
fn Managed(me: Me) -> AnyView {
    let shown = |(href, ..): &(&str, &str, icons::Icon)| me.admin || (me.accounts && *href == "/virtual-accounts");
    let places: Vec<_> = MANAGED.into_iter().filter(shown).collect();
    if places.is_empty() {
        return ().into_any();
    }
    let places = places
        .into_iter()
        .map(|(href, name, icon)| view! { <li><Place href name icon/></li> })
        .collect_view();
    view! { <ul class="frame-managed">{places}</ul> }.into_any()
}

#[component]
fn Place(href: &'static str, name: &'static str, icon: icons::Icon) -> AnyView {
    let location = use_location();
    let current = move || {
        let path = location.pathname.get();
        let here = path == href
            || path.starts_with(&format!("{href}/"))
            || (href == "/people" && path.starts_with("/external-identities"))
            || (path == "/" && href == PLACES[0].0);
        here.then_some("page")
    };
    view! {
        <a href=href aria-current=current><Icon icon/><span>{name}</span></a>
    }
    .into_any()
}

/// Three buttons of one form: the answer is a cookie and the same page in other colours.
#[component]
fn ThemeMenu() -> AnyView {
    let choice = |value: &'static str, name: &'static str, icon: icons::Icon| {
        view! { <button name="theme" value=value title=format!("{name} theme") aria-label=format!("{name} theme")><Icon icon/></button> }
    };
    view! {
        <form class="theme-menu" action="/theme" method="post">
            <fieldset>
                <legend class="visually-hidden">"Theme"</legend>
                {choice("system", "System", icons::SYSTEM)}
                {choice("light", "Light", icons::SUN)}
                {choice("dark", "Dark", icons::MOON)}
            </fieldset>
        </form>
    }
    .into_any()
}

#[component]
fn MyMenu(me: Me) -> AnyView {
    let role = if me.admin { "Admin" } else { "Member" };
    view! {
        <Menu label=view! { <Avatar name=me.name.clone()/> }.into_any() name=format!("My menu, {}", me.name) button=false>
            <p><strong>{me.name}</strong><span class="muted">{me.email}</span><span class="muted">{role}</span></p>
            <form action="/sign-out" method="post"><button class="button">"Sign out"</button></form>
        </Menu>
    }
    .into_any()
}

/// `/` focuses the search, unless somebody is typing.
fn search_by_slash() {
    let handle = window_event_listener(leptos::ev::keydown, |event| {
        use leptos::wasm_bindgen::JsCast;
        let typing = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
            .is_some_and(|element| element.matches("input, textarea, select, dialog *").unwrap_or(false));
        if event.key() == "/" && !typing && !event.ctrl_key() && !event.meta_key() && !event.alt_key() {
            let found = document().get_element_by_id("frame-search");
            if let Some(input) = found.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()) {
                event.prevent_default();
                // Fails only for an element that has left the page.
                let _ = input.focus();
            }
        }
    });
    on_cleanup(move || handle.remove());
}

/// What stands where a page should be and there is none.
#[component]
pub fn NotFound() -> AnyView {
    view! { <main id="main" class="frame-main"><Failure error=crate::error::UiError::Gone/></main> }.into_any()
}
