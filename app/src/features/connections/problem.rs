//! Why a consent did not come about. It comes with the address (`?problem=`), by its word alone.

use domain::oauth::ConsentProblem;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::ui::drawn::IntoAny;
use crate::ui::live::live;

#[component]
pub fn ConsentProblemNotice() -> AnyView {
    let query = use_query_map();
    // Only these: an address must not be able to put words into the page.
    let problem = move || {
        query
            .read()
            .get("problem")
            .and_then(|word| ConsentProblem::parse(&word))
    };
    view! {
        <div role="alert" class="notice-place">
            {live(move || problem().map(|problem| view! { <p class="problem">{problem.sentence()}</p> }))}
        </div>
    }
    .into_any()
}
