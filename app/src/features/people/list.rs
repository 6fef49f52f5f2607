//! `/people`: everybody who is there, for admins.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::api::list_people;
use super::model::{PeoplePage, PersonRow, state_tone};
use crate::features::identities::DirectoryTabs;
use crate::ui::address::next_page;
use crate::ui::asked::ask;
use crate::ui::avatar::Avatar;
use crate::ui::badge::{Badge, Tone};
use crate::ui::drawn::IntoAny;
use crate::ui::empty_state::EmptyState;
use crate::ui::icon::{Icon, icons};
use crate::ui::loaded::loaded;
use crate::ui::page::PageHead;
use crate::ui::pagination::Pagination;
use crate::ui::search_form::SearchForm;
use crate::ui::table::{Table, heads};
use crate::ui::time::Time;

#[component]
pub fn People() -> impl IntoView {
    let query = use_query_map();
    let asked = Memo::new(move |_| {
        let query = query.read();
        let get = |name: &str| query.get(name).unwrap_or_default();
        (get("search"), get("cursor"), get("done"))
    });
    let page = ask(move || asked.get(), |(search, cursor, _)| list_people(search, cursor));
    loaded(page, |page| view! { <List page/> }.into_any())
}

#[component]
fn List(page: PeoplePage) -> AnyView {
    let next = next_page("/people", &page.search, page.next.as_ref());
    let alone = page.search.is_empty() && page.rows.len() == 1 && page.next.is_none();
    let content = if page.rows.is_empty() {
        view! { <EmptyState heading="Nobody found" text="No name and no e-mail address matches. Search for another one."/> }
            .into_any()
    } else {
        let rows = page
            .rows
            .into_iter()
            .map(|row| view! { <Row row/> }.into_any())
            .collect();
        view! { <Table caption="People" heads=heads(&["Person", "Role", "State", "Added"]) rows/> }.into_any()
    };
    let invite = alone.then(|| {
        view! { <p class="section-text">"You are the only one here. "<a href="/people/new">"Invite somebody"</a>": they choose a password by a link that you send them."</p> }
    });
    view! {
        <PageHead title="People">
            <a class="button" data-kind="primary" href="/people/new"><Icon icon=icons::PLUS/>"Invite person"</a>
        </PageHead>
        <DirectoryTabs here="/people"/>
        {invite}
        <SearchForm action="/people" of="people" value=page.search/>
        {content}
        <Pagination previous=None next/>
    }
    .into_any()
}

#[component]
fn Row(row: PersonRow) -> AnyView {
    let href = format!("/people/{}", row.id);
    let until = row
        .invited_until
        .map(|at| view! { <span class="muted">"link ends "<Time at/></span> });
    view! {
        <tr>
            <th scope="row" data-label="Person">
                <span class="entity">
                    <Avatar name=row.name.clone()/>
                    <span class="two-lines">
                        <span><a href=href.clone()>{row.name.clone()}</a>{row.mine.then_some(" (you)")}</span>
                        <span class="muted">{row.email}</span>
                    </span>
                </span>
            </th>
            <td data-label="Role"><RoleBadge admin=row.admin/></td>
            <td data-label="State"><span class="two-lines"><Badge text=row.state.label() tone=state_tone(row.state)/>{until}</span></td>
            <td data-label="Added"><Time at=row.added/></td>
            <td class="table-actions"><a class="button" data-kind="quiet" href=href aria-label=format!("Open {}", row.name)>"Open"</a></td>
        </tr>
    }
    .into_any()
}

#[component]
pub fn RoleBadge(admin: bool) -> AnyView {
    let (text, tone) = if admin {
        ("Admin", Tone::Attention)
    } else {
        ("Member", Tone::Neutral)
    };
    view! { <Badge text tone/> }.into_any()
}
