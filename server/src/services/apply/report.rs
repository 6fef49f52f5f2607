//! What applying a file does, did or would do: what `--dry-run` prints.

use std::collections::BTreeMap;

use domain::change::EffectCounts;
use sha2::{Digest, Sha256};

use super::world::Section;
use crate::services::outbound_change::Affected;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Add,
    Change,
    Remove,
}

/// One setting before and after. A secret is masked, and says that it is another one where masks look alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChange {
    pub field: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

impl FieldChange {
    pub fn new(field: impl Into<String>, before: Option<String>, after: Option<String>) -> Self {
        let field = field.into();
        Self { field, before, after }
    }

    /// `None` where both are the same.
    pub fn between<T: PartialEq + ToString>(field: &str, before: &T, after: &T) -> Option<Self> {
        (before != after).then(|| Self::new(field, Some(before.to_string()), Some(after.to_string())))
    }
}

/// What becomes of a server's overrides.
#[derive(Debug, Clone)]
pub struct Overrides {
    /// As of which state of the server.
    pub revision: i64,
    pub effect: EffectCounts,
    pub affected: Vec<Affected>,
}

impl Overrides {
    pub const fn untouched(&self) -> bool {
        let EffectCounts {
            deleted,
            kept: _,
            invalidated,
            suspended,
            needs_update,
        } = self.effect;
        deleted + invalidated + suspended + needs_update == 0
    }
}

/// One thing that is added, changed or removed.
#[derive(Debug, Clone)]
pub struct Entry {
    pub verb: Verb,
    pub section: Section,
    pub name: String,
    pub fields: Vec<FieldChange>,
    pub overrides: Option<Overrides>,
}

impl Entry {
    pub fn new(verb: Verb, section: Section, name: &str, fields: Vec<FieldChange>) -> Self {
        Self {
            verb,
            section,
            name: name.to_owned(),
            fields,
            overrides: None,
        }
    }

    /// Takes something away that is not in the file, or makes somebody enter a credential again.
    pub fn is_loss(&self) -> bool {
        let pruned =
            |field: &FieldChange| field.after.is_none() && self.verb == Verb::Change && is_member(&field.field);
        self.verb == Verb::Remove
            || self.overrides.as_ref().is_some_and(|overrides| !overrides.untouched())
            || self.fields.iter().any(pruned)
    }
}

/// A list's item: those are removed by `--prune` alone.
fn is_member(field: &str) -> bool {
    field == super::people::MEMBER || field.starts_with(super::servers::ACCESS)
}

#[derive(Debug, Clone, Default)]
pub struct Report {
    pub entries: Vec<Entry>,
    /// How many of the file's things are as it wants them.
    pub unchanged: BTreeMap<Section, usize>,
    /// Whether it was done.
    pub applied: bool,
}

impl Report {
    pub(super) fn note(&mut self, section: Section, entry: Option<Entry>) {
        match entry {
            Some(entry) => self.entries.push(entry),
            None => *self.unchanged.entry(section).or_default() += 1,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn loses(&self) -> bool {
        self.entries.iter().any(Entry::is_loss)
    }

    /// Names exactly these changes: whoever confirms them has seen them.
    pub fn id(&self) -> String {
        let digest = Sha256::digest(format!("{:?}", self.entries));
        digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    }
}
