//! Auth overrides: who may see, confirm and delete whose (S01-S31, D01-D05, D09). Setting one is in `set_override`, lists in
//! `override_list`.
//!
//! Every use case asks `domain::role::decide_override` on rows read in its own transaction; adding and deleting lock the server,
//! so that no order of a concurrent change of outbound auth and an add leaves an override its mode cannot use.

use std::sync::Arc;

use domain::actor::{Actor, SubjectKind, SubjectRef};
use domain::id::{ExternalIdentityId, OverrideId, VirtualAccountId};
use domain::outbound::{CredentialField, Mode};
use domain::overrides::{Condition, Kind, State};
use domain::role::{OverrideAction, ServerRole};

use super::audit::{Event, record};
use super::place::{Place, reaches};
use super::renewals::{GiveBack, HeldTokens};
use super::set_override::Entry;
use super::verify::{Tries, Upstream};
use super::{Core, ServiceError, access, accounts, vault};
use crate::store::{OverrideRow, ServerRow, SubjectHit, Work};

const SUBJECT_HITS: u32 = 20;

/// An override with the state worked out.
#[derive(Debug, Clone)]
pub struct SeenOverride {
    pub row: OverrideRow,
    pub state: State,
    /// The server's outbound auth: what is overridden (S07).
    pub mode: Mode,
}

/// A server as the tab and its forms need it.
#[derive(Debug, Clone)]
pub struct Tab {
    pub server: ServerRow,
    pub role: ServerRole,
    pub fields: Vec<CredentialField>,
    /// Header name and template (`None`: the whole value), as they may be shown.
    pub headers: Vec<(String, Option<String>)>,
    /// May the actor add one for themselves, or (managers) for anybody?
    pub may_add: bool,
}

#[derive(Clone)]
pub struct Overrides {
    pub(super) core: Core,
    pub(super) tries: Arc<Tries>,
    providers: Arc<dyn GiveBack>,
}

impl Overrides {
    pub fn new(core: Core, upstream: Arc<dyn Upstream>, providers: Arc<dyn GiveBack>) -> Self {
        let tries = Arc::new(Tries::new(upstream));
        Self { core, tries, providers }
    }

    /// S10: what everybody with a role may know of a server's overrides.
    pub async fn tab(&self, actor: &Actor, server: &str) -> Result<Tab, ServiceError> {
        let mut work = self.core.store.read().await?;
        let place = self.place(work.as_mut(), actor, server, false).await?;
        place.decide(actor, OverrideAction::OpenTab, &actor.subject)?;
        let role = place.role.ok_or(ServiceError::NotFound)?;
        let for_whom = if role == ServerRole::Manager && actor.subject.kind != SubjectKind::User {
            SubjectRef {
                kind: SubjectKind::User,
                id: String::new(),
            }
        } else {
            actor.subject.clone()
        };
        let may_add = place.decide(actor, OverrideAction::Add, &for_whom).is_ok();
        let shown = |(name, template): (domain::header::HeaderName, Option<domain::template::HeaderTemplate>)| {
            (name.to_string(), template.map(|template| template.to_string()))
        };
        let headers = place.auth.override_headers().into_iter().map(shown).collect();
        Ok(Tab {
            fields: place.auth.fields(),
            headers,
            may_add,
            role,
            server: place.server,
        })
    }

    /// One override by its id, if the actor may see it.
    pub async fn get(&self, actor: &Actor, server: &str, id: &OverrideId) -> Result<SeenOverride, ServiceError> {
        let mut work = self.core.store.read().await?;
        let place = self.place(work.as_mut(), actor, server, false).await?;
        let row = work
            .overrides()
            .find(id)
            .await?
            .filter(|row| row.server == place.server.id)
            .ok_or(ServiceError::NotFound)?;
        hide(place.decide(actor, OverrideAction::List, &row.subject))?;
        self.seen(work.as_mut(), &place, row).await
    }

    /// One override by whose it is, if the actor may see it.
    pub async fn find(
        &self,
        actor: &Actor,
        server: &str,
        subject: &SubjectRef,
        kind: Kind,
    ) -> Result<SeenOverride, ServiceError> {
        let mut work = self.core.store.read().await?;
        let place = self.place(work.as_mut(), actor, server, false).await?;
        let subject = self.subject(work.as_mut(), &place, actor, subject).await?;
        place.decide(actor, OverrideAction::List, &subject)?;
        let found = work.overrides().find_for(&place.server.id, &subject, kind).await?;
        self.seen(work.as_mut(), &place, found.ok_or(ServiceError::NotFound)?)
            .await
    }

    /// S03: whom a manager may add an override for.
    pub async fn search_subjects(
        &self,
        actor: &Actor,
        server: &str,
        search: &str,
    ) -> Result<Vec<SubjectHit>, ServiceError> {
        let mut work = self.core.store.read().await?;
        access::permitted(work.as_mut(), actor, server, domain::role::ServerAction::Manage).await?;
        Ok(work.overrides().search_subjects(search.trim(), SUBJECT_HITS).await?)
    }

