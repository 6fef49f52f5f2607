//! `/external-identities/{id}`: one of them: who it is at its provider, and what it may use.

use leptos::prelude::*;
use leptos_router::components::Outlet;
use leptos_router::hooks::use_params_map;

use super::api::get_identity;
use super::list::LastCall;
use super::model::{IdentityPage, IdentityRow};
use crate::features::people::holdings::Servers;
use crate::ui::address::encode;
use crate::ui::asked::ask;
use crate::ui::drawn::IntoAny;
use crate::ui::loaded::loaded;
use crate::ui::page::PageHead;
use crate::ui::time::Time;

#[component]
pub fn Identity() -> AnyView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.read().get("id").unwrap_or_default());
    let page = ask(move || id.get(), get_identity);
    // The dialog stands outside of what loads here; see `ui::loaded`.
    view! {
        {loaded(page, |page| view! { <Page page/> }.into_any())}
        <Outlet/>
    }
    .into_any()
}

#[component]
fn Page(page: IdentityPage) -> AnyView {
    let above = vec![("External identities".to_owned(), "/external-identities".to_owned())];
    let delete = format!("/external-identities/{}/delete", page.row.id);
    let overrides = match page.overrides {
        0 => "It has no credential of its own anywhere.".to_owned(),
        1 => "It has one credential of its own stored.".to_owned(),
        count => format!("It has {count} credentials of its own stored."),
    };
    view! {
        <PageHead title=page.row.name.clone() above><a class="button" data-kind="quiet" href=delete>"Delete"</a></PageHead>
        <Facts row=page.row/>
        <section aria-labelledby="identitys-servers">
            <h2 id="identitys-servers">"Servers"</h2>
            <p class="section-text">{overrides}" Its access is given and taken on each server's Access tab, and counts at once."</p>
            <Servers servers=page.servers none="Nobody gave it a server."/>
        </section>
    }
    .into_any()
}

#[component]
fn Facts(row: IdentityRow) -> AnyView {
    let trail = format!("/audit?actor={}", encode(&row.id));
    view! {
        <section class="card" aria-labelledby="identitys-provider">
            <h2 id="identitys-provider">"At the identity provider"</h2>
            <dl class="facts">
                <dt>"Issuer"</dt><dd>{row.issuer}</dd>
                <dt>"Subject"</dt><dd>{row.subject}</dd>
                <dt>"First seen"</dt><dd><Time at=row.first_seen/></dd>
                <dt>"Last call"</dt><dd><LastCall at=row.last_call/></dd>
            </dl>
            <p><a href=trail>"What it did, in the audit trail"</a></p>
        </section>
    }
    .into_any()
}
