//! Add and Edit Override (S02-S05, S12, S13): pages of their own, dialogs once scripts run.

use std::sync::Arc;

use domain::outbound::Mode;
use domain::overrides::State;
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::api::{AddOverride as Add, ConfirmOverride, EditOverride as Edit, override_form};
use super::model::{FormPage, SubjectView, preview, repeated_words, value_of};
use super::subject_field::SubjectField;
use super::verify::VerifyNow;
use crate::error::UiError;
use crate::ui::action::{ActionForm, ServerAction};
use crate::ui::asked::ask;
use crate::ui::dialog::Dialog;
use crate::ui::drawn::IntoAny;
use crate::ui::field::{Field, Problem, SubmitButton, Summary, problem_of};
use crate::ui::live::live;
use crate::ui::loaded::loaded_dialog;
use crate::ui::secret_field::SecretField;

#[component]
pub fn AddOverride() -> AnyView {
    let subject = use_query_map().read_untracked().get("subject").unwrap_or_default();
    let add = ServerAction::<Add>::new();
    let show = move |page| view! { <AddDialog page add subject=subject.clone()/> }.into_any();
    over_the_tab(String::new(), Arc::new(show))
}

/// Once for both, for browsers load each.
fn over_the_tab(id: String, show: Arc<dyn Fn(FormPage) -> AnyView + Send + Sync>) -> AnyView {
    let server = use_params_map().read_untracked().get("server").unwrap_or_default();
    let (back, of) = (format!("/servers/{server}/overrides"), server.clone());
    let page = ask(
        move || (server.clone(), id.clone()),
        |(server, id)| override_form(server, id),
    );
    loaded_dialog(page, back, of, move |page| show(page))
}

#[component]
fn AddDialog(page: FormPage, add: ServerAction<Add>, subject: String) -> AnyView {
    let problem = problem_of(add);
    let back = format!("/servers/{}/overrides", page.server);
    let wins = (page.mode == Mode::AuthorizationCode).then(|| {
        view! { <p class="muted">"Calls carry this header in place of what the person authorized, until it is deleted."</p> }
    });
    view! {
        <Dialog heading="Add override" back=back.clone() of=page.server.clone()>
            <ActionForm action=add class="form" novalidate=true>
                <Summary problem/>
                <input type="hidden" name="form[server]" value=page.server.clone()/>
                {wins}
                <Subject page=page.clone() problem given=subject/>
                <Credentials page problem/>
                <Replace problem/>
                <Buttons label="Submit" pending=add.pending() back/>
            </ActionForm>
        </Dialog>
    }
    .into_any()
}

#[component]
pub fn EditOverride() -> AnyView {
    let id = use_params_map().read_untracked().get("id").unwrap_or_default();
    let (edit, confirm) = (ServerAction::<Edit>::new(), ServerAction::<ConfirmOverride>::new());
    let of = id.clone();
    let show = move |page| view! { <EditDialog page id=of.clone() edit confirm/> }.into_any();
    over_the_tab(id, Arc::new(show))
}

#[component]
fn EditDialog(page: FormPage, id: String, edit: ServerAction<Edit>, confirm: ServerAction<ConfirmOverride>) -> AnyView {
    let problem = problem_of(edit);
    let back = format!("/servers/{}/overrides", page.server);
    let whose = page.subject.clone().map(|subject| fixed_subject(subject, page.mine));
    let suspended = (page.state == Some(State::Suspended))
        .then(|| view! { <Suspended server=page.server.clone() id=id.clone() may_confirm=page.may_confirm confirm/> });
    view! {
        <Dialog heading="Edit override" back=back.clone() of=page.server.clone()>
            {suspended}
            <ActionForm action=edit class="form" novalidate=true>
                <Summary problem/>
                <input type="hidden" name="form[server]" value=page.server.clone()/>
                <input type="hidden" name="id" value=id/>
                {whose}
                <Credentials page problem/>
                <Buttons label="Save" pending=edit.pending() back/>
            </ActionForm>
        </Dialog>
    }
    .into_any()
}

/// D06: confirm, or enter again.
#[component]
fn Suspended(server: String, id: String, may_confirm: bool, confirm: ServerAction<ConfirmOverride>) -> AnyView {
    let button = may_confirm.then(|| {
        view! {
            <ActionForm action=confirm>
                <input type="hidden" name="server" value=server/>
                <input type="hidden" name="id" value=id/>
                <button class="button">"Use it for the new address"</button>
            </ActionForm>
        }
    });
    view! {
        <div class="callout" data-tone="attention">
            <p>"The server's address changed after this credential was entered, so it is not sent. Enter it again below, or confirm that it is meant for the new address."</p>
            {button}
        </div>
    }
    .into_any()
}

