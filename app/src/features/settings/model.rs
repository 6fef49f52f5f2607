//! Notifications, as the settings page shows them.

use serde::{Deserialize, Serialize};

use crate::ui::badge::Tone;
use crate::ui::time::Moment;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationsPage {
    pub webhook: bool,
    pub mail: bool,
    pub waiting: i64,
    /// Given up in the last 30 days.
    pub failed: i64,
    /// Newest first.
    pub rows: Vec<NotificationRow>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationRow {
    pub at: Moment,
    pub event: String,
    /// `webhook` or `mail`.
    pub channel: String,
    /// An address; empty for a webhook.
    pub recipient: String,
    pub state: State,
    pub attempts: i64,
    /// When it is tried next, while it waits.
    pub next: Option<Moment>,
    /// Why the last try failed.
    pub problem: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    Waiting,
    Sent,
    Failed,
}

impl State {
    pub const fn shown(self) -> (&'static str, Tone) {
        match self {
            Self::Waiting => ("Waiting", Tone::Attention),
            Self::Sent => ("Sent", Tone::Good),
            Self::Failed => ("Given up", Tone::Bad),
        }
    }
}

pub fn event_words(event: &str) -> &str {
    match event {
        "override.set" => "Override set by somebody else",
        "override.expiring" => "Override about to expire",
        "override.expired" => "Override expired",
        "override.rejected" => "Override rejected by the server",
        "override.reconnect" => "Consent needed again",
        "override.deleted" => "Override deleted by a change",
        "notification.test" => "Test",
        other => other,
    }
}

/// What a channel does, or how it is switched on.
pub const fn channel_words(on: bool, webhook: bool) -> &'static str {
    match (on, webhook) {
        (true, true) => "Every notification is posted to the configured address, signed.",
        (true, false) => "People get mail about their own overrides, owners about their virtual accounts'.",
        (false, true) => "OVERKEY_NOTIFY_WEBHOOK_URL and OVERKEY_NOTIFY_WEBHOOK_SECRET switch it on.",
        (false, false) => "OVERKEY_SMTP_URL and OVERKEY_MAIL_FROM switch it on.",
    }
}
