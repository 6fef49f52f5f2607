//! What a webhook is sent; mails are written from it. Names and times, never a credential or a part of one.

use domain::actor::SubjectRef;
use domain::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// As Standard Webhooks has it: a type, when it happened, and the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payload {
    #[serde(rename = "type")]
    pub event: String,
    pub timestamp: String,
    pub data: Data,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Data {
    pub server: String,
    pub subject: Who,
    /// `manual` or `oauth`.
    pub kind: String,
    /// Whose doing it was, where somebody's.
    pub by: Option<Who>,
    pub expires_at: Option<String>,
    /// Of an expiry, when it was told.
    pub days_left: Option<i64>,
    /// The page where something can be done about it.
    pub url: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    #[serde(rename = "type")]
    pub kind: String,
    pub id: String,
    pub name: String,
}

impl Who {
    pub fn new(subject: &SubjectRef, name: &str) -> Self {
        Self {
            kind: subject.kind.as_str().to_owned(),
            id: subject.id.clone(),
            name: name.to_owned(),
        }
    }
}

/// RFC 3339; empty for years that it cannot write.
pub fn written(at: Timestamp) -> String {
    let time = OffsetDateTime::from_unix_timestamp(at.0).ok();
    time.and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_default()
}
