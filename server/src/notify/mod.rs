//! Sends what is in the outbox (`services::notices`): webhooks and mail, in the background, until each is sent or given up.

mod webhook;

use std::time::Duration;

use http::Uri;
use tracing::error;

use crate::config::Config;
use crate::egress::{Egress, Letter, MailError, Mailer};
use crate::services::notices::outbox::{Outbox, Tried};
use crate::services::notices::payload::Payload;
use crate::services::notices::words;
use crate::services::{Core, ServiceError};
use crate::store::{NoticeChannel, NoticeRow};
use webhook::Webhook;

/// How often the outbox is looked at.
const LOOK: Duration = Duration::from_secs(2);
const HOUR: Duration = Duration::from_secs(3_600);

pub struct Notifier {
    core: Core,
    outbox: Outbox,
    webhook: Option<Webhook>,
    mailer: Option<Mailer>,
}

impl Notifier {
    pub fn new(core: &Core, outbox: Outbox, config: &Config) -> Self {
        let (notify, trust) = (&config.notify, &config.trust);
        let webhook = notify.webhook.as_ref().map(|hook| {
            let way = Egress::for_operator(Duration::from_secs(config.connect_timeout), trust);
            Webhook::new(way, hook)
        });
        let mailer = notify
            .mail
            .as_ref()
            .and_then(|mail| Mailer::new(&mail.url, mail.from.clone(), trust));
        Self {
            core: core.clone(),
            outbox,
            webhook,
            mailer,
        }
    }

    /// For ever. Without a channel there is nothing to do but to remove what is old.
    pub async fn run(self) {
        let on = self.webhook.is_some() || self.mailer.is_some();
        let mut looks = tokio::time::interval(LOOK);
        let mut hours = tokio::time::interval(HOUR);
        loop {
            let done = tokio::select! {
                _ = looks.tick(), if on => self.deliver().await.map(drop),
                _ = hours.tick() => self.hourly().await,
            };
            if let Err(error) = done {
                error!(error = %error, "Could not look after notifications");
            }
        }
    }

    async fn hourly(&self) -> Result<(), ServiceError> {
        self.outbox.remind().await?;
        self.outbox.forget().await
    }

    /// Everything that is due, one after the other: how many were tried.
    pub async fn deliver(&self) -> Result<usize, ServiceError> {
        let mut tried = 0;
        while let Some(row) = self.outbox.take().await? {
            let came = self.send(&row).await;
            self.outbox.settle(row, came).await?;
            tried += 1;
        }
        self.outbox.count().await?;
        Ok(tried)
    }

    /// Puts expiries into the outbox.
    pub async fn remind(&self) -> Result<(), ServiceError> {
        self.outbox.remind().await
    }

    async fn send(&self, row: &NoticeRow) -> Tried {
        match (row.channel, &self.webhook, &self.mailer) {
            (NoticeChannel::Webhook, Some(webhook), _) => webhook.send(row, self.core.clock.now()).await,
            (NoticeChannel::Mail, _, Some(mailer)) => self.mail(mailer, row).await,
            (NoticeChannel::Webhook | NoticeChannel::Mail, ..) => {
                Tried::Never("the channel is switched off".to_owned())
            }
        }
    }

    async fn mail(&self, mailer: &Mailer, row: &NoticeRow) -> Tried {
        let Ok(payload) = serde_json::from_str::<Payload>(&row.payload) else {
            return Tried::Never("the stored notice cannot be read".to_owned());
        };
        let here = self.core.public_url.as_str().trim_end_matches('/');
        let words::Mail { subject, text } = words::mail(&payload, here);
        let host = self.core.public_url.host_str().unwrap_or("localhost");
        let letter = Letter {
            to: &row.recipient,
            subject,
            text,
            message_id: format!("<{}@{host}>", row.id),
        };
        match mailer.send(letter).await {
            Ok(()) => Tried::Sent,
            Err(MailError::Later(problem)) => Tried::Later(problem),
            Err(MailError::Never(problem)) => Tried::Never(problem),
        }
    }
}

/// The configured address, as a request needs it.
fn address(url: &url::Url) -> Option<Uri> {
    url.as_str().parse().ok()
}
