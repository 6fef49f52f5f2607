//! The search above a list: a plain GET, so that every result has an address.

use leptos::prelude::*;

use crate::ui::drawn::IntoAny;
use crate::ui::query_form::FilterForm;

#[component]
pub fn SearchForm(
    /// The list's own address.
    #[prop(into)]
    action: String,
    /// What is searched: "people".
    of: &'static str,
    value: String,
) -> AnyView {
    let label = format!("Search {of}");
    view! {
        <FilterForm action label=format!("Filter {of}")>
            <label class="visually-hidden" for="search">{label.clone()}</label>
            <input class="field-input" id="search" type="search" name="search" placeholder=label value=value/>
            <button class="button">"Search"</button>
        </FilterForm>
    }
    .into_any()
}
