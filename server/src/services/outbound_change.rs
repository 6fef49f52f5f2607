//! Changing a server's settings: previewed first, then applied as one transaction (S50-S61, D03-D08).
//!
//! The preview and the change run the same code on the same locked rows; only the last step differs. The revision that a preview
//! shows is the server's own, raised by every change of the server, its access or its overrides: a save that carries an old one
//! is refused (D07).

use std::collections::BTreeMap;

use domain::actor::{Actor, SubjectRef};
use domain::change::{Change, Effect, EffectCounts, Outcome, Settings};
use domain::field::FieldError;
use domain::outbound::OutboundAuth;
use domain::outbound_input::OutboundInput;
use domain::role::ServerAction;
use domain::server::{Origin, ServerName, ServerUrl};

use super::audit::{Event, record};
use super::catalog::{Catalog, SeenServer, check_description};
use super::notices::{self, Notice};
use super::{Core, ServiceError, access, vault};
use crate::store::{OverrideRow, ServerRow, StoreError, Work};

/// `None` leaves a thing as it is.
#[derive(Debug, Clone, Default)]
pub struct ServerChange {
    pub name: Option<String>,
    pub url: Option<String>,
    pub description: Option<String>,
    pub outbound_auth: Option<OutboundInput>,
    /// B01.
    pub allow_optional: Option<bool>,
}

/// What the caller knows of a change's effect on overrides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// What a preview showed at this revision.
    Previewed(i64),
    /// Nothing but kept overrides: there was no preview.
    Harmless,
    /// Whatever it does: a change of the URL, whose effect undoes itself by confirming (D06).
    Anything,
}

/// What a change does, or did.
#[derive(Debug, Clone)]
pub struct Preview {
    pub revision: i64,
    pub effect: EffectCounts,
    pub affected: Vec<Affected>,
    /// Nothing would be different: saving it does nothing.
    pub unchanged: bool,
}

#[derive(Debug, Clone)]
pub struct Affected {
    pub subject: SubjectRef,
    pub name: String,
    /// A user's e-mail address.
    pub detail: Option<String>,
    pub effect: Effect,
}

/// A change worked out against what is stored now.
struct Planned {
    before: ServerRow,
    after: ServerRow,
    outcomes: Vec<(OverrideRow, Outcome)>,
    unchanged: bool,
}

impl Catalog {
    /// What `change` would do. Writes nothing.
    pub async fn preview(&self, actor: &Actor, name: &str, change: &ServerChange) -> Result<Preview, ServiceError> {
        let mut work = self.core().store.read().await?;
        let (row, _) = access::permitted(work.as_mut(), actor, name, ServerAction::Manage).await?;
        let revision = row.revision;
        let planned = plan(self.core(), work.as_mut(), row, change).await?;
        Ok(planned.preview(revision))
    }

    /// Applies `change`, or answers `Stale` when it is not what was expected (D07).
    pub async fn change(
        &self,
        actor: &Actor,
        name: &str,
        change: &ServerChange,
        expected: Expected,
    ) -> Result<(SeenServer, Preview), ServiceError> {
        let core = self.core();
        let mut work = core.store.begin().await?;
        let (row, role) = access::locked(work.as_mut(), actor, name, ServerAction::Manage).await?;
        let now_at = row.revision - 1; // the lock has raised it
        if matches!(expected, Expected::Previewed(seen) if seen != now_at) {
            return Err(ServiceError::Stale);
        }
        let planned = plan(core, work.as_mut(), row, change).await?;
        let preview = planned.preview(planned.before.revision);
        if planned.unchanged {
            // Dropping the work undoes the raised revision: saving the same settings changes nothing.
            return Ok((
                SeenServer {
                    row: ServerRow {
                        revision: now_at,
                        ..planned.before
                    },
                    role,
                },
                Preview {
                    revision: now_at,
                    ..preview
                },
            ));
        }
        let harmless = preview.affected.iter().all(|one| one.effect == Effect::Kept);
        if expected == Expected::Harmless && !harmless {
            return Err(ServiceError::Stale);
        }
        planned.apply(core, work.as_mut(), actor).await?;
        work.save().await?;
        Ok((
            SeenServer {
                row: planned.after,
                role,
            },
            preview,
        ))
    }
}

