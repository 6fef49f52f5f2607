//! A labelled field with its hint and its error, and the one summary that takes the focus.

use leptos::html;
use leptos::prelude::*;

use crate::error::UiError;
use crate::ui::action::ServerAction;
use crate::ui::drawn::IntoAny;
use crate::ui::live::live;

/// What a form's last try came to.
pub type Problem = Signal<Option<UiError>>;

/// The error of a server action, as its fields want it.
pub fn problem_of<F>(action: ServerAction<F>) -> Problem {
    action.problem()
}

/// Changes with every success of an action, and with nothing else: what a list asks anew for. A failed try must not draw the form
/// anew, or what was typed would be gone.
pub fn successes<F>(action: ServerAction<F>) -> Memo<usize> {
    let (succeeded, version) = (action.succeeded(), action.version());
    Memo::new(move |before: Option<&usize>| {
        if succeeded.get() {
            version.get()
        } else {
            before.copied().unwrap_or_default()
        }
    })
}

#[component]
pub fn Field(
    /// What ids and errors call it.
    name: &'static str,
    /// What the form calls it, where that is not the same.
    #[prop(optional)]
    input: &'static str,
    label: &'static str,
    problem: Problem,
    #[prop(optional, into)] hint: String,
    #[prop(optional, into)] value: String,
    #[prop(default = "text")] kind: &'static str,
    /// The id of a `<datalist>` with suggestions.
    #[prop(optional)]
    list: Option<&'static str>,
    #[prop(optional)] on_input: Option<Callback<String>>,
    #[prop(optional)] required: bool,
    /// An example.
    #[prop(optional)]
    placeholder: Option<&'static str>,
) -> AnyView {
    let input = if input.is_empty() { name } else { input };
    let value = problem
        .get_untracked()
        .and_then(|error| error.kept(name))
        .unwrap_or(value);
    let typed = move |event| {
        if let Some(tell) = on_input {
            tell.run(event_target_value(&event));
        }
    };
    view! {
        <div class="field">
            <label for=name>{label}</label>
            <input
                class="field-input" id=name name=input type=kind value=value list=list required=required autocomplete="off" placeholder=placeholder
                aria-describedby=format!("{name}-notes") aria-invalid=invalid(problem, name) on:input=typed
            />
            <Notes name=name.to_owned() hint problem/>
        </div>
    }
    .into_any()
}

/// Sends `true`, or nothing.
#[component]
pub fn Check(
    name: &'static str,
    input: &'static str,
    label: &'static str,
    problem: Problem,
    checked: bool,
    #[prop(optional, into)] hint: String,
) -> AnyView {
    let checked = problem
        .get_untracked()
        .and_then(|error| error.kept(name))
        .map_or(checked, |kept| kept == "true");
    view! {
        <div class="field">
            <p class="check-field">
                <input type="checkbox" id=name name=input value="true" checked=checked aria-describedby=format!("{name}-notes")/>
                <label for=name>{label}</label>
            </p>
            <Notes name=name.to_owned() hint problem/>
        </div>
    }
    .into_any()
}

#[component]
pub fn TextArea(
    name: &'static str,
    #[prop(optional)] input: &'static str,
    label: &'static str,
    problem: Problem,
    #[prop(optional, into)] hint: String,
    #[prop(optional, into)] value: String,
    #[prop(default = 3)] rows: u32,
    #[prop(optional)] code: bool,
) -> AnyView {
    let input = if input.is_empty() { name } else { input };
    let value = problem
        .get_untracked()
        .and_then(|error| error.kept(name))
        .unwrap_or(value);
    view! {
        <div class="field">
            <label for=name>{label}</label>
            <textarea
                class="field-input" class:code=code id=name name=input rows=rows spellcheck="false" autocomplete="off"
                aria-describedby=format!("{name}-notes") aria-invalid=invalid(problem, name)
            >{value}</textarea>
            <Notes name=name.to_owned() hint problem/>
        </div>
    }
    .into_any()
}

/// Hint and error below a field; one element, so that `aria-describedby` always points at something.
#[component]
pub fn Notes(name: String, #[prop(optional, into)] hint: String, problem: Problem) -> AnyView {
    let id = format!("{name}-notes");
    let message = move || problem.get().and_then(|error| error.at(&name));
    let hint = (!hint.is_empty()).then(|| view! { <span class="field-hint">{hint}</span> });
    view! {
        <div class="field-notes" id=id>
            {hint}
            {live(move || message().map(|text| view! { <span class="field-error">{text}</span> }))}
        </div>
    }
    .into_any()
}

pub fn invalid(
    problem: Problem,
    name: &str,
) -> impl Fn() -> Option<&'static str> + Clone + Send + Sync + 'static + use<> {
    let name = name.to_owned();
    move || problem.get().and_then(|error| error.at(&name)).map(|_| "true")
}

/// Says at the top of a form that it was refused, and takes the focus there.
#[component]
pub fn Summary(problem: Problem) -> AnyView {
    let place = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        if problem.get().is_some()
            && let Some(element) = place.get()
        {
            // Fails only for an element that has left the page.
            let _ = element.focus();
        }
    });
    view! {
        <div class="summary-place" tabindex="-1" node_ref=place role="alert">
            {live(move || problem.get().map(|error| view! { <p class="problem">{error.to_string()}{other_messages(&error)}</p> }))}
        </div>
    }
    .into_any()
}

/// Messages of fields that have no place of their own in a form would be lost; the summary lists all.
fn other_messages(error: &UiError) -> Option<AnyView> {
    let UiError::Invalid { errors, .. } = error else {
        return None;
    };
    let items = errors
        .iter()
        .map(|one| view! { <span class="problem-item">{one.message.clone()}</span> })
        .collect_view();
    Some(items.into_any())
}

#[component]
pub fn SubmitButton(
    #[prop(into)] label: Signal<String>,
    pending: Memo<bool>,
    #[prop(default = "primary")] kind: &'static str,
) -> AnyView {
    view! {
        <button class="button" data-kind=kind type="submit" aria-disabled=move || pending.get().then_some("true")>
            {live(move || if pending.get() { "One moment…".to_owned() } else { label.get() })}
        </button>
    }
    .into_any()
}
