//! Why a list is empty, and what to do about it.

use leptos::prelude::*;

use crate::ui::drawn::IntoAny;
use crate::ui::inside::Inside;

#[component]
pub fn EmptyState(
    #[prop(into)] heading: String,
    #[prop(into)] text: String,
    #[prop(optional)] children: Option<Inside>,
) -> AnyView {
    view! {
        <div class="empty-state">
            <h2>{heading}</h2>
            <p>{text}</p>
            {children.map(|children| children.view())}
        </div>
    }
    .into_any()
}
