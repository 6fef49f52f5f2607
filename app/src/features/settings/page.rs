//! `/settings`: how notifications go out, and what became of the last ones.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::api::{TestNotifications, notifications};
use super::model::{NotificationRow, NotificationsPage, channel_words, event_words};
use crate::ui::action::{ActionForm, ServerAction};
use crate::ui::asked::ask;
use crate::ui::badge::{Badge, Tone};
use crate::ui::drawn::IntoAny;
use crate::ui::empty_state::EmptyState;
use crate::ui::field::{SubmitButton, Summary, problem_of, successes};
use crate::ui::loaded::loaded;
use crate::ui::page::PageHead;
use crate::ui::table::{Table, heads};
use crate::ui::time::Time;

#[component]
pub fn PlatformSettings() -> AnyView {
    let query = use_query_map();
    let test = ServerAction::<TestNotifications>::new();
    let sent = successes(test);
    let done = Memo::new(move |_| query.read().get("done").unwrap_or_default());
    let page = ask(move || (sent.get(), done.get()), |_| notifications());
    view! {
        <PageHead title="Settings"/>
        {loaded(page, move |page| view! { <Notifications page test/> }.into_any())}
    }
    .into_any()
}

#[component]
fn Notifications(page: NotificationsPage, test: ServerAction<TestNotifications>) -> AnyView {
    let on = page.webhook || page.mail;
    view! {
        <section class="card" aria-labelledby="notifications">
            <h2 id="notifications">"Notifications"</h2>
            <p class="section-text">
                "Who is told when an override is set for them, is about to expire, is rejected by its server, or is deleted by a change. \
                No message holds any part of a credential."
            </p>
            <dl class="facts">
                <Channel name="Webhook" on=page.webhook text=channel_words(page.webhook, true)/>
                <Channel name="Mail" on=page.mail text=channel_words(page.mail, false)/>
            </dl>
            {on.then(|| view! { <Test test/> })}
        </section>
        <section aria-labelledby="deliveries">
            <h2 id="deliveries">"Last deliveries"</h2>
            <p class="section-text">{counted(page.waiting, page.failed)}</p>
            <Deliveries rows=page.rows/>
        </section>
    }
    .into_any()
}

fn counted(waiting: i64, failed: i64) -> String {
    format!("{waiting} waiting, {failed} given up in the last 30 days.")
}

#[component]
fn Channel(name: &'static str, on: bool, text: &'static str) -> AnyView {
    let badge = if on {
        view! { <Badge text="On" tone=Tone::Good/> }
    } else {
        view! { <Badge text="Off"/> }
    };
    view! { <div><dt>{name}</dt><dd>{badge}" "{text}</dd></div> }.into_any()
}

#[component]
fn Test(test: ServerAction<TestNotifications>) -> AnyView {
    let problem = problem_of(test);
    view! {
        <ActionForm action=test class="form">
            <Summary problem/>
            <div class="form-buttons">
                <SubmitButton label=Signal::stored("Send a test".to_owned()) pending=test.pending() kind="plain"/>
            </div>
        </ActionForm>
    }
    .into_any()
}

#[component]
fn Deliveries(rows: Vec<NotificationRow>) -> AnyView {
    if rows.is_empty() {
        return view! { <EmptyState heading="Nothing yet" text="What is sent appears here."/> }.into_any();
    }
    let rows = rows
        .into_iter()
        .map(|row| view! { <Delivery row/> }.into_any())
        .collect();
    let columns = ["Time", "What", "To", "State"];
    view! { <Table caption="Last deliveries" heads=heads(&columns) rows actions=false/> }.into_any()
}

#[component]
fn Delivery(row: NotificationRow) -> AnyView {
    let (word, tone) = row.state.shown();
    let to = if row.recipient.is_empty() {
        "Webhook".to_owned()
    } else {
        row.recipient
    };
    let next = row
        .next
        .filter(|_| row.attempts > 0)
        .map(|at| view! { <span class="muted">"Next try "<Time at/></span> });
    let problem = row.problem.map(|text| view! { <span class="muted">{text}</span> });
    view! {
        <tr>
            <td data-label="Time"><Time at=row.at/></td>
            <th scope="row" data-label="What">{event_words(&row.event).to_owned()}</th>
            <td data-label="To">{to}</td>
            <td data-label="State"><span class="two-lines"><Badge text=word tone/>{problem}{next}</span></td>
        </tr>
    }
    .into_any()
}