async fn plan(
    core: &Core,
    work: &mut dyn Work,
    before: ServerRow,
    change: &ServerChange,
) -> Result<Planned, ServiceError> {
    let old_auth = vault::open_server(&core.seal, &before)?;
    let (after, auth) = changed(core, &before, &old_auth, change)?;
    let unchanged = after
        == ServerRow {
            updated_at: after.updated_at,
            secrets: after.secrets.clone(),
            ..before.clone()
        }
        && auth == old_auth;
    let rule = Change::between(
        settings(&before, &old_auth, &before.url.origin()),
        settings(&after, &auth, &after.url.origin()),
    );
    let stored = work.overrides().of_server(&before.id).await?;
    let outcomes = stored.into_iter().map(|row| {
        let outcome = rule.outcome(&row.facts());
        (row, outcome)
    });
    Ok(Planned {
        outcomes: outcomes.collect(),
        before,
        after,
        unchanged,
    })
}

const fn settings<'a>(row: &ServerRow, auth: &'a OutboundAuth, origin: &'a Origin) -> Settings<'a> {
    Settings {
        auth,
        origin,
        allow_optional: row.allow_optional,
    }
}

/// The row as it would be, or what is wrong with each field.
fn changed(
    core: &Core,
    before: &ServerRow,
    old: &OutboundAuth,
    change: &ServerChange,
) -> Result<(ServerRow, OutboundAuth), ServiceError> {
    let mut errors = Vec::new();
    let name = change
        .name
        .as_deref()
        .map_or(Ok(before.name.clone()), ServerName::parse);
    let name = name
        .map_err(|error| errors.push(FieldError::new("name", error.to_string())))
        .ok();
    let url = change.url.as_deref().map_or(Ok(before.url.clone()), ServerUrl::parse);
    let url = url
        .map_err(|error| errors.push(FieldError::new("url", error.to_string())))
        .ok();
    errors.extend(
        change
            .description
            .as_deref()
            .and_then(|text| check_description(text).err()),
    );
    // D06: what was given for one origin is never carried over to another silently; the server's own secrets neither.
    let moves = url.as_ref().is_some_and(|url| url.origin() != before.url.origin());
    let auth = match &change.outbound_auth {
        Some(input) => input.parse((!moves).then_some(old)),
        None if moves && before.secrets.is_some() => Err(vec![FieldError::new(
            "outbound_auth",
            "The server moves to another address: enter its credential again, which was given for the old one.",
        )]),
        None => Ok(old.clone()),
    };
    let auth = auth.map_err(|found| errors.extend(found)).ok();
    let (Some(name), Some(url), Some(auth), true) = (name, url, auth, errors.is_empty()) else {
        return Err(ServiceError::Invalid(errors));
    };
    let (outbound, secrets) = vault::close_server(&core.seal, &before.id, &url.origin(), &auth)?;
    let after = ServerRow {
        name,
        url,
        description: change
            .description
            .as_deref()
            .map_or(before.description.clone(), |text| text.trim().to_owned()),
        mode: auth.mode(),
        outbound,
        secrets,
        allow_optional: change.allow_optional.unwrap_or(before.allow_optional),
        updated_at: core.now(),
        ..before.clone()
    };
    Ok((after, auth))
}

impl Planned {
    fn preview(&self, revision: i64) -> Preview {
        let mut effect = EffectCounts::default();
        let affected = self.outcomes.iter().map(|(row, outcome)| {
            effect.add(outcome.effect);
            Affected {
                subject: row.subject.clone(),
                name: row.subject_name.clone(),
                detail: row.subject_detail.clone(),
                effect: outcome.effect,
            }
        });
        let affected = affected.collect();
        Preview {
            revision,
            effect,
            affected,
            unchanged: self.unchanged,
        }
    }

