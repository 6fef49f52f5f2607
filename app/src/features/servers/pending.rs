//! What a change would do to overrides, and the confirmation it takes (D07, S50-S57).

use leptos::prelude::*;

use super::pending_model::{Affected, PendingChange};
use crate::error::UiError;
use crate::ui::drawn::IntoAny;
use crate::ui::field::Problem;

#[component]
pub fn Pending(problem: Problem) -> AnyView {
    let pending = move || match problem.get() {
        Some(UiError::Confirm(pending)) => Some(*pending),
        _ => None,
    };
    // Another preview is drawn anew: what was typed to confirm the last one goes with it.
    view! {
        <For each=pending key=|pending| (pending.revision, pending.mistyped) let:pending>
            <Confirmation pending/>
        </For>
    }
    .into_any()
}

#[component]
fn Confirmation(pending: PendingChange) -> AnyView {
    let refreshed = pending.refreshed.then(|| {
        view! { <p>"The server or its overrides changed since you looked. This is what saving does now:"</p> }
    });
    let consequences = pending
        .consequences()
        .into_iter()
        .map(|text| format!(" {text}"))
        .collect_view();
    let typed = pending
        .must_type
        .then(|| view! { <TypedName pending=pending.clone()/> });
    view! {
        <div class="callout" data-tone="attention">
            {refreshed}
            <p><strong>{pending.sentence()}</strong>{consequences}</p>
            <Whose affected=pending.affected.clone()/>
            <input type="hidden" name="form[revision]" value=pending.revision.to_string()/>
            <input type="hidden" name="form[effect]" value=PendingChange::token(&pending.effect)/>
            {typed}
        </div>
    }
    .into_any()
}

#[component]
fn Whose(affected: Vec<Affected>) -> AnyView {
    let groups = affected
        .into_iter()
        .map(|group| {
            let heading = group.heading();
            let names = group
                .names
                .into_iter()
                .map(|name| view! { <li>{name}</li> })
                .collect_view();
            let more = (group.more > 0).then(|| view! { <li>{format!("and {} more", group.more)}</li> });
            view! { <div><dt>{heading}</dt><dd><ul>{names}{more}</ul></dd></div> }
        })
        .collect_view();
    view! { <details><summary>"Whose"</summary><dl class="whose">{groups}</dl></details> }.into_any()
}

#[component]
fn TypedName(pending: PendingChange) -> AnyView {
    let mistyped = pending.mistyped.then(|| {
        view! { <span class="field-error">"This is not the server's name. Nothing was changed."</span> }
    });
    // What confirmed another effect confirms this one no more.
    let typed = pending
        .mistyped
        .then(|| UiError::Confirm(Box::new(pending.clone())).kept("typed_name"));
    let typed = typed.flatten().unwrap_or_default();
    view! {
        <div class="field">
            <label for="typed-name">{format!("Type {} to confirm", pending.server)}</label>
            <input class="field-input code" id="typed-name" name="form[typed_name]" value=typed autocomplete="off" spellcheck="false" required
                aria-describedby="typed-name-notes" aria-invalid=pending.mistyped.then_some("true")/>
            <div class="field-notes" id="typed-name-notes">{mistyped}</div>
        </div>
    }
    .into_any()
}
