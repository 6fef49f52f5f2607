//! A server's overrides as a list: the tab (S01, S07, S11). A state is looked for by what is stored of it: the rule itself says which
//! standings it consists of, and the store finds those in an index.

use std::collections::BTreeSet;

use domain::actor::{Actor, SubjectKind, SubjectRef};
use domain::id::OverrideId;
use domain::outbound::CredentialField;
use domain::overrides::{OverrideFacts, State};
use domain::role::{OverrideAction, ServerRole};
use domain::timestamp::Timestamp;
use domain::total::Total;

use super::ServiceError;
use super::overrides::{Overrides, SeenOverride};
use super::place::Place;
use crate::store::{OverrideQuery, OverrideRow, OverrideSort, Part, Standing, StoreError, Work};

/// What of the list to show.
#[derive(Debug, Clone)]
pub struct ListQuery {
    pub search: Option<String>,
    pub subject_kind: Option<SubjectKind>,
    pub state: Option<State>,
    /// Whether to tell the total, which may take longer than the rest.
    pub counted: bool,
    pub sort: OverrideSort,
    pub descending: bool,
    pub cursor: Option<String>,
    pub limit: u32,
}

#[derive(Debug, Clone)]
pub struct Listed {
    pub items: Vec<SeenOverride>,
    pub next: Option<String>,
    pub previous: Option<String>,
    /// `None` also when a state is asked for: states depend on the clock and on access, and are not counted.
    pub total: Option<Total>,
}

impl Overrides {
    /// S07, S11: a manager sees all, a user their own.
    pub async fn list(&self, actor: &Actor, server: &str, query: &ListQuery) -> Result<Listed, ServiceError> {
        let mut work = self.core.store.read().await?;
        let place = self.place(work.as_mut(), actor, server, false).await?;
        place.decide(actor, OverrideAction::OpenTab, &actor.subject)?;
        let manager = place.role == Some(ServerRole::Manager);
        let rule = Rule {
            asked: place.auth.fields(),
            everyone: work.grants().everyone(&place.server.id).await?,
            now: self.core.now(),
        };
        let asked = OverrideQuery {
            server: place.server.id.clone(),
            only: (!manager).then(|| actor.subject.clone()),
            search: query.search.clone(),
            among: among(work.as_mut(), &place, query, &rule).await?,
            counted: query.counted && query.state.is_none(),
            sort: query.sort,
            descending: query.descending,
            cursor: query.cursor.clone(),
            limit: query.limit,
        };
        let page = work.overrides().page(&asked).await?;
        Ok(Listed {
            items: with_states(work.as_mut(), &place, &rule, page.rows).await?,
            next: page.next,
            previous: page.previous,
            total: page.total,
        })
    }
}

/// What a state depends on beside the override.
struct Rule {
    asked: Vec<CredentialField>,
    /// Whether everyone has access.
    everyone: bool,
    now: Timestamp,
}

async fn with_states(
    work: &mut dyn Work,
    place: &Place,
    rule: &Rule,
    rows: Vec<OverrideRow>,
) -> Result<Vec<SeenOverride>, StoreError> {
    let subjects: BTreeSet<SubjectRef> = rows.iter().map(|row| row.subject.clone()).collect();
    let reached: Vec<SubjectRef> = match rule.everyone {
        true => Vec::new(),
        false => {
            let subjects: Vec<_> = subjects.into_iter().collect();
            work.grants().reached(&place.server.id, &subjects).await?
        }
    };
    let reached: BTreeSet<SubjectRef> = reached.into_iter().collect();
    let seen = rows.into_iter().map(|row| {
        let has_access = rule.everyone || reached.contains(&row.subject);
        let state = row.facts().state(&rule.asked, has_access, rule.now);
        let mode = place.server.mode;
        SeenOverride { row, state, mode }
    });
    Ok(seen.collect())
}

/// `None`: nothing is filtered by but the search.
async fn among(
    work: &mut dyn Work,
    place: &Place,
    query: &ListQuery,
    rule: &Rule,
) -> Result<Option<Vec<Part>>, StoreError> {
    if query.state.is_none() && query.subject_kind.is_none() {
        return Ok(None);
    }
    let standings = work.overrides().standings(&place.server.id).await?;
    let standings = standings
        .into_iter()
        .filter(|standing| query.subject_kind.is_none_or(|kind| kind == standing.subject_kind));
    let parts = standings.flat_map(|standing| match query.state {
        Some(state) => rule.parts(state, &standing),
        None => vec![whole(standing)],
    });
    Ok(Some(parts.collect()))
}

fn whole(standing: Standing) -> Part {
    Part {
        standing,
        ended: None,
        reached: None,
    }
}

impl Rule {
    /// What of a standing is in a state, by asking the rule for every way that what the standing leaves open can be.
    fn parts(&self, state: State, standing: &Standing) -> Vec<Part> {
        let accesses: &[(bool, Option<bool>)] = match (self.everyone || standing.granted, standing.subject_kind) {
            (true, _) => &[(true, None)],
            (false, SubjectKind::User) => &[(true, Some(true)), (false, Some(false))],
            // Only people are in teams or admins.
            (false, _) => &[(false, None)],
        };
        let mut parts = Vec::new();
        for (has_access, reached) in accesses {
            let is = |end| self.state(standing, *has_access, end) == state;
            let ended = match (standing.ends.then(|| is(Some(self.now))), is(None)) {
                (None | Some(false), false) => continue,
                (None | Some(true), true) => None,
                (Some(ended), _) => Some((ended, self.now)),
            };
            parts.push(Part {
                ended,
                reached: *reached,
                ..whole(standing.clone())
            });
        }
        parts
    }

    fn state(&self, standing: &Standing, has_access: bool, expires_at: Option<Timestamp>) -> State {
        let facts = OverrideFacts {
            id: OverrideId::new(""),
            subject: SubjectRef {
                kind: standing.subject_kind,
                id: String::new(),
            },
            kind: standing.kind,
            condition: standing.condition,
            fields: standing.fields.clone(),
            expires_at,
        };
        facts.state(&self.asked, has_access, self.now)
    }
}
