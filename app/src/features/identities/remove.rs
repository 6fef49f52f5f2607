//! Deleting an external identity asks once, saying what goes with it, and that its token makes a new one (D09).

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::api::{DeleteIdentity as Delete, get_identity};
use super::model::IdentityPage;
use crate::ui::action::{ActionForm, ServerAction};
use crate::ui::asked::ask;
use crate::ui::dialog::Dialog;
use crate::ui::drawn::IntoAny;
use crate::ui::field::{SubmitButton, Summary, problem_of};
use crate::ui::loaded::loaded_dialog;

#[component]
pub fn DeleteIdentity() -> impl IntoView {
    let id = use_params_map().read_untracked().get("id").unwrap_or_default();
    let delete = ServerAction::<Delete>::new();
    let back = format!("/external-identities/{id}");
    let page = ask(move || id.clone(), get_identity);
    loaded_dialog(page, back, "External identities".to_owned(), move |page| {
        view! { <DeleteDialog page delete/> }.into_any()
    })
}

#[component]
fn DeleteDialog(page: IdentityPage, delete: ServerAction<Delete>) -> AnyView {
    let problem = problem_of(delete);
    let back = format!("/external-identities/{}", page.row.id);
    let consequence = page.consequence();
    let again = "Its open streams end within five seconds. A good token that names it makes a new one, without access; the identity provider is where that is stopped.";
    view! {
        <Dialog heading="Delete external identity" back=back.clone() of=page.row.name.clone()>
            <p>{format!("This deletes {}. {consequence} {again}", page.row.name)}</p>
            <ActionForm action=delete class="form">
                <Summary problem/>
                <input type="hidden" name="id" value=page.row.id/>
                <div class="form-buttons">
                    <SubmitButton label=Signal::stored("Delete external identity".to_owned()) pending=delete.pending() kind="danger"/>
                    <a class="button" data-kind="quiet" href=back>"Cancel"</a>
                </div>
            </ActionForm>
        </Dialog>
    }
    .into_any()
}
