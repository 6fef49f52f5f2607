//! What the tab shows: whose overrides there are, and what can be done about them.

use domain::outbound::Mode;
use domain::overrides::State;
use domain::total::Total;
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::api::{VerifyOverride, list_overrides};
use super::count::counted;
use super::model::{ListRequest, OverridesPage, introduction};
use super::table::OverrideTable;
use super::verify::VerifyOutcome;
use crate::ui::action::ServerAction;
use crate::ui::asked::ask;
use crate::ui::badge::Badge;
use crate::ui::drawn::IntoAny;
use crate::ui::empty_state::EmptyState;
use crate::ui::icon::{Icon, icons};
use crate::ui::loaded::loaded_part;
use crate::ui::pagination::Pagination;
use crate::ui::query_form::FilterForm;

#[component]
pub fn OverridesList() -> AnyView {
    let (params, query) = (use_params_map(), use_query_map());
    let asked = Memo::new(move |_| {
        let (params, query) = (params.read(), query.read());
        let get = |name: &str| query.get(name).unwrap_or_default();
        let request = ListRequest {
            server: params.get("server").unwrap_or_default(),
            search: get("search"),
            kind: get("kind"),
            state: get("state"),
            sort: get("sort"),
            cursor: get("cursor"),
        };
        // What was just done is part of the question: after it, the answer is another one.
        (request, get("done"))
    });
    let verify = ServerAction::<VerifyOverride>::new();
    // Whatever came of verifying one shows in its row.
    let verified = verify.version();
    let page = ask(
        move || (asked.get(), verified.get()),
        |((request, _), _)| list_overrides(request),
    );
    view! {
        <section aria-labelledby="overrides-heading">
            <VerifyOutcome verify/>
            {loaded_part(page, move |page| view! { <Overrides page verify/> }.into_any())}
        </section>
    }
    .into_any()
}

#[component]
fn Overrides(page: OverridesPage, verify: ServerAction<VerifyOverride>) -> AnyView {
    let add = format!("/servers/{}/overrides/new", page.request.server);
    let add = page.may_add.then(|| {
        view! { <a class="button" data-kind="primary" href=add><Icon icon=icons::PLUS/>"Add Override"</a> }
    });
    let import = (page.manager && page.may_add).then(|| {
        view! { <a class="button" href=format!("/servers/{}/overrides/import", page.request.server)>"Import"</a> }
    });
    let headers = page
        .headers
        .iter()
        .map(|header| view! { <code>{header.clone()}</code> })
        .collect_view();
    // Whoever may call may consent, managers too; the page says how it stands.
    let authorize = (page.mode == Mode::AuthorizationCode).then(|| {
        view! { <a class="button" href=format!("/connect/{}", page.request.server)>"My authorization"</a> }
    });
    view! {
        <div class="section-head">
            <h2 id="overrides-heading">"Auth Overrides"</h2>
            <div class="page-actions">
                <a class="button" data-kind="quiet" href=format!("/servers/{}/overrides/why", page.request.server)>"Why this credential?"</a>
                {authorize}{import}{add}
            </div>
        </div>
        <p class="section-text">{introduction(page.mode)}" "<Badge text=page.mode.label()/>" "{headers}</p>
        <Content page verify/>
    }
    .into_any()
}

#[component]
fn Content(page: OverridesPage, verify: ServerAction<VerifyOverride>) -> impl IntoView {
    if let Some(text) = page.unsupported.clone() {
        return view! { <EmptyState heading="No overrides on this server" text/> }.into_any();
    }
    if page.rows.is_empty() && !page.request.is_filtered() && page.request.cursor.is_empty() {
        return view! { <Nothing mode=page.mode manager=page.manager may_add=page.may_add/> }.into_any();
    }
    let filters = page
        .manager
        .then(|| view! { <Filters request=page.request.clone() total=page.total/> });
    let address = |cursor: &String| page.request.address("cursor", cursor);
    let (previous, next) = (page.previous.as_ref().map(address), page.next.as_ref().map(address));
    let none = page.rows.is_empty();
    view! {
        {filters}
        {if none {
            view! { <EmptyState heading="Nothing found" text="No override matches. Take a filter away, or search for another name."/> }.into_any()
        } else {
            view! { <OverrideTable request=page.request rows=page.rows manager=page.manager verify/> }.into_any()
        }}
        <Pagination previous next/>
    }
    .into_any()
}

/// What happens now, and what to do.
#[component]
fn Nothing(mode: Mode, manager: bool, may_add: bool) -> AnyView {
    let consents = mode == Mode::AuthorizationCode;
    let (heading, text) = match (manager, may_add) {
        (true, _) if consents => (
            "Nobody has authorized yet",
            "People authorize Overkey themselves when they first call; virtual accounts cannot. You may enter an Authorization header for anyone; it is used with their next request.",
        ),
        (false, _) if consents => (
            "You have not authorized yet",
            "Calls fail until you authorize Overkey at this server's provider, or a manager enters a header for you.",
        ),
        (true, _) => (
            "No overrides yet",
            "Calls fail for everyone without an override, unless the server has a credential of its own. Add one for a person or a virtual account; they use it with their next request.",
        ),
        (false, true) => (
            "You have no credential here yet",
            "Calls fail until you add your key. It is stored encrypted, used for your requests only, and never shown again.",
        ),
        (false, false) => (
            "You have no override here",
            "Only a manager of this server can add one for you.",
        ),
    };
    view! { <EmptyState heading text/> }.into_any()
}

/// A form that asks by the address; scripts send it as soon as something changes.
#[component]
fn Filters(request: ListRequest, total: Option<Total>) -> AnyView {
    let action = format!("/servers/{}/overrides", request.server);
    let submit = |event: leptos::ev::Event| {
        use leptos::wasm_bindgen::JsCast;
        let form = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
            .and_then(|element| element.closest("form").ok().flatten())
            .and_then(|form| form.dyn_into::<web_sys::HtmlFormElement>().ok());
        if let Some(form) = form {
            // Fails only where the form's own checks refuse; the page then says so itself.
            let _ = form.request_submit();
        }
    };
    let option = |value: &'static str, label: &'static str, chosen: &str| {
        let selected = value == chosen;
        view! { <option value=value selected=selected>{label}</option> }
    };
    let kinds = [
        ("", "Any type"),
        ("user", "User"),
        ("virtual_account", "Virtual account"),
        ("external_identity", "External identity"),
    ]
    .map(|(value, label)| option(value, label, &request.kind));
    let states = std::iter::once(("", "Any state"))
        .chain(State::ALL.map(|state| (state.as_str(), state.label())))
        .map(|(value, label)| option(value, label, &request.state))
        .collect_view();
    let count = total.map(counted);
    view! {
        <FilterForm action=action>
            <label class="visually-hidden" for="search">"Search entity"</label>
            <input class="field-input" id="search" name="search" type="search" placeholder="Search entity" value=request.search.clone() on:change=submit/>
            <label class="visually-hidden" for="kind">"Type"</label>
            <select class="field-input" id="kind" name="kind" on:change=submit>{kinds.into_iter().collect_view()}</select>
            <label class="visually-hidden" for="state">"State"</label>
            <select class="field-input" id="state" name="state" on:change=submit>{states}</select>
            <input type="hidden" name="sort" value=request.sort.clone()/>
            <button class="button">"Search"</button>
            <output class="filter-count">{count}</output>
        </FilterForm>
    }
    .into_any()
}
