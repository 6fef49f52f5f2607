//! The apps that act for a person: listed and ended by that person, ended by the app itself.

use domain::actor::{Actor, SubjectRef};
use domain::secret::Secret;
use domain::via::{By, Via};

use super::{ACCESS, Logins, REFRESH, person};
use crate::services::audit::{Event, record};
use crate::services::{ServiceError, tokens};
use crate::store::{LoginGrantRow, Work};

impl Logins {
    /// Newest first.
    pub async fn apps(&self, actor: &Actor) -> Result<Vec<LoginGrantRow>, ServiceError> {
        let user = person(actor)?;
        let mut work = self.core.store.read().await?;
        Ok(work.logins().list_grants(&user, self.now()).await?)
    }

    /// At once: its tokens are gone with it.
    pub async fn disconnect(&self, actor: &Actor, id: &str) -> Result<(), ServiceError> {
        let user = person(actor)?;
        let mut work = self.core.store.begin().await?;
        let grant = work.logins().find_grant(id).await?.filter(|grant| grant.user == user);
        self.end(work, actor, &grant.ok_or(ServiceError::NotFound)?).await
    }

    /// RFC 7009: an app gives back a token, and with it everything. What is unknown is gone already. False: another client's.
    pub async fn give_back(&self, token: &Secret, client_id: Option<&str>, via: Via) -> Result<bool, ServiceError> {
        let Some(hash) = tokens::hash_with(&[ACCESS, REFRESH], token.expose()) else {
            return Ok(true);
        };
        let mut look = self.core.store.read().await?;
        let Some(found) = look.logins().find_token(&hash).await? else {
            return Ok(true);
        };
        drop(look);
        if client_id.is_some_and(|id| id != found.client_id) {
            return Ok(false);
        }
        let mut work = self.core.store.begin().await?;
        let Some(grant) = work.logins().find_grant(&found.token.grant).await? else {
            return Ok(true);
        };
        let subject = SubjectRef::user(&grant.user);
        let owner = tokens::owner(work.as_mut(), &subject).await?;
        // A disabled person's app may go as well.
        let actor = owner.unwrap_or_else(|| Actor::new(subject, "", domain::role::PlatformRole::Member));
        let actor = actor.by(By::App(grant.id.clone())).arriving(Some(&via));
        self.end(work, &actor, &grant).await?;
        Ok(true)
    }

    async fn end(&self, mut work: Box<dyn Work>, actor: &Actor, grant: &LoginGrantRow) -> Result<(), ServiceError> {
        if !work.logins().delete_grant(&grant.id).await? {
            return Err(ServiceError::NotFound);
        }
        let event = Event::new("app.disconnected").server(&grant.server_name);
        let event = event.subject(&SubjectRef::user(&grant.user)).detail(&[
            ("app", &grant.id),
            ("client", &grant.app.client_id),
            ("name", &grant.app.name),
        ]);
        record(work.as_mut(), self.now(), actor, event).await?;
        Ok(work.save().await?)
    }
}
