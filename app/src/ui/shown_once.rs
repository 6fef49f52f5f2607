//! Something that this page shows and no other will: to be taken away now.

use leptos::prelude::*;

use crate::ui::code_block::CodeLine;
use crate::ui::drawn::IntoAny;

#[component]
pub fn ShownOnce(
    #[prop(into)] heading: String,
    #[prop(into)] text: String,
    value: String,
    /// What the copy button calls it.
    label: &'static str,
) -> AnyView {
    view! {
        <div class="callout" data-tone="good">
            <p><strong>{heading}</strong>" "{text}</p>
            <CodeLine text=value label/>
        </div>
    }
    .into_any()
}
