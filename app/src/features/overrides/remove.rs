//! Deleting an override asks once, naming whose it is and what follows (S14).

use domain::overrides::Kind;
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::api::{DeleteOverride as Delete, what_to_delete};
use super::back::Back;
use super::model::Doomed;
use crate::ui::action::{ActionForm, ServerAction};
use crate::ui::asked::ask;
use crate::ui::dialog::Dialog;
use crate::ui::drawn::IntoAny;
use crate::ui::field::{SubmitButton, Summary, problem_of};
use crate::ui::loaded::loaded_dialog;

#[component]
pub fn DeleteOverride() -> impl IntoView {
    let params = use_params_map();
    let server = params.read_untracked().get("server").unwrap_or_default();
    let id = params.read_untracked().get("id").unwrap_or_default();
    let delete = ServerAction::<Delete>::new();
    let query = use_query_map().read_untracked().get("back").unwrap_or_default();
    let (back, of) = (Back::parse(&query), server.clone());
    let what = ask(
        move || (server.clone(), id.clone()),
        |(server, id)| what_to_delete(server, id),
    );
    loaded_dialog(what, back.address(&of), of, move |what| {
        view! { <DeleteDialog what back delete/> }.into_any()
    })
}

#[component]
fn DeleteDialog(what: Doomed, back: Back, delete: ServerAction<Delete>) -> AnyView {
    let problem = problem_of(delete);
    let address = back.address(&what.server);
    let (heading, button, thing) = match what.kind {
        Kind::Manual => ("Delete override", "Delete", "override"),
        Kind::OAuth => ("Disconnect", "Disconnect", "authorization"),
    };
    let whose = if what.mine {
        format!("your {thing}")
    } else {
        format!("the {thing} of {}", what.name)
    };
    view! {
        <Dialog heading back=address.clone() of=what.server.clone()>
            <p>{format!("This deletes {whose} on {}. {} It cannot be undone.", what.server, what.consequence)}</p>
            <ActionForm action=delete class="form">
                <Summary problem/>
                <input type="hidden" name="server" value=what.server/>
                <input type="hidden" name="id" value=what.id/>
                <input type="hidden" name="back" value=back.as_str()/>
                <div class="form-buttons">
                    <SubmitButton label=Signal::stored(button.to_owned()) pending=delete.pending() kind="danger"/>
                    <a class="button" data-kind="quiet" href=address>"Cancel"</a>
                </div>
            </ActionForm>
        </Dialog>
    }
    .into_any()
}
