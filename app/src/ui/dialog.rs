//! A page of its own that becomes a modal dialog once scripts run.
//!
//! The server draws `<dialog open>`, which stands in the page; the script closes it and opens it as a modal. Escape, the back
//! link and the browser's back button all lead to `back`.

use leptos::html;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use super::page::tab_title;

use crate::ui::drawn::IntoAny;
use crate::ui::inside::Inside;

#[component]
pub fn Dialog(
    #[prop(into)] heading: String,
    /// The page below, where closing leads.
    #[prop(into)]
    back: String,
    /// What the dialog belongs to: the second part of the page's title.
    #[prop(into)]
    of: String,
    children: Inside,
) -> AnyView {
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        if let Some(element) = dialog.get() {
            open(element, PATIENCE);
        }
    });
    let navigate = use_navigate();
    let target = back.clone();
    let leave = move |event: leptos::ev::Event| {
        // `cancel` is Escape. The page is left by navigating, so that the address is right.
        event.prevent_default();
        navigate(
            &target,
            NavigateOptions {
                scroll: false,
                ..NavigateOptions::default()
            },
        );
    };
    view! {
        <Title text=tab_title(&format!("{heading} · {of} · Overkey"))/>
        <dialog class="dialog" open node_ref=dialog on:cancel=leave aria-labelledby="dialog-heading">
            <h2 id="dialog-heading">{heading}</h2>
            {children.view()}
            <a class="button dialog-close" data-kind="quiet" href=back aria-label="Close">"✕"</a>
        </dialog>
    }
    .into_any()
}

/// Frames to wait for.
const PATIENCE: u32 = 120;

/// Opens it as a modal, once it is part of the page: an element is made before it is put there.
fn open(element: web_sys::HtmlDialogElement, patience: u32) {
    request_animation_frame(move || {
        if element.is_connected() && !element.matches(":modal").unwrap_or(false) {
            element.close();
            // Fails only for an element that has left the page.
            let _ = element.show_modal();
        } else if patience > 0 && !element.is_connected() {
            open(element, patience - 1);
        }
    });
}
