//! What tables of tokens and forms for new ones share.

use leptos::prelude::*;

use super::model::TokenRow;
use crate::ui::badge::{Badge, Tone};
use crate::ui::drawn::IntoAny;
use crate::ui::table::heads;
use crate::ui::time::{Time, TimeOr};

pub fn token_heads() -> Vec<AnyView> {
    heads(&["Name", "Token", "Created", "Expires", "Last used"])
}

#[component]
pub fn TokenCells(row: TokenRow) -> AnyView {
    let mark = match (row.expired, row.replaced) {
        (true, _) => Some("Expired"),
        (false, true) => Some("Replaced"),
        (false, false) => None,
    };
    let mark = mark.map(|text| view! { <Badge text tone=Tone::Attention/> });
    view! {
        <th scope="row" data-label="Name">{row.name}</th>
        <td data-label="Token"><code>{format!("{}…", row.hint)}</code></td>
        <td data-label="Created"><Time at=row.created/></td>
        <td data-label="Expires"><span class="two-lines">{mark}<TimeOr at=row.expires never="Never"/></span></td>
        <td data-label="Last used"><TimeOr at=row.last_used never="Never"/></td>
    }
    .into_any()
}

/// Days and words.
const LIFETIMES: [(&str, &str); 4] = [
    ("30", "30 days"),
    ("90", "90 days"),
    ("365", "1 year"),
    ("", "No expiry"),
];

#[component]
pub fn LifetimeField(label: &'static str) -> AnyView {
    let options = LIFETIMES.map(|(days, words)| view! { <option value=days selected=days == "90">{words}</option> });
    view! {
        <div class="field">
            <label for="days">{label}</label>
            <select class="field-input" id="days" name="days">{options.into_iter().collect_view()}</select>
            <div class="field-notes"></div>
        </div>
    }
    .into_any()
}
