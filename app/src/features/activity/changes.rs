//! `/servers/{name}/activity/changes`: what was changed, newest first.

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::api::list_changes;
use super::model::ChangesPage;
use crate::features::audit::list::{Entries, Newest};
use crate::features::audit::model::address;
use crate::ui::asked::ask;
use crate::ui::drawn::IntoAny;
use crate::ui::empty_state::EmptyState;
use crate::ui::loaded::loaded_part;
use crate::ui::pagination::Pagination;

#[component]
pub fn Changes() -> impl IntoView {
    let (params, query) = (use_params_map(), use_query_map());
    let asked = Memo::new(move |_| {
        let server = params.read().get("server").unwrap_or_default();
        (server, query.read().get("cursor").unwrap_or_default())
    });
    let page = ask(move || asked.get(), |(server, cursor)| list_changes(server, cursor));
    loaded_part(page, |page| view! { <Content page/> }.into_any())
}

#[component]
fn Content(page: ChangesPage) -> AnyView {
    let path = format!("/servers/{}/activity/changes", page.server);
    let next = page.next.as_ref().map(|cursor| address(&path, &[("cursor", cursor)]));
    let newest = page.at_cursor.then(|| path.clone());
    let whose = if page.manager {
        "Everything that was changed on this server."
    } else {
        "What you changed here, and what was changed for you."
    };
    let content = if page.rows.is_empty() {
        view! { <EmptyState heading="No changes" text="Nothing of yours was changed on this server."/> }.into_any()
    } else {
        view! { <Entries rows=page.rows caption="Changes"/> }.into_any()
    };
    view! {
        <p class="section-text">{whose}</p>
        {content}
        <Newest href=newest/>
        <Pagination previous=None next/>
    }
    .into_any()
}
