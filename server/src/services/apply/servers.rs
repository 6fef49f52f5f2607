//! Servers of a file, and who has access to them.

use std::collections::BTreeMap;

use domain::actor::{SubjectKind, SubjectRef};
use domain::field::FieldError;
use domain::id::{ExternalIdentityId, UserId, VirtualAccountId};
use domain::outbound::OutboundAuth;
use domain::outbound_input::OutboundInput;
use domain::role::ServerRole;
use domain::secret::Secret;

use super::Run;
use super::report::{Entry, FieldChange, Overrides, Verb};
use super::world::{Named, Section, ServerSpec};
use crate::services::catalog::NewServer;
use crate::services::outbound_change::{Expected, ServerChange};
use crate::services::{ServiceError, audit, grants, vault};
use crate::store::{Grantee, PageQuery, ServerRow};

pub(super) const ACCESS: &str = "access ";
const OTHER: &str = " (another one)";

impl Run<'_> {
    pub(super) async fn server(&mut self, name: &str, spec: &ServerSpec) -> Result<Option<Entry>, ServiceError> {
        let mut work = self.core.store.read().await?;
        let known = work.servers().find(name).await?;
        drop(work);
        let (row, mut entry) = match known {
            Some(row) => self.known_server(row, spec).await?,
            None => self.new_server(name, spec).await?,
        };
        if let Some(wanted) = &spec.access {
            entry.fields.extend(self.access(&row, wanted).await?);
        }
        let unchanged = entry.verb == Verb::Change && entry.fields.is_empty();
        Ok((!unchanged).then_some(entry))
    }

    async fn new_server(&mut self, name: &str, spec: &ServerSpec) -> Result<(ServerRow, Entry), ServiceError> {
        let (Some(url), Some(outbound_auth)) = (&spec.url, &spec.outbound_auth) else {
            let needed = [
                ("url", spec.url.is_none()),
                ("outbound_auth", spec.outbound_auth.is_none()),
            ];
            let missing = needed.into_iter().filter(|(_, missing)| *missing);
            let told = missing.map(|(field, _)| FieldError::new(field, "A new server needs this."));
            return Err(ServiceError::Invalid(told.collect()));
        };
        let new = NewServer {
            name: name.to_owned(),
            url: url.clone(),
            description: spec.description.clone().unwrap_or_default(),
            outbound_auth: outbound_auth.clone(),
            allow_optional: spec.allow_overrides.unwrap_or(false),
        };
        let row = self.services.catalog.create(self.actor, new).await?.row;
        let auth = vault::open_server(&self.core.seal, &row)?;
        let mut fields = vec![FieldChange::new("url", None, Some(row.url.to_string()))];
        let described = FieldChange::new("description", None, Some(row.description.clone()));
        fields.extend(spec.description.is_some().then_some(described));
        fields.extend(settings(None, &auth));
        let allowed = spec
            .allow_overrides
            .map(|allow| FieldChange::new("allow_overrides", None, Some(allow.to_string())));
        fields.extend(allowed);
        Ok((row, Entry::new(Verb::Add, Section::Servers, name, fields)))
    }

    async fn known_server(&mut self, row: ServerRow, spec: &ServerSpec) -> Result<(ServerRow, Entry), ServiceError> {
        let change = ServerChange {
            name: None,
            url: spec.url.clone(),
            description: spec.description.clone(),
            outbound_auth: spec.outbound_auth.clone(),
            allow_optional: spec.allow_overrides,
        };
        let name = row.name.as_str();
        let mut entry = Entry::new(Verb::Change, Section::Servers, name, Vec::new());
        let preview = self.services.catalog.preview(self.actor, name, &change).await?;
        if preview.unchanged {
            return Ok((row, entry));
        }
        let expected = Expected::Previewed(preview.revision);
        let (after, _) = self
            .services
            .catalog
            .change(self.actor, name, &change, expected)
            .await?;
        let after = after.row;
        let [old, new] = [&row, &after].map(|row| vault::open_server(&self.core.seal, row));
        let plain = [
            FieldChange::between("url", &row.url, &after.url),
            FieldChange::between("description", &row.description, &after.description),
        ];
        entry.fields.extend(plain.into_iter().flatten());
        entry.fields.extend(settings(Some(&old?), &new?));
        let allowed = FieldChange::between("allow_overrides", &row.allow_optional, &after.allow_optional);
        entry.fields.extend(allowed);
        entry.overrides = Some(Overrides {
            revision: preview.revision,
            effect: preview.effect,
            affected: preview.affected,
        });
        Ok((after, entry))
    }

    async fn access(
        &mut self,
        server: &ServerRow,
        wanted: &BTreeMap<Named, ServerRole>,
    ) -> Result<Vec<FieldChange>, ServiceError> {
        let mut work = self.core.store.read().await?;
        let stored = work.grants().list(&server.id).await?;
        drop(work);
        let mut left: BTreeMap<Grantee, _> = stored
            .into_iter()
            .map(|grant| (grant.grantee, (grant.role, grant.grantee_name)))
            .collect();
        let (mut changes, mut fields) = (Vec::new(), Vec::new());
        for (named, role) in wanted {
            let Some(grantee) = self.grantee(server, named).await? else {
                continue;
            };
            let before = left.remove(&grantee).map(|(role, _)| role);
            if before != Some(*role) {
                let field = format!("{ACCESS}{named}");
                let before = before.map(|role| role.as_str().to_owned());
                fields.push(FieldChange::new(field, before, Some(role.as_str().to_owned())));
                changes.push((grantee, named.to_string(), Some(*role)));
            }
        }
        if self.options.prune {
            for (grantee, (role, name)) in left {
                let named = self.described(&grantee, name).await?;
                let field = format!("{ACCESS}{named}");
                fields.push(FieldChange::new(field, Some(role.as_str().to_owned()), None));
                changes.push((grantee, named, None));
            }
        }
        self.write_access(server, changes).await?;
        Ok(fields)
    }

    async fn write_access(
        &mut self,
        server: &ServerRow,
        changes: Vec<(Grantee, String, Option<ServerRole>)>,
    ) -> Result<(), ServiceError> {
        if changes.is_empty() {
            return Ok(());
        }
        let mut work = self.core.store.begin().await?;
        work.servers()
            .lock(server.name.as_str())
            .await?
            .ok_or(ServiceError::NotFound)?;
        for (grantee, named, role) in changes {
            // As the trail names grantees everywhere: by id.
            let by_id = match &grantee {
                Grantee::Subject(subject) => subject.to_string(),
                Grantee::Team(_) => named,
                Grantee::Everyone => "everyone/all".to_owned(),
            };
            match role {
                Some(role) => {
                    let grantee = (grantee, by_id.as_str());
                    grants::give(work.as_mut(), &self.core, self.actor, server, grantee, role).await?;
                }
                None => {
                    grants::take(work.as_mut(), &self.core, self.actor, server, (&grantee, &by_id)).await?;
                }
            }
        }
        Ok(work.save().await?)
    }

    /// Whom a name of the file means; `None`, and a problem, when there is nobody.
    async fn grantee(&mut self, server: &ServerRow, named: &Named) -> Result<Option<Grantee>, ServiceError> {
        let (found, wanted) = match named {
            Named::Everyone => return Ok(Some(Grantee::Everyone)),
            Named::Team(name) => (self.team_named(name).await?, (Section::Teams, name)),
            Named::User(email) => {
                let id = self.user_named(email).await?;
                let found = id.map(|id| Grantee::Subject(SubjectRef::user(&id)));
                (found, (Section::Users, email))
            }
            Named::VirtualAccount(name) => {
                let id = self.account_named(name).await?;
                let found = id.map(|id| Grantee::Subject(SubjectRef::virtual_account(&id)));
                (found, (Section::VirtualAccounts, name))
            }
            Named::ExternalIdentity(name) => {
                let id = self.identity_named(name).await?;
                let found = id.map(|id| Grantee::Subject(SubjectRef::external_identity(&id)));
                (found, (Section::ExternalIdentities, name))
            }
        };
        if found.is_none() {
            let field = format!("access.{named}");
            let at = (Section::Servers, server.name.as_str(), field.as_str());
            self.unknown(at, (wanted.0, wanted.1.as_str()));
        }
        Ok(found)
    }

    /// A stored grantee as the file would name it; a team by what lists call it.
    async fn described(&self, grantee: &Grantee, name: String) -> Result<String, ServiceError> {
        let subject = match grantee {
            Grantee::Everyone => return Ok(Named::Everyone.to_string()),
            Grantee::Team(_) => return Ok(Named::Team(name).to_string()),
            Grantee::Subject(subject) => subject,
        };
        let mut work = self.core.store.read().await?;
        let known = audit::named(work.as_mut(), subject).await?;
        Ok(match (subject.kind, known) {
            (SubjectKind::User, Some(known)) => Named::User(known.handle).to_string(),
            _ => subject.to_string(),
        })
    }

    async fn team_named(&mut self, name: &str) -> Result<Option<Grantee>, ServiceError> {
        if let Some(id) = self.teams.get(name) {
            return Ok(Some(Grantee::Team(id.clone())));
        }
        let found = self.core.store.read().await?.teams().find(name).await?;
        let Some(team) = found else { return Ok(None) };
        self.teams.insert(name.to_owned(), team.id.clone());
        Ok(Some(Grantee::Team(team.id)))
    }

    async fn user_named(&mut self, email: &str) -> Result<Option<UserId>, ServiceError> {
        if let Some(id) = self.users.get(email) {
            return Ok(Some(id.clone()));
        }
        let found = self.core.store.read().await?.users().find_by_email(email).await?;
        let Some(user) = found else { return Ok(None) };
        self.users.insert(email.to_owned(), user.id.clone());
        Ok(Some(user.id))
    }

    async fn account_named(&mut self, name: &str) -> Result<Option<VirtualAccountId>, ServiceError> {
        let id = VirtualAccountId::new(name);
        let failed = self.failed.contains(&(Section::VirtualAccounts, name.to_owned()));
        if self.accounts.contains(&id) && !failed {
            return Ok(Some(id));
        }
        let found = self.core.store.read().await?.virtual_accounts().find(&id).await?;
        Ok(found.map(|row| row.id))
    }

    /// One of the file, or one that is there, by its id.
    async fn identity_named(&mut self, name: &str) -> Result<Option<ExternalIdentityId>, ServiceError> {
        if let Some(id) = self.identities.get(name) {
            return Ok(Some(id.clone()));
        }
        let id = ExternalIdentityId::new(name);
        let found = self.core.store.read().await?.external_identities().find(&id).await?;
        Ok(found.map(|row| row.id))
    }

    pub(super) async fn prune_servers(&mut self, named: &BTreeMap<String, ServerSpec>) -> Result<(), ServiceError> {
        let mut query = PageQuery {
            limit: 200,
            ..PageQuery::default()
        };
        let mut gone = Vec::new();
        loop {
            let (page, next) = self.services.catalog.list(self.actor, &query).await?;
            let rows = page.into_iter().map(|seen| seen.row);
            gone.extend(rows.filter(|row| !named.contains_key(row.name.as_str())));
            let Some(next) = next else { break };
            query.cursor = Some(next);
        }
        for row in gone {
            let overrides = self.core.store.read().await?.overrides().of_server(&row.id).await?;
            self.services.catalog.delete(self.actor, row.name.as_str()).await?;
            let fields = vec![
                FieldChange::new("url", Some(row.url.to_string()), None),
                FieldChange::new("overrides", Some(overrides.len().to_string()), None),
            ];
            let entry = Entry::new(Verb::Remove, Section::Servers, row.name.as_str(), fields);
            self.report.note(Section::Servers, Some(entry));
        }
        Ok(())
    }
}

