//! A field that suggests while somebody types; without scripts it suggests what it was given.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::ui::drawn::IntoAny;
use crate::ui::field::{Field, Problem};
use crate::ui::live::live;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suggestion {
    /// What stands in the field when it is chosen.
    pub value: String,
    /// What is said beside it.
    pub label: String,
}

#[component]
pub fn SuggestField(
    name: &'static str,
    #[prop(optional)] input: &'static str,
    label: &'static str,
    problem: Problem,
    #[prop(into)] suggestions: Signal<Vec<Suggestion>>,
    on_input: Callback<String>,
    #[prop(optional, into)] hint: String,
    #[prop(optional, into)] value: String,
    #[prop(optional)] required: bool,
) -> AnyView {
    let list: &'static str = "suggestions";
    let option = |one: Suggestion| view! { <option value=one.value>{one.label}</option> };
    let options = move || suggestions.get().into_iter().map(option).collect_view();
    view! {
        <Field name input label problem hint value list on_input required/>
        <datalist id=list>{live(options)}</datalist>
    }
    .into_any()
}
