//! One override in the table.

use domain::overrides::Kind;
use leptos::prelude::*;

use super::api::VerifyOverride;
use super::health::State;
use super::model::{OverrideRow, SubjectView};
use super::verify::VerifyButton;
use crate::ui::action::ServerAction;
use crate::ui::avatar::Avatar;
use crate::ui::drawn::IntoAny;
use crate::ui::time::{Time, TimeOr};

#[component]
pub fn Row(server: String, row: OverrideRow, verify: ServerAction<VerifyOverride>) -> AnyView {
    let base = format!("/servers/{server}/overrides/{}", row.id);
    let name = row.subject.name.clone();
    let edit = row.may_edit.then(|| {
        view! { <a class="button" data-kind="quiet" href=format!("{base}/edit") aria-label=format!("Edit the override of {name}")>"Edit"</a> }
    });
    let token = row.kind == Kind::OAuth;
    let (words, of) = match (token, row.mine) {
        (true, true) => ("Disconnect", "my authorization".to_owned()),
        (true, false) => ("Disconnect", format!("the authorization of {name}")),
        (false, _) => ("Delete", format!("the override of {name}")),
    };
    let delete = row.may_delete.then(|| {
        view! { <a class="button" data-kind="quiet" href=format!("{base}/delete") aria-label=format!("{words} {of}")>{words}</a> }
    });
    view! {
        <tr>
            <th scope="row" data-label="Entity"><Entity subject=row.subject.clone() mine=row.mine/></th>
            <td data-label="Type">{row.subject.kind.label()}</td>
            <td data-label="Auth">{row.auth.clone()}</td>
            <td data-label="Updated by"><span class="two-lines">{row.updated_by.clone()}<span class="muted"><Time at=row.updated_at.clone()/></span></span></td>
            <td data-label="Credentials">
                {token.then_some("Authorized")}
                <Masks masks=row.masks.clone()/>
            </td>
            <td data-label="State"><State server=server.clone() row=row.clone()/></td>
            <td data-label="Last used"><TimeOr at=row.last_used.clone() never="Never"/></td>
            <td class="table-actions"><VerifyButton server row verify/>{edit}{delete}</td>
        </tr>
    }
    .into_any()
}

/// Name, address, and whether that is me.
#[component]
fn Entity(subject: SubjectView, mine: bool) -> AnyView {
    view! {
        <span class="entity">
            <Avatar name=subject.name.clone()/>
            <span class="two-lines">
                <span>{subject.name}{mine.then_some(" (you)")}</span>
                {subject.detail.map(|detail| view! { <span class="muted">{detail}</span> })}
            </span>
        </span>
    }
    .into_any()
}

/// D10: what may be seen of a credential. Screen readers get words for the dots.
#[component]
pub fn Masks(masks: Vec<(String, String)>) -> AnyView {
    let shown = masks
        .into_iter()
        .map(|(label, mask)| {
            let tail: String = mask.chars().filter(|character| *character != '•').collect();
            let spoken = if tail.is_empty() { "hidden".to_owned() } else { format!("ends with {tail}") };
            let label = (!label.is_empty()).then(|| view! { <span class="muted">{label}" "</span> });
            view! { <span class="mask">{label}<code aria-hidden="true">{mask}</code><span class="visually-hidden">{spoken}</span></span> }
        })
        .collect_view();
    view! { <span class="two-lines">{shown}</span> }.into_any()
}
