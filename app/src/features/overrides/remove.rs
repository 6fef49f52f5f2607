//! Deleting an override asks once, naming whose it is and what follows (S14).

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::api::{DeleteOverride as Delete, what_to_delete};
use super::model::Doomed;
use crate::ui::dialog::Dialog;
use crate::ui::field::{SubmitButton, Summary, problem_of};
use crate::ui::loaded::loaded_dialog;

#[component]
pub fn DeleteOverride() -> impl IntoView {
    let params = use_params_map();
    let server = params.read_untracked().get("server").unwrap_or_default();
    let id = params.read_untracked().get("id").unwrap_or_default();
    let delete = ServerAction::<Delete>::new();
    let (back, of) = (format!("/servers/{server}/overrides"), server.clone());
    let what = Resource::new_blocking(
        move || (server.clone(), id.clone()),
        |(server, id)| what_to_delete(server, id),
    );
    loaded_dialog(what, back, of, move |what| {
        view! { <DeleteDialog what delete/> }.into_any()
    })
}

#[component]
fn DeleteDialog(what: Doomed, delete: ServerAction<Delete>) -> AnyView {
    let problem = problem_of(delete);
    let back = format!("/servers/{}/overrides", what.server);
    let whose = if what.mine {
        "your override".to_owned()
    } else {
        format!("the override of {}", what.name)
    };
    view! {
        <Dialog heading="Delete override" back=back.clone() of=what.server.clone()>
            <p>{format!("This deletes {whose} on {}. {} It cannot be undone.", what.server, what.consequence)}</p>
            <ActionForm action=delete attr:class="form">
                <Summary problem/>
                <input type="hidden" name="server" value=what.server/>
                <input type="hidden" name="id" value=what.id/>
                <div class="form-buttons">
                    <SubmitButton label=Signal::stored("Delete".to_owned()) pending=delete.pending() kind="danger"/>
                    <a class="button" data-kind="quiet" href=back>"Cancel"</a>
                </div>
            </ActionForm>
        </Dialog>
    }
    .into_any()
}
