//! `/external-identities`: who has come by an identity provider's token, for admins.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::api::list_identities;
use super::model::{IdentitiesPage, IdentityRow};
use crate::ui::address::next_page;
use crate::ui::asked::ask;
use crate::ui::avatar::Avatar;
use crate::ui::drawn::IntoAny;
use crate::ui::empty_state::EmptyState;
use crate::ui::loaded::loaded;
use crate::ui::page::PageHead;
use crate::ui::pagination::Pagination;
use crate::ui::search_form::SearchForm;
use crate::ui::table::{Table, heads};
use crate::ui::time::Time;

const TABS: [(&str, &str); 2] = [("/people", "People"), ("/external-identities", "External identities")];

/// Both lists of who may come in from outside.
#[component]
pub fn DirectoryTabs(here: &'static str) -> AnyView {
    let tab = |(href, label): (&'static str, &'static str)| {
        let current = (href == here).then_some("page");
        view! { <li><a href=href aria-current=current>{label}</a></li> }
    };
    view! { <nav class="tabs" aria-label="Directory"><ul>{TABS.map(tab).collect_view()}</ul></nav> }.into_any()
}

#[component]
pub fn Identities() -> impl IntoView {
    let query = use_query_map();
    let asked = Memo::new(move |_| {
        let query = query.read();
        let get = |name: &str| query.get(name).unwrap_or_default();
        (get("search"), get("cursor"), get("done"))
    });
    let page = ask(
        move || asked.get(),
        |(search, cursor, _)| list_identities(search, cursor),
    );
    loaded(page, |page| view! { <List page/> }.into_any())
}

#[component]
fn List(page: IdentitiesPage) -> AnyView {
    let next = next_page("/external-identities", &page.search, page.next.as_ref());
    let content = match (page.rows.is_empty(), page.search.is_empty()) {
        (true, true) => view! {
            <EmptyState heading="No external identities yet" text="A caller with a token of a configured identity provider appears here with its first call, unless it is a person who has signed on or a virtual account. It has no access until somebody gives it some on a server's Access tab."/>
        }
        .into_any(),
        (true, false) => view! {
            <EmptyState heading="Nobody found" text="No name, no issuer and no subject matches. Search for another one."/>
        }
        .into_any(),
        (false, _) => {
            let rows = page.rows.into_iter().map(|row| view! { <Row row/> }.into_any()).collect();
            let heads = heads(&["Identity", "Identity provider", "May use", "First seen", "Last call"]);
            view! { <Table caption="External identities" heads rows/> }.into_any()
        }
    };
    view! {
        <PageHead title="External identities"/>
        <DirectoryTabs here="/external-identities"/>
        <SearchForm action="/external-identities" of="external identities" value=page.search/>
        {content}
        <Pagination previous=None next/>
    }
    .into_any()
}

#[component]
fn Row(row: IdentityRow) -> AnyView {
    let href = format!("/external-identities/{}", row.id);
    let servers = row.servers_words();
    view! {
        <tr>
            <th scope="row" data-label="Identity">
                <span class="entity">
                    <Avatar name=row.name.clone()/>
                    <span class="two-lines">
                        <a href=href.clone()>{row.name.clone()}</a>
                        <span class="muted">{row.subject}</span>
                    </span>
                </span>
            </th>
            <td data-label="Identity provider">{row.issuer}</td>
            <td data-label="May use">{servers}</td>
            <td data-label="First seen"><Time at=row.first_seen/></td>
            <td data-label="Last call"><LastCall at=row.last_call/></td>
            <td class="table-actions"><a class="button" data-kind="quiet" href=href aria-label=format!("Open {}", row.name)>"Open"</a></td>
        </tr>
    }
    .into_any()
}

#[component]
pub fn LastCall(at: Option<crate::ui::time::Moment>) -> AnyView {
    match at {
        Some(at) => view! { <Time at/> }.into_any(),
        None => view! { <span class="muted">"None kept"</span> }.into_any(),
    }
}
