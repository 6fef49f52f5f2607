//! A field that takes a person, and suggests while somebody types.

use leptos::prelude::*;

use super::api::suggest_people;
use crate::ui::drawn::IntoAny;
use crate::ui::field::Problem;
use crate::ui::suggest_field::{SuggestField, Suggestion};

#[component]
pub fn PersonField(
    name: &'static str,
    label: &'static str,
    problem: Problem,
    /// What is suggested before somebody types.
    first: Vec<Suggestion>,
    #[prop(optional, into)] hint: String,
    #[prop(optional, into)] value: String,
) -> AnyView {
    // An action, not a resource: see `ui::loaded`.
    let search = Action::new(|text: &String| suggest_people(text.clone()));
    let suggestions = Signal::derive(move || match search.value().get() {
        Some(Ok(found)) if !found.is_empty() => found,
        _ => first.clone(),
    });
    let on_input = Callback::new(move |text: String| drop(search.dispatch(text)));
    view! { <SuggestField name label problem suggestions on_input hint value/> }.into_any()
}
