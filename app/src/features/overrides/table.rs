//! The table of S07: Entity, Type, Auth, Updated by, Credentials, and after them State and Last used.

use leptos::prelude::*;

use super::api::VerifyOverride;
use super::model::{ListRequest, OverrideRow};
use super::row::Row;
use crate::ui::action::ServerAction;
use crate::ui::drawn::IntoAny;
use crate::ui::table::Table;

/// Heading, and the name to sort by.
const COLUMNS: [(&str, Option<&str>); 7] = [
    ("Entity", Some("entity")),
    ("Type", Some("kind")),
    ("Auth", None),
    ("Updated by", Some("updated_at")),
    ("Credentials", None),
    ("State", None),
    ("Last used", Some("last_used")),
];

#[component]
pub fn OverrideTable(
    request: ListRequest,
    rows: Vec<OverrideRow>,
    manager: bool,
    verify: ServerAction<VerifyOverride>,
) -> AnyView {
    let server = request.server.clone();
    let heads = COLUMNS
        .map(|(heading, key)| match key.filter(|_| manager) {
            Some(key) => view! { <SortHead request=request.clone() heading key/> }.into_any(),
            None => view! { <th scope="col">{heading}</th> }.into_any(),
        })
        .into();
    let rows = rows
        .into_iter()
        .map(|row| view! { <Row server=server.clone() row verify/> }.into_any())
        .collect();
    view! { <Table caption="Auth overrides" heads rows/> }.into_any()
}

/// A heading that sorts: once ascending, once more descending.
#[component]
fn SortHead(request: ListRequest, heading: &'static str, key: &'static str) -> AnyView {
    let sort = if request.sort.is_empty() {
        "entity"
    } else {
        request.sort.as_str()
    };
    let (direction, next) = match sort.strip_prefix('-') {
        Some(column) if column == key => (Some("descending"), key.to_owned()),
        None if sort == key => (Some("ascending"), format!("-{key}")),
        _ => (None, key.to_owned()),
    };
    let arrow = direction.map(|direction| if direction == "ascending" { " ↑" } else { " ↓" });
    view! {
        <th scope="col" aria-sort=direction>
            <a href=request.address("sort", &next)>{heading}<span aria-hidden="true">{arrow}</span></a>
        </th>
    }
    .into_any()
}