    /// D06: the values are meant for the new origin too. Only by who could enter them again: the subject, or a manager for those
    /// that a manager (not the subject) typed in.
    pub async fn confirm(&self, actor: &Actor, server: &str, id: &OverrideId) -> Result<SeenOverride, ServiceError> {
        let mut work = self.core.store.begin().await?;
        let place = self.place(work.as_mut(), actor, server, true).await?;
        let row = work
            .overrides()
            .find(id)
            .await?
            .filter(|row| row.server == place.server.id)
            .ok_or(ServiceError::NotFound)?;
        hide(place.decide(actor, OverrideAction::List, &row.subject))?;
        place.decide(actor, OverrideAction::Edit, &row.subject)?;
        if !actor.is(&row.subject) && row.updated_by == row.subject {
            return Err(ServiceError::Forbidden);
        }
        if row.condition != Condition::Suspended || row.kind != Kind::Manual {
            return Err(ServiceError::Conflict("This override is not suspended.".to_owned()));
        }
        let values = vault::open_override(&self.core.seal, &row, &row.origin)?;
        let entry = Entry {
            subject: row.subject.clone(),
            expires_at: row.expires_at,
            before: Some(row),
            values,
        };
        let after = self.sealed_row(&place, actor, &entry, None)?;
        work.overrides().update(&after).await?;
        let event = Event::new("override.confirmed")
            .server(&place.server.name)
            .subject(&after.subject);
        record(work.as_mut(), self.core.now(), actor, event).await?;
        let row = work.overrides().find(&after.id).await?.ok_or(ServiceError::NotFound)?;
        let seen = self.seen(work.as_mut(), &place, row).await?;
        work.save().await?;
        Ok(seen)
    }

    /// S14.
    pub async fn delete(
        &self,
        actor: &Actor,
        server: &str,
        subject: &SubjectRef,
        kind: Kind,
    ) -> Result<(), ServiceError> {
        let mut work = self.core.store.begin().await?;
        let place = self.place(work.as_mut(), actor, server, true).await?;
        let subject = self.subject(work.as_mut(), &place, actor, subject).await?;
        place.decide(actor, OverrideAction::Delete, &subject)?;
        let row = work
            .overrides()
            .find_for(&place.server.id, &subject, kind)
            .await?
            .ok_or(ServiceError::NotFound)?;
        work.overrides().delete(&row.id).await?;
        let event = Event::new("override.deleted")
            .server(&place.server.name)
            .subject(&subject)
            .detail(&[("kind", kind.as_str())]);
        record(work.as_mut(), self.core.now(), actor, event).await?;
        work.save().await?;
        // Only now: whatever the provider does, the tokens are not used here any more.
        if row.kind == Kind::OAuth
            && let Ok(held) = HeldTokens::open(&self.core.seal, &row)
        {
            self.providers.give_back(held);
        }
        Ok(())
    }

    pub(super) async fn place(
        &self,
        work: &mut dyn Work,
        actor: &Actor,
        server: &str,
        lock: bool,
    ) -> Result<Place, ServiceError> {
        let row = if lock {
            work.servers().lock(server).await?
        } else {
            work.servers().find(server).await?
        };
        let server = row.ok_or(ServiceError::NotFound)?;
        let role = access::role_on(work, actor, &server.id).await?;
        let auth = vault::open_server(&self.core.seal, &server)?;
        Ok(Place { server, role, auth })
    }

    /// The subject by its id. Who may not act for others learns nothing about who exists: the refusal comes first (B1).
    pub(super) async fn subject(
        &self,
        work: &mut dyn Work,
        place: &Place,
        actor: &Actor,
        named: &SubjectRef,
    ) -> Result<SubjectRef, ServiceError> {
        let role = place.role.ok_or(ServiceError::NotFound)?;
        let unknown = || match role {
            ServerRole::Manager => ServiceError::invalid(
                "subject",
                "There is no such user, virtual account or external identity.",
            ),
            ServerRole::User => ServiceError::Forbidden,
        };
        match named.kind {
            SubjectKind::User => {
                let user = accounts::find_user(work, &named.id).await?;
                user.map(|user| SubjectRef::user(&user.id))
                    .filter(|found| role == ServerRole::Manager || actor.is(found))
                    .ok_or_else(unknown)
            }
            SubjectKind::VirtualAccount => {
                let found = work
                    .virtual_accounts()
                    .find(&VirtualAccountId::new(named.id.clone()))
                    .await?;
                found
                    .filter(|_| role == ServerRole::Manager || actor.is(named))
                    .map(|_| named.clone())
                    .ok_or_else(unknown)
            }
            SubjectKind::ExternalIdentity => {
                let id = ExternalIdentityId::new(named.id.clone());
                let found = work.external_identities().find(&id).await?;
                found
                    .filter(|_| role == ServerRole::Manager || actor.is(named))
                    .map(|_| named.clone())
                    .ok_or_else(unknown)
            }
        }
    }

    pub(super) async fn seen(
        &self,
        work: &mut dyn Work,
        place: &Place,
        row: OverrideRow,
    ) -> Result<SeenOverride, ServiceError> {
        let has_access = reaches(work, &place.server, &row.subject).await?;
        let state = row.facts().state(&place.auth.fields(), has_access, self.core.now());
        Ok(SeenOverride {
            row,
            state,
            mode: place.server.mode,
        })
    }
}

/// An override named by its id answers like none when it is not yours to see (B2).
fn hide(decided: Result<(), ServiceError>) -> Result<(), ServiceError> {
    decided.map_err(|error| match error {
        ServiceError::Forbidden => ServiceError::NotFound,
        other => other,
    })
}
