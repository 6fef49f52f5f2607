//! Shows what a resource brings, or why it did not come.
//!
//! Nothing that loads something itself may stand inside: what is in a `Transition` is drawn more than once on the server, and the
//! browser would look for its data under other numbers.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::tachys::reactive_graph::OwnedView;
use leptos::tachys::view::any_view;
use serde::de::DeserializeOwned;

use crate::error::UiError;
use crate::ui::asked::{Answer, Asked, Carried};
use crate::ui::dialog::Dialog;
use crate::ui::drawn::IntoAny;
use crate::ui::failure::{Failure, SmallFailure, heading};

/// A whole page: its failure is the page.
pub fn loaded<T, F>(asked: Asked<T>, show: F) -> AnyView
where
    T: DeserializeOwned + Clone + Send + Sync + 'static,
    F: Fn(T) -> AnyView + Clone + Send + Sync + 'static,
{
    either(asked, show, |error| view! { <Failure error/> }.into_any())
}

/// A part of a page that says itself when it is not there.
pub fn loaded_part<T, F>(asked: Asked<T>, show: F) -> AnyView
where
    T: DeserializeOwned + Clone + Send + Sync + 'static,
    F: Fn(T) -> AnyView + Clone + Send + Sync + 'static,
{
    either(asked, show, |error| match error {
        UiError::Gone | UiError::SignedOut => ().into_any(),
        error => view! { <SmallFailure error/> }.into_any(),
    })
}

/// A dialog over the page at `back`, which belongs to `of`.
pub fn loaded_dialog<T, F>(asked: Asked<T>, back: String, of: String, show: F) -> AnyView
where
    T: DeserializeOwned + Clone + Send + Sync + 'static,
    F: Fn(T) -> AnyView + Clone + Send + Sync + 'static,
{
    either(asked, show, move |error| {
        let (back, of) = (back.clone(), of.clone());
        view! { <Dialog heading=heading(&error) back of><p>{error.to_string()}</p></Dialog> }.into_any()
    })
}

fn either<T, F, G>(asked: Asked<T>, show: F, fail: G) -> AnyView
where
    T: DeserializeOwned + Clone + Send + Sync + 'static,
    F: Fn(T) -> AnyView + Clone + Send + Sync + 'static,
    G: Fn(UiError) -> AnyView + Clone + Send + Sync + 'static,
{
    let view = move |answer: Result<Answer, UiError>| match answer.and_then(|answer| answer.read()) {
        Ok(value) => show(value),
        Err(error) => fail(error),
    };
    drawn(asked.answer, Arc::new(view))
}

/// The old content stays while new content loads, and what it reads stays with it: each has an owner of its own, outside of
/// what is drawn anew.
#[inline(never)]
fn drawn(answer: Carried, view: Arc<dyn Fn(Result<Answer, UiError>) -> AnyView + Send + Sync>) -> AnyView {
    let around = Owner::current();
    let content = move || {
        let (view, around) = (Arc::clone(&view), around.clone());
        Suspend::new(async move {
            let answer = answer.await;
            let owner = around.map_or_else(Owner::new, |around| around.child());
            let shown = owner.with(|| view(answer));
            // Leptos' own, because the router has made it for the same type.
            any_view::IntoAny::into_any(OwnedView::new_with_owner(shown, owner))
        })
    };
    view! { <Transition fallback=|| view! { <p class="skeleton" role="status">"Loading…"</p> }>{content}</Transition> }
        .into_any()
}
