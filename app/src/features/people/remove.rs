//! Deleting somebody asks once, saying what goes with them (D09).

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::api::{DeletePerson as Delete, get_person};
use super::model::PersonPage;
use crate::ui::action::{ActionForm, ServerAction};
use crate::ui::asked::ask;
use crate::ui::dialog::Dialog;
use crate::ui::drawn::IntoAny;
use crate::ui::field::{SubmitButton, Summary, problem_of};
use crate::ui::loaded::loaded_dialog;

#[component]
pub fn DeletePerson() -> impl IntoView {
    let id = use_params_map().read_untracked().get("id").unwrap_or_default();
    let delete = ServerAction::<Delete>::new();
    let back = format!("/people/{id}");
    let page = ask(move || id.clone(), get_person);
    loaded_dialog(page, back, "People".to_owned(), move |page| {
        view! { <DeleteDialog page delete/> }.into_any()
    })
}

#[component]
fn DeleteDialog(page: PersonPage, delete: ServerAction<Delete>) -> AnyView {
    let problem = problem_of(delete);
    let back = format!("/people/{}", page.row.id);
    let consequence = page.consequence();
    view! {
        <Dialog heading="Delete person" back=back.clone() of=page.row.name.clone()>
            <p>{format!("This deletes {} ({}). {consequence} What they did stays in the audit trail. It cannot be undone; disabling can.", page.row.name, page.row.email)}</p>
            <ActionForm action=delete class="form">
                <Summary problem/>
                <input type="hidden" name="id" value=page.row.id/>
                <div class="form-buttons">
                    <SubmitButton label=Signal::stored("Delete person".to_owned()) pending=delete.pending() kind="danger"/>
                    <a class="button" data-kind="quiet" href=back>"Cancel"</a>
                </div>
            </ActionForm>
        </Dialog>
    }
    .into_any()
}
