//! `/servers/{name}/overrides/import`: many overrides from a file (B08).
//!
//! A plain form with and without scripts: it posts to its own address, the answer is this page with a preview, and the
//! preview's own form confirms it. What was brought goes along sealed, never to be read.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::api::import_form;
use super::import_model::{ImportLine, ImportOutcome, ImportPage};
use crate::error::UiError;
use crate::ui::asked::ask;
use crate::ui::badge::Badge;
use crate::ui::drawn::IntoAny;
use crate::ui::empty_state::EmptyState;
use crate::ui::field::{Notes, Problem, Summary, TextArea};
use crate::ui::loaded::loaded_part;
use crate::ui::posted::posted;
use crate::ui::table::{Table, heads};

/// Longer files are previewed by their first lines, and those that are refused.
const SHOWN: usize = 200;

#[component]
pub fn Import() -> AnyView {
    let params = use_params_map();
    let server = params.read_untracked().get("server").unwrap_or_default();
    let title = format!("Import overrides · {server} · Overkey");
    let page = ask(move || server.clone(), import_form);
    let posted = posted::<ImportOutcome>();
    view! {
        <Title text=title/>
        <section aria-labelledby="import-heading">
            <h2 id="import-heading">"Import overrides"</h2>
            {loaded_part(page, move |page| view! { <Content page posted=posted.clone()/> }.into_any())}
        </section>
    }
    .into_any()
}

#[component]
fn Content(page: ImportPage, posted: Option<Result<ImportOutcome, UiError>>) -> AnyView {
    if let Some(text) = page.unsupported.clone() {
        return view! { <EmptyState heading="No overrides on this server" text/> }.into_any();
    }
    let content = match posted {
        Some(Ok(outcome)) if outcome.applied => view! { <Done outcome/> }.into_any(),
        Some(Ok(outcome)) => view! { <Preview outcome/><Bring page problem=None/> }.into_any(),
        Some(Err(error)) => view! { <Bring page problem=Some(error)/> }.into_any(),
        None => view! { <Bring page problem=None/> }.into_any(),
    };
    view! { <div class="import">{content}</div> }.into_any()
}

/// The form: a file, or its text.
#[component]
fn Bring(page: ImportPage, problem: Option<UiError>) -> AnyView {
    let problem: Problem = Signal::stored(problem);
    let (server, example) = (page.server.clone(), page.example());
    let action = format!("/servers/{server}/overrides/import");
    let back = format!("/servers/{server}/overrides");
    view! {
        <p class="section-text">"A file in CSV or JSON, with one override a line. You see what each line does before anything is stored; all of them are stored, or none."</p>
        <form class="form" action=action method="post" enctype="multipart/form-data">
            <Summary problem/>
            <div class="field">
                <label for="file">"File"</label>
                <input class="field-input" id="file" name="file" type="file" accept=".csv,.json,.jsonl,.ndjson,text/csv,application/json" aria-describedby="file-notes"/>
                <Notes name="file".to_owned() problem hint="CSV, JSON or one JSON object a line; at most 1 MiB."/>
            </div>
            <TextArea name="text" label="Or its text" problem rows=6 code=true hint="Credentials are not shown again, not even here."/>
            <div class="form-buttons">
                <button class="button" data-kind="primary" type="submit">"Preview"</button>
                <a class="button" data-kind="quiet" href=back>"Cancel"</a>
            </div>
        </form>
        <h3>"What it looks like"</h3>
        <pre class="code-block"><code>{example}</code></pre>
        <p class="section-text">"A "<code>"subject_id"</code>" is an e-mail address, a virtual account's name or an id. A column "<code>"expires_at"</code>" is optional."</p>
    }
    .into_any()
}

#[component]
fn Preview(outcome: ImportOutcome) -> AnyView {
    let action = format!("/servers/{}/overrides/import", outcome.server);
    let confirm = (outcome.refused == 0).then(|| {
        let count = outcome.new + outcome.replaced;
        let label = if count == 1 { "Import 1 override".to_owned() } else { format!("Import {count} overrides") };
        view! {
            <form class="form-inline" action=action method="post" enctype="multipart/form-data">
                <input type="hidden" name="kept" value=outcome.kept.clone()/>
                <div class="form-buttons"><button class="button" data-kind="primary" type="submit">{label}</button></div>
            </form>
        }
    });
    let (role, class) = if outcome.refused > 0 {
        ("alert", "problem")
    } else {
        ("status", "notice")
    };
    view! {
        <div role=role><p class=class>{outcome.sentence()}</p></div>
        <Lines lines=outcome.lines/>
        {confirm}
        <h3>"Another file"</h3>
    }
    .into_any()
}

#[component]
fn Done(outcome: ImportOutcome) -> AnyView {
    let back = format!("/servers/{}/overrides", outcome.server);
    view! {
        <div role="status"><p class="notice">{outcome.sentence()}</p></div>
        <p><a class="button" data-kind="primary" href=back>"To the overrides"</a></p>
        <Lines lines=outcome.lines/>
    }
    .into_any()
}

/// Refused lines first: they are what is to be done.
#[component]
fn Lines(lines: Vec<ImportLine>) -> AnyView {
    let all = lines.len();
    let (refused, good): (Vec<_>, Vec<_>) = lines.into_iter().partition(|line| !line.problems.is_empty());
    let shown: Vec<ImportLine> = refused.into_iter().chain(good).take(SHOWN).collect();
    let more = all.saturating_sub(shown.len());
    let rows = shown.into_iter().map(row).collect();
    let more = (more > 0).then(|| view! { <p class="section-text">{format!("And {more} more lines.")}</p> });
    view! {
        <Table caption="Lines of the file" heads=heads(&["Line", "Entity", "Result", "What to correct"]) rows actions=false/>
        {more}
    }
    .into_any()
}

fn row(line: ImportLine) -> AnyView {
    let problems = line.problems.join(" ");
    view! {
        <tr>
            <td data-label="Line">{line.number}</td>
            <td data-label="Entity">{line.name}</td>
            <td data-label="Result"><Badge text=line.result.label() tone=line.result.tone()/></td>
            <td data-label="What to correct">{problems}</td>
        </tr>
    }
    .into_any()
}
