//! `/tokens`: my gateway tokens. A new one is shown once, by the answer to the form that made it.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::api::{CreateToken, RevokeToken, list_tokens};
use super::cells::{LifetimeField, TokenCells, token_heads};
use super::model::{CreatedToken, TokenRow};
use crate::error::UiError;
use crate::features::apps::ConnectedApps;
use crate::ui::action::{ActionForm, ServerAction};
use crate::ui::asked::ask;
use crate::ui::drawn::IntoAny;
use crate::ui::empty_state::EmptyState;
use crate::ui::field::{Field, Problem, SubmitButton, Summary, successes};
use crate::ui::live::live;
use crate::ui::loaded::loaded;
use crate::ui::menu::Menu;
use crate::ui::page::PageHead;
use crate::ui::posted::posted;
use crate::ui::shown_once::ShownOnce;
use crate::ui::table::Table;

#[component]
pub fn Tokens() -> AnyView {
    let query = use_query_map();
    let create = ServerAction::<CreateToken>::new();
    let revoke = ServerAction::<RevokeToken>::new();
    let done = Memo::new(move |_| query.read().get("done").unwrap_or_default());
    let (created, revoked) = (successes(create), successes(revoke));
    let asked = move || (created.get(), revoked.get(), done.get());
    let list = ask(asked, |_| list_tokens());
    let posted = posted::<CreatedToken>();
    let outcome = Signal::derive(move || create.value().get().or_else(|| posted.clone()));
    view! {
        <PageHead title="Tokens"/>
        <p class="section-text">"A gateway token lets your MCP clients call every server you may use. It is not a credential of any server."</p>
        <New create outcome/>
        {loaded(list, move |rows| view! { <List rows revoke/> }.into_any())}
        <ConnectedApps/>
    }
    .into_any()
}

/// Posts to `/tokens`, so that without scripts the answer is this page with the new token in it; scripts ask in place.
#[component]
fn New(create: ServerAction<CreateToken>, outcome: Signal<Option<Result<CreatedToken, UiError>>>) -> AnyView {
    let problem: Problem = Signal::derive(move || outcome.get().and_then(Result::err));
    let made = move || outcome.get().and_then(Result::ok);
    let submit = create.submits();
    view! {
        <section class="card" aria-labelledby="new-token">
            <h2 id="new-token">"New token"</h2>
            <form class="form form-inline" action="/tokens" method="post" on:submit=submit>
                <Summary problem/>
                <Field name="name" label="Name" problem hint="What will use it, such as Claude on my laptop."/>
                <LifetimeField label="Expires after"/>
                <div class="form-buttons"><SubmitButton label=Signal::stored("Create token".to_owned()) pending=create.pending()/></div>
            </form>
            <div role="status">{live(move || made().map(|token| view! { <Made token/> }))}</div>
        </section>
    }
    .into_any()
}

#[component]
fn Made(token: CreatedToken) -> AnyView {
    view! {
        <ShownOnce heading=format!("{}: copy it now.", token.name) text="It is stored as a hash and cannot be shown again."
            value=token.value label="the token"/>
    }
    .into_any()
}

#[component]
fn List(rows: Vec<TokenRow>, revoke: ServerAction<RevokeToken>) -> impl IntoView {
    if rows.is_empty() {
        return view! { <EmptyState heading="No tokens yet" text="Create one above and give it to your MCP client."/> }
            .into_any();
    }
    let rows = rows
        .into_iter()
        .map(|row| view! { <Row row revoke/> }.into_any())
        .collect();
    view! { <Table caption="My tokens" heads=token_heads() rows/> }.into_any()
}

/// Revoking asks once: the button is behind a fold that says what follows.
#[component]
fn Row(row: TokenRow, revoke: ServerAction<RevokeToken>) -> AnyView {
    let now = format!("Revoke {} now", row.name);
    view! {
        <tr>
            <TokenCells row=row.clone()/>
            <td class="table-actions">
                <Menu label="Revoke".into_any() name=format!("Revoke {}", row.name)>
                    <p>"Clients that use it stop working at once."</p>
                    <ActionForm action=revoke>
                        <input type="hidden" name="id" value=row.id/>
                        <button class="button" data-kind="danger" aria-label=now>"Revoke token"</button>
                    </ActionForm>
                </Menu>
            </td>
        </tr>
    }
    .into_any()
}
