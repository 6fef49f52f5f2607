//! What saving would do to overrides, as the page asks about it (D07).

use domain::change::{Effect, EffectCounts};
use serde::{Deserialize, Serialize};

use crate::error::Kept;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingChange {
    pub server: String,
    pub revision: i64,
    pub effect: EffectCounts,
    /// Whose overrides meet which effect; only effects that somebody meets.
    pub affected: Vec<Affected>,
    /// Something is deleted: the server's name must be typed.
    pub must_type: bool,
    /// What was typed is another name.
    pub mistyped: bool,
    /// It was confirmed before, but then it would have done something else.
    pub refreshed: bool,
    pub kept: Kept,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Affected {
    pub effect: Effect,
    /// The first of them.
    pub names: Vec<String>,
    pub more: u64,
}

impl Affected {
    /// "Deleted: 12".
    pub fn heading(&self) -> String {
        format!("{}: {}", effect_label(self.effect), self.names.len() as u64 + self.more)
    }
}

impl PendingChange {
    /// What those have to do whose override does not simply stay.
    pub fn consequences(&self) -> Vec<&'static str> {
        let EffectCounts {
            deleted,
            kept: _,
            invalidated,
            suspended,
            needs_update,
        } = self.effect;
        [
            (deleted, "Those whose override is deleted add it again."),
            (
                invalidated,
                "Those whose authorization is invalidated must authorize again before their next call.",
            ),
            (
                suspended,
                "What is suspended is not sent before it is confirmed or entered again.",
            ),
            (
                needs_update,
                "What is incomplete is not sent before the rest is entered.",
            ),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(_, text)| text)
        .collect()
    }

    /// "This deletes 12 overrides, keeps 3 and invalidates 5."
    pub fn sentence(&self) -> String {
        let counted = [
            ("deletes", self.effect.deleted),
            ("keeps", self.effect.kept),
            ("invalidates", self.effect.invalidated),
            ("suspends", self.effect.suspended),
            ("leaves incomplete", self.effect.needs_update),
        ];
        let mut parts: Vec<String> = counted
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(verb, count)| format!("{verb} {count}"))
            .collect();
        if let Some(first) = parts.first_mut() {
            let one = first.ends_with(" 1");
            first.push_str(if one { " override" } else { " overrides" });
        }
        let last = parts.pop().unwrap_or_else(|| "changes no override".to_owned());
        if parts.is_empty() {
            format!("This {last}.")
        } else {
            format!("This {} and {last}.", parts.join(", "))
        }
    }

    /// What is sent back with the confirmation, so that only what was shown is applied.
    pub fn token(effect: &EffectCounts) -> String {
        let EffectCounts {
            deleted,
            kept,
            invalidated,
            suspended,
            needs_update,
        } = effect;
        format!("{deleted}-{kept}-{invalidated}-{suspended}-{needs_update}")
    }
}

/// What happens to an override, in words.
const fn effect_label(effect: Effect) -> &'static str {
    match effect {
        Effect::Deleted => "Deleted",
        Effect::Kept => "Kept",
        Effect::Invalidated => "Must authorize again",
        Effect::Suspended => "Suspended until confirmed",
        Effect::NeedsUpdate => "Needs another value",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending(effect: EffectCounts) -> String {
        PendingChange {
            server: "notes".into(),
            revision: 1,
            effect,
            affected: Vec::new(),
            must_type: true,
            mistyped: false,
            refreshed: false,
            kept: Vec::new(),
        }
        .sentence()
    }

    #[test]
    fn d07_the_confirmation_names_the_counts() {
        let counts = |deleted, kept, invalidated| EffectCounts {
            deleted,
            kept,
            invalidated,
            ..EffectCounts::default()
        };
        assert_eq!(
            pending(counts(12, 3, 5)),
            "This deletes 12 overrides, keeps 3 and invalidates 5."
        );
        assert_eq!(pending(counts(1, 0, 0)), "This deletes 1 override.");
        assert_eq!(pending(counts(0, 0, 0)), "This changes no override.");
    }

    #[test]
    fn d07_a_long_list_is_cut_and_counted() {
        let affected = Affected {
            effect: Effect::NeedsUpdate,
            names: vec!["Bob".into(), "Eve".into()],
            more: 98,
        };
        assert_eq!(affected.heading(), "Needs another value: 100");
    }
}
