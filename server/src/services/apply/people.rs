//! Users and teams of a file.

use std::collections::{BTreeMap, BTreeSet};

use domain::id::TeamId;
use domain::role::PlatformRole;
use domain::secret::Secret;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::Run;
use super::report::{Entry, FieldChange, Verb};
use super::world::{Section, TeamSpec, UserSpec, World};
use crate::password::check_new;
use crate::services::accounts::{Accounts, NewUser, UserChange, find_user};
use crate::services::teams::TeamChange;
use crate::services::{Core, ServiceError};
use crate::store::{PageQuery, UserRow};

pub(super) const MEMBER: &str = "member";
const HIDDEN: &str = "(hidden)";
/// As many as are hashed at once anyway.
const HASHES: usize = 2;

/// The first passwords of those who have none: hashing takes its time, and no transaction is open meanwhile.
pub(super) async fn hashes(
    core: &Core,
    accounts: &Accounts,
    world: &World,
) -> Result<BTreeMap<String, String>, ServiceError> {
    let mut wanted: Vec<(String, Secret)> = Vec::new();
    let mut work = core.store.read().await?;
    for (email, spec) in world.users.iter().flatten() {
        let Some(password) = spec.password.as_ref().filter(|password| check_new(password).is_ok()) else {
            continue;
        };
        let known = work.users().find_by_email(email).await?;
        if known.is_none_or(|row| row.password_hash.is_none()) {
            wanted.push((email.clone(), password.clone()));
        }
    }
    drop(work);
    let hashing = stream::iter(wanted).map(async |(email, password)| {
        let hash = accounts.hash(password).await?;
        Ok::<_, ServiceError>((email, hash))
    });
    hashing.buffer_unordered(HASHES).try_collect().await
}

