//! Shows what a resource brings, or why it did not come.

use leptos::prelude::*;

use crate::error::UiError;
use crate::ui::failure::Failure;

/// The old content stays while new content loads.
pub fn loaded<T, F>(resource: Resource<Result<T, UiError>>, show: F) -> AnyView
where
    T: Clone + Send + Sync + 'static,
    F: Fn(T) -> AnyView + Clone + Send + Sync + 'static,
{
    let content = move || {
        let show = show.clone();
        Suspend::new(async move {
            match resource.await {
                Ok(value) => show(value),
                Err(error) => view! { <Failure error/> }.into_any(),
            }
        })
    };
    view! { <Transition fallback=|| view! { <p class="skeleton" role="status">"Loading…"</p> }>{content}</Transition> }
        .into_any()
}
