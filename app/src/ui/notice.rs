//! One line that says what was just done. It comes with the address (`?done=`), so it works without scripts.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

#[component]
pub fn Notice() -> AnyView {
    let query = use_query_map();
    let text = move || query.read().get("done").and_then(|code| sentence(&code));
    view! {
        <div role="status" class="notice-place">
            {move || text().map(|text| view! { <p class="notice">{text}</p> })}
        </div>
    }
    .into_any()
}

/// Only these: an address must not be able to put words into the page.
fn sentence(code: &str) -> Option<&'static str> {
    Some(match code {
        "added" => "Override added. The next request uses it.",
        "replaced" => "Override saved. The next request uses it.",
        "confirmed" => "Override confirmed for the new address.",
        "deleted" => "Override deleted.",
        "authorized" => "Authorized. The next request uses it.",
        "disconnected" => "Disconnected. The token is deleted.",
        "created" => "Server added.",
        "saved" => "Settings saved.",
        "unchanged" => "Nothing was different, so nothing was changed.",
        "removed" => "Server deleted, with its overrides.",
        "granted" => "Access given. It counts at once.",
        "access-removed" => "Access removed. It counts at once.",
        "revoked" => "Token revoked. It no longer works.",
        _ => return None,
    })
}
