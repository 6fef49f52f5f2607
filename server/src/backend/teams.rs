use app::backend;
use app::error::UiError;
use app::features::teams::model::{MemberRow, TeamPage, TeamRow, TeamsPage};
use async_trait::async_trait;
use domain::actor::Actor;
use domain::timestamp::Timestamp;

use super::overrides::invalid;
use super::times::moment;
use super::{Desk, PAGE, page_query, told};
use crate::services::ServiceError;
use crate::services::teams::TeamChange;
use crate::store;

pub(super) struct Teams(pub(super) Desk);

#[async_trait]
impl backend::Teams for Teams {
    async fn list(&self, actor: &Actor, search: &str, cursor: &str) -> Result<TeamsPage, UiError> {
        let query = page_query(search, cursor, PAGE);
        let page = self.0.services.teams.list(actor, &query).await.map_err(told)?;
        let now = self.0.clock.now();
        Ok(TeamsPage {
            search: search.to_owned(),
            rows: page.items.into_iter().map(|row| team_row(now, row)).collect(),
            next: page.next,
        })
    }

    async fn get(&self, actor: &Actor, team: &str, search: &str, cursor: &str) -> Result<TeamPage, UiError> {
        let teams = &self.0.services.teams;
        let row = teams.get(actor, team).await.map_err(told)?;
        let query = page_query(search, cursor, PAGE);
        let members = teams.members(actor, row.id.as_str(), &query).await.map_err(told)?;
        let servers = teams.servers(actor, row.id.as_str()).await.map_err(told)?;
        let now = self.0.clock.now();
        let member = |row: store::MemberRow| MemberRow {
            id: row.user.to_string(),
            name: row.name,
            email: row.email,
            disabled: row.disabled,
            added: moment(now, row.added_at),
        };
        Ok(TeamPage {
            row: team_row(now, row),
            search: search.to_owned(),
            members: members.items.into_iter().map(member).collect(),
            next: members.next,
            servers: servers
                .into_iter()
                .map(|(name, role)| (name.to_string(), role))
                .collect(),
            people: self.0.people(actor, "").await?,
        })
    }

    async fn create(&self, actor: &Actor, name: &str, description: &str) -> Result<String, UiError> {
        let made = self.0.services.teams.create(actor, name, description).await;
        made.map(|team| team.name.to_string()).map_err(at_the_name)
    }

    async fn change(&self, actor: &Actor, team: &str, name: &str, description: &str) -> Result<String, UiError> {
        let change = TeamChange {
            name: Some(name.to_owned()),
            description: Some(description.to_owned()),
        };
        let changed = self.0.services.teams.change(actor, team, change).await;
        changed.map(|team| team.name.to_string()).map_err(at_the_name)
    }

    async fn delete(&self, actor: &Actor, team: &str) -> Result<(), UiError> {
        self.0.services.teams.delete(actor, team).await.map_err(told)
    }

    async fn add_member(&self, actor: &Actor, team: &str, user: &str) -> Result<(), UiError> {
        let user = self.0.find_person(actor, user, "user").await?;
        let added = self.0.services.teams.add_member(actor, team, &user).await;
        added.map(drop).map_err(told)
    }

    async fn remove_member(&self, actor: &Actor, team: &str, user: &str) -> Result<(), UiError> {
        let removed = self.0.services.teams.remove_member(actor, team, user).await;
        removed.map_err(told)
    }
}

impl Desk {
    /// The person that somebody named by e-mail address, or by their whole name if no other has it.
    pub(super) async fn find_person(&self, actor: &Actor, text: &str, field: &str) -> Result<String, UiError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(invalid(field, "Say who: an e-mail address."));
        }
        if text.contains('@') {
            return Ok(text.to_owned());
        }
        let people = self.people(actor, text).await?;
        let exact: Vec<_> = people
            .iter()
            .filter(|one| one.label.eq_ignore_ascii_case(text))
            .collect();
        match (exact.as_slice(), people.as_slice()) {
            ([one], _) => Ok(one.value.clone()),
            (_, []) => Err(invalid(field, "There is no such person.")),
            (_, some) => {
                let addresses: Vec<&str> = some.iter().map(|one| one.value.as_str()).collect();
                let message = format!("Which one? Enter one of: {}.", addresses.join(", "));
                Err(invalid(field, &message))
            }
        }
    }
}

/// The form has a place for it.
fn at_the_name(error: ServiceError) -> UiError {
    match error {
        ServiceError::Conflict(text) => invalid("name", &text),
        other => told(other),
    }
}

fn team_row(now: Timestamp, row: store::TeamRow) -> TeamRow {
    TeamRow {
        name: row.name.to_string(),
        description: row.description,
        members: row.members,
        servers: row.servers,
        added: moment(now, row.created_at),
    }
}