impl Run<'_> {
    pub(super) async fn user(&mut self, email: &str, spec: &UserSpec) -> Result<Option<Entry>, ServiceError> {
        if let Some(Err(error)) = spec.password.as_ref().map(check_new) {
            return Err(ServiceError::invalid("password", error.to_string()));
        }
        let mut work = self.core.store.read().await?;
        let row = find_user(work.as_mut(), email).await?;
        drop(work);
        match row {
            Some(row) => self.known_user(row, spec).await,
            None => self.new_user(email, spec).await.map(Some),
        }
    }

    async fn new_user(&mut self, email: &str, spec: &UserSpec) -> Result<Entry, ServiceError> {
        let new = NewUser {
            email: email.to_owned(),
            name: spec.name.clone(),
            password: None,
            platform_role: spec.platform_role.unwrap_or(PlatformRole::Member),
        };
        let hash = self.hashes.remove(email);
        let row = self.services.accounts.create_hashed(self.actor, new, hash).await?;
        let after = |field: &str, text: &str| FieldChange::new(field, None, Some(text.to_owned()));
        let mut fields = vec![
            after("name", &row.name),
            after("platform_role", row.platform_role.as_str()),
        ];
        fields.extend(spec.password.as_ref().map(|_| after("password", HIDDEN)));
        if spec.disabled == Some(true) {
            let change = UserChange {
                disabled: Some(true),
                ..UserChange::default()
            };
            self.services
                .accounts
                .change_hashed(self.actor, email, change, None)
                .await?;
            fields.push(after("disabled", "true"));
        }
        self.users.insert(email.to_owned(), row.id);
        Ok(Entry::new(Verb::Add, Section::Users, email, fields))
    }

    async fn known_user(&mut self, row: UserRow, spec: &UserSpec) -> Result<Option<Entry>, ServiceError> {
        self.users.insert(row.email.clone(), row.id.clone());
        let disabled = row.disabled_at.is_some();
        let differs = UserChange {
            name: spec.name.clone().filter(|name| name.trim() != row.name),
            password: None,
            platform_role: spec.platform_role.filter(|role| *role != row.platform_role),
            disabled: spec.disabled.filter(|wanted| *wanted != disabled),
        };
        let first_password = spec.password.is_some() && row.password_hash.is_none();
        let name = differs.name.as_ref().map(|name| name.trim().to_owned());
        let fields = [
            name.and_then(|name| FieldChange::between("name", &row.name, &name)),
            differs
                .platform_role
                .and_then(|role| FieldChange::between("platform_role", &row.platform_role.as_str(), &role.as_str())),
            differs
                .disabled
                .and_then(|wanted| FieldChange::between("disabled", &disabled, &wanted)),
            first_password.then(|| FieldChange::new("password", None, Some(HIDDEN.to_owned()))),
        ];
        let fields: Vec<FieldChange> = fields.into_iter().flatten().collect();
        if fields.is_empty() {
            return Ok(None);
        }
        let hash = self.hashes.remove(&row.email);
        self.services
            .accounts
            .change_hashed(self.actor, &row.email, differs, hash)
            .await?;
        Ok(Some(Entry::new(Verb::Change, Section::Users, &row.email, fields)))
    }

    pub(super) async fn team(&mut self, name: &str, spec: &TeamSpec) -> Result<Option<Entry>, ServiceError> {
        let mut work = self.core.store.read().await?;
        let known = work.teams().find(name).await?;
        drop(work);
        let (verb, id, mut fields) = match known {
            None => {
                let description = spec.description.as_deref().unwrap_or_default();
                let row = self.services.teams.create(self.actor, name, description).await?;
                let described = FieldChange::new("description", None, Some(row.description.clone()));
                (
                    Verb::Add,
                    row.id,
                    Vec::from_iter(spec.description.is_some().then_some(described)),
                )
            }
            Some(row) => {
                let wanted = spec
                    .description
                    .as_deref()
                    .map_or(row.description.clone(), |text| text.trim().to_owned());
                let described = FieldChange::between("description", &row.description, &wanted);
                if described.is_some() {
                    let change = TeamChange {
                        description: Some(wanted),
                        ..TeamChange::default()
                    };
                    self.services.teams.change(self.actor, name, change).await?;
                }
                (Verb::Change, row.id, Vec::from_iter(described))
            }
        };
        if let Some(members) = &spec.members {
            fields.extend(self.members(name, &id, members).await?);
        }
        self.teams.insert(name.to_owned(), id);
        let unchanged = verb == Verb::Change && fields.is_empty();
        Ok((!unchanged).then(|| Entry::new(verb, Section::Teams, name, fields)))
    }

    async fn members(
        &mut self,
        team: &str,
        id: &TeamId,
        wanted: &BTreeSet<String>,
    ) -> Result<Vec<FieldChange>, ServiceError> {
        let (known, mut fields) = (self.members_now(id).await?, Vec::new());
        for email in wanted.difference(&known) {
            match self.services.teams.add_member(self.actor, team, email).await {
                Ok(_) => fields.push(FieldChange::new(MEMBER, None, Some(email.clone()))),
                Err(ServiceError::Invalid(_)) => {
                    let field = format!("members.{email}");
                    self.unknown((Section::Teams, team, &field), (Section::Users, email));
                }
                Err(other) => return Err(other),
            }
        }
        if self.options.prune {
            for email in known.difference(wanted) {
                self.services.teams.remove_member(self.actor, team, email).await?;
                fields.push(FieldChange::new(MEMBER, Some(email.clone()), None));
            }
        }
        Ok(fields)
    }

    async fn members_now(&self, id: &TeamId) -> Result<BTreeSet<String>, ServiceError> {
        let mut work = self.core.store.read().await?;
        let mut query = PageQuery {
            limit: 200,
            ..PageQuery::default()
        };
        let mut known = BTreeSet::new();
        loop {
            let page = work.teams().members(id, &query).await?;
            known.extend(page.items.into_iter().map(|member| member.email));
            let Some(next) = page.next else { return Ok(known) };
            query.cursor = Some(next);
        }
    }

    pub(super) async fn prune_teams(&mut self, named: &BTreeMap<String, TeamSpec>) -> Result<(), ServiceError> {
        let mut query = PageQuery {
            limit: 200,
            ..PageQuery::default()
        };
        let mut gone = Vec::new();
        loop {
            let page = self.services.teams.list(self.actor, &query).await?;
            gone.extend(
                page.items
                    .into_iter()
                    .filter(|team| !named.contains_key(team.name.as_str())),
            );
            let Some(next) = page.next else { break };
            query.cursor = Some(next);
        }
        for team in gone {
            self.services.teams.delete(self.actor, team.name.as_str()).await?;
            let had = |field: &str, count: i64| FieldChange::new(field, Some(count.to_string()), None);
            let fields = vec![had("members", team.members), had("servers", team.servers)];
            let entry = Entry::new(Verb::Remove, Section::Teams, team.name.as_str(), fields);
            self.report.note(Section::Teams, Some(entry));
        }
        Ok(())
    }
}
