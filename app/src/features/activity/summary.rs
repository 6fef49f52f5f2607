//! A server's calls in numbers: over time, by tool, by subject.

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::api::activity_summary;
use super::model::{Part, SPANS, SummaryPage, SummaryRequest};
use super::over_time::{Facts, OverTime, StatCells};
use crate::features::audit::model::address;
use crate::ui::asked::ask;
use crate::ui::drawn::IntoAny;
use crate::ui::empty_state::EmptyState;
use crate::ui::loaded::loaded_part;
use crate::ui::table::{Table, heads};

#[component]
pub fn Summary() -> impl IntoView {
    let (params, query) = (use_params_map(), use_query_map());
    let asked = Memo::new(move |_| {
        let query = query.read();
        SummaryRequest {
            server: params.read().get("server").unwrap_or_default(),
            span: query.get("span").unwrap_or_default(),
            subject: query.get("subject").unwrap_or_default(),
        }
    });
    let page = ask(move || asked.get(), activity_summary);
    loaded_part(page, |page| view! { <Content page/> }.into_any())
}

#[component]
pub fn Content(page: SummaryPage) -> AnyView {
    let whose = if page.own {
        "Your calls only.".to_owned()
    } else if page.request.subject.is_empty() {
        "Everybody's calls.".to_owned()
    } else {
        format!("Calls of {} only.", page.request.subject)
    };
    let everybody = (page.anybody && !page.request.subject.is_empty()).then(|| {
        let href = page.request.address(&page.request.span, "");
        view! { " "<a href=href>"Show everybody's"</a> }
    });
    let numbers = if page.total.calls == 0 {
        view! { <EmptyState heading="No calls" text="Nobody called in this time. Look further back, or connect a client."/> }.into_any()
    } else {
        view! { <Numbers page=page.clone()/> }.into_any()
    };
    view! {
        <Spans request=page.request.clone()/>
        <p class="section-text">{whose}" Times are UTC; latency is the time until the answer began."{everybody}</p>
        {numbers}
    }
    .into_any()
}

/// Links, so that each span has an address.
#[component]
fn Spans(request: SummaryRequest) -> AnyView {
    let chosen = if request.span.is_empty() {
        SPANS[0].0
    } else {
        request.span.as_str()
    };
    let link = |(span, words): (&'static str, &'static str)| {
        let current = (span == chosen).then_some("true");
        view! { <li><a href=request.address(span, &request.subject) aria-current=current>{words}</a></li> }
    };
    view! { <nav class="views" aria-label="Time"><ul>{SPANS.map(link).into_iter().collect_view()}</ul></nav> }
        .into_any()
}

#[component]
fn Numbers(page: SummaryPage) -> AnyView {
    let request = page.request;
    let tool = {
        let (server, subject) = (request.server.clone(), request.subject.clone());
        move |part: &Part| {
            let path = format!("/servers/{server}/activity/calls");
            address(&path, &[("subject", &subject), ("tool", &part.key)])
        }
    };
    let subject = move |part: &Part| request.address(&request.span, &part.key);
    let server = |part: &Part| format!("/servers/{}/activity", part.key);
    view! {
        <Facts stats=page.total/>
        <OverTime parts=page.over_time latencies=true/>
        {parts("Servers", "Server", page.servers, server)}
        {parts("Tools and methods", "Tool or method", page.tools, tool)}
        {parts("People and accounts", "Who", page.subjects, subject)}
    }
    .into_any()
}

/// One table of parts, unless there are none.
fn parts(caption: &'static str, column: &'static str, parts: Vec<Part>, href: impl Fn(&Part) -> String) -> AnyView {
    if parts.is_empty() {
        return ().into_any();
    }
    let rows = parts
        .into_iter()
        .map(|part| {
            let href = href(&part);
            view! { <tr><th scope="row" data-label=column><a href=href>{part.name}</a></th><StatCells stats=part.stats/></tr> }.into_any()
        })
        .collect();
    let columns = [
        column,
        "Calls",
        "Errors",
        "Median",
        "95th percentile",
        "99th percentile",
    ];
    view! {
        <h3 class="table-heading">{caption}</h3>
        <Table caption heads=heads(&columns) rows actions=false/>
    }
    .into_any()
}
