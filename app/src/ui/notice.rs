//! One line that says what was just done. It comes with the address (`?done=`), so it works without scripts.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::ui::drawn::IntoAny;
use crate::ui::live::live;

#[component]
pub fn Notice() -> AnyView {
    let query = use_query_map();
    let text = move || query.read().get("done").and_then(|code| sentence(&code));
    view! {
        <div role="status" class="notice-place">
            {live(move || text().map(|text| view! { <p class="notice">{text}</p> }))}
        </div>
    }
    .into_any()
}

/// Only these: an address must not be able to put words into the page.
fn sentence(code: &str) -> Option<&'static str> {
    Some(match code {
        "added" => "Override added. The next request uses it.",
        "replaced" => "Override saved. The next request uses it.",
        "added-accepted" => "Override added. The server accepts it; the next request uses it.",
        "replaced-accepted" => "Override saved. The server accepts it; the next request uses it.",
        "added-unchecked" => "Override added, but not verified: the server answers without a credential too.",
        "replaced-unchecked" => "Override saved, but not verified: the server answers without a credential too.",
        "confirmed" => "Override confirmed for the new address.",
        "deleted" => "Override deleted.",
        "authorized" => "Authorized. The next request uses it.",
        "disconnected" => "Disconnected. The token is deleted.",
        "app-disconnected" => "Disconnected. The app no longer works, and has to ask you again.",
        "created" => "Server added.",
        "saved" => "Settings saved.",
        "unchanged" => "Nothing was different, so nothing was changed.",
        "removed" => "Server deleted, with its overrides.",
        "granted" => "Access given. It counts at once.",
        "access-removed" => "Access removed. It counts at once.",
        "person-saved" => "Saved.",
        "person-disabled" => "Disabled. Sessions have ended, and tokens do not work any more.",
        "person-enabled" => "Enabled. Tokens work again; signing in takes the password.",
        "person-deleted" => "Person deleted, with their overrides, tokens and access.",
        "identity-deleted" => "External identity deleted, with its overrides and access.",
        "withdrawn" => "Link taken back. It does not work any more.",
        "team-added" => "Team added. Give it access on a server's Access tab.",
        "team-saved" => "Team saved.",
        "team-deleted" => "Team deleted, with its access.",
        "member-added" => "Added to the team. Its access counts at once.",
        "member-removed" => "Removed from the team. It counts at once.",
        "account-saved" => "Virtual account saved.",
        "account-deleted" => "Virtual account deleted, with its overrides, tokens and access.",
        "test-sent" => "A test is on its way.",
        "revoked" => "Token revoked. It no longer works.",
        _ => return None,
    })
}
