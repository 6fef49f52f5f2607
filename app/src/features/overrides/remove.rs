//! Deleting an override asks once, naming whose it is and what follows (S14).

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::api::{DeleteOverride as Delete, what_to_delete};
use super::model::Doomed;
use crate::ui::dialog::Dialog;
use crate::ui::field::{SubmitButton, Summary, problem_of};
use crate::ui::loaded::loaded;

#[component]
pub fn DeleteOverride() -> impl IntoView {
    let params = use_params_map();
    let asked = move || {
        let params = params.read_untracked();
        (
            params.get("server").unwrap_or_default(),
            params.get("id").unwrap_or_default(),
        )
    };
    let delete = ServerAction::<Delete>::new();
    let what = Resource::new_blocking(asked, |(server, id)| what_to_delete(server, id));
    loaded(what, move |what| view! { <DeleteDialog what delete/> }.into_any())
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
