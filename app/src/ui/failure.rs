//! What could not be shown: what happened and where to go from here.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::error::UiError;
use crate::ui::drawn::IntoAny;

pub fn heading(error: &UiError) -> &'static str {
    match error {
        UiError::SignedOut => "You are signed out",
        UiError::Forbidden => "Not allowed",
        UiError::Gone => "Not found",
        UiError::Refused(_) => "Not possible here",
        UiError::Invalid { .. } | UiError::Exists { .. } | UiError::Confirm(_) | UiError::Stale => "Look at this again",
        UiError::Internal(_) | UiError::Unreachable => "Something went wrong",
    }
}

/// In place of a page.
#[component]
pub fn Failure(error: UiError) -> AnyView {
    let heading = heading(&error);
    let (href, words) = match &error {
        UiError::SignedOut => ("/sign-in", "Sign in"),
        _ => ("/servers", "Go to the servers"),
    };
    view! {
        <Title text=format!("{heading} · Overkey")/>
        <div class="empty-state">
            <h1>{heading}</h1>
            <p>{error.to_string()}</p>
            <a class="button" href=href rel="external">{words}</a>
        </div>
    }
    .into_any()
}

/// In place of a part of a page.
#[component]
pub fn SmallFailure(error: UiError) -> AnyView {
    view! { <div class="empty-state"><h2>{heading(&error)}</h2><p>{error.to_string()}</p></div> }.into_any()
}
