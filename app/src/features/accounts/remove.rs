//! Deleting a virtual account asks once, saying what goes with it (D09).

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::api::{DeleteAccount as Delete, account_to_delete};
use super::model::AccountPage;
use crate::ui::action::{ActionForm, ServerAction};
use crate::ui::asked::ask;
use crate::ui::dialog::Dialog;
use crate::ui::drawn::IntoAny;
use crate::ui::field::{SubmitButton, Summary, problem_of};
use crate::ui::loaded::loaded_dialog;

#[component]
pub fn DeleteAccount() -> impl IntoView {
    let account = use_params_map().read_untracked().get("account").unwrap_or_default();
    let delete = ServerAction::<Delete>::new();
    let (back, of) = (format!("/virtual-accounts/{account}"), account.clone());
    let page = ask(move || account.clone(), account_to_delete);
    loaded_dialog(page, back, of, move |page| {
        view! { <DeleteDialog page delete/> }.into_any()
    })
}

#[component]
fn DeleteDialog(page: AccountPage, delete: ServerAction<Delete>) -> AnyView {
    let problem = problem_of(delete);
    let name = page.row.name.clone();
    let back = format!("/virtual-accounts/{name}");
    let consequence = page.consequence();
    view! {
        <Dialog heading="Delete virtual account" back=back.clone() of=name.clone()>
            <p>{format!("This deletes {name}. {consequence} It cannot be undone.")}</p>
            <ActionForm action=delete class="form">
                <Summary problem/>
                <input type="hidden" name="account" value=name/>
                <div class="form-buttons">
                    <SubmitButton label=Signal::stored("Delete virtual account".to_owned()) pending=delete.pending() kind="danger"/>
                    <a class="button" data-kind="quiet" href=back>"Cancel"</a>
                </div>
            </ActionForm>
        </Dialog>
    }
    .into_any()
}