    async fn apply(&self, core: &Core, work: &mut dyn Work, actor: &Actor) -> Result<(), ServiceError> {
        work.servers().update(&self.after).await.map_err(|error| match error {
            StoreError::Conflict => ServiceError::Conflict("A server has this name already.".to_owned()),
            other => other.into(),
        })?;
        let mut counts = EffectCounts::default();
        for (row, outcome) in &self.outcomes {
            counts.add(outcome.effect);
            match outcome.effect {
                Effect::Deleted => {
                    self.delete(core, work, actor, row).await?;
                    self.tell(core, work, actor, (notices::Event::Deleted, row)).await?;
                }
                Effect::Kept | Effect::Invalidated | Effect::Suspended | Effect::NeedsUpdate => {
                    if let Some(row) = self.rewritten(core, row, outcome)? {
                        work.overrides().update(&row).await?;
                    }
                    if outcome.effect == Effect::Invalidated {
                        self.tell(core, work, actor, (notices::Event::Reconnect, row)).await?;
                    }
                }
            }
        }
        let action = if self.before.outbound != self.after.outbound
            || self.before.secrets.is_some()
            || self.before.url != self.after.url
            || self.before.allow_optional != self.after.allow_optional
        {
            "server.outbound_changed"
        } else {
            "server.changed"
        };
        let counted = [
            counts.deleted,
            counts.kept,
            counts.invalidated,
            counts.suspended,
            counts.needs_update,
        ]
        .map(|count| count.to_string());
        let [deleted, kept, invalidated, suspended, needs_update] = &counted;
        let event = Event::new(action).server(&self.after.name).detail(&[
            ("from", self.before.mode.as_str()),
            ("to", self.after.mode.as_str()),
            (
                "allow_overrides",
                if self.after.allow_optional { "true" } else { "false" },
            ),
            ("deleted", deleted),
            ("kept", kept),
            ("invalidated", invalidated),
            ("suspended", suspended),
            ("needs_update", needs_update),
        ]);
        Ok(record(work, core.now(), actor, event).await?)
    }

    async fn tell(
        &self,
        core: &Core,
        work: &mut dyn Work,
        actor: &Actor,
        (event, about): (notices::Event, &OverrideRow),
    ) -> Result<(), StoreError> {
        let notice = Notice {
            event,
            server: &self.after.name,
            about,
            by: Some(actor),
        };
        notices::tell(core, work, notice).await
    }

    async fn delete(
        &self,
        core: &Core,
        work: &mut dyn Work,
        actor: &Actor,
        row: &OverrideRow,
    ) -> Result<(), ServiceError> {
        work.overrides().delete(&row.id).await?;
        let event = Event::new("override.deleted")
            .server(&self.after.name)
            .subject(&row.subject)
            .detail(&[("because", "outbound auth changed")]);
        Ok(record(work, core.now(), actor, event).await?)
    }

    /// The override's row after the change, when it differs: another condition, values under other names (S60), or verified for what
    /// is asked no more.
    fn rewritten(
        &self,
        core: &Core,
        before: &OverrideRow,
        outcome: &Outcome,
    ) -> Result<Option<OverrideRow>, ServiceError> {
        let same_values =
            outcome.kept_values.len() == before.masks.len() && outcome.kept_values.iter().all(|(from, to)| from == to);
        let asks_the_same = self.before.url == self.after.url && self.before.outbound == self.after.outbound;
        let row = &OverrideRow {
            last_verified_at: before.last_verified_at.filter(|_| asks_the_same),
            ..before.clone()
        };
        let manual = row.kind == domain::overrides::Kind::Manual;
        if same_values || !manual {
            let after = OverrideRow {
                condition: outcome.condition,
                ..row.clone()
            };
            return Ok((after != *before).then_some(after));
        }
        let origin = &row.origin;
        let values = vault::open_override(&core.seal, row, origin)?;
        let kept = |from: &String| outcome.kept_values.get(from).cloned();
        let values: vault::Values = values
            .into_iter()
            .filter_map(|(from, value)| kept(&from).map(|to| (to, value)))
            .collect();
        let masks: BTreeMap<String, String> = row
            .masks
            .iter()
            .filter_map(|(from, mask)| kept(from).map(|to| (to, mask.clone())))
            .collect();
        let sealed = vault::seal_override(&core.seal, (&row.server, &row.subject, row.kind), origin, &values)?;
        Ok(Some(OverrideRow {
            condition: outcome.condition,
            sealed,
            masks,
            version: row.version + 1,
            ..row.clone()
        }))
    }
}

/// The outbound auth a server has now, as it may be shown.
pub fn shown_outbound(row: &ServerRow) -> Result<OutboundInput, ServiceError> {
    serde_json::from_str(&row.outbound).map_err(|error| ServiceError::Internal(error.into()))
}
