//! An authorization request: who asks, where the person would be sent back to, and for which server.

use domain::actor::Actor;
use domain::login::client::{Client, ClientId};
use domain::login::redirect::{RedirectKind, RedirectUri};
use domain::login::request::{self, Asked, RequestError};
use url::Url;

use super::ticket::answered;
use super::{Login, Ticket};
use crate::services::ServiceError;

/// A request that a person can be asked about.
#[derive(Debug)]
pub struct Ask {
    pub ticket: Ticket,
    /// The site that describes the client; `None`: it registered itself, and nobody vouches for its name.
    pub host: Option<String>,
}

/// Why nobody is asked.
#[derive(Debug)]
pub enum NotAsked {
    /// No such client, or its description cannot be had.
    Client,
    /// Not one of its addresses. Nobody is sent there.
    Redirect,
    /// The client may be told, if the person wants to go there.
    Request {
        error: RequestError,
        place: String,
        back: Url,
    },
    Service(ServiceError),
}

impl From<ServiceError> for NotAsked {
    fn from(error: ServiceError) -> Self {
        Self::Service(error)
    }
}

impl Login {
    pub async fn ask(&self, actor: &Actor, asked: &Asked) -> Result<Ask, NotAsked> {
        let id = asked
            .client_id
            .as_deref()
            .and_then(ClientId::parse)
            .ok_or(NotAsked::Client)?;
        let client = self.client(actor, &id).await?.ok_or(NotAsked::Client)?;
        let wanted = asked
            .redirect_uri
            .as_deref()
            .and_then(|uri| RedirectUri::parse(uri).ok());
        let redirect_uri = wanted.filter(|uri| client.allows(uri)).ok_or(NotAsked::Redirect)?;
        let checked = request::check(asked, &self.0.public_url).map_err(|error| NotAsked::Request {
            place: redirect_uri.place(),
            back: answered(
                &redirect_uri,
                ("error", error.code()),
                asked.state.as_deref(),
                &self.issuer(),
            ),
            error,
        })?;
        let ticket = Ticket {
            name: client.name.unwrap_or_else(|| nameless(&id, &redirect_uri)),
            client_id: id.as_str().to_owned(),
            redirect_uri,
            challenge: checked.challenge,
            state: checked.state,
            refreshes: client.refreshes,
            server: checked.server,
            allowed: false,
            expires_at: self.good_until(),
        };
        Ok(Ask {
            ticket,
            host: id.host(),
        })
    }

    async fn client(&self, actor: &Actor, id: &ClientId) -> Result<Option<Client>, ServiceError> {
        match id {
            ClientId::Registered(id) => self.logins().client(id).await,
            ClientId::Document(url) => {
                self.logins().limit_fetch(actor)?;
                Ok(self.described_at(url).await)
            }
        }
    }
}

fn nameless(id: &ClientId, redirect: &RedirectUri) -> String {
    match (id.host(), redirect.kind()) {
        (Some(host), _) => host,
        (None, RedirectKind::Loopback) => "A program on your computer".to_owned(),
        (None, RedirectKind::Web | RedirectKind::App) => redirect.place(),
    }
}
