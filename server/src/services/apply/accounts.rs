//! Virtual accounts and external identities of a file.

use std::collections::BTreeMap;

use domain::actor::SubjectRef;
use domain::id::VirtualAccountId;

use super::Run;
use super::report::{Entry, FieldChange, Verb};
use super::world::{AccountSpec, IdentitySpec, Section};
use crate::services::ServiceError;
use crate::services::identities::NewIdentity;
use crate::services::virtual_accounts::{AccountChange, NewAccount};
use crate::store::{PageQuery, VirtualAccountRow};

const NOBODY: &str = "nobody";

impl Run<'_> {
    /// The account alone: a token is a secret that a file cannot keep.
    pub(super) async fn account(&mut self, name: &str, spec: &AccountSpec) -> Result<Option<Entry>, ServiceError> {
        let id = VirtualAccountId::new(name);
        let mut work = self.core.store.read().await?;
        let known = work.virtual_accounts().find(&id).await?;
        drop(work);
        let done = match known {
            Some(row) => self.known_account(row, spec).await,
            None => self.new_account(name, spec).await.map(Some),
        };
        self.accounts.insert(id);
        match done {
            // Named by somebody who is not there.
            Err(ServiceError::Invalid(errors)) if errors.iter().all(|error| error.field == "owner") => {
                let owner = spec.owner.iter().flatten().next().map_or(NOBODY, String::as_str);
                self.unknown((Section::VirtualAccounts, name, "owner"), (Section::Users, owner));
                Ok(None)
            }
            other => other,
        }
    }

    async fn new_account(&mut self, name: &str, spec: &AccountSpec) -> Result<Entry, ServiceError> {
        let new = NewAccount {
            name: name.to_owned(),
            description: spec.description.clone().unwrap_or_default(),
            owner: spec.owner.clone().flatten(),
        };
        self.services.virtual_accounts.create_bare(self.actor, new).await?;
        let fields = [
            ("description", spec.description.clone()),
            ("owner", spec.owner.clone().flatten()),
        ];
        let fields = fields
            .into_iter()
            .filter_map(|(field, after)| Some(FieldChange::new(field, None, Some(after?))));
        Ok(Entry::new(Verb::Add, Section::VirtualAccounts, name, fields.collect()))
    }

    async fn known_account(
        &mut self,
        row: VirtualAccountRow,
        spec: &AccountSpec,
    ) -> Result<Option<Entry>, ServiceError> {
        let owner = row.owner_named.map_or(NOBODY.to_owned(), |(_, email)| email);
        let wanted = spec
            .owner
            .clone()
            .map(|owner| owner.unwrap_or_else(|| NOBODY.to_owned()));
        let description = spec.description.as_ref().map(|text| text.trim().to_owned());
        let fields = [
            description.and_then(|wanted| FieldChange::between("description", &row.description, &wanted)),
            wanted.and_then(|wanted| FieldChange::between("owner", &owner, &wanted)),
        ];
        let fields: Vec<FieldChange> = fields.into_iter().flatten().collect();
        if fields.is_empty() {
            return Ok(None);
        }
        let change = AccountChange {
            description: spec.description.clone(),
            owner: spec.owner.clone(),
        };
        self.services
            .virtual_accounts
            .change(self.actor, &row.id, change)
            .await?;
        let entry = Entry::new(Verb::Change, Section::VirtualAccounts, row.id.as_str(), fields);
        Ok(Some(entry))
    }

    pub(super) async fn identity(&mut self, name: &str, spec: &IdentitySpec) -> Result<Option<Entry>, ServiceError> {
        let mut work = self.core.store.read().await?;
        let known = work
            .external_identities()
            .find_by_subject(&spec.issuer, &spec.subject)
            .await?;
        drop(work);
        if let Some(row) = known {
            self.identities.insert(name.to_owned(), row.id);
            return Ok(None);
        }
        let new = NewIdentity {
            issuer: spec.issuer.clone(),
            subject: spec.subject.clone(),
            name: Some(name.to_owned()),
        };
        let row = self.services.identities.create(self.actor, new).await?;
        self.identities.insert(name.to_owned(), row.id);
        let fields = [("issuer", row.issuer), ("subject", row.subject)];
        let fields = fields.map(|(field, after)| FieldChange::new(field, None, Some(after)));
        Ok(Some(Entry::new(
            Verb::Add,
            Section::ExternalIdentities,
            name,
            fields.into(),
        )))
    }

    pub(super) async fn prune_accounts(&mut self, named: &BTreeMap<String, AccountSpec>) -> Result<(), ServiceError> {
        let mut query = PageQuery {
            limit: 200,
            ..PageQuery::default()
        };
        let mut gone = Vec::new();
        loop {
            let page = self.services.virtual_accounts.list(self.actor, &query).await?;
            gone.extend(
                page.items
                    .into_iter()
                    .map(|row| row.id)
                    .filter(|id| !named.contains_key(id.as_str())),
            );
            let Some(next) = page.next else { break };
            query.cursor = Some(next);
        }
        for id in gone {
            let mut work = self.core.store.read().await?;
            let overrides = work.overrides().everywhere(&SubjectRef::virtual_account(&id)).await?;
            drop(work);
            self.services.virtual_accounts.delete(self.actor, &id).await?;
            let fields = vec![FieldChange::new("overrides", Some(overrides.len().to_string()), None)];
            let entry = Entry::new(Verb::Remove, Section::VirtualAccounts, id.as_str(), fields);
            self.report.note(Section::VirtualAccounts, Some(entry));
        }
        Ok(())
    }
}
