//! `/servers/{name}/tools`.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::api::{CallTool, list_tools};
use super::model::{Answer, Tool, ToolList, matches};
use crate::ui::action::{ActionForm, ServerAction};
use crate::ui::asked::ask;
use crate::ui::badge::Badge;
use crate::ui::drawn::IntoAny;
use crate::ui::empty_state::EmptyState;
use crate::ui::field::{Summary, problem_of};
use crate::ui::live::live;
use crate::ui::loaded::loaded_part;
use crate::ui::query_form::FilterForm;

#[component]
pub fn Tools() -> impl IntoView {
    let (params, query) = (use_params_map(), use_query_map());
    let server = Memo::new(move |_| params.read().get("server").unwrap_or_default());
    let search = Memo::new(move |_| query.read().get("search").unwrap_or_default());
    let list = ask(move || server.get(), list_tools);
    loaded_part(list, move |list| view! { <Content list search/> }.into_any())
}

#[component]
fn Content(list: ToolList, search: Memo<String>) -> AnyView {
    let server = list.server.clone();
    let content = match list.answer {
        Answer::CredentialMissing { text, action } => view! {
            <EmptyState heading="Your calls need a credential" text>
                <a class="button" data-kind="primary" href=action>"See what is missing"</a>
            </EmptyState>
        }
        .into_any(),
        Answer::Failed(text) => view! { <EmptyState heading="The server did not answer" text/> }.into_any(),
        Answer::Tools(tools) => view! { <Found server=server.clone() tools search/> }.into_any(),
    };
    view! {
        <Title text=format!("Tools · {server} · Overkey")/>
        <h2>"Tools"</h2>
        <p class="section-text">"What the server offers, asked for just now with your own credential."</p>
        {content}
    }
    .into_any()
}

#[component]
fn Found(server: String, tools: Vec<Tool>, search: Memo<String>) -> AnyView {
    let action = format!("/servers/{server}/tools");
    let shown = move || {
        let found: Vec<Tool> = tools
            .iter()
            .filter(|tool| matches(tool, &search.get()))
            .cloned()
            .collect();
        if found.is_empty() {
            return view! { <EmptyState heading="No tools" text="The server offers none, or none that matches."/> }
                .into_any();
        }
        let server = server.clone();
        let found = found
            .into_iter()
            .map(move |tool| view! { <ToolCard server=server.clone() tool/> }.into_any())
            .collect_view();
        view! { <ul class="tools">{found}</ul> }.into_any()
    };
    view! {
        <FilterForm action=action label="Filter tools">
            <label class="visually-hidden" for="search">"Search tools"</label>
            <input class="field-input" id="search" type="search" name="search" placeholder="Search tools" value=search.get_untracked()/>
            <button class="button">"Search"</button>
        </FilterForm>
        {live(shown)}
    }
    .into_any()
}

#[component]
fn ToolCard(server: String, tool: Tool) -> AnyView {
    let hints = tool
        .hints
        .iter()
        .map(|hint| view! { <Badge text=hint.clone()/> })
        .collect_view();
    let title = tool
        .title
        .clone()
        .map(|title| view! { <span class="muted">{title}</span> });
    view! {
        <li class="card tool">
            <h3><code>{tool.name.clone()}</code>{title}{hints}</h3>
            <p>{tool.description}</p>
            <details class="fold"><summary>"Input schema"</summary><pre tabindex="0"><code>{tool.schema}</code></pre></details>
            <TryIt server tool=tool.name/>
        </li>
    }
    .into_any()
}

/// One real call. Its answer needs a place in the page, so this takes scripts; without them it is not shown.
#[component]
fn TryIt(server: String, tool: String) -> AnyView {
    let call = ServerAction::<CallTool>::new();
    let problem = problem_of(call);
    let id = format!("arguments-{tool}");
    let answer = move || {
        let result = call.value().get()?.ok()?;
        let words = if result.failed {
            "The tool answered with an error:"
        } else {
            "The tool answered:"
        };
        Some(view! { <p>{words}</p><pre tabindex="0"><code>{result.text}</code></pre> })
    };
    view! {
        <details class="fold needs-scripts">
            <summary>"Try it"</summary>
            <ActionForm action=call class="form">
                <Summary problem/>
                <input type="hidden" name="server" value=server/>
                <input type="hidden" name="tool" value=tool/>
                <div class="field">
                    <label for=id.clone()>"Arguments, as JSON"</label>
                    <textarea class="field-input code" id=id name="arguments" rows="3" spellcheck="false">"{}"</textarea>
                </div>
                <div class="form-buttons"><button class="button" type="submit">"Call the tool"</button></div>
            </ActionForm>
            <div role="status">{live(answer)}</div>
        </details>
    }
    .into_any()
}
