//! The fields of a server: the same for a new one and for its settings.

use domain::outbound::Mode;
use leptos::prelude::*;

use super::allow::AllowOverrides;
use super::model::{SECRETS_AGAIN, SettingsPage};
use super::oauth_fields::{OAuthFields, must_type_again};
use crate::ui::drawn::IntoAny;
use crate::ui::field::{Field, Notes, Problem, TextArea};
use crate::ui::secret_field::SecretField;

/// The modes, with what each means.
const MODES: [(Mode, &str); 6] = [
    (
        Mode::ApiKeyIndividual,
        "Everyone has their own key. Calls of people without one fail and tell them where to add it.",
    ),
    (Mode::ApiKeyShared, "One key for everybody, kept here."),
    (
        Mode::AuthorizationCode,
        "Everyone authorizes Overkey once at the server's provider, and calls carry their own token.",
    ),
    (
        Mode::ClientCredentials,
        "Overkey signs in to the server's provider by itself; everybody's calls carry that one token.",
    ),
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
    let choices = MODES
        .map(|(mode, text)| {
            let id = format!("mode-{}", mode.as_str());
            view! {
                <div class="choice">
                    <input type="radio" id=id.clone() name="form[mode]" value=mode.as_str() checked=chosen == mode.as_str()/>
                    <label for=id><strong>{mode.label()}</strong><span class="muted">{text}</span></label>
                </div>
            }
        })
        .into_iter()
        .collect_view();
    let again = must_type_again(problem)
        .then(|| view! { <input type="hidden" name=format!("form[{SECRETS_AGAIN}]") value="true"/> });
    view! {
        <fieldset class="outbound">
            <legend>"Outbound auth"</legend>
            <Notes name="outbound_auth.mode".to_owned() problem/>
            {choices}
            <div class="outbound-part" data-mode="api_key_individual">
                <TextArea name="individual" input="form[individual]" label="Headers that each person fills" code=true problem value=page.individual.clone()
                    hint="One a line. Authorization: Bearer {{API_KEY}} asks for the key alone; Authorization by itself asks for the whole value."/>
            </div>
            <div class="outbound-part" data-mode="api_key_shared">
                <SharedHeaders shared=page.shared problem/>
            </div>
            <OAuthFields oauth=page.oauth problem/>
            <AllowOverrides allowed=page.allow_overrides problem/>
            {again}
        </fieldset>
    }
    .into_any()
}

#[component]
fn SharedHeaders(shared: Vec<(String, String)>, problem: Problem) -> AnyView {
    let again = must_type_again(problem);
    let first = if shared.is_empty() { "Authorization" } else { "" };
    let stored = shared.into_iter().map(|(name, mask)| match again {
        true => (
            name,
            "Enter it again: a secret is not kept between two tries.".to_owned(),
        ),
        false => (name, format!("Stored: {mask}. Leave empty to keep it.")),
    });
    let empty = std::iter::once((first.to_owned(), String::new()))
        .chain(std::iter::repeat_n(Default::default(), MORE_HEADERS - 1));
    let rows = stored
        .chain(empty)
        .enumerate()
        .map(|(index, (name, hint))| {
            let id = format!("shared-name-{index}");
            let kept = problem.get_untracked().and_then(|error| error.kept(&format!("shared.{index}.name")));
            let name = kept.unwrap_or(name);
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
