//! The trail of changes (B07): who did what, to whom, when. Written in the same transaction as the change.

use std::collections::BTreeMap;

use domain::actor::{Actor, SubjectRef};
use domain::timestamp::Timestamp;

use super::{Core, ServiceError, access};
use crate::store::{AuditRow, Page, PageQuery, StoreError, Work};

/// One change, in names and numbers; never a credential.
#[derive(Debug, Clone)]
pub struct Event {
    action: &'static str,
    server: Option<String>,
    subject: Option<SubjectRef>,
    detail: BTreeMap<String, String>,
}

impl Event {
    pub fn new(action: &'static str) -> Self {
        Self {
            action,
            server: None,
            subject: None,
            detail: BTreeMap::new(),
        }
    }

    #[must_use]
    pub fn server(mut self, name: impl ToString) -> Self {
        self.server = Some(name.to_string());
        self
    }

    #[must_use]
    pub fn subject(mut self, subject: &SubjectRef) -> Self {
        self.subject = Some(subject.clone());
        self
    }

    #[must_use]
    pub fn detail(mut self, pairs: &[(&str, &str)]) -> Self {
        self.detail.extend(
            pairs
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned())),
        );
        self
    }
}

pub async fn record(work: &mut dyn Work, now: Timestamp, actor: &Actor, event: Event) -> Result<(), StoreError> {
    let row = AuditRow {
        id: uuid::Uuid::now_v7().to_string(),
        at: now,
        actor: Some(actor.subject.clone()),
        actor_name: actor.name.clone(),
        action: event.action.to_owned(),
        server: event.server,
        subject: event.subject,
        detail: serde_json::to_string(&event.detail).map_err(|error| StoreError::Broken(error.to_string()))?,
    };
    work.audit().insert(&row).await
}

#[derive(Clone)]
pub struct AuditTrail {
    core: Core,
}

impl AuditTrail {
    pub fn new(core: Core) -> Self {
        Self { core }
    }

    pub async fn list(&self, actor: &Actor, query: &PageQuery) -> Result<Page<AuditRow>, ServiceError> {
        access::require_admin(actor)?;
        Ok(self.core.store.read().await?.audit().list(query).await?)
    }
}
