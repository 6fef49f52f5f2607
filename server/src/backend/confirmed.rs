//! What somebody confirmed of a change of settings (D07): only what was shown is applied.

use app::error::UiError;
use app::features::servers::model::ServerForm;
use app::features::servers::pending_model::{Affected, PendingChange};
use domain::change::Effect;

use crate::services::outbound_change::{self, Expected, Preview};

/// Names shown of each effect; the rest is counted.
const NAMED: usize = 20;

/// As the form carries it; empty before anything was shown.
pub(super) struct Confirmed {
    revision: String,
    effect: String,
    typed_name: String,
}

impl Confirmed {
    pub fn of(form: &ServerForm) -> Self {
        Self {
            revision: form.revision.clone(),
            effect: form.effect.clone(),
            typed_name: form.typed_name.clone(),
        }
    }

    /// What the change may be applied as; otherwise the question.
    pub fn expected(&self, server: &str, preview: &Preview) -> Result<Expected, UiError> {
        if preview.affected.iter().all(|one| one.effect == Effect::Kept) {
            return Ok(Expected::Harmless);
        }
        let shown =
            self.revision == preview.revision.to_string() && self.effect == PendingChange::token(&preview.effect);
        let typed = preview.effect.deleted == 0 || self.typed_name.trim() == server;
        if shown && typed {
            return Ok(Expected::Previewed(preview.revision));
        }
        Err(UiError::Confirm(Box::new(PendingChange {
            server: server.to_owned(),
            revision: preview.revision,
            effect: preview.effect,
            affected: affected(preview),
            must_type: preview.effect.deleted > 0,
            mistyped: shown,
            refreshed: !shown && !self.revision.is_empty(),
            kept: Vec::new(),
        })))
    }
}

fn affected(preview: &Preview) -> Vec<Affected> {
    let effects = [
        Effect::Deleted,
        Effect::Invalidated,
        Effect::Suspended,
        Effect::NeedsUpdate,
        Effect::Kept,
    ];
    let group = |effect| {
        let met = || preview.affected.iter().filter(move |one| one.effect == effect);
        let names: Vec<String> = met().take(NAMED).map(name).collect();
        let more = (met().count() - names.len()) as u64;
        (!names.is_empty()).then_some(Affected { effect, names, more })
    };
    effects.into_iter().filter_map(group).collect()
}

/// "Bob Ng (bob@demo.test)"; several may have one name.
fn name(one: &outbound_change::Affected) -> String {
    match &one.detail {
        Some(detail) => format!("{} ({detail})", one.name),
        None => one.name.clone(),
    }
}

#[cfg(test)]
mod tests {
    use domain::actor::SubjectRef;
    use domain::change::EffectCounts;
    use domain::id::UserId;

    use super::*;

    fn preview(effects: &[(usize, Effect)]) -> Preview {
        let mut counts = EffectCounts::default();
        let mut affected = Vec::new();
        for (count, effect) in effects {
            for number in 0..*count {
                counts.add(*effect);
                affected.push(outbound_change::Affected {
                    subject: SubjectRef::user(&UserId::new(number.to_string())),
                    name: format!("Person {number}"),
                    detail: (number == 0).then(|| "p0@demo.test".to_owned()),
                    effect: *effect,
                });
            }
        }
        Preview {
            revision: 7,
            effect: counts,
            affected,
            unchanged: false,
        }
    }

    fn confirmed(revision: &str, preview: &Preview, typed_name: &str) -> Result<Expected, PendingChange> {
        let confirmed = Confirmed {
            revision: revision.to_owned(),
            effect: PendingChange::token(&preview.effect),
            typed_name: typed_name.to_owned(),
        };
        confirmed.expected("notes", preview).map_err(|error| match error {
            UiError::Confirm(pending) => *pending,
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn d07_only_what_was_shown_is_applied() {
        let deletes = preview(&[(2, Effect::Deleted)]);
        assert_eq!(confirmed("7", &deletes, " notes "), Ok(Expected::Previewed(7)));
        let first = confirmed("", &deletes, "").unwrap_err();
        assert!(first.must_type && !first.mistyped && !first.refreshed);
        assert!(confirmed("7", &deletes, "note").unwrap_err().mistyped);
        let older = confirmed("6", &deletes, "notes").unwrap_err();
        assert!(older.refreshed && !older.mistyped);
        let suspends = preview(&[(1, Effect::Suspended)]);
        assert_eq!(confirmed("7", &suspends, ""), Ok(Expected::Previewed(7)));
        assert!(!confirmed("", &suspends, "").unwrap_err().must_type);
        // Nothing to confirm; the service sees to it that it stays so.
        for harmless in [preview(&[(5, Effect::Kept)]), preview(&[])] {
            assert_eq!(confirmed("", &harmless, ""), Ok(Expected::Harmless));
        }
    }

    #[test]
    fn d07_it_says_whose_overrides_meet_which_effect_and_cuts_long_lists() {
        let preview = preview(&[(2, Effect::Kept), (25, Effect::NeedsUpdate), (1, Effect::Deleted)]);
        let told = affected(&preview);
        let headings: Vec<_> = told.iter().map(Affected::heading).collect();
        assert_eq!(headings, ["Deleted: 1", "Needs another value: 25", "Kept: 2"]);
        assert_eq!((told[1].names.len(), told[1].more), (NAMED, 5));
        assert_eq!(told[2].names, ["Person 0 (p0@demo.test)", "Person 1"]);
    }
}
