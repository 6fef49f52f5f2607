//! `/notifications`: what people and programs were told, and what could not be told. Admins only.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::moment::Moment;
use super::openapi::Problems;
use super::problem::Problem;
use crate::services::Services;
use crate::services::notices::outbox::Overview;
use crate::store::NoticeRow;

const LATEST: u32 = 100;

#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "webhook": true, "mail": false, "waiting": 1, "failed": 0,
    "latest": [{
        "id": "019a2b3c-0000-7000-8000-00000000000f", "channel": "webhook", "event": "override.set", "recipient": null,
        "state": "waiting", "attempts": 1, "created_at": "2026-11-26T03:00:00Z", "next_at": "2026-11-26T03:00:10Z",
        "finished_at": null, "problem": "the receiver answered 503"
    }]
}))]
pub(super) struct NotificationsView {
    /// Whether the channel is configured.
    webhook: bool,
    mail: bool,
    /// How many are on their way.
    waiting: i64,
    /// How many were given up in the last 30 days.
    failed: i64,
    /// The newest hundred.
    latest: Vec<NotificationView>,
}

#[derive(Debug, Serialize, ToSchema)]
struct NotificationView {
    /// A webhook names it `msg_` and this.
    id: String,
    /// `webhook` or `mail`.
    channel: &'static str,
    event: String,
    /// A mail's address.
    recipient: Option<String>,
    /// `waiting`, `sent` or `failed`: given up.
    state: &'static str,
    attempts: i64,
    created_at: Moment,
    /// When it is tried next.
    next_at: Option<Moment>,
    finished_at: Option<Moment>,
    /// Why the last try failed.
    problem: Option<String>,
}

/// What was told, newest first, and by which channels.
#[utoipa::path(get, path = "/notifications", tag = "notifications",
    responses((status = 200, body = NotificationsView), Problems))]
pub(super) async fn overview(
    State(services): State<Services>,
    Caller(actor): Caller,
) -> Result<Json<NotificationsView>, Problem> {
    Ok(Json(view(services.outbox.overview(&actor, LATEST).await?)))
}

/// Sends a test by every channel; a mail goes to who asks.
#[utoipa::path(post, path = "/notifications/test", tag = "notifications",
    responses((status = 202, description = "On its way"), Problems))]
pub(super) async fn test(State(services): State<Services>, Caller(actor): Caller) -> Result<StatusCode, Problem> {
    services.outbox.test(&actor).await?;
    Ok(StatusCode::ACCEPTED)
}

fn view(overview: Overview) -> NotificationsView {
    NotificationsView {
        webhook: overview.channels.webhook,
        mail: overview.channels.mail,
        waiting: overview.waiting,
        failed: overview.failed,
        latest: overview.latest.into_iter().map(notification).collect(),
    }
}

fn notification(row: NoticeRow) -> NotificationView {
    NotificationView {
        id: row.id,
        channel: row.channel.as_str(),
        event: row.event,
        recipient: Some(row.recipient).filter(|address| !address.is_empty()),
        state: row.state.as_str(),
        attempts: row.attempts,
        created_at: Moment(row.created_at),
        next_at: row.finished_at.is_none().then_some(Moment(row.next_at)),
        finished_at: row.finished_at.map(Moment),
        problem: row.problem,
    }
}
