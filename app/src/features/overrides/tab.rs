//! `/servers/{name}/overrides`: the tab (S01). The forms are pages below it, shown as dialogs over it.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::Outlet;
use leptos_router::hooks::{use_location, use_params_map};

use crate::beneath::beneath;
use crate::pages;
use crate::ui::drawn::IntoAny;

#[component]
pub fn OverridesTab() -> AnyView {
    let (params, path) = (use_params_map(), use_location().pathname);
    let covered = move || !path.read().trim_end_matches('/').ends_with("/overrides");
    // Set anew by every move below the tab, so that a dialog's title goes when the dialog does.
    let title = move || {
        path.track();
        let server = params.read().get("server").unwrap_or_default();
        format!("Auth Overrides · {server} · Overkey")
    };
    view! {
        <Title text=title/>
        <Outlet/>
        {beneath(pages::OverridesList, covered)}
    }
    .into_any()
}
