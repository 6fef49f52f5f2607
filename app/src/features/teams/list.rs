//! `/teams`: all teams, for admins.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::api::list_teams;
use super::model::{TeamRow, TeamsPage, counted};
use crate::ui::address::next_page;
use crate::ui::asked::ask;
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
pub fn Teams() -> impl IntoView {
    let query = use_query_map();
    let asked = Memo::new(move |_| {
        let query = query.read();
        let get = |name: &str| query.get(name).unwrap_or_default();
        (get("search"), get("cursor"), get("done"))
    });
    let page = ask(move || asked.get(), |(search, cursor, _)| list_teams(search, cursor));
    loaded(page, |page| view! { <List page/> }.into_any())
}

#[component]
fn List(page: TeamsPage) -> AnyView {
    let next = next_page("/teams", &page.search, page.next.as_ref());
    let add = view! { <a class="button" data-kind="primary" href="/teams/new"><Icon icon=icons::PLUS/>"Add team"</a> };
    let content = match (page.rows.is_empty(), page.search.is_empty()) {
        (true, true) => view! {
            <EmptyState heading="No teams yet" text="A team gets a server once, for all who are in it now and later. Name one, put people in, and give it access on the server's Access tab.">
                <a class="button" data-kind="primary" href="/teams/new">"Add team"</a>
            </EmptyState>
        }
        .into_any(),
        (true, false) => view! { <EmptyState heading="Nothing found" text="No team matches. Search for another name."/> }.into_any(),
        (false, _) => {
            let rows = page.rows.into_iter().map(|row| view! { <Row row/> }.into_any()).collect();
            view! { <Table caption="Teams" heads=heads(&["Team", "Members", "Servers", "Added"]) rows/> }.into_any()
        }
    };
    view! {
        <PageHead title="Teams">{add}</PageHead>
        <SearchForm action="/teams" of="teams" value=page.search/>
        {content}
        <Pagination previous=None next/>
    }
    .into_any()
}

#[component]
fn Row(row: TeamRow) -> AnyView {
    let href = format!("/teams/{}", row.name);
    view! {
        <tr>
            <th scope="row" data-label="Team">
                <span class="two-lines"><a href=href.clone()>{row.name.clone()}</a><span class="muted">{row.description}</span></span>
            </th>
            <td data-label="Members">{counted(row.members, "person", "people")}</td>
            <td data-label="Servers">{counted(row.servers, "server", "servers")}</td>
            <td data-label="Added"><Time at=row.added/></td>
            <td class="table-actions"><a class="button" data-kind="quiet" href=href aria-label=format!("Open {}", row.name)>"Open"</a></td>
        </tr>
    }
    .into_any()
}
