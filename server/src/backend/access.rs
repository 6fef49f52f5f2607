use app::backend;
use app::error::UiError;
use app::features::access::model::{AccessPage, GrantRow, ReachedRow};
use app::ui::suggest_field::Suggestion;
use async_trait::async_trait;
use domain::actor::Actor;
use domain::id::TeamId;
use domain::role::ServerRole;
use domain::timestamp::Timestamp;

use super::overrides::{invalid, spelled, subject_hit};
use super::times::moment;
use super::{Desk, PAGE, page_query, told};
use crate::services::grants::{GranteeHits, Reached};
use crate::store::{Grant, Grantee};

const EVERYONE: &str = "everyone";
const TEAM: &str = "team";

pub(super) struct Access(pub(super) Desk);

#[async_trait]
impl backend::Access for Access {
    async fn list(&self, actor: &Actor, server: &str, search: &str, cursor: &str) -> Result<AccessPage, UiError> {
        let catalog = &self.0.services.catalog;
        let grants = catalog.grants(actor, server).await.map_err(told)?;
        let query = page_query(search, cursor, PAGE);
        let reached = catalog.reach(actor, server, &query).await.map_err(told)?;
        let now = self.0.clock.now();
        Ok(AccessPage {
            server: server.to_owned(),
            rows: grants.into_iter().map(|grant| grant_row(now, actor, grant)).collect(),
            search: search.to_owned(),
            reached: reached.items.into_iter().map(|row| reached_row(actor, row)).collect(),
            next: reached.next,
            first: self.suggest(actor, server, "").await?,
        })
    }

    async fn suggest(&self, actor: &Actor, server: &str, search: &str) -> Result<Vec<Suggestion>, UiError> {
        let hits = self.0.services.catalog.search_grantees(actor, server, search).await;
        Ok(suggestions(hits.map_err(told)?, search))
    }

    async fn grant(&self, actor: &Actor, server: &str, grantee: &str, role: &str) -> Result<(), UiError> {
        let role = ServerRole::parse(role).ok_or_else(|| invalid("role", "Choose user or manager."))?;
        let grantee = self.find_grantee(actor, server, grantee.trim()).await?;
        let granted = self.0.services.catalog.grant(actor, server, grantee, role).await;
        granted.map(drop).map_err(told)
    }

    async fn revoke(&self, actor: &Actor, server: &str, grantee: &str) -> Result<(), UiError> {
        let grantee = written(grantee).ok_or(UiError::Gone)?;
        let revoked = self.0.services.catalog.revoke(actor, server, grantee).await;
        revoked.map_err(told)
    }
}

impl Access {
    /// Whom a manager means: as REST writes it, an e-mail address, or the whole name of a team, a virtual account or a person. A
    /// part of a name is no answer.
    async fn find_grantee(&self, actor: &Actor, server: &str, text: &str) -> Result<Grantee, UiError> {
        if text.is_empty() {
            let message = "Say who: an e-mail address, a team, a virtual account's name, or everyone.";
            return Err(invalid("grantee", message));
        }
        if let Some(grantee) = written(text) {
            return Ok(grantee);
        }
        let hits = self.0.services.catalog.search_grantees(actor, server, text).await;
        let hits = hits.map_err(told)?;
        let teams = hits.teams.iter().filter(|team| team.name.as_str() == text);
        let teams = teams.map(|team| (Grantee::Team(team.id.clone()), format!("{TEAM}/{}", team.name)));
        let subjects = hits
            .subjects
            .iter()
            .filter(|hit| hit.name.eq_ignore_ascii_case(text) || hit.subject.id == text)
            .map(|hit| (Grantee::Subject(hit.subject.clone()), hit.subject.to_string()));
        let mut exact: Vec<_> = teams.chain(subjects).collect();
        if exact.len() == 1
            && let Some((grantee, _)) = exact.pop()
        {
            return Ok(grantee);
        }
        let names: Vec<String> = if exact.is_empty() {
            suggestions(hits, text).into_iter().map(|one| one.value).collect()
        } else {
            exact.into_iter().map(|(_, name)| name).collect()
        };
        if names.is_empty() {
            let message = "There is no such person, team, virtual account or external identity.";
            return Err(invalid("grantee", message));
        }
        let message = format!("Which one? Enter one of: {}.", names.join(", "));
        Err(invalid("grantee", &message))
    }
}

