//! `/people/new`: somebody comes in by a link, which the answer to the form shows once.

use leptos::prelude::*;

use super::api::InvitePerson as Invite;
use super::model::InviteLink;
use crate::ui::action::ServerAction;
use crate::ui::drawn::IntoAny;
use crate::ui::field::{Field, Problem, SubmitButton, Summary};
use crate::ui::live::live;
use crate::ui::page::PageHead;
use crate::ui::posted::posted;
use crate::ui::shown_once::ShownOnce;

/// Posts to its own address, so that without scripts the answer is this page with the link in it; scripts ask in place.
#[component]
pub fn InvitePerson() -> AnyView {
    let invite = ServerAction::<Invite>::new();
    let posted = posted::<InviteLink>();
    let outcome = Signal::derive(move || invite.value().get().or_else(|| posted.clone()));
    let problem: Problem = Signal::derive(move || outcome.get().and_then(Result::err));
    let made = move || outcome.get().and_then(Result::ok);
    let submit = invite.submits();
    view! {
        <PageHead title="Invite person" above=vec![("People".to_owned(), "/people".to_owned())]/>
        <p class="section-text">"You get a link to send them, which works once within seven days. With it they choose a password and are in."</p>
        <div role="status">{live(move || made().map(|link| view! { <Link link invited=true/> }))}</div>
        <form class="form" action="/people/new" method="post" novalidate on:submit=submit>
            <Summary problem/>
            <Field name="email" label="E-mail address" kind="email" problem required=true/>
            <Field name="name" label="Name (optional)" problem hint="How others see them. Without one, the first part of the address."/>
            <RoleField admin=false problem/>
            <div class="form-buttons">
                <SubmitButton label=Signal::stored("Invite".to_owned()) pending=invite.pending()/>
                <a class="button" data-kind="quiet" href="/people">"Back to people"</a>
            </div>
        </form>
    }
    .into_any()
}

#[component]
pub fn RoleField(admin: bool, problem: Problem) -> AnyView {
    let kept = problem.get_untracked().and_then(|error| error.kept("role"));
    let chosen = kept.unwrap_or_else(|| if admin { "admin" } else { "member" }.to_owned());
    let option = |value: &'static str, text: &'static str| {
        let selected = value == chosen;
        view! { <option value=value selected=selected>{text}</option> }
    };
    view! {
        <div class="field">
            <label for="role">"Role"</label>
            <select class="field-input" id="role" name="role" aria-describedby="role-notes">
                {option("member", "Member")}
                {option("admin", "Admin")}
            </select>
            <div class="field-notes" id="role-notes"><span class="field-hint">"Admins manage people and teams, and every server."</span></div>
        </div>
    }
    .into_any()
}

#[component]
pub fn Link(link: InviteLink, #[prop(optional)] invited: bool) -> AnyView {
    let heading = format!("Send {} this link now.", link.name);
    let text = format!(
        "It works once, {}, and cannot be shown again.",
        within(&link.until.relative)
    );
    let page = invited.then(|| {
        view! { <p><a href=format!("/people/{}", link.id)>{format!("Open the page of {}", link.name)}</a></p> }
    });
    view! {
        <ShownOnce heading text value=link.url label="the link"/>
        {page}
    }
    .into_any()
}

/// "in 7 days" → "within 7 days".
fn within(relative: &str) -> String {
    relative
        .strip_prefix("in ")
        .map_or_else(|| relative.to_owned(), |rest| format!("within {rest}"))
}
