//! Deleting a team asks once, saying who loses what.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::api::{DeleteTeam as Delete, get_team};
use super::model::TeamPage;
use crate::ui::action::{ActionForm, ServerAction};
use crate::ui::asked::ask;
use crate::ui::dialog::Dialog;
use crate::ui::drawn::IntoAny;
use crate::ui::field::{SubmitButton, Summary, problem_of};
use crate::ui::loaded::loaded_dialog;

#[component]
pub fn DeleteTeam() -> impl IntoView {
    let name = use_params_map().read_untracked().get("name").unwrap_or_default();
    let delete = ServerAction::<Delete>::new();
    let (back, of) = (format!("/teams/{name}"), name.clone());
    let page = ask(
        move || name.clone(),
        |team| get_team(team, String::new(), String::new()),
    );
    loaded_dialog(page, back, of, move |page| {
        view! { <DeleteDialog page delete/> }.into_any()
    })
}

#[component]
fn DeleteDialog(page: TeamPage, delete: ServerAction<Delete>) -> AnyView {
    let problem = problem_of(delete);
    let name = page.row.name.clone();
    let back = format!("/teams/{name}");
    let consequence = page.consequence();
    view! {
        <Dialog heading="Delete team" back=back.clone() of=name.clone()>
            <p>{format!("This deletes the team {name}. {consequence} It cannot be undone.")}</p>
            <ActionForm action=delete class="form">
                <Summary problem/>
                <input type="hidden" name="team" value=name/>
                <div class="form-buttons">
                    <SubmitButton label=Signal::stored("Delete team".to_owned()) pending=delete.pending() kind="danger"/>
                    <a class="button" data-kind="quiet" href=back>"Cancel"</a>
                </div>
            </ActionForm>
        </Dialog>
    }
    .into_any()
}