/// S03: a manager names anybody; for others it is themselves, and the server side sees to it.
#[component]
fn Subject(page: FormPage, problem: Problem, given: String) -> impl IntoView {
    if let Some(subject) = page.subject.clone() {
        return fixed_subject(subject, page.mine).into_any();
    }
    let hint = match page.mode {
        Mode::AuthorizationCode => {
            "An e-mail address or a virtual account's name. Virtual accounts cannot authorize at a provider; this is how they get a credential."
        }
        _ => "An e-mail address or a virtual account's name. Type to search.",
    };
    view! {
        <SubjectField name="subject" input="form[subject]" label="Subject" problem server=page.server subjects=page.subjects value=given hint/>
    }
    .into_any()
}

pub fn fixed_subject(subject: SubjectView, mine: bool) -> impl IntoView {
    let name = if mine {
        format!("You ({})", subject.name)
    } else {
        subject.name
    };
    let detail = subject.detail.unwrap_or_else(|| subject.kind.label().to_owned());
    view! {
        <dl class="fixed-field"><dt>"Subject"</dt><dd>{name}<span class="muted">{detail}</span></dd></dl>
    }
}

/// One secret field per value the server asks for, the line that shows what will be sent, and the expiry.
#[component]
pub fn Credentials(page: FormPage, problem: Problem) -> AnyView {
    let typed = RwSignal::new(Vec::<(String, String)>::new());
    let one = page.fields.len() == 1;
    let fields = page
        .fields
        .iter()
        .map(|field| {
            let key = field.key.clone();
            let error_name = if one {
                "credential".to_owned()
            } else {
                format!("credentials.{}", field.label)
            };
            let hint = match (value_of(&page.masks, &field.key), field.whole_header) {
                (Some(mask), _) => format!("Stored: {mask}. Leave empty to keep it."),
                (None, true) => {
                    "The complete header value, such as Bearer sk-abc123. Spaces around it are trimmed.".to_owned()
                }
                (None, false) => {
                    "Only the value itself; the server's settings add the rest. Spaces around it are trimmed."
                        .to_owned()
                }
            };
            let label = if field.whole_header {
                format!("{} header", field.label)
            } else {
                field.label.clone()
            };
            let headers = page.headers.clone();
            let warning = {
                let key = key.clone();
                move || {
                    typed.with(|typed| value_of(typed, &key).and_then(|value| repeated_words(&headers, &key, value)))
                }
            };
            let on_input = {
                let key = key.clone();
                Callback::new(move |value: String| {
                    typed.update(|typed| {
                        typed.retain(|(known, _)| *known != key);
                        typed.push((key.clone(), value));
                    });
                })
            };
            view! {
                <SecretField name=format!("form[values][{key}]") error_name label problem hint on_input/>
                {live(move || warning().map(|text| view! { <p class="field-warning" role="status">{text}</p> }))}
            }
        })
        .collect_view();
    let headers = page.headers.clone();
    let lines = move || {
        let lines = typed.with(|typed| preview(&headers, typed));
        lines
            .into_iter()
            .map(|line| view! { <code>{line}</code> })
            .collect_view()
    };
    view! {
        {fields}
        <div class="will-send"><span>"The gateway will send"</span>{live(lines)}</div>
        <Field name="expires_on" input="form[expires_on]" label="Expires on (optional)" kind="date" problem value=page.expires_on
            hint="The last day it is used, in UTC."/>
        <VerifyNow problem/>
    }
    .into_any()
}

/// D02: shown when there is one already.
#[component]
fn Replace(problem: Problem) -> AnyView {
    let exists = move || {
        problem
            .get()
            .is_some_and(|error| matches!(error, UiError::Exists { .. }))
    };
    let shown = move || {
        exists().then(|| {
            view! {
                <p class="check-field">
                    <input type="checkbox" id="replace" name="form[replace]" value="true"/>
                    <label for="replace">"Replace it"</label>
                </p>
            }
        })
    };
    live(shown)
}

#[component]
fn Buttons(label: &'static str, pending: Memo<bool>, back: String) -> AnyView {
    view! {
        <div class="form-buttons">
            <SubmitButton label=Signal::stored(label.to_owned()) pending/>
            <a class="button" data-kind="quiet" href=back>"Cancel"</a>
        </div>
    }
    .into_any()
}
