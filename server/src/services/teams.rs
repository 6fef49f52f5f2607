//! Teams: several people under one name, who get a server together. An admin's business; a server's managers only name them.

use domain::actor::{Actor, SubjectRef};
use domain::field::FieldError;
use domain::id::TeamId;
use domain::role::ServerRole;
use domain::server::ServerName;
use domain::team::TeamName;

use super::audit::{Event, record};
use super::catalog::is_plain;
use super::{Core, ServiceError, access, accounts};
use crate::store::{MemberRow, Page, PageQuery, StoreError, TeamRow, Work};

const MAX_DESCRIPTION: usize = 500;

/// `None` leaves a thing as it is.
#[derive(Debug, Default)]
pub struct TeamChange {
    pub name: Option<String>,
    pub description: Option<String>,
}

#[derive(Clone)]
pub struct Teams {
    core: Core,
}

impl Teams {
    pub fn new(core: Core) -> Self {
        Self { core }
    }

    pub async fn list(&self, actor: &Actor, query: &PageQuery) -> Result<Page<TeamRow>, ServiceError> {
        access::require_admin(actor)?;
        Ok(self.core.store.read().await?.teams().list(query).await?)
    }

    /// By id or name.
    pub async fn get(&self, actor: &Actor, team: &str) -> Result<TeamRow, ServiceError> {
        access::require_admin(actor)?;
        find(self.core.store.read().await?.as_mut(), team).await
    }

    pub async fn create(&self, actor: &Actor, name: &str, description: &str) -> Result<TeamRow, ServiceError> {
        access::require_admin(actor)?;
        let (name, description) = checked(name, description)?;
        let row = TeamRow {
            id: TeamId::new(uuid::Uuid::now_v7().to_string()),
            name,
            description,
            created_at: self.core.now(),
            members: 0,
            servers: 0,
        };
        let mut work = self.core.store.begin().await?;
        work.teams().insert(&row).await.map_err(taken)?;
        self.record(work.as_mut(), actor, Event::new("team.created"), &row)
            .await?;
        work.save().await?;
        Ok(row)
    }

    pub async fn change(&self, actor: &Actor, team: &str, change: TeamChange) -> Result<TeamRow, ServiceError> {
        access::require_admin(actor)?;
        let mut work = self.core.store.begin().await?;
        let before = find(work.as_mut(), team).await?;
        let (name, description) = checked(
            change.name.as_deref().unwrap_or(before.name.as_str()),
            change.description.as_deref().unwrap_or(&before.description),
        )?;
        let after = TeamRow {
            name,
            description,
            ..before.clone()
        };
        if after != before {
            work.teams().update(&after).await.map_err(taken)?;
            let event = Event::new("team.changed").detail(&[("before", before.name.as_str())]);
            self.record(work.as_mut(), actor, event, &after).await?;
        }
        work.save().await?;
        Ok(after)
    }

    /// Its members lose what they had through it.
    pub async fn delete(&self, actor: &Actor, team: &str) -> Result<(), ServiceError> {
        access::require_admin(actor)?;
        let mut work = self.core.store.begin().await?;
        let row = find(work.as_mut(), team).await?;
        work.teams().delete(&row.id).await?;
        self.record(work.as_mut(), actor, Event::new("team.deleted"), &row)
            .await?;
        Ok(work.save().await?)
    }

    pub async fn members(&self, actor: &Actor, team: &str, query: &PageQuery) -> Result<Page<MemberRow>, ServiceError> {
        access::require_admin(actor)?;
        let mut work = self.core.store.read().await?;
        let row = find(work.as_mut(), team).await?;
        Ok(work.teams().members(&row.id, query).await?)
    }

    /// Its role on each server where it has one.
    pub async fn servers(&self, actor: &Actor, team: &str) -> Result<Vec<(ServerName, ServerRole)>, ServiceError> {
        access::require_admin(actor)?;
        let mut work = self.core.store.read().await?;
        let row = find(work.as_mut(), team).await?;
        Ok(work.teams().servers(&row.id).await?)
    }

    /// A user is named by id or e-mail address. The member, and true when they are new in it.
    pub async fn add_member(&self, actor: &Actor, team: &str, user: &str) -> Result<(MemberRow, bool), ServiceError> {
        access::require_admin(actor)?;
        let mut work = self.core.store.begin().await?;
        let row = find(work.as_mut(), team).await?;
        let user = accounts::find_user(work.as_mut(), user)
            .await?
            .ok_or_else(|| ServiceError::invalid("user", "There is no such person."))?;
        let now = self.core.now();
        let new = work.teams().add_member(&row.id, &user.id, now).await?;
        if new {
            let event = Event::new("team.member_added").subject(&SubjectRef::user(&user.id));
            self.record(work.as_mut(), actor, event, &row).await?;
        }
        let asked = PageQuery {
            search: Some(user.id.to_string()),
            cursor: None,
            limit: 1,
        };
        let stored = work.teams().members(&row.id, &asked).await?.items;
        let member = stored.into_iter().next().ok_or(ServiceError::NotFound)?;
        work.save().await?;
        Ok((member, new))
    }

    /// What they had through the team alone ends at once.
    pub async fn remove_member(&self, actor: &Actor, team: &str, user: &str) -> Result<(), ServiceError> {
        access::require_admin(actor)?;
        let mut work = self.core.store.begin().await?;
        let row = find(work.as_mut(), team).await?;
        let user = accounts::find_user(work.as_mut(), user)
            .await?
            .ok_or(ServiceError::NotFound)?;
        if !work.teams().remove_member(&row.id, &user.id).await? {
            return Err(ServiceError::NotFound);
        }
        let event = Event::new("team.member_removed").subject(&SubjectRef::user(&user.id));
        self.record(work.as_mut(), actor, event, &row).await?;
        Ok(work.save().await?)
    }

    async fn record(&self, work: &mut dyn Work, actor: &Actor, event: Event, team: &TeamRow) -> Result<(), StoreError> {
        let event = event.detail(&[("team", team.name.as_str())]);
        record(work, self.core.now(), actor, event).await
    }
}

async fn find(work: &mut dyn Work, team: &str) -> Result<TeamRow, ServiceError> {
    work.teams().find(team).await?.ok_or(ServiceError::NotFound)
}

fn taken(error: StoreError) -> ServiceError {
    match error {
        StoreError::Conflict => ServiceError::Conflict("A team has this name already.".to_owned()),
        other => other.into(),
    }
}

fn checked(name: &str, description: &str) -> Result<(TeamName, String), ServiceError> {
    let mut errors = Vec::new();
    let name = TeamName::parse(name)
        .map_err(|error| errors.push(FieldError::new("name", error.to_string())))
        .ok();
    errors.extend(check_description(description).err());
    match (name, errors.is_empty()) {
        (Some(name), true) => Ok((name, description.trim().to_owned())),
        _ => Err(ServiceError::Invalid(errors)),
    }
}

/// Also a virtual account's.
pub(super) fn check_description(text: &str) -> Result<(), FieldError> {
    if text.chars().count() > MAX_DESCRIPTION || !is_plain(text) {
        return Err(FieldError::new(
            "description",
            "A description has at most 500 characters, and no control characters but line breaks and tabs.",
        ));
    }
    Ok(())
}
