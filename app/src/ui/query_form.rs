//! A form whose fields become the page's address: a plain GET, so that every result can be kept and sent to others.
//!
//! Leptos' own sends forms in every way there is, and pages would load all of them.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use crate::ui::action::entered;
use crate::ui::drawn::IntoAny;
use crate::ui::inside::Inside;

/// What narrows a list down.
#[component]
pub fn FilterForm(
    /// The list's own address.
    #[prop(into)]
    action: String,
    /// What it does, for who cannot see where it stands.
    #[prop(optional, into)]
    label: Option<String>,
    children: Inside,
) -> AnyView {
    form(action, "filters", Some("search"), label, children)
}

/// Any other question.
#[component]
pub fn QueryForm(#[prop(into)] action: String, children: Inside) -> AnyView {
    form(action, "form", None, None, children)
}

fn form(
    action: String,
    class: &'static str,
    role: Option<&'static str>,
    label: Option<String>,
    content: Inside,
) -> AnyView {
    let navigate = use_navigate();
    let address = action.clone();
    let submit = move |event: SubmitEvent| {
        if let Some(query) = entered(&event) {
            event.prevent_default();
            navigate(&format!("{address}?{query}"), NavigateOptions::default());
        }
    };
    view! { <form method="GET" action=action class=class role=role aria-label=label on:submit=submit>{content.view()}</form> }
        .into_any()
}
