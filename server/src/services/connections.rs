//! My connections: my credential on every server I may use, and what is missing.

use domain::actor::Actor;
use domain::injection::{Choice, ServerFacts, decide};
use domain::outbound_input::OutboundInput;
use domain::overrides::{Kind, OverrideFacts, State};
use domain::role::ServerRole;

use super::catalog::{Catalog, SeenServer};
use super::{Core, ServiceError};
use crate::store::{OverrideRow, PageQuery};

/// One server, seen by one caller.
#[derive(Debug, Clone)]
pub struct Connection {
    pub server: SeenServer,
    /// What a call would carry now.
    pub choice: Choice,
    /// The own override that counts: the one a call carries, else the manual one, else the oauth token.
    pub own: Option<(OverrideRow, State)>,
    /// All own ones, the manual one first (D02: there are two at most).
    pub all: Vec<(OverrideRow, State)>,
}

impl Connection {
    /// My override of this kind, whether a call carries it or not.
    pub fn of_kind(&self, kind: Kind) -> Option<&(OverrideRow, State)> {
        self.all.iter().find(|(row, _)| row.kind == kind)
    }

    /// Whether somebody else (a manager) typed in the own override.
    pub fn set_by_another(&self) -> bool {
        self.own
            .as_ref()
            .is_some_and(|(row, _)| row.kind == Kind::Manual && row.updated_by != row.subject)
    }

    pub fn is_manager(&self) -> bool {
        self.server.role == ServerRole::Manager
    }
}

#[derive(Clone)]
pub struct Connections {
    core: Core,
    catalog: Catalog,
}

impl Connections {
    pub fn new(core: Core) -> Self {
        Self {
            catalog: Catalog::new(core.clone()),
            core,
        }
    }

    /// By server name; the cursor of the next page beside them.
    pub async fn list(
        &self,
        actor: &Actor,
        query: &PageQuery,
    ) -> Result<(Vec<Connection>, Option<String>), ServiceError> {
        let (servers, next) = self.catalog.list(actor, query).await?;
        let own = self
            .core
            .store
            .read()
            .await?
            .overrides()
            .everywhere(&actor.subject)
            .await?;
        let connections: Result<Vec<_>, _> = servers
            .into_iter()
            .map(|server| self.connection(server, &own))
            .collect();
        Ok((connections?, next))
    }

    pub async fn get(&self, actor: &Actor, name: &str) -> Result<Connection, ServiceError> {
        let server = self.catalog.get(actor, name).await?;
        let own = self
            .core
            .store
            .read()
            .await?
            .overrides()
            .of_subject(&server.row.id, &actor.subject)
            .await?;
        self.connection(server, &own)
    }

    fn connection(&self, server: SeenServer, all: &[OverrideRow]) -> Result<Connection, ServiceError> {
        let row = &server.row;
        // Which fields a server asks for stands in what may be shown of it: no secret is opened here.
        let input: OutboundInput =
            serde_json::from_str(&row.outbound).map_err(|error| ServiceError::Internal(error.into()))?;
        let fields = input.shown_fields();
        let mut own: Vec<&OverrideRow> = all.iter().filter(|one| one.server == row.id).collect();
        own.sort_by_key(|one| one.kind);
        let facts: Vec<OverrideFacts> = own.iter().map(|one| one.facts()).collect();
        let asked = ServerFacts {
            mode: row.mode,
            allow_optional: row.allow_optional,
            asked: &fields,
        };
        let now = self.core.now();
        let choice = decide(asked, &facts, now);
        let all: Vec<(OverrideRow, State)> = own
            .into_iter()
            .map(|one| (one.clone(), one.facts().state(&fields, true, now)))
            .collect();
        let carried = all
            .iter()
            .find(|(row, _)| matches!(&choice, Choice::Own(id, _) if *id == row.id));
        let own = carried.or(all.first()).cloned();
        Ok(Connection {
            server,
            choice,
            own,
            all,
        })
    }
}
