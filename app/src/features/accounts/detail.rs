//! `/virtual-accounts/{name}`: who answers for it, its tokens, and (for admins) where it has access.

use leptos::prelude::*;
use leptos_router::components::Outlet;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::api::{AddAccountToken, ChangeAccount, RevokeAccountToken, RotateToken, get_account};
use super::list::Owner;
use super::model::AccountPage;
use super::tokens::{AddToken, Tokens};
use crate::error::UiError;
use crate::features::people::holdings::Servers;
use crate::features::people::person_field::PersonField;
use crate::features::tokens::model::CreatedToken;
use crate::ui::action::{ActionForm, ServerAction};
use crate::ui::asked::ask;
use crate::ui::drawn::IntoAny;
use crate::ui::field::{Problem, SubmitButton, Summary, TextArea, problem_of, successes};
use crate::ui::live::live;
use crate::ui::loaded::loaded;
use crate::ui::page::PageHead;
use crate::ui::posted::posted;
use crate::ui::shown_once::ShownOnce;
use crate::ui::time::{Time, TimeOr};

/// What can be done here; made outside of what loads.
#[derive(Clone, Copy)]
pub struct Actions {
    pub add: ServerAction<AddAccountToken>,
    pub rotate: ServerAction<RotateToken>,
    pub revoke: ServerAction<RevokeAccountToken>,
    pub change: ServerAction<ChangeAccount>,
}

#[component]
pub fn Account() -> AnyView {
    let (params, query) = (use_params_map(), use_query_map());
    let asked = Memo::new(move |_| {
        let account = params.read().get("account").unwrap_or_default();
        (account, query.read().get("done").unwrap_or_default())
    });
    let actions = Actions {
        add: ServerAction::new(),
        rotate: ServerAction::new(),
        revoke: ServerAction::new(),
        change: ServerAction::new(),
    };
    let (added, rotated) = (successes(actions.add), successes(actions.rotate));
    let (revoked, changed) = (successes(actions.revoke), successes(actions.change));
    let page = ask(
        move || (asked.get(), added.get(), rotated.get(), revoked.get(), changed.get()),
        |((account, _), ..)| get_account(account),
    );
    let posted = posted::<CreatedToken>();
    let outcome = Signal::derive(move || newest(actions).or_else(|| posted.clone()));
    // The dialog stands outside of what loads here; see `ui::loaded`.
    view! {
        {loaded(page, move |page| view! { <Content page actions outcome/> }.into_any())}
        <Outlet/>
    }
    .into_any()
}

/// Of a new token and a rotated one, whichever was asked for last.
fn newest(actions: Actions) -> Option<Result<CreatedToken, UiError>> {
    let (added, rotated) = (actions.add.value().get(), actions.rotate.value().get());
    if actions.add.version().get() > actions.rotate.version().get() {
        added
    } else {
        rotated
    }
}

#[component]
fn Content(page: AccountPage, actions: Actions, outcome: Signal<Option<Result<CreatedToken, UiError>>>) -> AnyView {
    let problem: Problem = Signal::derive(move || outcome.get().and_then(Result::err));
    let made = move || outcome.get().and_then(Result::ok);
    let row = page.row.clone();
    let for_admins = page.admin.then(|| {
        view! {
            <AddToken account=row.name.clone() action=actions.add/>
            <Access page=page.clone()/>
            <Settings page=page.clone() change=actions.change/>
        }
    });
    view! {
        <Head page=page.clone()/>
        <section aria-labelledby="accounts-tokens">
            <h2 id="accounts-tokens">"Tokens"</h2>
            <Summary problem/>
            <div role="status">{live(move || made().map(|token| view! { <Made token/> }))}</div>
            <Tokens account=row.name tokens=page.tokens actions/>
        </section>
        {for_admins}
    }
    .into_any()
}

#[component]
fn Head(page: AccountPage) -> AnyView {
    let above = vec![("Virtual accounts".to_owned(), "/virtual-accounts".to_owned())];
    let row = page.row;
    let delete = page.admin.then(|| {
        view! { <a class="button" data-kind="quiet" href=format!("/virtual-accounts/{}/delete", row.name)>"Delete virtual account"</a> }
    });
    let description = (!row.description.is_empty()).then(|| view! { <p class="muted">{row.description.clone()}</p> });
    view! {
        <PageHead title=row.name.clone() above>{delete}</PageHead>
        {description}
        <dl class="facts">
            <div><dt>"Owner"</dt><dd><Owner owner=row.owner/></dd></div>
            <div><dt>"Last used"</dt><dd><TimeOr at=row.last_used never="Never"/></dd></div>
            <div><dt>"Added"</dt><dd><Time at=row.added/></dd></div>
        </dl>
    }
    .into_any()
}

#[component]
fn Made(token: CreatedToken) -> AnyView {
    view! {
        <ShownOnce heading=format!("{}: copy the new token now.", token.name) text="It is stored as a hash and cannot be shown again."
            value=token.value label="the token"/>
    }
    .into_any()
}

#[component]
fn Access(page: AccountPage) -> AnyView {
    let overrides = match page.overrides {
        0 => "No credential of its own is stored anywhere.".to_owned(),
        1 => "One credential of its own is stored.".to_owned(),
        count => format!("{count} credentials of its own are stored."),
    };
    view! {
        <section aria-labelledby="accounts-servers">
            <h2 id="accounts-servers">"Servers"</h2>
            <p class="section-text">{overrides}" A server's managers set them on its Auth Overrides tab."</p>
            <Servers servers=page.servers none="It has access to no server. A server's managers give it access on the server's Access tab."/>
        </section>
    }
    .into_any()
}

#[component]
fn Settings(page: AccountPage, change: ServerAction<ChangeAccount>) -> AnyView {
    let problem = problem_of(change);
    let owner = page.row.owner.map(|(_, email)| email).unwrap_or_default();
    view! {
        <section class="card" aria-labelledby="account-settings">
            <h2 id="account-settings">"Description and owner"</h2>
            <ActionForm action=change class="form" novalidate=true>
                <Summary problem/>
                <input type="hidden" name="account" value=page.row.name/>
                <TextArea name="description" label="Description (optional)" rows=2 problem value=page.row.description/>
                <PersonField name="owner" label="Owner" problem first=page.people value=owner hint="An e-mail address. They see its tokens and may replace and revoke them. Empty: nobody."/>
                <div class="form-buttons"><SubmitButton label=Signal::stored("Save".to_owned()) pending=change.pending() kind="plain"/></div>
            </ActionForm>
        </section>
    }
    .into_any()
}
