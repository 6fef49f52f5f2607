//! `/servers/{name}/activity/calls`: one by one, newest first.

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::api::list_calls;
use super::model::{CallRow, CallsPage, CallsRequest, credential_words, latency, outcome_words};
use crate::features::audit::list::{Exports, Newest};
use crate::ui::asked::ask;
use crate::ui::badge::{Badge, Tone};
use crate::ui::drawn::IntoAny;
use crate::ui::empty_state::EmptyState;
use crate::ui::loaded::loaded_part;
use crate::ui::pagination::Pagination;
use crate::ui::query_form::FilterForm;
use crate::ui::table::{Table, heads};
use crate::ui::time::Time;

const RESULTS: [(&str, &str); 3] = [("", "Any result"), ("true", "Errors"), ("false", "Without errors")];

#[component]
pub fn Calls() -> impl IntoView {
    let (params, query) = (use_params_map(), use_query_map());
    let asked = Memo::new(move |_| {
        let query = query.read();
        let get = |name: &str| query.get(name).unwrap_or_default();
        CallsRequest {
            server: params.read().get("server").unwrap_or_default(),
            subject: get("subject"),
            tool: get("tool"),
            error: get("error"),
            cursor: get("cursor"),
        }
    });
    let page = ask(move || asked.get(), list_calls);
    loaded_part(page, |page| view! { <Content page/> }.into_any())
}

#[component]
fn Content(page: CallsPage) -> AnyView {
    let next = page.next.as_ref().map(|cursor| page.request.address(cursor));
    let newest = (!page.request.cursor.is_empty()).then(|| page.request.address(""));
    let content = if page.rows.is_empty() {
        let (heading, text) = if page.request.is_filtered() {
            ("Nothing found", "No call matches. Take a filter away.")
        } else {
            ("No calls yet", "Calls appear here within a second or so.")
        };
        view! { <EmptyState heading text/> }.into_any()
    } else {
        let rows = page
            .rows
            .into_iter()
            .map(|row| view! { <Row row/> }.into_any())
            .collect();
        let columns = ["Time", "Who", "Method and tool", "Result", "Latency", "Credential"];
        view! { <Table caption="Calls" heads=heads(&columns) rows actions=false/> }.into_any()
    };
    view! {
        <Filters request=page.request manager=page.manager/>
        {content}
        <Newest href=newest/>
        <Pagination previous=None next/>
        <div class="exports"><Exports path=page.export/></div>
    }
    .into_any()
}

#[component]
fn Filters(request: CallsRequest, manager: bool) -> AnyView {
    let results = RESULTS
        .map(|(value, label)| view! { <option value=value selected=value == request.error>{label}</option> })
        .into_iter()
        .collect_view();
    let subject = manager.then(|| {
        view! {
            <label class="visually-hidden" for="subject">"Who"</label>
            <input class="field-input" id="subject" type="search" name="subject" placeholder="Who: e-mail or account" value=request.subject.clone()/>
        }
    });
    let action = format!("/servers/{}/activity/calls", request.server);
    view! {
        <FilterForm action label="Filter calls">
            {subject}
            <label class="visually-hidden" for="tool">"Tool or method"</label>
            <input class="field-input" id="tool" type="search" name="tool" placeholder="Tool or method" value=request.tool/>
            <label class="visually-hidden" for="error">"Result"</label>
            <select class="field-input" id="error" name="error">{results}</select>
            <button class="button">"Filter"</button>
        </FilterForm>
    }
    .into_any()
}

#[component]
fn Row(row: CallRow) -> AnyView {
    let tone = if row.error { Tone::Bad } else { Tone::Good };
    let upstream = row
        .upstream_status
        .filter(|status| *status != row.status)
        .map(|status| view! { <span class="muted">{format!("upstream said {status}")}</span> });
    let fingerprint = row
        .fingerprint
        .clone()
        .map(|text| view! { <code class="muted">{text}</code> });
    let tool = row.tool.clone().map(|tool| view! { <span>{tool}</span> });
    let method_class = if row.tool.is_some() { "muted" } else { "" };
    view! {
        <tr>
            <td data-label="Time"><Time at=row.at.clone()/></td>
            <td data-label="Who">{row.subject.clone()}</td>
            <th scope="row" data-label="Method and tool"><span class="two-lines">{tool}<span class=method_class>{row.method.clone()}</span></span></th>
            <td data-label="Result"><span class="two-lines"><Badge text=format!("{} {}", row.status, outcome_words(&row)) tone/>{upstream}</span></td>
            <td data-label="Latency" class="number">{latency(row.latency_micros)}</td>
            <td data-label="Credential"><span class="two-lines"><span>{credential_words(&row.credential).to_owned()}</span>{fingerprint}</span></td>
        </tr>
    }
    .into_any()
}
