//! What a plain form post came to, for the page that answers it: where something is shown once, no redirect could carry it.

/// In the context of a page that answers a post; one type for each thing that may have been made.
#[derive(Debug, Clone)]
pub struct Posted<T>(pub Result<T, crate::error::UiError>);

/// What this page answers, if it answers a post.
pub fn posted<T: Clone + Send + Sync + 'static>() -> Option<Result<T, crate::error::UiError>> {
    leptos::prelude::use_context::<Posted<T>>().map(|posted| posted.0)
}