/// The settings of outbound auth that differ, secrets masked.
fn settings(before: Option<&OutboundAuth>, after: &OutboundAuth) -> Vec<FieldChange> {
    let old = before.map(shown).unwrap_or_default();
    let new = shown(after);
    let names: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let changed = names.into_iter().filter(|name| old.get(*name) != new.get(*name));
    let text = |one: Option<&Shown>| one.map(|one| one.text.clone());
    changed
        .map(|name| {
            let (old, new) = (text(old.get(name)), text(new.get(name)));
            let new = new.map(|new| if old.as_ref() == Some(&new) { new + OTHER } else { new });
            FieldChange::new(format!("outbound_auth.{name}"), old, new)
        })
        .collect()
}

/// A setting as it may be shown, and the secret behind it: masks may look alike.
#[derive(PartialEq)]
struct Shown {
    text: String,
    secret: Option<Secret>,
}

fn shown(auth: &OutboundAuth) -> BTreeMap<String, Shown> {
    let OutboundInput {
        mode,
        headers,
        discover,
        authorization_url,
        token_url,
        registration_url,
        client_id,
        client_secret,
        scopes,
    } = OutboundInput::masked(auth);
    let single = [
        ("mode", Some(mode)),
        ("discover", discover.map(|on| on.to_string())),
        ("authorization_url", authorization_url),
        ("token_url", token_url),
        ("registration_url", registration_url),
        ("client_id", client_id),
        ("client_secret", client_secret),
        ("scopes", scopes.map(|scopes| scopes.join(" "))),
    ];
    let single = single
        .into_iter()
        .filter_map(|(name, text)| Some((name.to_owned(), text?)));
    let whole = |text: Option<String>| text.unwrap_or_else(|| "(the whole value)".to_owned());
    let headers = headers
        .into_iter()
        .flatten()
        .map(|(name, text)| (format!("headers.{name}"), whole(text)));
    single
        .chain(headers)
        .map(|(name, text)| {
            let secret = secret_of(auth, &name);
            (name, Shown { text, secret })
        })
        .collect()
}

fn secret_of(auth: &OutboundAuth, setting: &str) -> Option<Secret> {
    match auth {
        OutboundAuth::ApiKeyShared(headers) => {
            let wanted = setting.strip_prefix("headers.")?;
            let found = headers.iter().find(|(name, _)| name.as_str() == wanted)?;
            Some(found.1.clone())
        }
        OutboundAuth::AuthorizationCode(settings) | OutboundAuth::ClientCredentials(settings) => {
            settings.client_secret.clone().filter(|_| setting == "client_secret")
        }
        OutboundAuth::NoAuth | OutboundAuth::TokenPassthrough | OutboundAuth::ApiKeyIndividual(_) => None,
    }
}
