//! Callers that identity providers name (B02): from a checked token to who acts, and the external identities that admins see.

use async_trait::async_trait;
use domain::actor::{Actor, SubjectRef};
use domain::id::ExternalIdentityId;
use domain::identity::{Identity, MAX_SUBJECT, shown};
use domain::reach::Reach;
use domain::role::PlatformRole;
use domain::server::ServerName;
use domain::timestamp::Timestamp;
use domain::via::By;

use super::audit::{Event, record};
use super::{Core, ServiceError, access, tokens};
use crate::store::trail::WantedActor;
use crate::store::{ExternalIdentityRow, Page, PageQuery, StoreError, Trail, TrailEntry, TrailQuery, Work};

/// Checks tokens of configured identity providers. What implements it asks the network; nothing here does.
#[async_trait]
pub trait VerifyToken: Send + Sync + 'static {
    async fn verify(&self, token: &str, now: Timestamp) -> Result<Identity, NotVerified>;
    /// Whether tokens of this issuer are taken.
    fn knows(&self, issuer: &str) -> bool;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotVerified {
    #[error("the token is not valid")]
    Invalid,
    /// It may well be: whose keys could tell cannot be reached.
    #[error("the identity provider's keys are not to be had")]
    NoKeys,
}

/// Three parts between dots, the first of which begins like the JSON of a header: what our own tokens never look like.
pub fn looks_like_jwt(token: &str) -> bool {
    token.starts_with("eyJ") && token.split('.').count() == 3
}

/// Who acts. `None`: nobody any more, or nobody yet.
///
/// The first of user, virtual account and external identity that the token stands for decides. A disabled person or a deleted
/// account does not turn into the next one (A8).
pub async fn resolve(work: &mut dyn Work, identity: &Identity) -> Result<Option<Actor>, StoreError> {
    let (issuer, subject) = (&identity.issuer, &identity.subject);
    if let Some(linked) = work.user_identities().find(issuer, subject).await? {
        return tokens::owner(work, &SubjectRef::user(&linked.user)).await;
    }
    if let Some(account) = &identity.account {
        return tokens::owner(work, &SubjectRef::virtual_account(account)).await;
    }
    if !identity.external {
        return Ok(None);
    }
    let found = work.external_identities().find_by_subject(issuer, subject).await?;
    Ok(found.map(|row| actor(&row)))
}

pub(super) fn actor(row: &ExternalIdentityRow) -> Actor {
    let subject = SubjectRef::external_identity(&row.id);
    Actor::new(subject, row.name.clone(), PlatformRole::Member)
}

/// The same, and an external identity is made of whoever is seen for the first time: it can then be given a role.
pub(super) async fn admit(core: &Core, identity: &Identity) -> Result<Option<Actor>, StoreError> {
    let mut work = core.store.read().await?;
    let known = resolve(work.as_mut(), identity).await?;
    let external = identity.external && identity.account.is_none();
    let linked = work.user_identities().find(&identity.issuer, &identity.subject).await?;
    drop(work);
    if known.is_some() || !external || linked.is_some() {
        return Ok(known);
    }
    let row = ExternalIdentityRow {
        id: new_id(),
        issuer: identity.issuer.clone(),
        subject: identity.subject.clone(),
        name: identity.name.clone().unwrap_or_else(|| identity.subject.clone()),
        created_at: core.now(),
    };
    let mut work = core.store.begin().await?;
    match work.external_identities().insert(&row).await {
        Ok(()) => {
            let event = Event::new("external_identity.created").detail(&[("issuer", &row.issuer)]);
            let event = event.subject(&SubjectRef::external_identity(&row.id));
            let by = By::Provider(row.issuer.clone());
            record(work.as_mut(), core.now(), &actor(&row).by(by), event).await?;
            work.save().await?;
            Ok(Some(actor(&row)))
        }
        // Of two first calls at once the other one was first.
        Err(StoreError::Conflict) => resolve(work.as_mut(), identity).await,
        Err(error) => Err(error),
    }
}

fn new_id() -> ExternalIdentityId {
    ExternalIdentityId::new(uuid::Uuid::now_v7().to_string())
}

/// An external identity that an admin makes before its first call.
#[derive(Debug, Default)]
pub struct NewIdentity {
    pub issuer: String,
    pub subject: String,
    pub name: Option<String>,
}

/// One, and what is theirs.
#[derive(Debug, Clone)]
pub struct Held {
    pub row: ExternalIdentityRow,
    pub servers: Vec<(ServerName, Reach)>,
    pub overrides: usize,
    /// Of the calls that are kept.
    pub last_call: Option<Timestamp>,
}

