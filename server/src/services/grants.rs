//! Who has which role on a server: given and taken by its managers, to people, virtual accounts, teams and everyone.

use domain::actor::{Actor, SubjectKind, SubjectRef};
use domain::id::{ExternalIdentityId, VirtualAccountId};
use domain::reach::Reach;
use domain::role::{ServerAction, ServerRole};

use super::audit::{Event, record};
use super::catalog::Catalog;
use super::{Core, ServiceError, access, accounts};
use crate::store::{Grant, Grantee, Page, PageQuery, ServerRow, SubjectHit, TeamRow, Work};

const HITS: u32 = 20;

/// Somebody with a role on a server, and where it comes from.
#[derive(Debug, Clone)]
pub struct Reached {
    pub subject: SubjectRef,
    pub name: String,
    /// A user's e-mail address, a virtual account's description.
    pub detail: String,
    pub disabled: bool,
    pub reach: Reach,
}

/// Whom a manager may give a role to.
#[derive(Debug, Clone)]
pub struct GranteeHits {
    pub subjects: Vec<SubjectHit>,
    pub teams: Vec<TeamRow>,
}

impl Catalog {
    pub async fn grants(&self, actor: &Actor, name: &str) -> Result<Vec<Grant>, ServiceError> {
        let mut work = self.core().store.read().await?;
        let (row, _) = access::permitted(work.as_mut(), actor, name, ServerAction::Manage).await?;
        Ok(work.grants().list(&row.id).await?)
    }

    /// Everybody with a role on the server, by name, with what gives it.
    pub async fn reach(&self, actor: &Actor, name: &str, query: &PageQuery) -> Result<Page<Reached>, ServiceError> {
        let mut work = self.core().store.read().await?;
        let (row, _) = access::permitted(work.as_mut(), actor, name, ServerAction::Manage).await?;
        let page = work.grants().reach(&row.id, query).await?;
        let reached = page.items.into_iter().filter_map(|row| {
            Some(Reached {
                reach: Reach::of(row.platform_role, row.given)?,
                subject: row.subject,
                name: row.name,
                detail: row.detail,
                disabled: row.disabled,
            })
        });
        Ok(Page {
            items: reached.collect(),
            next: page.next,
        })
    }

    /// People, virtual accounts and teams whose name, address or description matches: the server's managers may know them all.
    pub async fn search_grantees(&self, actor: &Actor, name: &str, search: &str) -> Result<GranteeHits, ServiceError> {
        let mut work = self.core().store.read().await?;
        access::permitted(work.as_mut(), actor, name, ServerAction::Manage).await?;
        let asked = PageQuery {
            search: Some(search.to_owned()),
            cursor: None,
            limit: HITS,
        };
        Ok(GranteeHits {
            subjects: work.overrides().search_subjects(search.trim(), HITS).await?,
            teams: work.teams().list(&asked).await?.items,
        })
    }

    /// A user is named by id or e-mail address, a team by id or name. The grant as it is now, and true when it is new.
    pub async fn grant(
        &self,
        actor: &Actor,
        name: &str,
        grantee: Grantee,
        role: ServerRole,
    ) -> Result<(Grant, bool), ServiceError> {
        let mut work = self.core().store.begin().await?;
        let (row, _) = access::locked(work.as_mut(), actor, name, ServerAction::Manage).await?;
        let (grantee, described) = known_grantee(work.as_mut(), grantee)
            .await?
            .ok_or_else(|| ServiceError::invalid("grantee", "There is no such grantee."))?;
        let (grant, new) = give(work.as_mut(), self.core(), actor, &row, (grantee, &described), role).await?;
        let stored = work.grants().list(&grant.server).await?;
        let named = stored.into_iter().find(|one| one.grantee == grant.grantee);
        work.save().await?;
        Ok((named.unwrap_or(grant), new))
    }

    /// D09: overrides stay, unused, and work again when access returns.
    pub async fn revoke(&self, actor: &Actor, name: &str, grantee: Grantee) -> Result<(), ServiceError> {
        let mut work = self.core().store.begin().await?;
        let (row, _) = access::locked(work.as_mut(), actor, name, ServerAction::Manage).await?;
        let (grantee, described) = known_grantee(work.as_mut(), grantee)
            .await?
            .ok_or(ServiceError::NotFound)?;
        if !take(work.as_mut(), self.core(), actor, &row, (&grantee, &described)).await? {
            return Err(ServiceError::NotFound);
        }
        Ok(work.save().await?)
    }
}

/// Writes it down; the server is locked, and the actor manages it. True when it is new.
pub(super) async fn give(
    work: &mut dyn Work,
    core: &Core,
    actor: &Actor,
    server: &ServerRow,
    (grantee, described): (Grantee, &str),
    role: ServerRole,
) -> Result<(Grant, bool), ServiceError> {
    let now = core.now();
    let grant = Grant {
        server: server.id.clone(),
        grantee,
        role,
        grantee_name: String::new(),
        granted_at: now,
    };
    let new = work.grants().put(&grant).await?;
    let event = Event::new("access.granted")
        .server(&server.name)
        .detail(&[("grantee", described), ("role", role.as_str())]);
    record(work, now, actor, event).await?;
    Ok((grant, new))
}

/// The same the other way round. False when there was none.
pub(super) async fn take(
    work: &mut dyn Work,
    core: &Core,
    actor: &Actor,
    server: &ServerRow,
    (grantee, described): (&Grantee, &str),
) -> Result<bool, ServiceError> {
    if !work.grants().remove(&server.id, grantee).await? {
        return Ok(false);
    }
    let event = Event::new("access.revoked")
        .server(&server.name)
        .detail(&[("grantee", described)]);
    record(work, core.now(), actor, event).await?;
    Ok(true)
}

/// The grantee by its id, and as the audit trail names it; `None` when there is no such one.
async fn known_grantee(work: &mut dyn Work, grantee: Grantee) -> Result<Option<(Grantee, String)>, ServiceError> {
    let subject = match grantee {
        Grantee::Everyone => return Ok(Some((Grantee::Everyone, "everyone/all".to_owned()))),
        Grantee::Team(named) => {
            let team = work.teams().find(named.as_str()).await?;
            return Ok(team.map(|team| (Grantee::Team(team.id), format!("team/{}", team.name))));
        }
        Grantee::Subject(subject) => subject,
    };
    let known = match subject.kind {
        SubjectKind::User => accounts::find_user(work, &subject.id)
            .await?
            .map(|user| SubjectRef::user(&user.id)),
        SubjectKind::VirtualAccount => {
            let id = VirtualAccountId::new(subject.id.clone());
            work.virtual_accounts().find(&id).await?.map(|_| subject)
        }
        SubjectKind::ExternalIdentity => {
            let id = ExternalIdentityId::new(subject.id.clone());
            work.external_identities().find(&id).await?.map(|_| subject)
        }
    };
    Ok(known.map(|subject| {
        let described = subject.to_string();
        (Grantee::Subject(subject), described)
    }))
}
