//! `/teams/{name}`: who is in a team, and which servers it has.

use domain::role::ServerRole;
use leptos::prelude::*;
use leptos_router::components::Outlet;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::api::{AddMember, ChangeTeam, RemoveMember, get_team};
use super::model::{MemberRow, TeamPage, TeamRow, counted};
use super::new::TeamFields;
use crate::features::access::model::role_label;
use crate::features::people::person_field::PersonField;
use crate::ui::action::{ActionForm, ServerAction};
use crate::ui::address::next_page;
use crate::ui::asked::ask;
use crate::ui::avatar::Avatar;
use crate::ui::badge::{Badge, Tone};
use crate::ui::drawn::IntoAny;
use crate::ui::empty_state::EmptyState;
use crate::ui::field::{SubmitButton, Summary, problem_of, successes};
use crate::ui::loaded::loaded;
use crate::ui::menu::Menu;
use crate::ui::page::PageHead;
use crate::ui::pagination::Pagination;
use crate::ui::search_form::SearchForm;
use crate::ui::suggest_field::Suggestion;
use crate::ui::table::{Table, heads};
use crate::ui::time::Time;

#[component]
pub fn Team() -> AnyView {
    let (params, query) = (use_params_map(), use_query_map());
    let asked = Memo::new(move |_| {
        let query = query.read();
        let get = |name: &str| query.get(name).unwrap_or_default();
        let team = params.read().get("name").unwrap_or_default();
        (team, get("search"), get("cursor"), get("done"))
    });
    let (add, remove) = (ServerAction::<AddMember>::new(), ServerAction::<RemoveMember>::new());
    let change = ServerAction::<ChangeTeam>::new();
    let (added, removed, changed) = (successes(add), successes(remove), successes(change));
    let page = ask(
        move || (asked.get(), added.get(), removed.get(), changed.get()),
        |((team, search, cursor, _), ..)| get_team(team, search, cursor),
    );
    // The dialog stands outside of what loads here; see `ui::loaded`.
    view! {
        {loaded(page, move |page| {
            view! {
                <Head row=page.row.clone()/>
                <Add team=page.row.name.clone() people=page.people.clone() add/>
                <Members page=page.clone() remove/>
                <Servers servers=page.servers.clone()/>
                <Settings row=page.row change/>
            }
            .into_any()
        })}
        <Outlet/>
    }
    .into_any()
}

#[component]
fn Head(row: TeamRow) -> AnyView {
    let above = vec![("Teams".to_owned(), "/teams".to_owned())];
    let description = (!row.description.is_empty()).then(|| view! { <p class="muted">{row.description.clone()}</p> });
    view! {
        <PageHead title=row.name.clone() above>
            <a class="button" data-kind="quiet" href=format!("/teams/{}/delete", row.name)>"Delete team"</a>
        </PageHead>
        {description}
        <p class="section-text">{counted(row.members, "person", "people")}" · "{counted(row.servers, "server", "servers")}</p>
    }
    .into_any()
}

#[component]
fn Add(team: String, people: Vec<Suggestion>, add: ServerAction<AddMember>) -> AnyView {
    let problem = problem_of(add);
    view! {
        <section class="card" aria-labelledby="add-member">
            <h2 id="add-member">"Add a person"</h2>
            <ActionForm action=add class="form form-inline" novalidate=true>
                <Summary problem/>
                <input type="hidden" name="team" value=team/>
                <PersonField name="user" label="Who" problem first=people hint="An e-mail address. They get what the team has, at once."/>
                <div class="form-buttons"><SubmitButton label=Signal::stored("Add to the team".to_owned()) pending=add.pending()/></div>
            </ActionForm>
        </section>
    }
    .into_any()
}