#[derive(Clone)]
pub struct Identities {
    core: Core,
    verifier: std::sync::Arc<dyn VerifyToken>,
}

impl Identities {
    pub fn new(core: Core, verifier: std::sync::Arc<dyn VerifyToken>) -> Self {
        Self { core, verifier }
    }

    /// The same, elsewhere: as a part of another work.
    pub(super) fn within(&self, core: &Core) -> Self {
        Self::new(core.clone(), self.verifier.clone())
    }

    pub async fn list(&self, actor: &Actor, query: &PageQuery) -> Result<Page<Held>, ServiceError> {
        access::require_admin(actor)?;
        let mut work = self.core.store.read().await?;
        let page = work.external_identities().list(query).await?;
        let mut items = Vec::with_capacity(page.items.len());
        for row in page.items {
            items.push(held(work.as_mut(), row).await?);
        }
        Ok(Page { items, next: page.next })
    }

    pub async fn get(&self, actor: &Actor, id: &str) -> Result<Held, ServiceError> {
        access::require_admin(actor)?;
        let mut work = self.core.store.read().await?;
        let found = work.external_identities().find(&ExternalIdentityId::new(id)).await?;
        Ok(held(work.as_mut(), found.ok_or(ServiceError::NotFound)?).await?)
    }

    pub async fn create(&self, actor: &Actor, new: NewIdentity) -> Result<ExternalIdentityRow, ServiceError> {
        access::require_admin(actor)?;
        if !self.verifier.knows(&new.issuer) {
            return Err(ServiceError::invalid(
                "issuer",
                "No identity provider with this issuer is configured.",
            ));
        }
        let subject = new.subject;
        if subject.is_empty() || subject.len() > MAX_SUBJECT || subject.chars().any(char::is_control) {
            return Err(ServiceError::invalid(
                "subject",
                "Enter the subject exactly as the provider's tokens name it, at most 255 bytes.",
            ));
        }
        let row = ExternalIdentityRow {
            id: new_id(),
            name: new.name.as_deref().and_then(shown).unwrap_or_else(|| subject.clone()),
            issuer: new.issuer,
            subject,
            created_at: self.core.now(),
        };
        let mut work = self.core.store.begin().await?;
        work.external_identities().insert(&row).await.map_err(taken)?;
        let event = Event::new("external_identity.created").detail(&[("issuer", &row.issuer)]);
        let event = event.subject(&SubjectRef::external_identity(&row.id));
        record(work.as_mut(), self.core.now(), actor, event).await?;
        work.save().await?;
        Ok(row)
    }

    /// All that is its own goes with it (D09). A token that names it makes a new one, without a role.
    pub async fn delete(&self, actor: &Actor, id: &str) -> Result<(), ServiceError> {
        access::require_admin(actor)?;
        let id = ExternalIdentityId::new(id);
        let mut work = self.core.store.begin().await?;
        if !work.external_identities().delete(&id).await? {
            return Err(ServiceError::NotFound);
        }
        let event = Event::new("external_identity.deleted").subject(&SubjectRef::external_identity(&id));
        record(work.as_mut(), self.core.now(), actor, event).await?;
        Ok(work.save().await?)
    }
}

/// All of it is found by an index.
async fn held(work: &mut dyn Work, row: ExternalIdentityRow) -> Result<Held, StoreError> {
    let subject = SubjectRef::external_identity(&row.id);
    let servers = work.grants().reach_of(&subject).await?.into_iter();
    let newest = TrailQuery {
        only: Some(Trail::Calls),
        actor: Some(WantedActor {
            ids: vec![subject.id.clone()],
            name: String::new(),
        }),
        limit: 1,
        ..TrailQuery::default()
    };
    let newest = work.trails().page(&newest).await?.items.into_iter().next();
    Ok(Held {
        servers: servers
            .filter_map(|(name, given)| Some((name, Reach::of(PlatformRole::Member, given)?)))
            .collect(),
        overrides: work.overrides().everywhere(&subject).await?.len(),
        last_call: newest.and_then(|entry| match entry {
            TrailEntry::Call(_, call) => Some(call.at),
            TrailEntry::Change(_) => None,
        }),
        row,
    })
}

fn taken(error: StoreError) -> ServiceError {
    match error {
        StoreError::Conflict => ServiceError::Conflict("This subject of this issuer is there already.".to_owned()),
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_tokens_and_providers_are_told_apart_by_their_shape() {
        assert!(looks_like_jwt("eyJhbGciOiJSUzI1NiJ9.e30.c2ln"));
        for other in ["", "ok_pat_abc", "ok_va_a.b.c", "eyJ.a", "eyJ.a.b.c", "a.b.c"] {
            assert!(!looks_like_jwt(other), "{other}");
        }
    }
}
