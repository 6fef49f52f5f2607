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
    pub fn server(mut self, name: &impl ToString) -> Self {
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

/// Which events to show; `None` asks nothing of a thing.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// A server's name.
    pub server: Option<String>,
    /// An id or a name.
    pub actor: Option<String>,
    pub action: Option<String>,
    /// Nothing before it.
    pub since: Option<Timestamp>,
}

impl AuditFilter {
    fn shows(&self, row: &AuditRow) -> bool {
        let is_actor =
            |wanted: &String| row.actor_name == *wanted || row.actor.as_ref().is_some_and(|actor| actor.id == *wanted);
        self.server
            .as_ref()
            .is_none_or(|wanted| row.server.as_ref() == Some(wanted))
            && self.actor.as_ref().is_none_or(is_actor)
            && self.action.as_ref().is_none_or(|wanted| row.action == *wanted)
    }
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

    /// The same, of the events that the filter shows. Looks at the trail page by page until one is full.
    pub async fn filtered(
        &self,
        actor: &Actor,
        query: &PageQuery,
        filter: &AuditFilter,
    ) -> Result<Page<AuditRow>, ServiceError> {
        access::require_admin(actor)?;
        let mut work = self.core.store.read().await?;
        let mut asked = query.clone();
        // The store's search is quick; what it finds is compared in full.
        asked.search = filter.action.clone().or(asked.search);
        let mut items = Vec::new();
        loop {
            let wanted = query.limit as usize - items.len();
            let mut page = work.audit().list(&asked).await?;
            let shown = |row: &AuditRow| filter.shows(row) && matches_search(row, query.search.as_deref());
            if let Some(last) = page
                .items
                .iter()
                .enumerate()
                .filter(|(_, row)| shown(row))
                .map(|(at, _)| at)
                .nth(wanted)
            {
                // More than fits: look again at as much as does, so that the cursor points behind it.
                asked.limit = u32::try_from(last).unwrap_or(asked.limit);
                page = work.audit().list(&asked).await?;
            }
            let too_old = |row: &AuditRow| filter.since.is_some_and(|since| row.at < since);
            let ended = page.items.iter().any(too_old);
            items.extend(page.items.into_iter().filter(|row| shown(row) && !too_old(row)));
            match page.next {
                Some(next) if !ended && items.len() < query.limit as usize => asked.cursor = Some(next),
                next => {
                    return Ok(Page {
                        items,
                        next: next.filter(|_| !ended),
                    });
                }
            }
        }
    }
}

fn matches_search(row: &AuditRow, search: Option<&str>) -> bool {
    search.is_none_or(|text| row.action.contains(&text.trim().to_lowercase()))
}
