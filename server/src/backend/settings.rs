use app::backend;
use app::error::UiError;
use app::features::settings::model::{NotificationRow, NotificationsPage, State};
use async_trait::async_trait;
use domain::actor::Actor;
use domain::timestamp::Timestamp;

use super::times::moment;
use super::{Desk, PAGE, told};
use crate::store::{NoticeRow, NoticeState};

pub(super) struct Settings(pub(super) Desk);

#[async_trait]
impl backend::Settings for Settings {
    async fn notifications(&self, actor: &Actor) -> Result<NotificationsPage, UiError> {
        let overview = self.0.services.outbox.overview(actor, PAGE).await.map_err(told)?;
        let now = self.0.clock.now();
        Ok(NotificationsPage {
            webhook: overview.channels.webhook,
            mail: overview.channels.mail,
            waiting: overview.waiting,
            failed: overview.failed,
            rows: overview.latest.into_iter().map(|notice| row(now, notice)).collect(),
        })
    }

    async fn test(&self, actor: &Actor) -> Result<(), UiError> {
        self.0.services.outbox.test(actor).await.map_err(told)
    }
}

fn row(now: Timestamp, notice: NoticeRow) -> NotificationRow {
    NotificationRow {
        at: moment(now, notice.created_at),
        event: notice.event,
        channel: notice.channel.as_str().to_owned(),
        recipient: notice.recipient,
        state: match notice.state {
            NoticeState::Waiting => State::Waiting,
            NoticeState::Sent => State::Sent,
            NoticeState::Failed => State::Failed,
        },
        attempts: notice.attempts,
        next: (notice.state == NoticeState::Waiting).then(|| moment(now, notice.next_at)),
        problem: notice.problem,
    }
}
