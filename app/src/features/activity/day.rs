//! The last 24 hours, for a server's Overview.

use leptos::prelude::*;

use super::model::{SummaryPage, calls, errors};
use super::over_time::OverTime;

use crate::ui::drawn::IntoAny;

#[component]
pub fn Day(page: SummaryPage) -> AnyView {
    let whose = if page.own { "Your calls" } else { "Calls" };
    let href = format!("/servers/{}/activity", page.request.server);
    let chart = (page.total.calls > 0).then(|| view! { <OverTime parts=page.over_time/> });
    let sentence = match page.total.calls {
        0 => "None yet.".to_owned(),
        number => format!("{}, {}.", calls(number), errors(&page.total).to_ascii_lowercase()),
    };
    view! {
        <section class="card card-wide" aria-labelledby="last-day">
            <h2 id="last-day">{format!("{whose} in the last 24 hours")}</h2>
            <p>{sentence}" "<a href=href>"See all activity"</a></p>
            {chart}
        </section>
    }
    .into_any()
}
