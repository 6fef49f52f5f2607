//! What somebody has: teams, servers, tokens and virtual accounts.

use domain::reach::Reach;
use leptos::prelude::*;

use super::api::RevokePersonsToken;
use super::model::{PersonPage, from_words};
use crate::features::access::model::role_label;
use crate::features::tokens::cells::{TokenCells, token_heads};
use crate::features::tokens::model::TokenRow;
use crate::ui::action::{ActionForm, ServerAction};
use crate::ui::badge::Badge;
use crate::ui::drawn::IntoAny;
use crate::ui::menu::Menu;
use crate::ui::table::{Table, heads};

#[component]
pub fn Holdings(page: PersonPage, revoke: ServerAction<RevokePersonsToken>) -> AnyView {
    let overrides = match page.overrides {
        0 => "They have no credential of their own anywhere.".to_owned(),
        1 => "They have one credential of their own stored.".to_owned(),
        count => format!("They have {count} credentials of their own stored."),
    };
    view! {
        <section aria-labelledby="persons-teams">
            <h2 id="persons-teams">"Teams"</h2>
            <Links names=page.teams base="/teams" none="In no team. Add them on a team's page."/>
        </section>
        <section aria-labelledby="persons-servers">
            <h2 id="persons-servers">"Servers"</h2>
            <p class="section-text">{page.row.admin.then_some("An admin manages every server. ")}{overrides}</p>
            <Servers servers=page.servers none="Nobody gave them a server."/>
        </section>
        <section aria-labelledby="persons-tokens">
            <h2 id="persons-tokens">"Tokens"</h2>
            <Tokens id=page.row.id tokens=page.tokens revoke/>
        </section>
        <section aria-labelledby="persons-accounts">
            <h2 id="persons-accounts">"Virtual accounts"</h2>
            <Links names=page.accounts base="/virtual-accounts" none="They answer for none."/>
        </section>
    }
    .into_any()
}

#[component]
fn Links(names: Vec<String>, base: &'static str, none: &'static str) -> AnyView {
    if names.is_empty() {
        return view! { <p class="section-text">{none}</p> }.into_any();
    }
    let links = names
        .into_iter()
        .map(|name| view! { <li><a href=format!("{base}/{name}")>{name.clone()}</a></li> })
        .collect_view();
    view! { <ul class="link-list">{links}</ul> }.into_any()
}

/// Roles on servers, and what gives them.
#[component]
pub fn Servers(servers: Vec<(String, Reach)>, none: &'static str) -> AnyView {
    if servers.is_empty() {
        return view! { <p class="section-text">{none}</p> }.into_any();
    }
    let rows = servers
        .into_iter()
        .map(|(server, reach)| {
            let (counts, also) = from_words(&reach);
            view! {
                <tr>
                    <th scope="row" data-label="Server"><a href=format!("/servers/{server}")>{server.clone()}</a></th>
                    <td data-label="Role"><Badge text=role_label(reach.role)/></td>
                    <td data-label="Comes from"><span class="two-lines">{counts}{also.map(|text| view! { <span class="muted">{text}</span> })}</span></td>
                    <td class="table-actions"><a class="button" data-kind="quiet" href=format!("/servers/{server}/access") aria-label=format!("Access to {server}")>"Access"</a></td>
                </tr>
            }
            .into_any()
        })
        .collect();
    view! { <Table caption="Servers" heads=heads(&["Server", "Role", "Comes from"]) rows/> }.into_any()
}

#[component]
fn Tokens(id: String, tokens: Vec<TokenRow>, revoke: ServerAction<RevokePersonsToken>) -> AnyView {
    if tokens.is_empty() {
        return view! { <p class="section-text">"They have made none."</p> }.into_any();
    }
    let row = |token: TokenRow| {
        let id = id.clone();
        let now = format!("Revoke {} now", token.name);
        view! {
            <tr>
                <TokenCells row=token.clone()/>
                <td class="table-actions">
                    <Menu label="Revoke".into_any() name=format!("Revoke {}", token.name)>
                        <p>"Clients that use it stop working at once."</p>
                        <ActionForm action=revoke>
                            <input type="hidden" name="id" value=id/>
                            <input type="hidden" name="token" value=token.id/>
                            <button class="button" data-kind="danger" aria-label=now>"Revoke token"</button>
                        </ActionForm>
                    </Menu>
                </td>
            </tr>
        }
        .into_any()
    };
    let rows = tokens.into_iter().map(row).collect();
    view! { <Table caption="Tokens" heads=token_heads() rows/> }.into_any()
}
