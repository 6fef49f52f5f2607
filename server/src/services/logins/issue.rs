//! A code becomes tokens, and a refresh token newer ones. What is shown a second time ends everything that came of it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::actor::{Actor, SubjectRef};
use domain::id::UserId;
use domain::login::grant::{self, ACCESS_SECONDS, REFRESH_SECONDS, Refused, Renewal, Resource};
use domain::login::{audience, request};
use domain::secret::Secret;
use domain::server::ServerName;
use domain::via::Via;
use sha2::{Digest, Sha256};

use super::{ACCESS, CODE, Logins, REFRESH};
use crate::services::audit::{Event, record, record_stranger};
use crate::services::{ServiceError, tokens};
use crate::store::{FoundLoginToken, LoginCodeRow, LoginGrantRow, LoginTokenKind, LoginTokenRow, StoreError, Work};

/// What a client sends for a code.
#[derive(Debug)]
pub struct CodeShown {
    pub code: Secret,
    pub verifier: Secret,
    pub client_id: String,
    pub redirect_uri: Option<String>,
    pub resource: Option<String>,
}

#[derive(Debug)]
pub struct RefreshShown {
    pub token: Secret,
    pub client_id: String,
    pub resource: Option<String>,
}

/// The only time these values are to be had.
#[derive(Debug)]
pub struct Issued {
    pub access: Secret,
    pub refresh: Option<Secret>,
    pub seconds: i64,
}

#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error(transparent)]
    Service(ServiceError),
}

impl From<ServiceError> for IssueError {
    fn from(error: ServiceError) -> Self {
        match error {
            // It was ended meanwhile.
            ServiceError::NotFound => Self::Refused(Refused::Grant),
            error => Self::Service(error),
        }
    }
}

impl From<StoreError> for IssueError {
    fn from(error: StoreError) -> Self {
        ServiceError::from(error).into()
    }
}

impl Logins {
    pub async fn exchange(&self, shown: &CodeShown, via: Via) -> Result<Issued, IssueError> {
        let verifier = shown.verifier.expose();
        let hash = tokens::hash_with(&[CODE], shown.code.expose()).filter(|_| request::is_verifier(verifier));
        let hash = hash.ok_or(Refused::Grant)?;
        // Guesses cost no write.
        let mut look = self.core.store.read().await?;
        if !look.logins().knows_code(&hash).await? && look.logins().grant_of_code(&hash).await?.is_none() {
            return Err(Refused::Grant.into());
        }
        drop(look);
        let mut work = self.core.store.begin().await?;
        let Some(code) = work.logins().take_code(&hash).await? else {
            let used = work.logins().grant_of_code(&hash).await?.ok_or(Refused::Grant)?;
            return Err(self.end_all(work, &used, "code", via).await);
        };
        let server = work.servers().find_by_id(&code.server).await?.ok_or(Refused::Grant)?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        let decided = self.decide(&code, shown, &challenge, &server.name);
        let owner = acting(work.as_mut(), &code.user).await?;
        let (Ok(()), Some(actor)) = (decided, owner) else {
            // Shown once is used, whatever came of it.
            work.save().await?;
            return Err(decided.err().unwrap_or(Refused::Grant).into());
        };
        let issued = self
            .first(work.as_mut(), code, &actor.arriving(Some(&via)), &server.name)
            .await?;
        work.save().await?;
        Ok(issued)
    }

    fn decide(
        &self,
        code: &LoginCodeRow,
        shown: &CodeShown,
        challenge: &str,
        server: &ServerName,
    ) -> Result<(), Refused> {
        let named = self.named(shown.resource.as_deref());
        let code = grant::Code {
            client: &code.app.client_id,
            redirect_uri: code.redirect_uri.as_str(),
            challenge: &code.challenge,
            server,
            expires_at: code.expires_at,
        };
        let shown = grant::CodeShown {
            client: &shown.client_id,
            redirect_uri: shown.redirect_uri.as_deref(),
            challenge,
            server: resource(shown.resource.is_some(), named.as_ref()),
        };
        grant::exchange(&code, &shown, self.now())
    }

    async fn first(
        &self,
        work: &mut dyn Work,
        code: LoginCodeRow,
        actor: &Actor,
        server: &ServerName,
    ) -> Result<Issued, ServiceError> {
        let now = self.now();
        let life = if code.refreshes {
            REFRESH_SECONDS
        } else {
            ACCESS_SECONDS
        };
        let grant = LoginGrantRow {
            id: uuid::Uuid::now_v7().to_string(),
            user: code.user,
            server: code.server,
            server_name: String::new(),
            app: code.app,
            code_hash: code.hash,
            created_at: now,
            last_used_at: None,
            expires_at: now.plus(life),
        };
        work.logins().add_grant(&grant).await?;
        let event = Event::new("app.connected").server(server).subject(&actor.subject);
        let event = event.detail(&[
            ("app", &grant.id),
            ("client", &grant.app.client_id),
            ("name", &grant.app.name),
        ]);
        record(work, now, actor, event).await?;
        self.issue(work, &grant.id, code.refreshes).await
    }

