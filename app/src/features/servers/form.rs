//! The fields of a server: the same for a new one and for its settings.

use domain::outbound::Mode;
use leptos::prelude::*;

use super::model::SettingsPage;
use crate::ui::field::{Field, Notes, Problem, TextArea};
use crate::ui::secret_field::SecretField;

/// The modes that can be chosen here, with what each means.
const MODES: [(Mode, &str); 4] = [
    (
        Mode::ApiKeyIndividual,
        "Everyone has their own key. Calls of people without one fail and tell them where to add it.",
    ),
    (Mode::ApiKeyShared, "One key for everybody, kept here."),
    (
        Mode::TokenPassthrough,
        "Callers send their own upstream token with each request; nothing is stored.",
    ),
    (Mode::NoAuth, "The server needs no credential."),
];

/// Empty rows for more headers of a shared credential.
const MORE_HEADERS: usize = 2;

#[component]
pub fn ServerFields(page: SettingsPage, problem: Problem) -> AnyView {
    view! {
        <Field name="name" input="form[name]" label="Name" problem value=page.name.clone() required=true
            hint="1 to 63 lower-case letters, digits and hyphens. It is part of the gateway URL."/>
        <Field name="url" input="form[url]" label="URL" kind="url" problem value=page.url.clone() required=true
            hint="Where the MCP server answers, such as https://mcp.example.com/mcp."/>
        <TextArea name="description" input="form[description]" label="Description (optional)" rows=2 problem value=page.description.clone()/>
        <OutboundFields page problem/>
    }
    .into_any()
}

/// Which fields belong to which mode is the style sheet's to show (`:has(:checked)`), so that it works without scripts.
#[component]
fn OutboundFields(page: SettingsPage, problem: Problem) -> AnyView {
    let chosen = problem
        .get_untracked()
        .and_then(|error| error.kept("mode"))
        .unwrap_or_else(|| page.mode.clone());
    let foreign = !MODES.iter().any(|(mode, _)| mode.as_str() == page.mode);
    let choice = |value: String, label: String, text: String, checked: bool| {
        let id = format!("mode-{value}");
        view! {
            <div class="choice">
                <input type="radio" id=id.clone() name="form[mode]" value=value checked=checked/>
                <label for=id><strong>{label}</strong><span class="muted">{text}</span></label>
            </div>
        }
    };
    let keep = foreign.then(|| {
        let text = "Its settings are changed through the REST API.".to_owned();
        choice(
            String::new(),
            format!("Keep: {}", page.mode_label),
            text,
            chosen == page.mode,
        )
    });
    let choices = MODES
        .map(|(mode, text)| {
            choice(
                mode.as_str().to_owned(),
                mode.label().to_owned(),
                text.to_owned(),
                chosen == mode.as_str(),
            )
        })
        .into_iter()
        .collect_view();
    view! {
        <fieldset class="outbound">
            <legend>"Outbound auth"</legend>
            <Notes name="outbound_auth.mode".to_owned() problem/>
            {keep}
            {choices}
            <div class="outbound-part" data-mode="api_key_individual">
                <TextArea name="individual" input="form[individual]" label="Headers that each person fills" code=true problem value=page.individual.clone()
                    hint="One a line. Authorization: Bearer {{API_KEY}} asks for the key alone; Authorization by itself asks for the whole value."/>
            </div>
            <div class="outbound-part" data-mode="api_key_shared">
                <SharedHeaders shared=page.shared problem/>
            </div>
        </fieldset>
    }
    .into_any()
}

#[component]
fn SharedHeaders(shared: Vec<(String, String)>, problem: Problem) -> AnyView {
    let first = if shared.is_empty() { "Authorization" } else { "" };
    let stored = shared
        .into_iter()
        .map(|(name, mask)| (name, format!("Stored: {mask}. Leave empty to keep it.")));
    let empty = std::iter::once((first.to_owned(), String::new()))
        .chain(std::iter::repeat_n(Default::default(), MORE_HEADERS - 1));
    let rows = stored
        .chain(empty)
        .enumerate()
        .map(|(index, (name, hint))| {
            let id = format!("shared-name-{index}");
            view! {
                <div class="header-row">
                    <div class="field">
                        <label for=id.clone()>"Header"</label>
                        <input class="field-input code" id=id name=format!("form[shared][{index}][name]") value=name autocomplete="off" spellcheck="false"/>
                    </div>
                    <SecretField name=format!("form[shared][{index}][value]") error_name=format!("shared.{index}") label="Value" problem hint/>
                </div>
            }
        })
        .collect_view();
    view! {
        {rows}
        <Notes name="shared".to_owned() problem hint="The whole value of each header, such as Bearer sk-abc123. A row without a name is left out."/>
    }
    .into_any()
}
