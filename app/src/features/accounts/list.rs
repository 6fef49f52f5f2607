//! `/virtual-accounts`: all for admins, for others those they answer for.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::api::list_accounts;
use super::model::{AccountRow, AccountsPage};
use crate::ui::address::next_page;
use crate::ui::asked::ask;
use crate::ui::avatar::Avatar;
use crate::ui::drawn::IntoAny;
use crate::ui::empty_state::EmptyState;
use crate::ui::icon::{Icon, icons};
use crate::ui::loaded::loaded;
use crate::ui::page::PageHead;
use crate::ui::pagination::Pagination;
use crate::ui::search_form::SearchForm;
use crate::ui::table::{Table, heads};
use crate::ui::time::{Time, TimeOr};

#[component]
pub fn Accounts() -> impl IntoView {
    let query = use_query_map();
    let asked = Memo::new(move |_| {
        let query = query.read();
        let get = |name: &str| query.get(name).unwrap_or_default();
        (get("search"), get("cursor"), get("done"))
    });
    let page = ask(move || asked.get(), |(search, cursor, _)| list_accounts(search, cursor));
    loaded(page, |page| view! { <List page/> }.into_any())
}

#[component]
fn List(page: AccountsPage) -> AnyView {
    let next = next_page("/virtual-accounts", &page.search, page.next.as_ref());
    let add = page.admin.then(|| {
        view! { <a class="button" data-kind="primary" href="/virtual-accounts/new"><Icon icon=icons::PLUS/>"Add virtual account"</a> }
    });
    let content = match (page.rows.is_empty(), page.search.is_empty(), page.admin) {
        (true, true, true) => view! {
            <EmptyState heading="No virtual accounts yet" text="A virtual account is a program that calls: a build, a job, an agent that runs by itself. It has tokens and credentials of its own, and a person who answers for it.">
                <a class="button" data-kind="primary" href="/virtual-accounts/new">"Add virtual account"</a>
            </EmptyState>
        }
        .into_any(),
        (true, true, false) => view! { <EmptyState heading="You answer for none" text="An admin can make you the owner of a virtual account; you see its tokens here then, and replace them."/> }.into_any(),
        (true, false, _) => view! { <EmptyState heading="Nothing found" text="No virtual account matches. Search for another name."/> }.into_any(),
        (false, ..) => {
            let rows = page.rows.into_iter().map(|row| view! { <Row row/> }.into_any()).collect();
            view! { <Table caption="Virtual accounts" heads=heads(&["Name", "Owner", "Last used", "Added"]) rows/> }.into_any()
        }
    };
    view! {
        <PageHead title="Virtual accounts">{add}</PageHead>
        <SearchForm action="/virtual-accounts" of="virtual accounts" value=page.search/>
        {content}
        <Pagination previous=None next/>
    }
    .into_any()
}

#[component]
fn Row(row: AccountRow) -> AnyView {
    let href = format!("/virtual-accounts/{}", row.name);
    view! {
        <tr>
            <th scope="row" data-label="Name">
                <span class="entity">
                    <Avatar name=row.name.clone()/>
                    <span class="two-lines"><a href=href.clone()>{row.name.clone()}</a><span class="muted">{row.description}</span></span>
                </span>
            </th>
            <td data-label="Owner"><Owner owner=row.owner/></td>
            <td data-label="Last used"><TimeOr at=row.last_used never="Never"/></td>
            <td data-label="Added"><Time at=row.added/></td>
            <td class="table-actions"><a class="button" data-kind="quiet" href=href aria-label=format!("Open {}", row.name)>"Open"</a></td>
        </tr>
    }
    .into_any()
}

#[component]
pub fn Owner(owner: Option<(String, String)>) -> AnyView {
    match owner {
        Some((name, email)) => {
            view! { <span class="two-lines"><span>{name}</span><span class="muted">{email}</span></span> }.into_any()
        }
        None => view! { <span class="muted">"Nobody"</span> }.into_any(),
    }
    .into_any()
}
