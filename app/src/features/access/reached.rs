//! Who has a role, whatever gives it: the strongest counts, and the table says where it comes from.

use leptos::prelude::*;

use super::model::{AccessPage, ReachedRow, role_label};
use crate::features::people::model::from_words;
use crate::ui::address::next_page;
use crate::ui::avatar::Avatar;
use crate::ui::badge::{Badge, Tone};
use crate::ui::drawn::IntoAny;
use crate::ui::empty_state::EmptyState;
use crate::ui::pagination::Pagination;
use crate::ui::search_form::SearchForm;
use crate::ui::table::{Table, heads};

#[component]
pub fn WhoHasAccess(page: AccessPage) -> AnyView {
    let list = format!("/servers/{}/access", page.server);
    let next = next_page(&list, &page.search, page.next.as_ref());
    let content = if page.reached.is_empty() {
        view! { <EmptyState heading="Nobody found" text="Nobody of that name has access. Search for another one."/> }
            .into_any()
    } else {
        let rows = page
            .reached
            .into_iter()
            .map(|row| view! { <Row row/> }.into_any())
            .collect();
        view! { <Table caption="Everybody with access" heads=heads(&["Who", "Type", "Role", "Comes from"]) rows actions=false/> }.into_any()
    };
    view! {
        <section aria-labelledby="everybody-with-access">
            <h3 id="everybody-with-access">"Everybody with access"</h3>
            <p class="section-text">"Whatever it comes from: access of their own, a team, everyone, or being an admin. The strongest role counts."</p>
            <SearchForm action=list of="everybody with access" value=page.search/>
            {content}
            <Pagination previous=None next/>
        </section>
    }
    .into_any()
}

#[component]
fn Row(row: ReachedRow) -> AnyView {
    let (counts, also) = from_words(&row.reach);
    let disabled = row.disabled.then(|| view! { <Badge text="Disabled" tone=Tone::Bad/> });
    view! {
        <tr>
            <th scope="row" data-label="Who">
                <span class="entity">
                    <Avatar name=row.name.clone()/>
                    <span class="two-lines">
                        <span>{row.name}{row.mine.then_some(" (you)")}" "{disabled}</span>
                        <span class="muted">{row.detail}</span>
                    </span>
                </span>
            </th>
            <td data-label="Type">{row.kind}</td>
            <td data-label="Role"><Badge text=role_label(row.reach.role)/></td>
            <td data-label="Comes from">
                <span class="two-lines"><span>{counts}</span>{also.map(|text| view! { <span class="muted">{text}</span> })}</span>
            </td>
        </tr>
    }
    .into_any()
}
