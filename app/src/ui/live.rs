//! What is drawn anew whenever something that it reads changes.

use leptos::prelude::{AnyView, RenderHtml};

use crate::ui::drawn::IntoAny;

/// One type for all: Leptos would build the machinery around each such piece of a page anew.
pub fn live<V: RenderHtml>(mut content: impl FnMut() -> V + Send + 'static) -> AnyView {
    drawn(Box::new(move || content().into_any()))
}

#[inline(never)]
fn drawn(mut content: Box<dyn FnMut() -> AnyView + Send>) -> AnyView {
    (move || content()).into_any()
}
