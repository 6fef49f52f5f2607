//! A field for a secret: never filled in advance, shown on request, never offered to a password manager.

use leptos::html;
use leptos::prelude::*;

use super::field::{Notes, Problem, invalid};
use crate::ui::drawn::IntoAny;
use crate::ui::icon::{Icon, icons};

#[component]
pub fn SecretField(
    /// The form's name for it.
    #[prop(into)]
    name: String,
    /// The name that errors use.
    #[prop(into)]
    error_name: String,
    #[prop(into)] label: String,
    problem: Problem,
    #[prop(optional, into)] hint: String,
    #[prop(optional)] on_input: Option<Callback<String>>,
) -> AnyView {
    let input = NodeRef::<html::Input>::new();
    let shown = RwSignal::new(false);
    let id = error_name.replace(['.', ':', '[', ']'], "-");
    let typed = move |event| {
        if let Some(tell) = on_input {
            tell.run(event_target_value(&event));
        }
    };
    view! {
        <div class="field">
            <label for=id.clone()>{label.clone()}</label>
            <div class="secret-field">
                <input
                    class="field-input code" id=id name=name node_ref=input value=""
                    type=move || if shown.get() { "text" } else { "password" }
                    autocomplete="off" spellcheck="false" autocapitalize="off" data-1p-ignore="true" data-lpignore="true"
                    aria-describedby=format!("{error_name}-notes") aria-invalid=invalid(problem, &error_name) on:input=typed
                />
                <button class="button reveal" type="button" data-kind="quiet" aria-label=format!("Show {label}")
                    aria-pressed=move || shown.get().to_string() on:click=move |_| shown.update(|on| *on = !*on)>
                    <Icon icon=icons::EYE/>
                </button>
            </div>
            <Notes name=error_name hint problem/>
        </div>
    }
    .into_any()
}
