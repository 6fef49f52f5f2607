//! Calls over time as small charts, and the same numbers as a table.

use leptos::prelude::*;

use super::model::{Part, Stats, calls, errors, latency, latency_or};
use crate::ui::chart::{Bar, BarChart};
use crate::ui::drawn::IntoAny;
use crate::ui::table::{Table, heads};

#[component]
pub fn OverTime(
    parts: Vec<Part>,
    /// Draws latencies, too.
    #[prop(optional)]
    latencies: bool,
) -> AnyView {
    let ends = (
        parts.first().map(|part| part.name.clone()).unwrap_or_default(),
        parts.last().map(|part| part.name.clone()).unwrap_or_default(),
    );
    let counted: Vec<Bar> = parts
        .iter()
        .map(|part| Bar {
            value: part.stats.calls,
            bad: part.stats.errors,
        })
        .collect();
    let slow = latencies.then(|| slow_chart(&parts, ends.clone())).flatten();
    let most = parts.iter().map(|part| part.stats.calls).max().unwrap_or_default();
    view! {
        <div class="charts">
            <BarChart heading="Calls" sentence=sentence(&parts) bars=counted ends most=format!("at most {most}")/>
            {slow}
        </div>
        <Numbers parts/>
    }
    .into_any()
}

/// `None` if no call was answered.
fn slow_chart(parts: &[Part], ends: (String, String)) -> Option<AnyView> {
    if parts.iter().all(|part| part.stats.p95.is_none()) {
        return None;
    }
    let bars: Vec<Bar> = parts
        .iter()
        .map(|part| Bar {
            value: part.stats.p95.unwrap_or_default(),
            bad: 0,
        })
        .collect();
    let most = bars.iter().map(|bar| bar.value).max().unwrap_or_default();
    let most = format!("at most {}", latency(most));
    let sentence = format!("Bar chart of the 95th percentile of latency: {most}.");
    Some(view! { <BarChart heading="Latency, 95th percentile" sentence bars ends most/> }.into_any())
}

fn sentence(parts: &[Part]) -> String {
    let total = parts.iter().fold(Stats::default(), |sum, part| Stats {
        calls: sum.calls + part.stats.calls,
        errors: sum.errors + part.stats.errors,
        ..sum
    });
    format!(
        "Bar chart of calls over time: {}, {}.",
        calls(total.calls),
        errors(&total).to_ascii_lowercase()
    )
}

/// Only what was not nothing, newest first.
#[component]
fn Numbers(parts: Vec<Part>) -> AnyView {
    let rows: Vec<AnyView> = parts
        .into_iter()
        .rev()
        .filter(|part| part.stats.calls > 0)
        .map(|part| {
            view! { <tr><th scope="row" data-label="From">{part.name}</th><StatCells stats=part.stats/></tr> }
                .into_any()
        })
        .collect();
    if rows.is_empty() {
        return ().into_any();
    }
    view! {
        <details class="fold">
            <summary>"Show as a table"</summary>
            <div><Table caption="Calls over time" heads=heads(&STAT_HEADS) rows actions=false/></div>
        </details>
    }
    .into_any()
}

const STAT_HEADS: [&str; 6] = [
    "From (UTC)",
    "Calls",
    "Errors",
    "Median",
    "95th percentile",
    "99th percentile",
];

/// The cells that every table of numbers has.
#[component]
pub fn StatCells(stats: Stats) -> AnyView {
    view! {
        <td data-label="Calls" class="number">{stats.calls}</td>
        <td data-label="Errors" class="number">{stats.errors}</td>
        <td data-label="Median" class="number">{latency_or(stats.p50)}</td>
        <td data-label="95th percentile" class="number">{latency_or(stats.p95)}</td>
        <td data-label="99th percentile" class="number">{latency_or(stats.p99)}</td>
    }
    .into_any()
}

/// The most important numbers.
#[component]
pub fn Facts(stats: Stats) -> AnyView {
    view! {
        <dl class="facts">
            <div><dt>"Calls"</dt><dd>{stats.calls}</dd></div>
            <div><dt>"Errors"</dt><dd>{errors(&stats)}</dd></div>
            <div><dt>"Median latency"</dt><dd>{latency_or(stats.p50)}</dd></div>
            <div><dt>"95th percentile"</dt><dd>{latency_or(stats.p95)}</dd></div>
            <div><dt>"99th percentile"</dt><dd>{latency_or(stats.p99)}</dd></div>
        </dl>
    }
    .into_any()
}
