//! The way to the pages before and after (keyset: no page numbers).

use leptos::prelude::*;

#[component]
pub fn Pagination(
    /// Addresses; `None` at either end.
    previous: Option<String>,
    next: Option<String>,
) -> impl IntoView {
    let any = previous.is_some() || next.is_some();
    any.then(|| {
        view! {
            <nav class="pagination" aria-label="Pages">
                {previous.map(|href| view! { <a class="button" href=href rel="prev">"Previous"</a> })}
                {next.map(|href| view! { <a class="button" href=href rel="next">"Next"</a> })}
            </nav>
        }
    })
}
