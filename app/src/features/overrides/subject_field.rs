//! A field that takes a person or a virtual account, and suggests while somebody types.

use leptos::prelude::*;

use super::api::search_subjects;
use super::model::SubjectHit;
use crate::ui::drawn::IntoAny;
use crate::ui::field::{Field, Problem};
use crate::ui::live::live;

#[component]
pub fn SubjectField(
    name: &'static str,
    input: &'static str,
    label: &'static str,
    hint: &'static str,
    problem: Problem,
    server: String,
    /// What is suggested before somebody types.
    subjects: Vec<SubjectHit>,
    #[prop(optional)] value: String,
) -> AnyView {
    // An action, not a resource: see `ui::loaded`.
    let search = Action::new(move |text: &String| search_subjects(server.clone(), text.clone()));
    let options = move || match search.value().get() {
        Some(Ok(hits)) if !hits.is_empty() => hits,
        _ => subjects.clone(),
    };
    let on_input = Callback::new(move |text: String| drop(search.dispatch(text)));
    let option = |hit: SubjectHit| view! { <option value=hit.value>{hit.label}</option> };
    view! {
        <Field name input label problem value list="subjects" on_input required=true hint/>
        <datalist id="subjects">{live(move || options().into_iter().map(option).collect_view())}</datalist>
    }
    .into_any()
}
