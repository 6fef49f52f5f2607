//! How a stored credential is (B05): its state, until when, and when its server last took it.

use leptos::prelude::*;

use super::model::{OverrideRow, encode, meaning, tone};
use crate::ui::badge::Badge;
use crate::ui::drawn::IntoAny;
use crate::ui::expiry::Expires;
use crate::ui::time::{Moment, Time};

#[component]
pub fn State(server: String, row: OverrideRow) -> AnyView {
    let name = row.subject.name.clone();
    let expires = row.expires.clone().map(|at| view! { <Expires at/> });
    view! {
        <span class="two-lines" title=meaning(row.kind, row.state)>
            <Badge text=row.state.label() tone=tone(row.state)/>
            {expires}
            <Verified at=row.verified.clone()/>
            <WhyLink server subject=row.subject.spelled() name/>
        </span>
    }
    .into_any()
}

#[component]
pub fn Verified(at: Option<Moment>) -> impl IntoView {
    at.map(|at| view! { <span class="muted">"verified "<Time at/></span> })
}

/// B03.
#[component]
pub fn WhyLink(server: String, subject: String, name: String) -> AnyView {
    let href = why_address(&server, &subject);
    view! { <a class="small-link" href=href aria-label=format!("Why this credential? {name}")>"Why?"</a> }.into_any()
}

pub fn why_address(server: &str, subject: &str) -> String {
    format!("/servers/{server}/overrides/why?subject={}", encode(subject))
}