#[component]
fn Members(page: TeamPage, remove: ServerAction<RemoveMember>) -> AnyView {
    let list = format!("/teams/{}", page.row.name);
    let next = next_page(&list, &page.search, page.next.as_ref());
    let team = page.row.name.clone();
    let content = match (page.members.is_empty(), page.search.is_empty()) {
        (true, true) => view! { <EmptyState heading="Nobody is in it yet" text="Add people above; what the team has counts for them at once."/> }.into_any(),
        (true, false) => view! { <EmptyState heading="Nobody found" text="No member matches. Search for another name."/> }.into_any(),
        (false, _) => {
            let row = |row: MemberRow| view! { <Member team=team.clone() row remove/> }.into_any();
            let rows = page.members.into_iter().map(row).collect();
            view! { <Table caption="Members" heads=heads(&["Person", "In it since"]) rows/> }.into_any()
        }
    };
    view! {
        <section aria-labelledby="members">
            <h2 id="members">"Members"</h2>
            <SearchForm action=list of="members" value=page.search/>
            {content}
            <Pagination previous=None next/>
        </section>
    }
    .into_any()
}

/// Removing asks once, behind a fold that says what follows (D09).
#[component]
fn Member(team: String, row: MemberRow, remove: ServerAction<RemoveMember>) -> AnyView {
    let now = format!("Remove {} now", row.name);
    let disabled = row.disabled.then(|| view! { <Badge text="Disabled" tone=Tone::Bad/> });
    view! {
        <tr>
            <th scope="row" data-label="Person">
                <span class="entity">
                    <Avatar name=row.name.clone()/>
                    <span class="two-lines">
                        <span><a href=format!("/people/{}", row.id)>{row.name.clone()}</a>" "{disabled}</span>
                        <span class="muted">{row.email}</span>
                    </span>
                </span>
            </th>
            <td data-label="In it since"><Time at=row.added/></td>
            <td class="table-actions">
                <Menu label="Remove".into_any() name=format!("Remove {}", row.name)>
                    <p>"What they have through this team alone ends at once. Their overrides are kept, unused, and work again when access returns."</p>
                    <ActionForm action=remove>
                        <input type="hidden" name="team" value=team/>
                        <input type="hidden" name="user" value=row.id/>
                        <button class="button" data-kind="danger" aria-label=now>"Remove from the team"</button>
                    </ActionForm>
                </Menu>
            </td>
        </tr>
    }
    .into_any()
}

#[component]
fn Servers(servers: Vec<(String, ServerRole)>) -> AnyView {
    let content = if servers.is_empty() {
        view! { <p class="section-text">"No server yet. A server's managers give it access on the server's Access tab."</p> }.into_any()
    } else {
        let row = |(server, role): (String, ServerRole)| {
            view! {
                <tr>
                    <th scope="row" data-label="Server"><a href=format!("/servers/{server}")>{server.clone()}</a></th>
                    <td data-label="Role"><Badge text=role_label(role)/></td>
                    <td class="table-actions"><a class="button" data-kind="quiet" href=format!("/servers/{server}/access") aria-label=format!("Access to {server}")>"Access"</a></td>
                </tr>
            }
            .into_any()
        };
        let rows = servers.into_iter().map(row).collect();
        view! { <Table caption="Servers" heads=heads(&["Server", "Role"]) rows/> }.into_any()
    };
    view! {
        <section aria-labelledby="teams-servers">
            <h2 id="teams-servers">"Servers"</h2>
            {content}
        </section>
    }
    .into_any()
}

#[component]
fn Settings(row: TeamRow, change: ServerAction<ChangeTeam>) -> AnyView {
    let problem = problem_of(change);
    view! {
        <section class="card" aria-labelledby="team-settings">
            <h2 id="team-settings">"Name and description"</h2>
            <ActionForm action=change class="form" novalidate=true>
                <Summary problem/>
                <input type="hidden" name="team" value=row.name.clone()/>
                <TeamFields problem name=row.name description=row.description/>
                <div class="form-buttons"><SubmitButton label=Signal::stored("Save".to_owned()) pending=change.pending() kind="plain"/></div>
            </ActionForm>
        </section>
    }
    .into_any()
}
