//! A time as people read it, with the exact one for those who want it. Made by the server, so that both halves agree.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::ui::drawn::IntoAny;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// RFC 3339, UTC.
    pub exact: String,
    /// "4 min ago", "in 3 days".
    pub relative: String,
}

#[component]
pub fn Time(at: Moment) -> AnyView {
    view! { <time datetime=at.exact.clone() title=at.exact>{at.relative}</time> }.into_any()
}

/// The same, or a word for never.
#[component]
pub fn TimeOr(at: Option<Moment>, never: &'static str) -> AnyView {
    match at {
        Some(at) => view! { <Time at/> }.into_any(),
        None => view! { <span class="muted">{never}</span> }.into_any(),
    }
    .into_any()
}
