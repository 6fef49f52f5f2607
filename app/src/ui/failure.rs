//! A page that could not be shown: what happened and where to go from here.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::error::UiError;

#[component]
pub fn Failure(error: UiError) -> AnyView {
    let heading = match &error {
        UiError::SignedOut => "You are signed out",
        UiError::Forbidden => "Not allowed",
        UiError::Gone => "Not found",
        UiError::Refused(_) => "Not possible here",
        UiError::Invalid { .. } | UiError::Exists { .. } | UiError::Confirm(_) | UiError::Stale => "Look at this again",
        UiError::Internal(_) | UiError::Unreachable => "Something went wrong",
    };
    let way_out = match &error {
        UiError::SignedOut => view! { <a class="button" href="/sign-in" rel="external">"Sign in"</a> },
        _ => view! { <a class="button" href="/servers" rel="external">"Go to the servers"</a> },
    };
    view! {
        <Title text=format!("{heading} · Overkey")/>
        <div class="empty-state"><h1>{heading}</h1><p>{error.to_string()}</p>{way_out}</div>
    }
    .into_any()
}
