//! A virtual account's tokens: replaced without a gap, revoked at once, and (by admins) added.

use leptos::prelude::*;

use super::api::{AddAccountToken, RotateToken};
use super::detail::Actions;
use super::model::GRACES;
use crate::features::tokens::cells::{LifetimeField, TokenCells, token_heads};
use crate::features::tokens::model::TokenRow;
use crate::ui::action::{ActionForm, ServerAction};
use crate::ui::drawn::IntoAny;
use crate::ui::field::{Field, Problem, SubmitButton};
use crate::ui::menu::Menu;
use crate::ui::table::Table;

#[component]
pub fn Tokens(account: String, tokens: Vec<TokenRow>, actions: Actions) -> AnyView {
    if tokens.is_empty() {
        return view! { <p class="section-text">"It has none, so it cannot call. An admin can add one."</p> }
            .into_any();
    }
    let row = |row: TokenRow| view! { <Row account=account.clone() row actions/> }.into_any();
    let rows = tokens.into_iter().map(row).collect();
    view! { <Table caption="Tokens" heads=token_heads() rows/> }.into_any()
}

#[component]
fn Row(account: String, row: TokenRow, actions: Actions) -> AnyView {
    let rotate = (!row.expired && !row.replaced)
        .then(|| view! { <Rotate account=account.clone() row=row.clone() rotate=actions.rotate/> });
    let now = format!("Revoke {} now", row.name);
    view! {
        <tr>
            <TokenCells row=row.clone()/>
            <td class="table-actions">
                {rotate}
                <Menu label="Revoke".into_any() name=format!("Revoke {}", row.name)>
                    <p>"Whatever calls with it fails at once."</p>
                    <ActionForm action=actions.revoke>
                        <input type="hidden" name="account" value=account/>
                        <input type="hidden" name="token" value=row.id/>
                        <button class="button" data-kind="danger" aria-label=now>"Revoke token"</button>
                    </ActionForm>
                </Menu>
            </td>
        </tr>
    }
    .into_any()
}

/// Posts to the page's own address, so that without scripts the answer is the page with the new token in it.
#[component]
fn Rotate(account: String, row: TokenRow, rotate: ServerAction<RotateToken>) -> AnyView {
    let id = format!("grace-{}", row.id);
    let options = GRACES.map(|(hours, words)| view! { <option value=hours selected=hours == "24">{words}</option> });
    let submit = rotate.submits();
    view! {
        <Menu label="Rotate".into_any() name=format!("Rotate {}", row.name)>
            <p>"Makes a new token that lives as long as this one was meant to. This one goes on working for a while, so that you can bring out the new one."</p>
            <form class="form" action=format!("/virtual-accounts/{account}") method="post" on:submit=submit>
                <input type="hidden" name="what" value="rotate"/>
                <input type="hidden" name="account" value=account.clone()/>
                <input type="hidden" name="token" value=row.id/>
                <div class="field">
                    <label for=id.clone()>"The old one works for"</label>
                    <select class="field-input" id=id name="grace">{options.into_iter().collect_view()}</select>
                </div>
                <div class="form-buttons"><button class="button" data-kind="primary" aria-label=format!("Rotate {} now", row.name)>"Rotate token"</button></div>
            </form>
        </Menu>
    }
    .into_any()
}

#[component]
pub fn AddToken(account: String, action: ServerAction<AddAccountToken>) -> AnyView {
    let submit = action.submits();
    // What was wrong stands above the table, with what was made.
    let problem: Problem = Signal::stored(None);
    view! {
        <section class="card" aria-labelledby="add-token">
            <h3 id="add-token">"Another token"</h3>
            <form class="form form-inline" action=format!("/virtual-accounts/{account}") method="post" novalidate on:submit=submit>
                <input type="hidden" name="what" value="add"/>
                <input type="hidden" name="account" value=account.clone()/>
                <Field name="name" label="Name" problem hint="What will use it."/>
                <LifetimeField label="Expires after"/>
                <div class="form-buttons"><SubmitButton label=Signal::stored("Add token".to_owned()) pending=action.pending() kind="plain"/></div>
            </form>
        </section>
    }
    .into_any()
}
