//! `/audit`: the trail, newest first, filtered by the address.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::api::list_audit;
use super::model::{AuditPage, AuditRequest, EntryRow, action_words, detail_words};
use crate::ui::asked::ask;
use crate::ui::drawn::IntoAny;
use crate::ui::empty_state::EmptyState;
use crate::ui::loaded::loaded;
use crate::ui::page::PageHead;
use crate::ui::pagination::Pagination;
use crate::ui::query_form::FilterForm;
use crate::ui::table::{Table, heads};
use crate::ui::time::Time;

const KINDS: [(&str, &str); 3] = [("", "Changes and calls"), ("change", "Changes"), ("call", "Calls")];

#[component]
pub fn Audit() -> impl IntoView {
    let query = use_query_map();
    let asked = Memo::new(move |_| {
        let query = query.read();
        let get = |name: &str| query.get(name).unwrap_or_default();
        AuditRequest {
            search: get("search"),
            actor: get("actor"),
            server: get("server"),
            kind: get("kind"),
            since: get("since"),
            until: get("until"),
            cursor: get("cursor"),
        }
    });
    let page = ask(move || asked.get(), list_audit);
    loaded(page, |page| view! { <Trail page/> }.into_any())
}

#[component]
fn Trail(page: AuditPage) -> AnyView {
    let next = page.next.as_ref().map(|cursor| page.request.address(cursor));
    let newest = (!page.request.cursor.is_empty()).then(|| page.request.address(""));
    let content = if page.rows.is_empty() {
        let text = if page.request.is_filtered() {
            "No entry matches. Take a filter away, or look further back."
        } else {
            "Changes and calls appear here as they happen."
        };
        view! { <EmptyState heading="Nothing found" text/> }.into_any()
    } else {
        view! { <Entries rows=page.rows caption="Audit trail" from=true/> }.into_any()
    };
    view! {
        <PageHead title="Audit"><Exports path=page.export/></PageHead>
        <p class="section-text">
            "Every change, and every call with the credential it carried: named by a fingerprint, never shown. Each entry is tied to the one before; "
            <code>"overkey audit verify"</code>" tells whether one was edited, moved or taken out."
        </p>
        <Filters request=page.request/>
        {content}
        <Newest href=newest/>
        <Pagination previous=None next/>
    }
    .into_any()
}

/// The same list as files. `rel=external`: a file is not a page of the router's.
#[component]
pub fn Exports(
    /// With the query, to which the format is added.
    path: String,
) -> AnyView {
    let sign = if path.contains('?') { '&' } else { '?' };
    let link = |format: &'static str, words: &'static str| {
        view! { <a class="button" href=format!("{path}{sign}format={format}") rel="external" download>{words}</a> }
    };
    view! { {link("csv", "Export CSV")}{link("jsonl", "Export JSON Lines")} }.into_any()
}

/// The way back from further down the list.
#[component]
pub fn Newest(href: Option<String>) -> AnyView {
    href.map(|href| view! { <p class="section-text"><a href=href>"Back to the newest"</a></p> })
        .into_any()
}

#[component]
fn Filters(request: AuditRequest) -> AnyView {
    let kinds = KINDS
        .map(|(value, label)| view! { <option value=value selected=value == request.kind>{label}</option> })
        .into_iter()
        .collect_view();
    view! {
        <FilterForm action="/audit" label="Filter the trail">
            <label class="visually-hidden" for="search">"Action"</label>
            <input class="field-input" id="search" type="search" name="search" placeholder="Action" value=request.search/>
            <label class="visually-hidden" for="actor">"Who"</label>
            <input class="field-input" id="actor" type="search" name="actor" placeholder="Who: name, e-mail or id" value=request.actor/>
            <label class="visually-hidden" for="server">"Server"</label>
            <input class="field-input" id="server" type="search" name="server" placeholder="Server" value=request.server/>
            <label class="visually-hidden" for="kind">"Kind"</label>
            <select class="field-input" id="kind" name="kind">{kinds}</select>
            <span class="filter-pair">
                <label for="since">"From"</label>
                <input class="field-input" id="since" type="date" name="since" value=request.since/>
            </span>
            <span class="filter-pair">
                <label for="until">"to"</label>
                <input class="field-input" id="until" type="date" name="until" value=request.until/>
            </span>
            <button class="button">"Filter"</button>
        </FilterForm>
    }
    .into_any()
}

/// The table of both the whole trail and a server's changes.
#[component]
pub fn Entries(
    rows: Vec<EntryRow>,
    caption: &'static str,
    /// Shows servers: for the trail of all.
    #[prop(optional)]
    from: bool,
) -> AnyView {
    let columns: &[&str] = if from {
        &["Time", "Who", "What", "Server", "Details"]
    } else {
        &["Time", "Who", "What", "Details"]
    };
    let rows = rows
        .into_iter()
        .map(|row| view! { <Entry row with_server=from/> }.into_any())
        .collect();
    view! { <Table caption heads=heads(columns) rows actions=false/> }.into_any()
}

#[component]
fn Entry(row: EntryRow, with_server: bool) -> AnyView {
    let from = row
        .from
        .into_iter()
        .map(|line| view! { <span class="muted">{line}</span> })
        .collect_view();
    let whom = row
        .whom
        .map(|whom| view! { <span class="muted">{format!("for {whom}")}</span> });
    let server = with_server.then(|| {
        let link = row
            .server
            .map(|server| view! { <a href=format!("/servers/{server}/activity")>{server.clone()}</a> });
        view! { <td data-label="Server">{link}</td> }
    });
    view! {
        <tr>
            <td data-label="Time"><Time at=row.at/></td>
            <td data-label="Who"><span class="two-lines"><span>{row.who}</span>{from}</span></td>
            <th scope="row" data-label="What"><span class="two-lines"><span>{action_words(&row.action)}</span>{whom}</span></th>
            {server}
            <td data-label="Details"><Details pairs=row.detail/></td>
        </tr>
    }
    .into_any()
}

#[component]
fn Details(pairs: Vec<(String, String)>) -> AnyView {
    if pairs.is_empty() {
        return view! { <span class="muted">"–"</span> }.into_any();
    }
    let pairs = pairs
        .into_iter()
        .map(|(name, value)| view! { <div><dt>{detail_words(&name)}</dt><dd>{value}</dd></div> })
        .collect_view();
    view! { <dl class="details">{pairs}</dl> }.into_any()
}