    pub async fn renew(&self, shown: &RefreshShown, via: Via) -> Result<Issued, IssueError> {
        let hash = tokens::hash_with(&[REFRESH], shown.token.expose()).ok_or(Refused::Grant)?;
        let mut look = self.core.store.read().await?;
        look.logins().find_token(&hash).await?.ok_or(Refused::Grant)?;
        drop(look);
        let mut work = self.core.store.begin().await?;
        let found = work.logins().find_token(&hash).await?.ok_or(Refused::Grant)?;
        match self.may_renew(work.as_mut(), &found, shown).await? {
            Renewal::Refuse(refused) => return Err(refused.into()),
            // Of two at once one is second.
            Renewal::Rotate if work.logins().use_refresh(&hash, self.now()).await? => {}
            Renewal::Rotate | Renewal::EndAll => {
                let used = work
                    .logins()
                    .find_grant(&found.token.grant)
                    .await?
                    .ok_or(Refused::Grant)?;
                return Err(self.end_all(work, &used, "refresh_token", via).await);
            }
        }
        let grant = &found.token.grant;
        let issued = self.issue(work.as_mut(), grant, true).await?;
        work.logins()
            .prolong_grant(grant, self.now().plus(REFRESH_SECONDS))
            .await?;
        work.save().await?;
        Ok(issued)
    }

    async fn may_renew(
        &self,
        work: &mut dyn Work,
        found: &FoundLoginToken,
        shown: &RefreshShown,
    ) -> Result<Renewal, StoreError> {
        let named = self.named(shown.resource.as_deref());
        let token = grant::Refresh {
            client: &found.client_id,
            server: &found.server_name,
            expires_at: found.token.expires_at,
            used: found.token.used_at.is_some(),
            person_acts: acting(work, &found.user).await?.is_some(),
        };
        let server = resource(shown.resource.is_some(), named.as_ref());
        Ok(grant::renew(&token, &shown.client_id, server, self.now()))
    }

    async fn issue(&self, work: &mut dyn Work, grant: &str, refreshes: bool) -> Result<Issued, ServiceError> {
        let access = self.add(work, grant, LoginTokenKind::Access).await?;
        let refresh = if refreshes {
            Some(self.add(work, grant, LoginTokenKind::Refresh).await?)
        } else {
            None
        };
        Ok(Issued {
            access,
            refresh,
            seconds: ACCESS_SECONDS,
        })
    }

    async fn add(&self, work: &mut dyn Work, grant: &str, kind: LoginTokenKind) -> Result<Secret, ServiceError> {
        let (prefix, life) = match kind {
            LoginTokenKind::Access => (ACCESS, ACCESS_SECONDS),
            LoginTokenKind::Refresh => (REFRESH, REFRESH_SECONDS),
        };
        let (value, hash) = tokens::make(prefix)?;
        let row = LoginTokenRow {
            hash,
            grant: grant.to_owned(),
            kind,
            expires_at: self.now().plus(life),
            used_at: None,
        };
        work.logins().add_token(&row).await?;
        Ok(value)
    }

    /// Somebody has a copy of what was used before: nobody can tell who, so it ends for both.
    async fn end_all(&self, mut work: Box<dyn Work>, grant: &LoginGrantRow, what: &str, via: Via) -> IssueError {
        let event = Event::new("app.reuse_detected").server(&grant.server_name);
        let event = event.subject(&SubjectRef::user(&grant.user)).detail(&[
            ("app", &grant.id),
            ("client", &grant.app.client_id),
            ("name", &grant.app.name),
            ("what", what),
        ]);
        let ended = async {
            work.logins().delete_grant(&grant.id).await?;
            record_stranger(work.as_mut(), self.now(), via, event).await?;
            work.save().await
        };
        match ended.await {
            Ok(()) => Refused::Grant.into(),
            Err(error) => error.into(),
        }
    }

    fn named(&self, resource: Option<&str>) -> Option<ServerName> {
        resource.and_then(|resource| audience::server_of(&self.core.public_url, resource))
    }
}

fn resource(given: bool, named: Option<&ServerName>) -> Resource<'_> {
    match named {
        Some(server) => Resource::Named(server),
        None if given => Resource::Foreign,
        None => Resource::NotNamed,
    }
}

/// The person, unless they are gone or disabled.
async fn acting(work: &mut dyn Work, user: &UserId) -> Result<Option<Actor>, StoreError> {
    tokens::owner(work, &SubjectRef::user(user)).await
}
