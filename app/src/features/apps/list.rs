//! The apps that act for me, on `/tokens`: what each may call, and the way to end it.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::api::{DisconnectApp, list_apps};
use super::model::AppRow;
use crate::ui::action::{ActionForm, ServerAction};
use crate::ui::asked::ask;
use crate::ui::drawn::IntoAny;
use crate::ui::field::successes;
use crate::ui::loaded::loaded_part;
use crate::ui::menu::Menu;
use crate::ui::table::{Table, heads};
use crate::ui::time::{Time, TimeOr};

#[component]
pub fn ConnectedApps() -> AnyView {
    let query = use_query_map();
    let disconnect = ServerAction::<DisconnectApp>::new();
    let done = Memo::new(move |_| query.read().get("done").unwrap_or_default());
    let ended = successes(disconnect);
    let list = ask(move || (ended.get(), done.get()), |_| list_apps());
    view! {
        <section aria-labelledby="connected-apps">
            <div class="section-head"><h2 id="connected-apps">"Connected apps"</h2></div>
            <p class="section-text">"MCP clients that signed in as you. Each may call one server, with your access and your credential there."</p>
            {loaded_part(list, move |rows| view! { <List rows disconnect/> }.into_any())}
        </section>
    }
    .into_any()
}

#[component]
fn List(rows: Vec<AppRow>, disconnect: ServerAction<DisconnectApp>) -> AnyView {
    if rows.is_empty() {
        return view! { <p class="muted">"None yet. Give a client the address of a server, and it asks you here."</p> }
            .into_any();
    }
    let rows = rows
        .into_iter()
        .map(|row| view! { <Row row disconnect/> }.into_any())
        .collect();
    let heads = heads(&["App", "Server", "Allowed", "Last used", "Ends"]);
    view! { <Table caption="Connected apps" heads rows/> }.into_any()
}

#[component]
fn Row(row: AppRow, disconnect: ServerAction<DisconnectApp>) -> AnyView {
    let what = format!("{} from {}", row.name, row.server);
    let now = format!("Disconnect {what} now");
    view! {
        <tr>
            <th scope="row" data-label="App"><span class="two-lines">{row.name}<span class="muted">{row.place}</span></span></th>
            <td data-label="Server"><a href=format!("/servers/{}", row.server)>{row.server.clone()}</a></td>
            <td data-label="Allowed"><Time at=row.allowed/></td>
            <td data-label="Last used"><TimeOr at=row.last_used never="Never"/></td>
            <td data-label="Ends"><Time at=row.ends/></td>
            <td class="table-actions">
                <Menu label="Disconnect".into_any() name=format!("Disconnect {what}")>
                    <p>"It stops working at once and has to ask you again."</p>
                    <ActionForm action=disconnect>
                        <input type="hidden" name="id" value=row.id/>
                        <button class="button" data-kind="danger" aria-label=now>"Disconnect app"</button>
                    </ActionForm>
                </Menu>
            </td>
        </tr>
    }
    .into_any()
}
