//! Servers: who sees which, and what its managers set.

use domain::actor::Actor;
use domain::field::FieldError;
use domain::id::{ServerId, VirtualAccountId};
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
        let row = self.new_row(actor, &new)?;
        let mut work = self.core.store.begin().await?;
        work.servers().insert(&row).await.map_err(|error| match error {
            StoreError::Conflict => ServiceError::Conflict("A server has this name already.".to_owned()),
            other => other.into(),
        })?;
        let grantee = Grantee::Subject(actor.subject.clone());
        let grant = Grant {
            server: row.id.clone(),
            grantee,
            role: ServerRole::Manager,
            grantee_name: String::new(),
            granted_at: row.created_at,
        };
        work.grants().put(&grant).await?;
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

    pub async fn grants(&self, actor: &Actor, name: &str) -> Result<Vec<Grant>, ServiceError> {
        let mut work = self.core.store.read().await?;
        let (row, _) = access::permitted(work.as_mut(), actor, name, ServerAction::Manage).await?;
        Ok(work.grants().list(&row.id).await?)
    }

    /// A user is named by id or e-mail address. The grant as it is now, and true when it is new.
    pub async fn grant(
        &self,
        actor: &Actor,
        name: &str,
        grantee: Grantee,
        role: ServerRole,
    ) -> Result<(Grant, bool), ServiceError> {
        let mut work = self.core.store.begin().await?;
        let (row, _) = access::locked(work.as_mut(), actor, name, ServerAction::Manage).await?;
        let grantee = known_grantee(work.as_mut(), grantee)
            .await?
            .ok_or_else(|| ServiceError::invalid("grantee", "There is no such grantee."))?;
        let now = self.core.now();
        let described = describe(&grantee);
        let grant = Grant {
            server: row.id,
            grantee,
            role,
            grantee_name: String::new(),
            granted_at: now,
        };
        let new = work.grants().put(&grant).await?;
        let event = Event::new("access.granted")
            .server(&row.name)
            .detail(&[("grantee", &described), ("role", role.as_str())]);
        record(work.as_mut(), now, actor, event).await?;
        let stored = work.grants().list(&grant.server).await?;
        let named = stored.into_iter().find(|one| one.grantee == grant.grantee);
        work.save().await?;
        Ok((named.unwrap_or(grant), new))
    }

    /// D09: overrides stay, unused, and work again when access returns.
    pub async fn revoke(&self, actor: &Actor, name: &str, grantee: Grantee) -> Result<(), ServiceError> {
        let mut work = self.core.store.begin().await?;
        let (row, _) = access::locked(work.as_mut(), actor, name, ServerAction::Manage).await?;
        let grantee = known_grantee(work.as_mut(), grantee)
            .await?
            .ok_or(ServiceError::NotFound)?;
        if !work.grants().remove(&row.id, &grantee).await? {
            return Err(ServiceError::NotFound);
        }
        let event = Event::new("access.revoked")
            .server(&row.name)
            .detail(&[("grantee", &describe(&grantee))]);
        record(work.as_mut(), self.core.now(), actor, event).await?;
        Ok(work.save().await?)
    }

    /// Where MCP clients connect.
    pub fn gateway_url(&self, server: &ServerName) -> Url {
        let mut url = self.core.public_url.clone();
        url.set_path(&format!("/mcp/{server}"));
        url
    }

    fn new_row(&self, actor: &Actor, new: &NewServer) -> Result<ServerRow, ServiceError> {
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
            created_by: actor.user_id(),
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

/// The grantee with a user named by e-mail address turned into their id; `None` when there is no such one.
async fn known_grantee(work: &mut dyn crate::store::Work, grantee: Grantee) -> Result<Option<Grantee>, ServiceError> {
    use domain::actor::{SubjectKind, SubjectRef};
    Ok(match grantee {
        Grantee::Everyone => Some(Grantee::Everyone),
        Grantee::Team(_) => None,
        Grantee::Subject(subject) => match subject.kind {
            SubjectKind::User => accounts::find_user(work, &subject.id)
                .await?
                .map(|user| Grantee::Subject(SubjectRef::user(&user.id))),
            SubjectKind::VirtualAccount => {
                let id = VirtualAccountId::new(subject.id.clone());
                work.virtual_accounts()
                    .find(&id)
                    .await?
                    .map(|_| Grantee::Subject(subject))
            }
            SubjectKind::ExternalIdentity => None,
        },
    })
}

fn describe(grantee: &Grantee) -> String {
    match grantee {
        Grantee::Subject(subject) => subject.to_string(),
        Grantee::Team(id) => format!("team/{id}"),
        Grantee::Everyone => "everyone/all".to_owned(),
    }
}
