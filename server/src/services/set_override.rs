//! Entering an override (S12, S13): checked, sealed and stored in one transaction; where asked, tried at its upstream before that
//! (B04), with no transaction open.

use domain::actor::{Actor, SubjectRef};
use domain::field::FieldError;
use domain::id::OverrideId;
use domain::overrides::{Condition, Kind};
use domain::role::OverrideAction;
use domain::timestamp::Timestamp;
use domain::verdict::Verdict;

use super::audit::{Event, record};
use super::entered::{self, Entered};
use super::notices::{self, Notice};
use super::overrides::{Overrides, SeenOverride};
use super::place::Place;
use super::vault::Values;
use super::verify::Basis;
use super::{ServiceError, vault};
use crate::store::{OverrideRow, Work};

#[derive(Debug)]
pub struct SetOverride {
    /// A user by id or e-mail address, a virtual account by name.
    pub subject: SubjectRef,
    pub entered: Entered,
    /// `None` keeps what is stored, `Some(None)` takes an expiry away.
    pub expires_at: Option<Option<Timestamp>>,
    /// Whether an existing one may be replaced (D02); `Conflict` otherwise.
    pub replace: bool,
    /// B04: try it first, and store nothing that the upstream does not take.
    pub verify: bool,
}

#[derive(Debug)]
pub struct Stored {
    pub seen: SeenOverride,
    /// Not in the place of another one.
    pub added: bool,
    /// What came of trying it, where that was asked.
    pub verdict: Option<Verdict>,
}

/// What would be stored.
pub(super) struct Entry {
    pub subject: SubjectRef,
    pub before: Option<OverrideRow>,
    pub values: Values,
    pub expires_at: Option<Timestamp>,
}

impl Overrides {
    /// S12, S13: adds or (with `replace`) replaces a manual override.
    pub async fn set(&self, actor: &Actor, server: &str, set: SetOverride) -> Result<Stored, ServiceError> {
        let tried = if set.verify {
            Some(self.try_entered(actor, server, &set).await?)
        } else {
            None
        };
        let mut work = self.core.store.begin().await?;
        let place = self.place(work.as_mut(), actor, server, true).await?;
        let entry = self.entry(work.as_mut(), &place, actor, &set).await?;
        if tried
            .as_ref()
            .is_some_and(|(basis, _)| *basis != Basis::of(&place, entry.before.as_ref()))
        {
            return Err(ServiceError::Overtaken);
        }
        let verdict = tried.map(|(_, verdict)| verdict);
        let now = self.core.now();
        let verified = verdict.filter(|verdict| verdict.taken() == Some(true)).map(|_| now);
        let row = self.sealed_row(&place, actor, &entry, verified)?;
        let added = entry.before.is_none();
        if added {
            work.overrides().insert(&row).await?;
        } else {
            work.overrides().update(&row).await?;
        }
        let event = Event::new(if added { "override.added" } else { "override.replaced" })
            .server(&place.server.name)
            .subject(&row.subject);
        let event = match verdict {
            Some(verdict) => event.detail(&[("verified", verdict.as_str())]),
            None => event,
        };
        record(work.as_mut(), now, actor, event).await?;
        let row = work.overrides().find(&row.id).await?.ok_or(ServiceError::NotFound)?;
        let notice = Notice {
            event: notices::Event::Set,
            server: &place.server.name,
            about: &row,
            by: Some(actor),
        };
        notices::tell(&self.core, work.as_mut(), notice).await?;
        let seen = self.seen(work.as_mut(), &place, row).await?;
        work.save().await?;
        Ok(Stored { seen, added, verdict })
    }

    /// What `set` asks for, if the actor may and it can be stored.
    pub(super) async fn entry(
        &self,
        work: &mut dyn Work,
        place: &Place,
        actor: &Actor,
        set: &SetOverride,
    ) -> Result<Entry, ServiceError> {
        let subject = self.subject(work, place, actor, &set.subject).await?;
        let before = work
            .overrides()
            .find_for(&place.server.id, &subject, Kind::Manual)
            .await?;
        let action = if before.is_some() {
            OverrideAction::Edit
        } else {
            OverrideAction::Add
        };
        place.decide(actor, action, &subject)?;
        if before.is_some() && !set.replace {
            return Err(ServiceError::Conflict(
                "There is an override for this subject already. Replace it?".to_owned(),
            ));
        }
        let expires_at = set.expires_at.unwrap_or(before.as_ref().and_then(|row| row.expires_at));
        let mut errors = Vec::new();
        if set.expires_at.flatten().is_some_and(|at| at <= self.core.now()) {
            errors.push(FieldError::new("expires_at", "Choose a time in the future."));
        }
        let values = entered::values(&place.auth.fields(), &self.kept(place, before.as_ref()), &set.entered)
            .map_err(|found| errors.extend(found))
            .ok();
        match values {
            Some(values) if errors.is_empty() => Ok(Entry {
                subject,
                before,
                values,
                expires_at,
            }),
            _ => Err(ServiceError::Invalid(errors)),
        }
    }

    /// The values that an edit may keep. D06: what was given for another origin is never carried over silently.
    fn kept(&self, place: &Place, before: Option<&OverrideRow>) -> Values {
        before
            .filter(|row| row.condition != Condition::Suspended)
            .and_then(|row| vault::open_override(&self.core.seal, row, &place.server.url.origin()).ok())
            .unwrap_or_default()
    }

    pub(super) fn sealed_row(
        &self,
        place: &Place,
        actor: &Actor,
        entry: &Entry,
        verified: Option<Timestamp>,
    ) -> Result<OverrideRow, ServiceError> {
        let (server, origin, now) = (place.server.id.clone(), place.server.url.origin(), self.core.now());
        let (subject, before) = (entry.subject.clone(), entry.before.as_ref());
        let sealed = vault::seal_override(
            &self.core.seal,
            (&server, &subject, Kind::Manual),
            &origin,
            &entry.values,
        )?;
        Ok(OverrideRow {
            id: before.map_or_else(
                || OverrideId::new(uuid::Uuid::now_v7().to_string()),
                |row| row.id.clone(),
            ),
            server,
            subject,
            subject_name: String::new(),
            subject_detail: None,
            kind: Kind::Manual,
            condition: Condition::Good,
            sealed,
            origin,
            masks: entry
                .values
                .iter()
                .map(|(key, value)| (key.clone(), value.masked()))
                .collect(),
            updated_by: actor.subject.clone(),
            updated_by_name: actor.name.clone(),
            created_at: before.map_or(now, |row| row.created_at),
            updated_at: now,
            last_used_at: before.and_then(|row| row.last_used_at),
            last_verified_at: verified,
            expires_at: entry.expires_at,
            version: before.map_or(1, |row| row.version + 1),
            consent: None,
        })
    }
}
