//! What a person allows a client: a code, good once and for a minute.

use domain::actor::Actor;
use domain::login::grant::CODE_SECONDS;
use domain::login::redirect::RedirectUri;
use domain::role::ServerAction;
use domain::secret::Secret;
use domain::server::ServerName;

use super::{CODE, Logins, person};
use crate::services::audit::{Event, record};
use crate::services::{ServiceError, access, tokens};
use crate::store::{LoginApp, LoginCodeRow};

/// Which client, and how it shows that the code is its own.
#[derive(Debug, Clone)]
pub struct Allowed {
    pub app: LoginApp,
    pub redirect_uri: RedirectUri,
    pub challenge: String,
    pub refreshes: bool,
}

impl Logins {
    /// Whether this person may let a client call this server. D11: one that is not there and one that is not theirs answer alike.
    pub async fn may_allow(&self, actor: &Actor, server: &ServerName) -> Result<(), ServiceError> {
        person(actor)?;
        let mut work = self.core.store.read().await?;
        access::permitted(work.as_mut(), actor, server.as_str(), ServerAction::Call).await?;
        Ok(())
    }

    pub async fn allow(&self, actor: &Actor, server: &ServerName, allowed: Allowed) -> Result<Secret, ServiceError> {
        let (user, now) = (person(actor)?, self.now());
        let (code, hash) = tokens::make(CODE)?;
        let mut work = self.core.store.begin().await?;
        let (row, _) = access::permitted(work.as_mut(), actor, server.as_str(), ServerAction::Call).await?;
        let Allowed {
            app,
            redirect_uri,
            challenge,
            refreshes,
        } = allowed;
        let event = Event::new("app.allowed").server(server).subject(&actor.subject);
        let event = event.detail(&[("client", &app.client_id), ("name", &app.name), ("place", &app.place)]);
        work.login_clients().touch(&app.client_id, now).await?;
        let pending = LoginCodeRow {
            hash,
            user,
            server: row.id,
            app,
            redirect_uri,
            challenge,
            refreshes,
            expires_at: now.plus(CODE_SECONDS),
        };
        work.logins().add_code(&pending).await?;
        record(work.as_mut(), now, actor, event).await?;
        work.save().await?;
        Ok(code)
    }
}
