//! Makes an installation what a file says (B08), as one transaction: all of it, or nothing.
//!
//! Each part goes through the use case that REST and the pages use, so its rules, its audit entries and what a change does to
//! overrides are theirs. A dry run does the same and does not save, so that what it shows is what would happen.

mod accounts;
mod people;
mod report;
mod servers;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use domain::actor::Actor;
use domain::id::{ExternalIdentityId, TeamId, UserId, VirtualAccountId};

use super::accounts::Accounts;
use super::catalog::Catalog;
use super::identities::Identities;
use super::one_work::OneWork;
use super::teams::Teams;
use super::virtual_accounts::VirtualAccounts;
use super::{Core, ServiceError, Services, access};
use crate::store::StoreError;

pub use report::{Entry, FieldChange, Overrides, Report, Verb};
pub use world::{AccountSpec, IdentitySpec, Named, Problem, Section, ServerSpec, TeamSpec, UserSpec, World};

#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Look, and change nothing.
    pub dry_run: bool,
    /// Remove servers, teams, virtual accounts, members and access that the file's sections do not name.
    pub prune: bool,
    /// The id of the report whose losses are meant.
    pub confirmed: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// Nothing was changed.
    #[error("the file asks for what cannot be")]
    Problems(Vec<Problem>),
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<StoreError> for ApplyError {
    fn from(error: StoreError) -> Self {
        Self::Service(error.into())
    }
}

/// Applies `world`. A report that loses something, and that nobody confirmed, comes back not applied.
pub async fn apply(
    core: &Core,
    services: &Services,
    actor: &Actor,
    world: &World,
    options: &Options,
) -> Result<Report, ApplyError> {
    access::require_admin(actor)?;
    let hashes = if options.dry_run {
        BTreeMap::new()
    } else {
        people::hashes(core, &services.accounts, world).await?
    };
    let whole = OneWork::begin(&core.store).await?;
    let core = Core {
        store: whole.clone(),
        ..core.clone()
    };
    let mut run = Run::new(Parts::new(services, &core), core, actor, options, hashes);
    run.all(world).await?;
    let (mut report, problems) = run.end();
    if !problems.is_empty() {
        return Err(ApplyError::Problems(problems));
    }
    let confirmed = !report.loses() || options.confirmed.as_ref() == Some(&report.id());
    if !options.dry_run && confirmed {
        whole.save().await?;
        report.applied = true;
    }
    Ok(report)
}

/// What is known on the way.
struct Run<'a> {
    services: Parts,
    core: Core,
    actor: &'a Actor,
    options: &'a Options,
    /// First passwords, hashed before the transaction began.
    hashes: BTreeMap<String, String>,
    users: BTreeMap<String, UserId>,
    teams: BTreeMap<String, TeamId>,
    accounts: BTreeSet<VirtualAccountId>,
    identities: BTreeMap<String, ExternalIdentityId>,
    /// What the file names and could not be made: what refers to it is not a problem of its own.
    failed: BTreeSet<(Section, String)>,
    problems: Vec<Problem>,
    report: Report,
}

impl<'a> Run<'a> {
    fn new(
        services: Parts,
        core: Core,
        actor: &'a Actor,
        options: &'a Options,
        hashes: BTreeMap<String, String>,
    ) -> Self {
        Self {
            services,
            core,
            actor,
            options,
            hashes,
            users: BTreeMap::new(),
            teams: BTreeMap::new(),
            accounts: BTreeSet::new(),
            identities: BTreeMap::new(),
            failed: BTreeSet::new(),
            problems: Vec::new(),
            report: Report::default(),
        }
    }

    /// With the run go its use cases, and with them all who could use the work besides.
    fn end(self) -> (Report, Vec<Problem>) {
        (self.report, self.problems)
    }

    /// In the order in which one needs the other.
    async fn all(&mut self, world: &World) -> Result<(), ServiceError> {
        for (email, spec) in world.users.iter().flatten() {
            let done = self.user(email, spec).await;
            self.note(Section::Users, email, done)?;
        }
        for (name, spec) in world.teams.iter().flatten() {
            let done = self.team(name, spec).await;
            self.note(Section::Teams, name, done)?;
        }
        for (name, spec) in world.external_identities.iter().flatten() {
            let done = self.identity(name, spec).await;
            self.note(Section::ExternalIdentities, name, done)?;
        }
        for (name, spec) in world.virtual_accounts.iter().flatten() {
            let done = self.account(name, spec).await;
            self.note(Section::VirtualAccounts, name, done)?;
        }
        for (name, spec) in world.servers.iter().flatten() {
            let done = self.server(name, spec).await;
            self.note(Section::Servers, name, done)?;
        }
        // What could not be made must not look as if the file did not name it.
        if self.options.prune && self.problems.is_empty() {
            self.prune(world).await?;
        }
        Ok(())
    }

    async fn prune(&mut self, world: &World) -> Result<(), ServiceError> {
        if let Some(named) = &world.servers {
            self.prune_servers(named).await?;
        }
        if let Some(named) = &world.virtual_accounts {
            self.prune_accounts(named).await?;
        }
        if let Some(named) = &world.teams {
            self.prune_teams(named).await?;
        }
        Ok(())
    }

    /// What is wrong with one thing is collected; what is wrong with the installation ends the run.
    fn note(
        &mut self,
        section: Section,
        name: &str,
        done: Result<Option<Entry>, ServiceError>,
    ) -> Result<(), ServiceError> {
        match done {
            Ok(entry) => self.report.note(section, entry),
            Err(ServiceError::Invalid(errors)) => {
                self.failed.insert((section, name.to_owned()));
                for error in errors {
                    self.problem(section, name, &error.field, error.message);
                }
            }
            Err(ServiceError::Conflict(message)) => {
                self.failed.insert((section, name.to_owned()));
                self.problem(section, name, "", message);
            }
            Err(other) => return Err(other),
        }
        Ok(())
    }

    fn problem(&mut self, section: Section, name: &str, field: &str, message: impl Into<String>) {
        self.problems.push(Problem {
            section: Some(section),
            name: name.to_owned(),
            field: field.to_owned(),
            message: message.into(),
        });
    }

    /// A reference to something that is not there: a problem, unless the file names it and it has its own.
    fn unknown(&mut self, (section, name, field): (Section, &str, &str), wanted: (Section, &str)) {
        if !self.failed.contains(&(wanted.0, wanted.1.to_owned())) {
            let text = format!("There is no {} {}, here or in the file.", wanted.0.one(), wanted.1);
            self.problem(section, name, field, text);
        }
    }
}

/// The use cases that a file needs, all on the one work.
struct Parts {
    accounts: Accounts,
    catalog: Catalog,
    identities: Identities,
    teams: Teams,
    virtual_accounts: VirtualAccounts,
}

impl Parts {
    fn new(services: &Services, core: &Core) -> Self {
        Self {
            accounts: services.accounts.within(core),
            catalog: Catalog::new(core.clone()),
            identities: services.identities.within(core),
            teams: Teams::new(core.clone()),
            virtual_accounts: VirtualAccounts::new(core.clone()),
        }
    }
}
