//! Text to take away, with a button that copies it once scripts run.

use leptos::prelude::*;

use crate::ui::drawn::IntoAny;
use crate::ui::icon::{Icon, icons};
use crate::ui::live::live;

#[component]
pub fn CodeBlock(#[prop(into)] text: String, #[prop(into)] label: String) -> AnyView {
    view! {
        <div class="code-block">
            <pre tabindex="0" role="group" aria-label=label.clone()><code>{text.clone()}</code></pre>
            <CopyButton text label/>
        </div>
    }
    .into_any()
}

/// One line, for addresses.
#[component]
pub fn CodeLine(#[prop(into)] text: String, #[prop(into)] label: String) -> AnyView {
    view! {
        <span class="code-line"><code>{text.clone()}</code><CopyButton text label/></span>
    }
    .into_any()
}

/// Copying needs a script, so the button is not shown without (`data-hydrated`).
#[component]
pub fn CopyButton(text: String, label: String) -> AnyView {
    let copied = RwSignal::new(false);
    let copy = move |_| {
        let _ = window().navigator().clipboard().write_text(&text);
        copied.set(true);
        set_timeout(move || copied.set(false), std::time::Duration::from_secs(2));
    };
    view! {
        <button class="button copy-button" type="button" data-kind="quiet" on:click=copy aria-label=format!("Copy {label}")>
            {live(move || if copied.get() { view! { <Icon icon=icons::CHECK/> } } else { view! { <Icon icon=icons::COPY/> } })}
            <span aria-live="polite">{live(move || if copied.get() { "Copied" } else { "Copy" })}</span>
        </button>
    }
    .into_any()
}
