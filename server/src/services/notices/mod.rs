//! What people are told about their overrides (B05), by webhook and mail: put into the outbox in the same transaction as the change,
//! so that nothing is lost and nothing is told of what was undone. `outbox` is who sends it. Nothing here holds a secret.

pub mod outbox;
pub mod payload;
pub mod words;

use domain::actor::{Actor, SubjectKind, SubjectRef};
use domain::id::{OverrideId, UserId, VirtualAccountId};
use domain::notice::Step;
use domain::overrides::Kind;
use domain::server::ServerName;

use super::Core;
use crate::store::{NoticeChannel, NoticeRow, NoticeState, OverrideRow, StoreError, Work};
use payload::{Data, Payload, Who};

const DAY: i64 = 86_400;

/// Where notices go; without any, none is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Channels {
    pub webhook: bool,
    pub mail: bool,
}

impl Channels {
    const fn any(self) -> bool {
        self.webhook || self.mail
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// By somebody else.
    Set,
    Expiring(Step),
    /// The upstream refused it.
    Rejected,
    /// Its tokens are no longer good, or the settings changed (S61): the subject has to consent again.
    Reconnect,
    /// By a change of the server's outbound auth.
    Deleted,
}

impl Event {
    const fn name(self) -> &'static str {
        match self {
            Self::Set => "override.set",
            Self::Expiring(Step::Fortnight | Step::ThreeDays) => "override.expiring",
            Self::Expiring(Step::Ended) => "override.expired",
            Self::Rejected => "override.rejected",
            Self::Reconnect => "override.reconnect",
            Self::Deleted => "override.deleted",
        }
    }

    /// What is told once. A credential that is refused now and then is told of once a day.
    fn once(self, about: &OverrideRow, now: i64) -> String {
        let (id, version) = (&about.id, about.version);
        match self {
            Self::Set => format!("set/{id}/{version}"),
            Self::Expiring(step) => {
                let ends_at = about.expires_at.map_or(0, |at| at.0);
                format!("expiry/{id}/{ends_at}/{}", step.days())
            }
            Self::Rejected => format!("rejected/{id}/{version}/{}", now / DAY),
            Self::Reconnect => format!("reconnect/{id}/{version}"),
            Self::Deleted => format!("deleted/{id}"),
        }
    }
}

/// Something to tell a subject, unless they did it themselves.
#[derive(Clone, Copy)]
pub(super) struct Notice<'a> {
    pub event: Event,
    pub server: &'a ServerName,
    pub about: &'a OverrideRow,
    pub by: Option<&'a Actor>,
}

/// Whether anybody is told at all: what is needed only for a notice need not be looked up otherwise.
pub(super) const fn wanted(core: &Core) -> bool {
    core.channels.any()
}

/// Puts it into the outbox; it goes out once the work is saved.
pub(super) async fn tell(core: &Core, work: &mut dyn Work, notice: Notice<'_>) -> Result<(), StoreError> {
    let subject = &notice.about.subject;
    if !wanted(core) || notice.by.is_some_and(|actor| actor.is(subject)) {
        return Ok(());
    }
    let once = notice.event.once(notice.about, core.now().0);
    let payload = payload(core, &notice);
    if core.channels.webhook {
        put(core, work, (NoticeChannel::Webhook, ""), &once, &payload).await?;
    }
    if core.channels.mail
        && let Some(address) = address(work, subject, notice.by).await?
    {
        put(core, work, (NoticeChannel::Mail, &address), &once, &payload).await?;
    }
    Ok(())
}

/// The same, of an override that is known by its id.
pub(super) async fn tell_of(core: &Core, work: &mut dyn Work, event: Event, id: &OverrideId) -> Result<(), StoreError> {
    if !wanted(core) {
        return Ok(());
    }
    let Some(about) = work.overrides().find(id).await? else {
        return Ok(());
    };
    tell_about(core, work, event, &about).await
}

async fn tell_about(core: &Core, work: &mut dyn Work, event: Event, about: &OverrideRow) -> Result<(), StoreError> {
    let Some(server) = work.servers().find_by_id(&about.server).await? else {
        return Ok(());
    };
    let notice = Notice {
        event,
        server: &server.name,
        about,
        by: None,
    };
    tell(core, work, notice).await
}

fn payload(core: &Core, notice: &Notice<'_>) -> Payload {
    let (about, now) = (notice.about, core.now());
    let days_left = match notice.event {
        Event::Expiring(_) => about.expires_at.map(|at| domain::notice::days_left(at, now)),
        _ => None,
    };
    Payload {
        event: notice.event.name().to_owned(),
        timestamp: payload::written(now),
        data: Data {
            server: notice.server.to_string(),
            subject: Who::new(&about.subject, &about.subject_name),
            kind: about.kind.as_str().to_owned(),
            by: notice.by.map(|actor| Who::new(&actor.subject, &actor.name)),
            expires_at: about.expires_at.map(payload::written),
            days_left,
            url: link(core, notice),
        },
    }
}

/// The page where something can be done about it.
fn link(core: &Core, notice: &Notice<'_>) -> String {
    let subject = &notice.about.subject;
    let path = match (subject.kind, notice.about.kind) {
        (SubjectKind::User, Kind::Manual | Kind::OAuth) => "/connections".to_owned(),
        (SubjectKind::VirtualAccount, _) => format!("/virtual-accounts/{}", subject.id),
        (SubjectKind::ExternalIdentity, _) => format!("/servers/{}/overrides", notice.server),
    };
    let mut url = core.public_url.clone();
    url.set_path(&path);
    url.into()
}

/// A person's own address, or that of who answers for a virtual account; nobody who is disabled, and not who did it.
async fn address(work: &mut dyn Work, subject: &SubjectRef, by: Option<&Actor>) -> Result<Option<String>, StoreError> {
    let person = match subject.kind {
        SubjectKind::User => Some(UserId::new(subject.id.clone())),
        SubjectKind::VirtualAccount => {
            let id = VirtualAccountId::new(subject.id.clone());
            let account = work.virtual_accounts().find(&id).await?;
            account.and_then(|account| account.owner)
        }
        SubjectKind::ExternalIdentity => None,
    };
    let person = person.filter(|id| by.is_none_or(|actor| !actor.is(&SubjectRef::user(id))));
    let Some(id) = person else { return Ok(None) };
    let user = work.users().find(&id).await?;
    Ok(user.filter(|user| user.disabled_at.is_none()).map(|user| user.email))
}

async fn put(
    core: &Core,
    work: &mut dyn Work,
    (channel, recipient): (NoticeChannel, &str),
    once: &str,
    payload: &Payload,
) -> Result<bool, StoreError> {
    let now = core.now();
    let row = NoticeRow {
        id: uuid::Uuid::now_v7().to_string(),
        channel,
        once: once.to_owned(),
        event: payload.event.clone(),
        recipient: recipient.to_owned(),
        payload: serde_json::to_string(payload)
            .map_err(|_| StoreError::Broken("a notice does not encode".to_owned()))?,
        created_at: now,
        state: NoticeState::Waiting,
        attempts: 0,
        next_at: now,
        finished_at: None,
        problem: None,
    };
    work.notices().put(&row).await
}
