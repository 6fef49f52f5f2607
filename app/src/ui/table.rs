//! A table with a caption for screen readers, a head and a body. The browser would add a missing body itself, and the page could
//! not wake up.

use leptos::prelude::*;

use crate::ui::drawn::IntoAny;

#[component]
pub fn Table(
    caption: &'static str,
    /// Header cells; the column of actions comes after them.
    heads: Vec<AnyView>,
    /// Rows, each a `<tr>`.
    rows: Vec<AnyView>,
    /// Whether rows end with a cell of actions.
    #[prop(default = true)]
    actions: bool,
) -> AnyView {
    let actions = actions.then(|| view! { <th scope="col"><span class="visually-hidden">"Actions"</span></th> });
    view! {
        <div class="table-scroll">
            <table class="table">
                <caption class="visually-hidden">{caption}</caption>
                <thead><tr>{heads}{actions}</tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// Plain header cells.
pub fn heads(names: &[&'static str]) -> Vec<AnyView> {
    names
        .iter()
        .map(|name| view! { <th scope="col">{*name}</th> }.into_any())
        .collect()
}
