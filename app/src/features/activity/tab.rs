//! `/servers/{name}/activity`: three views below one heading.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::Outlet;
use leptos_router::hooks::{use_location, use_params_map};

use crate::ui::drawn::IntoAny;

const VIEWS: [(&str, &str); 3] = [("", "Summary"), ("/calls", "Calls"), ("/changes", "Changes")];

#[component]
pub fn ActivityTab() -> AnyView {
    let params = use_params_map();
    let server = Memo::new(move |_| params.read().get("server").unwrap_or_default());
    let location = use_location();
    let link = move |(end, words): (&'static str, &'static str)| {
        let href = move || format!("/servers/{}/activity{end}", server.get());
        let current = move || (location.pathname.get().trim_end_matches('/') == href()).then_some("page");
        view! { <li><a href=href aria-current=current>{words}</a></li> }
    };
    view! {
        <Title text=move || format!("Activity · {} · Overkey", server.get())/>
        <section aria-labelledby="activity-heading">
            <div class="section-head">
                <h2 id="activity-heading">"Activity"</h2>
                <nav class="views" aria-label="Activity"><ul>{VIEWS.map(link).into_iter().collect_view()}</ul></nav>
            </div>
            <Outlet/>
        </section>
    }
    .into_any()
}
