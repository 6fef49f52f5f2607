//! The trail of changes and calls (B07): who did what, to whom, when, from where and with what. A change's entry is written in
//! the same transaction as the change; calls come through `call_log`.

mod keys;
mod retention;
mod verdict;
mod verify;

use std::collections::{BTreeMap, BTreeSet};

use domain::actor::{Actor, SubjectKind, SubjectRef};
use domain::id::UserId;
use domain::timestamp::Timestamp;
use domain::via::Via;

use super::{Core, ServiceError, access, accounts, tokens};
use crate::store::trail::WantedActor;
use crate::store::{AuditRow, Page, PageQuery, StoreError, Trail, TrailEntry, TrailQuery, Work};

pub use keys::{AUDIT_KEY, AuditKeys};
pub use retention::Retention;
pub use verdict::{Broken, Fault, Noted, Verdict};

/// Whom an entry names that no actor made.
const PROGRAM: &str = "Overkey";
const STRANGER: &str = "Somebody";
/// How many people of one name are looked for.
const NAMESAKES: u32 = 50;

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
    let who = (Some(actor.subject.clone()), actor.name.clone(), actor.via.clone());
    write(work, now, who, event).await
}

/// What the program does by itself.
pub(super) async fn record_own(work: &mut dyn Work, now: Timestamp, event: Event) -> Result<(), StoreError> {
    write(work, now, (None, PROGRAM.to_owned(), Via::default()), event).await
}

/// What somebody did of whom is not known who they are.
pub(super) async fn record_stranger(
    work: &mut dyn Work,
    now: Timestamp,
    via: Via,
    event: Event,
) -> Result<(), StoreError> {
    write(work, now, (None, STRANGER.to_owned(), via), event).await
}

async fn write(
    work: &mut dyn Work,
    now: Timestamp,
    (actor, actor_name, via): (Option<SubjectRef>, String, Via),
    event: Event,
) -> Result<(), StoreError> {
    let row = AuditRow {
        id: uuid::Uuid::now_v7().to_string(),
        at: now,
        actor,
        actor_name,
        action: event.action.to_owned(),
        server_id: None,
        server: event.server,
        subject: event.subject,
        detail: serde_json::to_string(&event.detail).map_err(|error| StoreError::Broken(error.to_string()))?,
        via,
    };
    work.audit().insert(&row).await
}

/// Which entries to show; `None` asks nothing of a thing.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    pub only: Option<Trail>,
    /// A server's name.
    pub server: Option<String>,
    /// An id, an e-mail address or a name.
    pub actor: Option<String>,
    pub action: Option<String>,
    /// Nothing before it.
    pub since: Option<Timestamp>,
    /// Nothing from it on.
    pub until: Option<Timestamp>,
}

#[derive(Clone)]
pub struct AuditTrail {
    core: Core,
}

impl AuditTrail {
    pub fn new(core: Core) -> Self {
        Self { core }
    }

    /// Everything, newest first: for admins.
    pub async fn page(
        &self,
        actor: &Actor,
        query: &PageQuery,
        filter: &AuditFilter,
    ) -> Result<Page<TrailEntry>, ServiceError> {
        access::require_admin(actor)?;
        let mut work = self.core.store.read().await?;
        let wanted = match &filter.actor {
            Some(named) => Some(who_is(work.as_mut(), named).await?),
            None => None,
        };
        let query = TrailQuery {
            only: filter.only,
            server: filter.server.clone(),
            actor: wanted,
            action: filter.action.clone(),
            search: query.search.clone(),
            since: filter.since,
            until: filter.until,
            cursor: query.cursor.clone(),
            limit: query.limit,
            ..TrailQuery::default()
        };
        Ok(work.trails().page(&query).await?)
    }
}

impl AuditTrail {
    /// What these are called now; those who are gone are not in it.
    pub async fn names(&self, subjects: BTreeSet<SubjectRef>) -> Result<BTreeMap<SubjectRef, String>, ServiceError> {
        let mut work = self.core.store.read().await?;
        let mut names = BTreeMap::new();
        for subject in subjects {
            if let Some(named) = named(work.as_mut(), &subject).await? {
                names.insert(subject, named.name);
            }
        }
        Ok(names)
    }
}

/// How people call somebody.
pub(super) struct Named {
    pub name: String,
    /// What to type to mean them: an e-mail address, a virtual account's name.
    pub handle: String,
}

/// `None`: they are gone. A disabled person still has a name.
pub(super) async fn named(work: &mut dyn Work, subject: &SubjectRef) -> Result<Option<Named>, StoreError> {
    if subject.kind == SubjectKind::User {
        let user = work.users().find(&UserId::new(subject.id.clone())).await?;
        return Ok(user.map(|user| Named {
            name: user.name,
            handle: user.email,
        }));
    }
    let owner = tokens::owner(work, subject).await?;
    Ok(owner.map(|owner| Named {
        name: owner.name,
        handle: match subject.kind {
            SubjectKind::VirtualAccount => subject.id.clone(),
            SubjectKind::User | SubjectKind::ExternalIdentity => subject.to_string(),
        },
    }))
}

/// Whom somebody means by an id, an e-mail address or a name. What names nobody is taken for an id: they may be gone.
async fn who_is(work: &mut dyn Work, named: &str) -> Result<WantedActor, ServiceError> {
    let mut ids = Vec::new();
    if named.contains('@') {
        ids.extend(accounts::find_user(work, named).await?.map(|user| user.id.to_string()));
    } else {
        let query = PageQuery {
            search: Some(named.to_owned()),
            limit: NAMESAKES,
            ..PageQuery::default()
        };
        let namesakes = work.users().list(&query).await?.items.into_iter();
        ids.extend(
            namesakes
                .filter(|user| user.name == named)
                .map(|user| user.id.to_string()),
        );
    }
    if ids.is_empty() {
        ids.push(named.to_owned());
    }
    Ok(WantedActor {
        ids,
        name: named.to_owned(),
    })
}