/// Everyone, `team/…`, `user/…`, `virtual_account/…`, `external_identity/…`, or an e-mail address.
fn written(text: &str) -> Option<Grantee> {
    let kind = text.split('/').next().unwrap_or_default();
    if kind.eq_ignore_ascii_case(EVERYONE) {
        return Some(Grantee::Everyone);
    }
    match text.split_once('/') {
        Some((TEAM, id)) => Some(Grantee::Team(TeamId::new(id))),
        _ => spelled(text).map(Grantee::Subject),
    }
}

fn suggestions(hits: GranteeHits, search: &str) -> Vec<Suggestion> {
    let everyone = EVERYONE.starts_with(&search.trim().to_lowercase()).then(|| Suggestion {
        value: EVERYONE.to_owned(),
        label: "All who are here, now and later".to_owned(),
    });
    let teams = hits.teams.into_iter().map(|team| Suggestion {
        value: team.name.to_string(),
        label: "Team".to_owned(),
    });
    let subjects = hits.subjects.into_iter().map(subject_hit).map(|hit| Suggestion {
        value: hit.value,
        label: hit.label,
    });
    // Everyone is no answer to a part of a name that somebody else has.
    let searched = !search.trim().is_empty();
    let others: Vec<Suggestion> = teams.chain(subjects).collect();
    let everyone = everyone.filter(|_| !searched || others.is_empty());
    everyone.into_iter().chain(others).collect()
}

fn grant_row(now: Timestamp, actor: &Actor, grant: Grant) -> GrantRow {
    let (grantee, kind) = named(&grant.grantee);
    GrantRow {
        mine: matches!(&grant.grantee, Grantee::Subject(subject) if actor.is(subject)),
        name: grant.grantee_name,
        role: grant.role,
        since: moment(now, grant.granted_at),
        kind: kind.to_owned(),
        grantee,
    }
}

fn reached_row(actor: &Actor, reached: Reached) -> ReachedRow {
    ReachedRow {
        kind: reached.subject.kind.label().to_owned(),
        mine: actor.is(&reached.subject),
        name: reached.name,
        detail: reached.detail,
        disabled: reached.disabled,
        reach: reached.reach,
    }
}

/// As the form sends it back, and as people read it.
fn named(grantee: &Grantee) -> (String, &'static str) {
    match grantee {
        Grantee::Subject(subject) => (subject.to_string(), subject.kind.label()),
        Grantee::Team(id) => (format!("{TEAM}/{id}"), "Team"),
        Grantee::Everyone => (format!("{EVERYONE}/all"), "Everyone"),
    }
}

#[cfg(test)]
mod tests {
    use domain::actor::{SubjectKind, SubjectRef};

    use super::*;

    #[test]
    fn what_is_written_out_needs_no_search() {
        for text in ["everyone", "Everyone", "everyone/all"] {
            assert_eq!(written(text), Some(Grantee::Everyone), "{text}");
        }
        assert_eq!(written("team/platform"), Some(Grantee::Team(TeamId::new("platform"))));
        let bot = SubjectRef {
            kind: SubjectKind::VirtualAccount,
            id: "ci-bot".to_owned(),
        };
        assert_eq!(written("virtual_account/ci-bot"), Some(Grantee::Subject(bot)));
        assert!(matches!(written("bob@demo.test"), Some(Grantee::Subject(_))));
        for name in ["", "platform", "Bob Ng", "nothing/x"] {
            assert_eq!(written(name), None, "{name}");
        }
    }
}
