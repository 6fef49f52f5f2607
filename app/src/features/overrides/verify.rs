//! Trying credentials (B04): before they are stored, and those that are. It stays on the page, with its filters.

use leptos::prelude::*;

use super::api::VerifyOverride;
use super::model::OverrideRow;
use crate::ui::action::{ActionForm, ServerAction};
use crate::ui::drawn::IntoAny;
use crate::ui::field::{Check, Problem, Summary, problem_of};
use crate::ui::live::live;

/// In a form that stores one.
#[component]
pub fn VerifyNow(problem: Problem) -> AnyView {
    view! {
        <Check name="verify" input="form[verify]" label="Verify now" problem checked=false
            hint="Makes one real call first. What the server does not accept is not saved."/>
    }
    .into_any()
}

/// For a stored one.
#[component]
pub fn VerifyButton(server: String, row: OverrideRow, verify: ServerAction<VerifyOverride>) -> impl IntoView {
    let name = format!("Verify the override of {}", row.subject.name);
    row.may_verify.then(|| {
        view! {
            <ActionForm action=verify class="inline-form">
                <input type="hidden" name="server" value=server/>
                <input type="hidden" name="id" value=row.id/>
                <button class="button" data-kind="quiet" aria-label=name>"Verify"</button>
            </ActionForm>
        }
    })
}

/// What came of the last one. Without scripts a success shows in its row.
#[component]
pub fn VerifyOutcome(verify: ServerAction<VerifyOverride>) -> AnyView {
    let problem = problem_of(verify);
    let pending = verify.pending();
    let said = move || match verify.value().get() {
        _ if pending.get() => Some(view! { <p class="muted">"Asking the server…"</p> }.into_any()),
        Some(Ok(text)) => Some(view! { <p class="notice">{text}</p> }.into_any()),
        _ => None,
    };
    view! {
        <Summary problem/>
        <div role="status" class="notice-place">{live(said)}</div>
    }
    .into_any()
}
