//! Many overrides at once (B08): a server's managers bring them in a file. All of them are stored, or none.
//!
//! Each line goes through what a single override goes through. A preview does the same and writes nothing; what it showed can be
//! asked for (`seen`), as with a change of settings (D07).

mod kept;
mod lines;

use std::collections::BTreeMap;

use domain::actor::{Actor, SubjectRef};
use domain::field::FieldError;
use domain::role::{OverrideAction, ServerRole};

use super::ServiceError;
use super::audit::{self, Event, record};
use super::notices::{self, Notice};
use super::overrides::Overrides;
use super::place::Place;
use super::set_override::{Entry, SetOverride};
use crate::store::Work;

pub use lines::{Format, Line, NewOverride, parse};

/// As many as one transaction should hold.
pub const MOST_LINES: usize = 5_000;
/// And as long as the text of them may be.
pub const MOST_BYTES: usize = 4 * 1024 * 1024;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    New,
    Replaced,
    Refused(Vec<FieldError>),
}

/// What becomes of one line.
#[derive(Debug, Clone)]
pub struct Told {
    pub line: u64,
    /// Who, and their name: only somebody who is there, for anything else may be a credential in the wrong column.
    pub subject: Option<(SubjectRef, String)>,
    pub fate: Fate,
}

#[derive(Debug, Clone)]
pub struct Imported {
    /// The server's, before anything was written: what a later import can say that it has seen.
    pub revision: i64,
    pub lines: Vec<Told>,
    /// Whether they were stored: no line was refused, and it was no preview.
    pub applied: bool,
}

impl Imported {
    pub fn refused(&self) -> usize {
        self.count(|fate| matches!(fate, Fate::Refused(_)))
    }

    pub fn count(&self, wanted: impl Fn(&Fate) -> bool) -> usize {
        self.lines.iter().filter(|told| wanted(&told.fate)).count()
    }
}

impl Overrides {
    /// Stores all lines, or says why not one of them is stored. Managers only. `seen`: the revision of the preview that was shown;
    /// `Stale` when it is another one by now.
    pub async fn import(
        &self,
        actor: &Actor,
        server: &str,
        lines: Vec<Line>,
        seen: Option<i64>,
    ) -> Result<Imported, ServiceError> {
        let mut work = self.core.store.begin().await?;
        let place = self.managed(work.as_mut(), actor, server, true).await?;
        // The lock has raised it.
        let revision = place.server.revision - 1;
        if seen.is_some_and(|seen| seen != revision) {
            return Err(ServiceError::Stale);
        }
        let (mut imported, entries) = self.look(work.as_mut(), &place, actor, (revision, lines)).await?;
        if imported.refused() > 0 {
            return Ok(imported);
        }
        for entry in &entries {
            self.store(work.as_mut(), &place, actor, entry).await?;
        }
        work.save().await?;
        imported.applied = true;
        Ok(imported)
    }

    /// The same without writing.
    pub async fn preview_import(
        &self,
        actor: &Actor,
        server: &str,
        lines: Vec<Line>,
    ) -> Result<Imported, ServiceError> {
        let mut work = self.core.store.read().await?;
        let place = self.managed(work.as_mut(), actor, server, false).await?;
        let revision = place.server.revision;
        let (imported, _) = self.look(work.as_mut(), &place, actor, (revision, lines)).await?;
        Ok(imported)
    }

    pub(super) async fn managed(
        &self,
        work: &mut dyn Work,
        actor: &Actor,
        server: &str,
        lock: bool,
    ) -> Result<Place, ServiceError> {
        let place = self.place(work, actor, server, lock).await?;
        match place.role {
            None => Err(ServiceError::NotFound),
            Some(ServerRole::User) => Err(ServiceError::Forbidden),
            Some(ServerRole::Manager) => {
                place.decide(actor, OverrideAction::Add, &actor.subject)?;
                Ok(place)
            }
        }
    }

    async fn look(
        &self,
        work: &mut dyn Work,
        place: &Place,
        actor: &Actor,
        (revision, lines): (i64, Vec<Line>),
    ) -> Result<(Imported, Vec<Entry>), ServiceError> {
        if lines.len() > MOST_LINES {
            let text = format!("At most {MOST_LINES} overrides at once. Bring them in several files.");
            return Err(ServiceError::invalid("file", text));
        }
        let (mut told, mut entries) = (Vec::new(), Vec::new());
        let mut first: BTreeMap<SubjectRef, u64> = BTreeMap::new();
        for line in lines {
            let number = line.number;
            let outcome = match line.new {
                Ok(new) => self.one(work, place, actor, new).await?,
                Err(errors) => Err(errors),
            };
            let again = |entry: &Entry| first.get(&entry.subject).copied();
            let (subject, fate) = match outcome {
                Err(errors) => (None, Fate::Refused(errors)),
                Ok(entry) => {
                    let named = audit::named(work, &entry.subject).await?;
                    let subject = named.map(|named| (entry.subject.clone(), named.name));
                    let fate = match (again(&entry), &entry.before) {
                        (Some(line), _) => Fate::Refused(twice(line)),
                        (None, Some(_)) => Fate::Replaced,
                        (None, None) => Fate::New,
                    };
                    first.entry(entry.subject.clone()).or_insert(number);
                    entries.push(entry);
                    (subject, fate)
                }
            };
            told.push(Told {
                line: number,
                subject,
                fate,
            });
        }
        let imported = Imported {
            revision,
            lines: told,
            applied: false,
        };
        Ok((imported, entries))
    }

    /// What would be stored, or what is wrong with it; anything else ends the import.
    async fn one(
        &self,
        work: &mut dyn Work,
        place: &Place,
        actor: &Actor,
        new: NewOverride,
    ) -> Result<Result<Entry, Vec<FieldError>>, ServiceError> {
        let set = SetOverride {
            subject: new.subject,
            entered: new.entered,
            expires_at: new.expires_at.map(Some),
            replace: true,
            verify: false,
        };
        match self.entry(work, place, actor, &set).await {
            Ok(entry) => Ok(Ok(entry)),
            Err(ServiceError::Invalid(errors)) => Ok(Err(errors)),
            Err(other) => Err(other),
        }
    }

    async fn store(
        &self,
        work: &mut dyn Work,
        place: &Place,
        actor: &Actor,
        entry: &Entry,
    ) -> Result<(), ServiceError> {
        let row = self.sealed_row(place, actor, entry, None)?;
        let action = if entry.before.is_none() {
            work.overrides().insert(&row).await?;
            "override.added"
        } else {
            work.overrides().update(&row).await?;
            "override.replaced"
        };
        let event = Event::new(action)
            .server(&place.server.name)
            .subject(&row.subject)
            .detail(&[("by", "import")]);
        record(work, self.core.now(), actor, event).await?;
        // Read again for the subject's name.
        if notices::wanted(&self.core)
            && let Some(about) = work.overrides().find(&row.id).await?
        {
            let notice = Notice {
                event: notices::Event::Set,
                server: &place.server.name,
                about: &about,
                by: Some(actor),
            };
            notices::tell(&self.core, work, notice).await?;
        }
        Ok(())
    }
}

fn twice(line: u64) -> Vec<FieldError> {
    vec![FieldError::new(
        "subject_id",
        format!("This subject is in line {line} already."),
    )]
}
