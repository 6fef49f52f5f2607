//! What a change would do to overrides, and the confirmation it takes (D07, S50-S57).

use leptos::prelude::*;

use super::model::{PendingChange, effect_label};
use crate::error::UiError;
use crate::ui::field::Problem;

#[component]
pub fn Pending(problem: Problem) -> AnyView {
    let shown = move || match problem.get() {
        Some(UiError::Confirm(pending)) => Some(view! { <Confirmation pending=*pending/> }),
        _ => None,
    };
    shown.into_any()
}

#[component]
fn Confirmation(pending: PendingChange) -> AnyView {
    let affected = pending
        .affected
        .iter()
        .map(|(name, effect)| view! { <li>{format!("{name} {}", effect_label(*effect))}</li> })
        .collect_view();
    let more = (pending.more > 0).then(|| view! { <li>{format!("and {} more", pending.more)}</li> });
    let consequences = pending
        .consequences()
        .into_iter()
        .map(|text| format!(" {text}"))
        .collect_view();
    let typed = pending.must_type.then(|| {
        view! {
            <div class="field">
                <label for="typed-name">{format!("Type {} to confirm", pending.server)}</label>
                <input class="field-input code" id="typed-name" name="form[typed_name]" autocomplete="off" spellcheck="false" required
                    aria-describedby="typed-name-notes" aria-invalid=pending.mistyped.then_some("true")/>
                <div class="field-notes" id="typed-name-notes">
                    {pending.mistyped.then(|| view! { <span class="field-error">"This is not the server's name. Nothing was changed."</span> })}
                </div>
            </div>
        }
    });
    view! {
        <div class="callout" data-tone="attention">
            <p><strong>{pending.sentence()}</strong>{consequences}</p>
            <details><summary>"Whose"</summary><ul>{affected}{more}</ul></details>
            <input type="hidden" name="form[revision]" value=pending.revision.to_string()/>
            <input type="hidden" name="form[effect]" value=PendingChange::token(&pending.effect)/>
            {typed}
        </div>
    }
    .into_any()
}
