//! `/activity`: my calls on every server; for admins everybody's.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::api::activity_summary;
use super::model::SummaryRequest;
use super::summary::Content;
use crate::ui::asked::ask;
use crate::ui::drawn::IntoAny;
use crate::ui::loaded::loaded;
use crate::ui::page::PageHead;

#[component]
pub fn Everywhere() -> impl IntoView {
    let query = use_query_map();
    let asked = Memo::new(move |_| {
        let query = query.read();
        SummaryRequest {
            server: String::new(),
            span: query.get("span").unwrap_or_default(),
            subject: query.get("subject").unwrap_or_default(),
        }
    });
    let page = ask(move || asked.get(), activity_summary);
    loaded(page, |page| {
        view! { <PageHead title="Activity"/><h2 class="visually-hidden">"Calls"</h2><Content page/> }.into_any()
    })
}
