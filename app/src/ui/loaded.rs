//! Shows what a resource brings, or why it did not come.
//!
//! Nothing that loads something itself may stand inside: what is in a `Transition` is drawn more than once on the server, and the
//! browser would look for its data under other numbers.

use leptos::prelude::*;

use crate::error::UiError;
use crate::ui::dialog::Dialog;
use crate::ui::failure::{Failure, SmallFailure, heading};

/// A whole page: its failure is the page.
pub fn loaded<T, F>(resource: Resource<Result<T, UiError>>, show: F) -> AnyView
where
    T: Clone + Send + Sync + 'static,
    F: Fn(T) -> AnyView + Clone + Send + Sync + 'static,
{
    either(resource, show, |error| view! { <Failure error/> }.into_any())
}

/// A part of a page that says itself when it is not there.
pub fn loaded_part<T, F>(resource: Resource<Result<T, UiError>>, show: F) -> AnyView
where
    T: Clone + Send + Sync + 'static,
    F: Fn(T) -> AnyView + Clone + Send + Sync + 'static,
{
    either(resource, show, |error| match error {
        UiError::Gone | UiError::SignedOut => ().into_any(),
        error => view! { <SmallFailure error/> }.into_any(),
    })
}

/// A dialog over the page at `back`, which belongs to `of`.
pub fn loaded_dialog<T, F>(resource: Resource<Result<T, UiError>>, back: String, of: String, show: F) -> AnyView
where
    T: Clone + Send + Sync + 'static,
    F: Fn(T) -> AnyView + Clone + Send + Sync + 'static,
{
    either(resource, show, move |error| {
        let (back, of) = (back.clone(), of.clone());
        view! { <Dialog heading=heading(&error) back of><p>{error.to_string()}</p></Dialog> }.into_any()
    })
}

/// The old content stays while new content loads.
fn either<T, F, G>(resource: Resource<Result<T, UiError>>, show: F, fail: G) -> AnyView
where
    T: Clone + Send + Sync + 'static,
    F: Fn(T) -> AnyView + Clone + Send + Sync + 'static,
    G: Fn(UiError) -> AnyView + Clone + Send + Sync + 'static,
{
    let content = move || {
        let (show, fail) = (show.clone(), fail.clone());
        Suspend::new(async move {
            match resource.await {
                Ok(value) => show(value),
                Err(error) => fail(error),
            }
        })
    };
    view! { <Transition fallback=|| view! { <p class="skeleton" role="status">"Loading…"</p> }>{content}</Transition> }
        .into_any()
}
