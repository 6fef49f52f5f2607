//! `/people/{id}`: one person: name and role, how they sign in, and whether they may.

use domain::person::PersonState;
use leptos::prelude::*;
use leptos_router::components::Outlet;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::api::{ChangePerson, NewLink, RevokePersonsToken, WithdrawLink, get_person};
use super::holdings::Holdings;
use super::invite::{Link, RoleField};
use super::list::RoleBadge;
use super::model::{InviteLink, PersonPage, PersonRow, state_tone};
use crate::ui::action::{ActionForm, ServerAction};
use crate::ui::asked::ask;
use crate::ui::badge::Badge;
use crate::ui::drawn::IntoAny;
use crate::ui::field::{Field, Problem, SubmitButton, Summary, problem_of, successes};
use crate::ui::live::live;
use crate::ui::loaded::loaded;
use crate::ui::menu::Menu;
use crate::ui::page::PageHead;
use crate::ui::posted::posted;
use crate::ui::time::Time;

#[component]
pub fn Person() -> AnyView {
    let (params, query) = (use_params_map(), use_query_map());
    let asked = Memo::new(move |_| {
        let id = params.read().get("id").unwrap_or_default();
        (id, query.read().get("done").unwrap_or_default())
    });
    let (change, link) = (ServerAction::<ChangePerson>::new(), ServerAction::<NewLink>::new());
    let (withdraw, revoke) = (
        ServerAction::<WithdrawLink>::new(),
        ServerAction::<RevokePersonsToken>::new(),
    );
    let done = (
        successes(change),
        successes(link),
        successes(withdraw),
        successes(revoke),
    );
    let (changed, linked, withdrawn, revoked) = done;
    let asked = move || (asked.get(), changed.get(), linked.get(), withdrawn.get(), revoked.get());
    let page = ask(asked, |((id, _), ..)| get_person(id));
    let posted = posted::<InviteLink>();
    let outcome = Signal::derive(move || link.value().get().or_else(|| posted.clone()));
    // The dialog stands outside of what loads here; see `ui::loaded`.
    view! {
        {loaded(page, move |page| {
            view! {
                <Head row=page.row.clone() change/>
                <SignIn page=page.clone() link outcome withdraw/>
                <Settings row=page.row.clone() change/>
                <Holdings page revoke/>
            }
            .into_any()
        })}
        <Outlet/>
    }
    .into_any()
}

#[component]
fn Head(row: PersonRow, change: ServerAction<ChangePerson>) -> AnyView {
    let above = vec![("People".to_owned(), "/people".to_owned())];
    let menu = (!row.mine).then(|| {
        let delete = format!("/people/{}/delete", row.id);
        let disabled = row.state == PersonState::Disabled;
        let switch = if disabled {
            view! { <Enable row=row.clone() change/> }.into_any()
        } else {
            view! { <Disable row=row.clone() change/> }.into_any()
        };
        view! { {switch}<a class="button" data-kind="quiet" href=delete>"Delete"</a> }
    });
    view! {
        <PageHead title=row.name.clone() above>{menu}</PageHead>
        <Summary problem=problem_of(change)/>
        <p class="server-facts">
            <span>{row.email}</span>
            <RoleBadge admin=row.admin/>
            <Badge text=row.state.label() tone=state_tone(row.state)/>
            <span class="muted">"added "<Time at=row.added/></span>
            {row.mine.then(|| view! { <span class="muted">"This is you: another admin can disable or delete you."</span> })}
        </p>
    }
    .into_any()
}

/// Asks once, behind a fold that says what follows.
#[component]
fn Disable(row: PersonRow, change: ServerAction<ChangePerson>) -> AnyView {
    let now = format!("Disable {} now", row.name);
    view! {
        <Menu label="Disable".into_any() name=format!("Disable {}", row.name)>
            <p>"They are signed out at once, their tokens stop working, and their open streams end within five seconds. Access, teams and overrides stay, unused, until they are enabled again."</p>
            <ActionForm action=change>
                <input type="hidden" name="id" value=row.id/>
                <input type="hidden" name="disabled" value="true"/>
                <button class="button" data-kind="danger" aria-label=now>"Disable"</button>
            </ActionForm>
        </Menu>
    }
    .into_any()
}

#[component]
fn Enable(row: PersonRow, change: ServerAction<ChangePerson>) -> AnyView {
    view! {
        <ActionForm action=change class="inline-form">
            <input type="hidden" name="id" value=row.id/>
            <input type="hidden" name="disabled" value="false"/>
            <button class="button">"Enable"</button>
        </ActionForm>
    }
    .into_any()
}

/// The link is shown once, by the answer to the form: without scripts that is this page.
#[component]
fn SignIn(
    page: PersonPage,
    link: ServerAction<NewLink>,
    outcome: Signal<Option<Result<InviteLink, crate::error::UiError>>>,
    withdraw: ServerAction<WithdrawLink>,
) -> AnyView {
    let row = page.row;
    let problem: Problem = Signal::derive(move || outcome.get().and_then(Result::err));
    // A link that was taken back meanwhile is none to show.
    let under_way = row.invited_until.is_some();
    let made = move || outcome.get().and_then(Result::ok).filter(|_| under_way);
    let text = match (row.state, page.has_password) {
        (PersonState::Disabled, _) => "Disabled people cannot sign in, and get no link.",
        (_, true) => {
            "They sign in with their password. A link lets them choose another one, and signs them out everywhere."
        }
        (PersonState::Invited, false) => "A link is under way. A new one ends it.",
        (_, false) => "They have no password, and no link that works. Send them one.",
    };
    let until = row.invited_until.clone().map(|until| {
        view! { <p class="muted">"The link that was made last ends "<Time at=until/>"."</p> }
    });
    let submit = link.submits();
    let id = row.id.clone();
    let take_back = under_way.then(|| {
        view! {
            <ActionForm action=withdraw class="inline-form">
                <input type="hidden" name="id" value=id/>
                <button class="button" data-kind="quiet">"Take the link back"</button>
            </ActionForm>
        }
    });
    let buttons = (row.state != PersonState::Disabled).then(|| {
        view! {
            <div class="form-buttons">
                <form action=format!("/people/{}", row.id) method="post" on:submit=submit>
                    <input type="hidden" name="id" value=row.id.clone()/>
                    <button class="button">{if under_way { "Make a new link" } else { "Make a link" }}</button>
                </form>
                {take_back}
            </div>
        }
    });
    view! {
        <section class="card" aria-labelledby="signing-in">
            <h2 id="signing-in">"Signing in"</h2>
            <Summary problem/>
            <p>{text}</p>
            {until}
            <div role="status">{live(move || made().map(|link| view! { <Link link/> }))}</div>
            {buttons}
        </section>
    }
    .into_any()
}

#[component]
fn Settings(row: PersonRow, change: ServerAction<ChangePerson>) -> AnyView {
    let problem = problem_of(change);
    view! {
        <section class="card" aria-labelledby="person-settings">
            <h2 id="person-settings">"Name and role"</h2>
            <ActionForm action=change class="form" novalidate=true>
                <input type="hidden" name="id" value=row.id/>
                <Field name="name" label="Name" problem value=row.name/>
                <RoleField admin=row.admin problem/>
                <div class="form-buttons"><SubmitButton label=Signal::stored("Save".to_owned()) pending=change.pending() kind="plain"/></div>
            </ActionForm>
        </section>
    }
    .into_any()
}
