//! Servers: who sees which, and what its managers set. Who has access is in `grants.rs`.

use domain::actor::{Actor, SubjectRef};
use domain::field::FieldError;
use domain::id::ServerId;
use domain::outbound_input::OutboundInput;
use domain::role::{ServerAction, ServerRole};
use domain::server::{ServerName, ServerUrl};
use url::Url;

use super::audit::{Event, record};
use super::{Core, ServiceError, access, accounts, vault};
use crate::store::{Grant, Grantee, PageQuery, ServerRow, StoreError};

const MAX_DESCRIPTION: usize = 1_000;

#[derive(Debug)]
pub struct NewServer {
    pub name: String,
    pub url: String,
    pub description: String,
    pub outbound_auth: OutboundInput,
    /// B01.
    pub allow_optional: bool,
}

/// A server and the actor's role on it.
#[derive(Debug, Clone)]
pub struct SeenServer {
    pub row: ServerRow,
    pub role: ServerRole,
}

#[derive(Clone)]
pub struct Catalog {
    core: Core,
}

impl Catalog {
    pub fn new(core: Core) -> Self {
        Self { core }
    }

    pub(super) const fn core(&self) -> &Core {
        &self.core
    }

    /// The servers this actor may see, by name, and the cursor of the next page.
    pub async fn list(
        &self,
        actor: &Actor,
        query: &PageQuery,
    ) -> Result<(Vec<SeenServer>, Option<String>), ServiceError> {
        let mut work = self.core.store.read().await?;
        let admin = access::require_admin(actor).is_ok();
        let page = work
            .servers()
            .list(query, if admin { None } else { Some(&actor.subject) })
            .await?;
        let roles = if admin {
            Vec::new()
        } else {
            work.grants().roles_everywhere(&actor.subject).await?
        };
        let role_on = |id: &ServerId| match admin {
            true => Some(ServerRole::Manager),
            false => roles.iter().find(|(server, _)| server == id).map(|(_, role)| *role),
        };
        let seen = page
            .items
            .into_iter()
            .filter_map(|row| role_on(&row.id).map(|role| SeenServer { row, role }))
            .collect();
        Ok((seen, page.next))
    }

    pub async fn get(&self, actor: &Actor, name: &str) -> Result<SeenServer, ServiceError> {
        let mut work = self.core.store.read().await?;
        let (row, role) = access::permitted(work.as_mut(), actor, name, ServerAction::See).await?;
        Ok(SeenServer { row, role })
    }

    /// Admins register servers; the creator becomes the server's manager.
    pub async fn create(&self, actor: &Actor, new: NewServer) -> Result<SeenServer, ServiceError> {
        access::require_admin(actor)?;
        let mut row = self.new_row(&new)?;
        let mut work = self.core.store.begin().await?;
        // The command line is nobody: what it makes has no manager before somebody is named.
        row.created_by = accounts::stored(work.as_mut(), actor.user_id()).await?;
        work.servers().insert(&row).await.map_err(|error| match error {
            StoreError::Conflict => ServiceError::Conflict("A server has this name already.".to_owned()),
            other => other.into(),
        })?;
        if let Some(creator) = &row.created_by {
            let grant = Grant {
                server: row.id.clone(),
                grantee: Grantee::Subject(SubjectRef::user(creator)),
                role: ServerRole::Manager,
                grantee_name: String::new(),
                granted_at: row.created_at,
            };
            work.grants().put(&grant).await?;
        }
        record(
            work.as_mut(),
            row.created_at,
            actor,
            Event::new("server.created").server(&row.name),
        )
        .await?;
        work.save().await?;
        Ok(SeenServer {
            row,
            role: ServerRole::Manager,
        })
    }

    /// Its overrides and grants go with it (D09).
    pub async fn delete(&self, actor: &Actor, name: &str) -> Result<(), ServiceError> {
        let mut work = self.core.store.begin().await?;
        let (row, _) = access::locked(work.as_mut(), actor, name, ServerAction::Manage).await?;
        work.servers().delete(&row.id).await?;
        record(
            work.as_mut(),
            self.core.now(),
            actor,
            Event::new("server.deleted").server(&row.name),
        )
        .await?;
        Ok(work.save().await?)
    }

    /// Where MCP clients connect.
    pub fn gateway_url(&self, server: &ServerName) -> Url {
        let mut url = self.core.public_url.clone();
        url.set_path(&format!("/mcp/{server}"));
        url
    }

    fn new_row(&self, new: &NewServer) -> Result<ServerRow, ServiceError> {
        let mut errors = Vec::new();
        let name = ServerName::parse(&new.name)
            .map_err(|error| errors.push(FieldError::new("name", error.to_string())))
            .ok();
        let url = ServerUrl::parse(&new.url)
            .map_err(|error| errors.push(FieldError::new("url", error.to_string())))
            .ok();
        errors.extend(check_description(&new.description).err());
        let auth = new.outbound_auth.parse(None).map_err(|found| errors.extend(found)).ok();
        let (Some(name), Some(url), Some(auth), true) = (name, url, auth, errors.is_empty()) else {
            return Err(ServiceError::Invalid(errors));
        };
        let (id, now) = (ServerId::new(uuid::Uuid::now_v7().to_string()), self.core.now());
        let (outbound, secrets) = vault::close_server(&self.core.seal, &id, &url.origin(), &auth)?;
        Ok(ServerRow {
            id,
            name,
            url,
            description: new.description.trim().to_owned(),
            mode: auth.mode(),
            outbound,
            secrets,
            allow_optional: new.allow_optional,
            revision: 1,
            created_by: None,
            created_at: now,
            updated_at: now,
        })
    }
}

pub fn check_description(text: &str) -> Result<(), FieldError> {
    if text.chars().count() > MAX_DESCRIPTION || !is_plain(text) {
        return Err(FieldError::new(
            "description",
            "A description has at most 1,000 characters, and no control characters but line breaks and tabs.",
        ));
    }
    Ok(())
}

/// Nothing that a terminal obeys or PostgreSQL's text cannot hold (NUL); lines and tabs are fine.
pub fn is_plain(text: &str) -> bool {
    text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'))
}
