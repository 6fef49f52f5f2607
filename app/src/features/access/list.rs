//! `/servers/{name}/access`: who was given which role, for the server's managers, and what that comes to for each.

use domain::role::ServerRole;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::api::{GrantAccess, RevokeAccess, list_access};
use super::give::Give;
use super::model::{AccessPage, GrantRow, role_label};
use super::reached::WhoHasAccess;
use crate::ui::action::{ActionForm, ServerAction};
use crate::ui::asked::ask;
use crate::ui::avatar::Avatar;
use crate::ui::badge::Badge;
use crate::ui::drawn::IntoAny;
use crate::ui::empty_state::EmptyState;
use crate::ui::field::successes;
use crate::ui::loaded::loaded_part;
use crate::ui::menu::Menu;
use crate::ui::table::{Table, heads};
use crate::ui::time::Time;

#[component]
pub fn Access() -> impl IntoView {
    let (params, query) = (use_params_map(), use_query_map());
    let asked = Memo::new(move |_| {
        let query = query.read();
        let get = |name: &str| query.get(name).unwrap_or_default();
        let server = params.read().get("server").unwrap_or_default();
        (server, get("search"), get("cursor"), get("done"))
    });
    let (grant, revoke) = (ServerAction::<GrantAccess>::new(), ServerAction::<RevokeAccess>::new());
    let (granted, revoked) = (successes(grant), successes(revoke));
    let page = ask(
        move || (asked.get(), granted.get(), revoked.get()),
        |((server, search, cursor, _), ..)| list_access(server, search, cursor),
    );
    loaded_part(page, move |page| view! { <Content page grant revoke/> }.into_any())
}

#[component]
fn Content(page: AccessPage, grant: ServerAction<GrantAccess>, revoke: ServerAction<RevokeAccess>) -> AnyView {
    let server = page.server.clone();
    let table = if page.rows.is_empty() {
        view! { <EmptyState heading="Only admins" text="Nobody has been given access yet. Give it to a person, a team, a virtual account or everyone above."/> }
            .into_any()
    } else {
        let rows = page
            .rows
            .clone()
            .into_iter()
            .map(|row| view! { <Row server=server.clone() row grant revoke/> }.into_any());
        view! { <Table caption="Given access" heads=heads(&["Who", "Type", "Role", "Since"]) rows=rows.collect()/> }
            .into_any()
    };
    view! {
        <Title text=format!("Access · {server} · Overkey")/>
        <h2>"Access"</h2>
        <p class="section-text">"Users call the server and manage their own override; managers also set overrides for others and change the server. Admins manage every server."</p>
        <Give page=page.clone() grant/>
        {table}
        <WhoHasAccess page/>
    }
    .into_any()
}

#[component]
fn Row(server: String, row: GrantRow, grant: ServerAction<GrantAccess>, revoke: ServerAction<RevokeAccess>) -> AnyView {
    view! {
        <tr>
            <th scope="row" data-label="Who">
                <span class="entity"><Avatar name=row.name.clone()/><span>{row.name.clone()}{row.mine.then_some(" (you)")}</span></span>
            </th>
            <td data-label="Type">{row.kind.clone()}</td>
            <td data-label="Role"><Badge text=role_label(row.role)/></td>
            <td data-label="Since"><Time at=row.since.clone()/></td>
            <td class="table-actions">
                <OtherRole server=server.clone() row=row.clone() grant/>
                <Remove server row revoke/>
            </td>
        </tr>
    }
    .into_any()
}

#[component]
fn OtherRole(server: String, row: GrantRow, grant: ServerAction<GrantAccess>) -> AnyView {
    let (role, words) = match row.role {
        ServerRole::Manager => (ServerRole::User, "Make user"),
        ServerRole::User => (ServerRole::Manager, "Make manager"),
    };
    view! {
        <ActionForm action=grant class="inline-form">
            <input type="hidden" name="server" value=server/>
            <input type="hidden" name="grantee" value=row.grantee/>
            <input type="hidden" name="role" value=role.as_str()/>
            <button class="button" data-kind="quiet" aria-label=format!("{words}: {}", row.name)>{words}</button>
        </ActionForm>
    }
    .into_any()
}

/// Asks once, behind a fold that says what follows (D09).
#[component]
fn Remove(server: String, row: GrantRow, revoke: ServerAction<RevokeAccess>) -> AnyView {
    let consequence = row.consequence();
    let now = format!("Remove {} now", row.name);
    view! {
        <Menu label="Remove".into_any() name=format!("Remove {}", row.name)>
            <p>{consequence}</p>
            <ActionForm action=revoke>
                <input type="hidden" name="server" value=server/>
                <input type="hidden" name="grantee" value=row.grantee/>
                <button class="button" data-kind="danger" aria-label=now>"Remove access"</button>
            </ActionForm>
        </Menu>
    }
    .into_any()
}
