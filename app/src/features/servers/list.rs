//! `/servers`: the servers I may use, and what each needs of me.

use domain::outbound::Mode;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::api::list_servers;
use super::model::{ServerList, ServerListRequest, ServerRow, Status};
use crate::features::overrides::model::encode;
use crate::ui::asked::ask;
use crate::ui::badge::Badge;
use crate::ui::drawn::IntoAny;
use crate::ui::empty_state::EmptyState;
use crate::ui::icon::{Icon, icons};
use crate::ui::loaded::loaded;
use crate::ui::page::PageHead;
use crate::ui::pagination::Pagination;
use crate::ui::query_form::FilterForm;
use crate::ui::table::{Table, heads};

#[component]
pub fn Servers() -> impl IntoView {
    let query = use_query_map();
    let asked = Memo::new(move |_| {
        let query = query.read();
        let get = |name: &str| query.get(name).unwrap_or_default();
        let request = ServerListRequest {
            search: get("search"),
            mode: get("mode"),
            status: get("status"),
            cursor: get("cursor"),
        };
        (request, get("done"))
    });
    let list = ask(move || asked.get(), |(request, _)| list_servers(request));
    loaded(list, |list| view! { <List list/> }.into_any())
}

#[component]
fn List(list: ServerList) -> AnyView {
    let add = list.may_create.then(|| {
        view! { <a class="button" data-kind="primary" href="/servers/new"><Icon icon=icons::PLUS/>"Add server"</a> }
    });
    let request = list.request.clone();
    let filtered = !(request.search.is_empty() && request.mode.is_empty() && request.status.is_empty());
    let next = list.next.as_ref().map(|cursor| {
        let ServerListRequest {
            search, mode, status, ..
        } = &request;
        format!(
            "/servers?search={}&mode={}&status={}&cursor={}",
            encode(search),
            encode(mode),
            encode(status),
            encode(cursor)
        )
    });
    let content = if list.rows.is_empty() && !filtered {
        view! { <Nothing may_create=list.may_create/> }.into_any()
    } else if list.rows.is_empty() {
        view! { <EmptyState heading="Nothing found" text="No server matches. Take a filter away, or search for another name."/> }.into_any()
    } else {
        let rows = list
            .rows
            .into_iter()
            .map(|row| view! { <Row row/> }.into_any())
            .collect();
        view! { <Table caption="Servers" heads=heads(&["Name", "Outbound auth", "My role", "My status"]) rows/> }
            .into_any()
    };
    view! {
        <PageHead title="Servers">{add}</PageHead>
        <Filters request/>
        {content}
        <Pagination previous=None next/>
    }
    .into_any()
}

#[component]
fn Filters(request: ServerListRequest) -> AnyView {
    let option = |value: &'static str, label: &'static str, chosen: &str| {
        let selected = value == chosen;
        view! { <option value=value selected=selected>{label}</option> }
    };
    let modes = std::iter::once(("", "Any outbound auth"))
        .chain(Mode::ALL.map(|mode| (mode.as_str(), mode.label())))
        .map(|(value, label)| option(value, label, &request.mode))
        .collect_view();
    let statuses = std::iter::once(("", "Any status"))
        .chain(Status::ALL.map(|status| (status.as_str(), status.label())))
        .map(|(value, label)| option(value, label, &request.status))
        .collect_view();
    view! {
        <FilterForm action="/servers" label="Filter servers">
            <label class="visually-hidden" for="search">"Search servers"</label>
            <input class="field-input" id="search" type="search" name="search" placeholder="Search servers" value=request.search.clone()/>
            <label class="visually-hidden" for="mode">"Outbound auth"</label>
            <select class="field-input" id="mode" name="mode">{modes}</select>
            <label class="visually-hidden" for="status">"My status"</label>
            <select class="field-input" id="status" name="status">{statuses}</select>
            <button class="button">"Search"</button>
        </FilterForm>
    }
    .into_any()
}

#[component]
fn Row(row: ServerRow) -> AnyView {
    let (words, href) = row.status.action(&row.name);
    let role = if row.manager { "Manager" } else { "User" };
    view! {
        <tr>
            <th scope="row" data-label="Name">
                <span class="two-lines">
                    <a href=format!("/servers/{}", row.name)>{row.name.clone()}</a>
                    <span class="muted">{row.description}</span>
                </span>
            </th>
            <td data-label="Outbound auth"><Badge text=row.mode.label()/></td>
            <td data-label="My role">{role}</td>
            <td data-label="My status"><Badge text=row.status.label() tone=row.status.tone()/></td>
            <td class="table-actions"><a class="button" data-kind="quiet" href=href aria-label=format!("{words}: {}", row.name)>{words}</a></td>
        </tr>
    }
    .into_any()
}

#[component]
fn Nothing(may_create: bool) -> AnyView {
    if may_create {
        view! {
            <EmptyState heading="Add your first MCP server" text="Give it a name, its address and how the gateway authenticates to it. People then call it through the gateway, each with their own credential.">
                <a class="button" data-kind="primary" href="/servers/new">"Add server"</a>
            </EmptyState>
        }
        .into_any()
    } else {
        view! { <EmptyState heading="No servers yet" text="An admin gives you access to servers; they appear here then."/> }.into_any()
    }
    .into_any()
}
