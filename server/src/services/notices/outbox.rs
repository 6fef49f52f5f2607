//! Who sends what is in the outbox: what is due is taken up by one replica, and settled by what came of it. Expiries are put there
//! from here, because no change brings them about. For admins: what went out, and what did not.

use domain::actor::Actor;
use domain::notice::{Step, again_in};
use tracing::{error, warn};

use super::payload::{self, Data, Payload, Who};
use super::{Channels, DAY, Event, address, put, tell_about};
use crate::services::audit::{self, record};
use crate::services::{Core, ServiceError, access};
use crate::store::{NoticeChannel, NoticeRow, NoticeState};
use crate::telemetry::measures;

/// How long one may be on its way before another replica takes it up.
const PATIENCE: i64 = 60;
/// How long what is over is kept: longer than an expiry is told of.
const KEPT: i64 = 30 * DAY;
const PAGE: u32 = 100;

/// What came of a try.
#[derive(Debug)]
pub enum Tried {
    Sent,
    /// Not now; the text is for operators.
    Later(String),
    /// Nor ever.
    Never(String),
}

/// What admins see.
#[derive(Debug, Clone)]
pub struct Overview {
    pub channels: Channels,
    pub waiting: i64,
    pub failed: i64,
    /// Newest first.
    pub latest: Vec<NoticeRow>,
}

#[derive(Clone)]
pub struct Outbox {
    core: Core,
}

impl Outbox {
    pub const fn new(core: Core) -> Self {
        Self { core }
    }

    /// One that is due, and nobody else's for a while.
    pub async fn take(&self) -> Result<Option<NoticeRow>, ServiceError> {
        let now = self.core.now();
        // Without a look first, every replica would lock the database every two seconds.
        if !self.core.store.read().await?.notices().is_due(now).await? {
            return Ok(None);
        }
        let mut work = self.core.store.begin().await?;
        let taken = work.notices().claim(now, now.plus(PATIENCE)).await?;
        work.save().await?;
        Ok(taken)
    }

    pub async fn settle(&self, row: NoticeRow, tried: Tried) -> Result<(), ServiceError> {
        let now = self.core.now();
        let (state, problem, outcome) = match (tried, again_in(row.attempts)) {
            (Tried::Sent, _) => (NoticeState::Sent, None, "sent"),
            (Tried::Later(problem), Some(_)) => (NoticeState::Waiting, Some(problem), "again"),
            (Tried::Later(problem) | Tried::Never(problem), _) => (NoticeState::Failed, Some(problem), "failed"),
        };
        let (id, channel) = (row.id.clone(), row.channel.as_str());
        match (&problem, state) {
            (Some(problem), NoticeState::Failed) => {
                error!(notice.id = id, channel, error = problem, "Gave a notification up");
            }
            (Some(problem), _) => warn!(
                notice.id = id,
                channel,
                error = problem,
                "Could not send a notification yet"
            ),
            (None, _) => {}
        }
        let row = NoticeRow {
            next_at: now.plus(again_in(row.attempts).unwrap_or_default()),
            finished_at: (state != NoticeState::Waiting).then_some(now),
            state,
            problem,
            ..row
        };
        let mut work = self.core.store.begin().await?;
        let ours = work.notices().settle(&row).await?;
        work.save().await?;
        if ours {
            measures::notification(channel, outcome);
        }
        Ok(())
    }

    /// Puts in the steps of expiries that are due and were not told.
    pub async fn remind(&self) -> Result<(), ServiceError> {
        for step in Step::ALL {
            let mut beyond = String::new();
            loop {
                let now = self.core.now();
                let mut work = self.core.store.begin().await?;
                let ending = work.notices().ending(step, now, &beyond, PAGE).await?;
                let Some(last) = ending.last() else { break };
                beyond = last.id.to_string();
                for row in &ending {
                    tell_about(&self.core, work.as_mut(), Event::Expiring(step), row).await?;
                }
                work.save().await?;
            }
        }
        Ok(())
    }

    /// Removes what has been over for long.
    pub async fn forget(&self) -> Result<(), ServiceError> {
        let mut work = self.core.store.begin().await?;
        work.notices().forget_before(self.core.now().plus(-KEPT)).await?;
        Ok(work.save().await?)
    }

    /// For the metrics.
    pub async fn count(&self) -> Result<(), ServiceError> {
        let mut work = self.core.store.read().await?;
        for state in [NoticeState::Waiting, NoticeState::Failed] {
            measures::notifications(state.as_str(), work.notices().count(state).await?);
        }
        Ok(())
    }

    pub async fn overview(&self, actor: &Actor, limit: u32) -> Result<Overview, ServiceError> {
        access::require_admin(actor)?;
        let mut work = self.core.store.read().await?;
        Ok(Overview {
            channels: self.core.channels,
            waiting: work.notices().count(NoticeState::Waiting).await?,
            failed: work.notices().count(NoticeState::Failed).await?,
            latest: work.notices().latest(limit).await?,
        })
    }

    /// A message by every channel there is; mail to who asks.
    pub async fn test(&self, actor: &Actor) -> Result<(), ServiceError> {
        access::require_admin(actor)?;
        if !self.core.channels.any() {
            return Err(ServiceError::Unsupported("Neither a webhook nor mail is configured."));
        }
        let now = self.core.now();
        let mut url = self.core.public_url.clone();
        url.set_path("/settings");
        let who = Who::new(&actor.subject, &actor.name);
        let payload = Payload {
            event: "notification.test".to_owned(),
            timestamp: payload::written(now),
            data: Data {
                server: String::new(),
                subject: who.clone(),
                kind: "manual".to_owned(),
                by: Some(who),
                expires_at: None,
                days_left: None,
                url: url.into(),
            },
        };
        let once = format!("test/{}", uuid::Uuid::now_v7());
        let mut work = self.core.store.begin().await?;
        if self.core.channels.webhook {
            put(&self.core, work.as_mut(), (NoticeChannel::Webhook, ""), &once, &payload).await?;
        }
        if self.core.channels.mail
            && let Some(to) = address(work.as_mut(), &actor.subject, None).await?
        {
            put(&self.core, work.as_mut(), (NoticeChannel::Mail, &to), &once, &payload).await?;
        }
        let event = audit::Event::new("notifications.tested");
        record(work.as_mut(), now, actor, event).await?;
        Ok(work.save().await?)
    }
}
