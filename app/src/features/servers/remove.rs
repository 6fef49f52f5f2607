//! Deleting a server takes its overrides with it (D09), so its name must be typed.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::api::{DeleteServer as Delete, server_settings};
use crate::ui::action::{ActionForm, ServerAction};
use crate::ui::asked::ask;
use crate::ui::dialog::Dialog;
use crate::ui::drawn::IntoAny;
use crate::ui::field::{Field, SubmitButton, Summary, problem_of};
use crate::ui::loaded::loaded_dialog;

#[component]
pub fn DeleteServer() -> impl IntoView {
    let server = use_params_map().read_untracked().get("server").unwrap_or_default();
    let delete = ServerAction::<Delete>::new();
    let (back, of) = (format!("/servers/{server}"), server.clone());
    // Only who may change a server may delete it.
    let page = ask(move || server.clone(), server_settings);
    loaded_dialog(page, back, of, move |page| {
        view! { <DeleteDialog server=page.name delete/> }.into_any()
    })
}

#[component]
fn DeleteDialog(server: String, delete: ServerAction<Delete>) -> AnyView {
    let problem = problem_of(delete);
    let back = format!("/servers/{server}");
    view! {
        <Dialog heading="Delete server" back=back.clone() of=server.clone()>
            <p>{format!("This deletes {server}, everyone's access to it and all its overrides. Calls to it fail at once. It cannot be undone.")}</p>
            <ActionForm action=delete class="form" novalidate=true>
                <Summary problem/>
                <input type="hidden" name="server" value=server.clone()/>
                <Field name="typed_name" label="Type the server's name to confirm" problem required=true/>
                <div class="form-buttons">
                    <SubmitButton label=Signal::stored("Delete server".to_owned()) pending=delete.pending() kind="danger"/>
                    <a class="button" data-kind="quiet" href=back>"Cancel"</a>
                </div>
            </ActionForm>
        </Dialog>
    }
    .into_any()
}
