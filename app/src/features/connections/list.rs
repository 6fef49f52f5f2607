//! `/connections`: one row per server I may use.

use domain::outbound::Mode;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::api::list_connections;
use super::model::{ConnectionPage, ConnectionRow};
use super::problem::ConsentProblemNotice;
use crate::features::overrides::api::VerifyOverride;
use crate::features::overrides::health::Verified;
use crate::features::overrides::model::encode;
use crate::features::overrides::verify::{VerifyButton, VerifyOutcome};
use crate::features::servers::model::Status;
use crate::ui::action::ServerAction;
use crate::ui::asked::ask;
use crate::ui::badge::Badge;
use crate::ui::drawn::IntoAny;
use crate::ui::empty_state::EmptyState;
use crate::ui::expiry::Expires;
use crate::ui::loaded::loaded;
use crate::ui::page::PageHead;
use crate::ui::pagination::Pagination;
use crate::ui::query_form::FilterForm;
use crate::ui::table::{Table, heads};
use crate::ui::time::TimeOr;

#[component]
pub fn Connections() -> impl IntoView {
    let query = use_query_map();
    let asked = Memo::new(move |_| {
        let query = query.read();
        let get = |name: &str| query.get(name).unwrap_or_default();
        (get("search"), get("cursor"), get("done"))
    });
    let verify = ServerAction::<VerifyOverride>::new();
    // Whatever came of verifying one shows in its row.
    let verified = verify.version();
    let page = ask(
        move || (asked.get(), verified.get()),
        |((search, cursor, _), _)| list_connections(search, cursor),
    );
    loaded(page, move |page| view! { <List page verify/> }.into_any())
}

#[component]
fn List(page: ConnectionPage, verify: ServerAction<VerifyOverride>) -> AnyView {
    let search = page.search.clone();
    let next = page
        .next
        .as_ref()
        .map(|cursor| format!("/connections?search={}&cursor={}", encode(&search), encode(cursor)));
    let content = match (page.rows.is_empty(), search.is_empty()) {
        (true, true) => view! { <EmptyState heading="No servers yet" text="An admin gives you access to servers; what each needs of you stands here then."/> }.into_any(),
        (true, false) => view! { <EmptyState heading="Nothing found" text="No server matches. Search for another name."/> }.into_any(),
        (false, _) => {
            let rows = page.rows.into_iter().map(|row| view! { <Row row verify/> }.into_any()).collect();
            view! { <Table caption="My connections" heads=heads(&["Server", "Status", "Source", "Expires", "Last used"]) rows/> }
                .into_any()
        }
    };
    view! {
        <PageHead title="My connections"/>
        <ConsentProblemNotice/>
        <VerifyOutcome verify/>
        <p class="section-text">"My credential on every server I may use, and what is missing."</p>
        <FilterForm action="/connections" label="Filter connections">
            <label class="visually-hidden" for="search">"Search servers"</label>
            <input class="field-input" id="search" type="search" name="search" placeholder="Search servers" value=search/>
            <button class="button">"Search"</button>
        </FilterForm>
        {content}
        <Pagination previous=None next/>
    }
    .into_any()
}

#[component]
fn Row(row: ConnectionRow, verify: ServerAction<VerifyOverride>) -> AnyView {
    let (words, href) = row.status.action(&row.server);
    let server = row.server.clone();
    let edit = row.own.as_ref().filter(|own| own.may_edit).map(|own| {
        let href = format!("/servers/{server}/overrides/{}/edit", own.id);
        view! { <a class="button" data-kind="quiet" href=href aria-label=format!("Edit my key: {server}")>"Edit"</a> }
    });
    let authorization = (row.mode == Mode::AuthorizationCode && row.status == Status::Ready).then(|| {
        let href = format!("/connect/{server}");
        view! { <a class="button" data-kind="quiet" href=href aria-label=format!("My authorization: {server}")>"My authorization"</a> }
    });
    let verify = row
        .own
        .clone()
        .map(|row| view! { <VerifyButton server=server.clone() row verify/> });
    let verified = row.own.as_ref().and_then(|own| own.verified.clone());
    let (expires, last_used) = row.own.map_or((None, None), |own| (own.expires, own.last_used));
    let expires = match expires {
        Some(at) => view! { <Expires at/> }.into_any(),
        None => view! { <span class="muted">"—"</span> }.into_any(),
    };
    view! {
        <tr>
            <th scope="row" data-label="Server">
                <span class="two-lines"><a href=format!("/servers/{}", row.server)>{row.server.clone()}</a><span class="muted">{row.mode.label()}</span></span>
            </th>
            <td data-label="Status">
                <span class="two-lines">
                    <Badge text=row.status.label() tone=row.status.tone()/>
                    <Verified at=verified/>
                    <a class="small-link" href=format!("/servers/{server}/overrides/why") aria-label=format!("Why this credential? {server}")>"Why?"</a>
                </span>
            </td>
            <td data-label="Source">{row.source}</td>
            <td data-label="Expires">{expires}</td>
            <td data-label="Last used"><TimeOr at=last_used never="—"/></td>
            <td class="table-actions">
                {verify}
                {edit}
                {authorization}
                <a class="button" data-kind="quiet" href=href aria-label=format!("{words}: {}", row.server)>{words}</a>
            </td>
        </tr>
    }
    .into_any()
}
