//! `/servers/{name}/overrides/why`: what a subject's calls carry, and each step to it (B03). A page of its own, a dialog once scripts
//! run.

use domain::field::FieldError;
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::api::why;
use super::form::fixed_subject;
use super::subject_field::SubjectField;
use super::why_model::{Answer, WhyPage};
use crate::error::UiError;
use crate::ui::asked::ask;
use crate::ui::badge::Badge;
use crate::ui::dialog::Dialog;
use crate::ui::drawn::IntoAny;
use crate::ui::loaded::loaded_dialog;
use crate::ui::query_form::QueryForm;

const HEADING: &str = "Why this credential?";

#[component]
pub fn Why() -> impl IntoView {
    let (params, query) = (use_params_map(), use_query_map());
    let server = params.read_untracked().get("server").unwrap_or_default();
    let subject = Memo::new(move |_| query.read().get("subject").unwrap_or_default());
    let (back, of) = (format!("/servers/{server}/overrides"), server.clone());
    let page = ask(
        move || (server.clone(), subject.get()),
        |(server, subject)| why(server, subject),
    );
    loaded_dialog(page, back, of, |page| view! { <WhyDialog page/> }.into_any())
}

#[component]
fn WhyDialog(page: WhyPage) -> AnyView {
    let back = format!("/servers/{}/overrides", page.server);
    let answer = page.answer.clone().map(|answer| view! { <Told answer/> });
    let ask = page.manager.then(|| view! { <Ask page=page.clone()/> });
    view! {
        <Dialog heading=HEADING back of=page.server>
            {answer}
            {ask}
        </Dialog>
    }
    .into_any()
}

#[component]
fn Told(answer: Answer) -> AnyView {
    let steps = answer
        .steps
        .into_iter()
        .map(|step| view! { <li>{step}</li> })
        .collect_view();
    view! {
        {fixed_subject(answer.subject, answer.mine)}
        <p>"Calls carry: "<Badge text=answer.carries.label() tone=answer.carries.tone()/></p>
        <ol class="steps">{steps}</ol>
    }
    .into_any()
}

/// The address asks.
#[component]
fn Ask(page: WhyPage) -> AnyView {
    let action = format!("/servers/{}/overrides/why", page.server);
    let problem = page.problem.map(|message| UiError::Invalid {
        errors: vec![FieldError::new("subject", message)],
        kept: Vec::new(),
    });
    view! {
        <QueryForm action=action>
            <SubjectField name="subject" input="subject" label="Somebody else" problem=Signal::stored(problem) server=page.server subjects=page.subjects
                value=page.typed hint="An e-mail address or a virtual account's name."/>
            <div class="form-buttons"><button class="button">"Show"</button></div>
        </QueryForm>
    }
    .into_any()
}
