//! A button that folds out a small panel; one at a time (`name`), and closed as soon as something in it is done: the place of a row
//! that went is taken by the next one, whose panel must not stand open under the same pointer.

use leptos::html;
use leptos::prelude::*;

use crate::ui::drawn::IntoAny;
use crate::ui::inside::Inside;

#[component]
pub fn Menu(
    #[prop(into)] label: AnyView,
    /// What it is called where the label does not say it all.
    #[prop(into)]
    name: String,
    /// Looks like a quiet button; otherwise like its label.
    #[prop(default = true)]
    button: bool,
    children: Inside,
) -> AnyView {
    let place = NodeRef::<html::Details>::new();
    let close = move |_| {
        if let Some(element) = place.get() {
            // Fails only for an element that has left the page.
            let _ = element.remove_attribute("open");
        }
    };
    view! {
        <details class="menu" name="menu" node_ref=place on:submit=close>
            <summary class:button=button data-kind="quiet" aria-label=name>{label}</summary>
            <div class="menu-panel">{children.view()}</div>
        </details>
    }
    .into_any()
}
