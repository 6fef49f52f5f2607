//! OAuth2 Client Credentials (RFC 6749 section 4.4): one token per server, in memory, renewed ahead of its end, never shared between
//! servers. A replica gets its own; a restart gets a new one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::id::ServerId;
use domain::oauth::{AuthMethod, Freshness, freshness};
use domain::outbound::OAuthSettings;
use domain::secret::Secret;
use domain::server::ServerUrl;
use domain::timestamp::Timestamp;

use super::Oauth;
use super::discovery::resource_of;
use super::token_request::{Request, TokenEndpoint, TokenError};
use crate::services::consents::fingerprint;
use crate::services::vault::OAuthClient;

/// A server's own token.
#[derive(Debug)]
pub struct MachineToken {
    pub access: Secret,
    issued_at: Timestamp,
    expires_at: Option<Timestamp>,
    /// Which settings it was got with; names the credential without telling it.
    pub settings: String,
    /// How the provider lets us prove who we are: nobody told, so it was tried.
    method: AuthMethod,
}

/// By server: the token of its present settings.
#[derive(Default)]
pub struct MachineTokens(Mutex<HashMap<ServerId, Arc<MachineToken>>>);

impl MachineTokens {
    fn get(&self, server: &ServerId, settings: &str) -> Option<Arc<MachineToken>> {
        let tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let token = tokens.get(server).filter(|token| token.settings == settings);
        token.cloned()
    }

    fn put(&self, server: &ServerId, token: &Arc<MachineToken>) {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.insert(server.clone(), Arc::clone(token));
    }
}

pub(super) type Outcome = Result<Arc<MachineToken>, TokenError>;

impl Oauth {
    pub async fn machine_token(&self, server: &ServerId, url: &ServerUrl, settings: &OAuthSettings) -> Outcome {
        let Some(token) = self.0.machine.get(server, &of(url, settings)) else {
            return self
                .machine_flight(server, url, settings)
                .await
                .unwrap_or(Err(TokenError::Unreachable));
        };
        match freshness(token.issued_at, token.expires_at, self.0.consents.now()) {
            Freshness::Fresh => Ok(token),
            Freshness::Due => {
                // Not awaited: this call goes on with what there is.
                drop(self.machine_flight(server, url, settings));
                Ok(token)
            }
            Freshness::Expired => self
                .machine_flight(server, url, settings)
                .await
                .unwrap_or(Err(TokenError::Unreachable)),
        }
    }

    /// Another token than `refused`, which the upstream did not take.
    pub async fn another_machine_token(
        &self,
        server: &ServerId,
        url: &ServerUrl,
        settings: &OAuthSettings,
        refused: &Arc<MachineToken>,
    ) -> Outcome {
        match self.0.machine.get(server, &of(url, settings)) {
            Some(token) if !Arc::ptr_eq(&token, refused) => Ok(token),
            _ => self
                .machine_flight(server, url, settings)
                .await
                .unwrap_or(Err(TokenError::Unreachable)),
        }
    }

    fn machine_flight(
        &self,
        server: &ServerId,
        url: &ServerUrl,
        settings: &OAuthSettings,
    ) -> impl Future<Output = Option<Outcome>> + use<> {
        let key = (server.clone(), of(url, settings));
        let (oauth, server, settings, name) = (self.clone(), server.clone(), settings.clone(), key.1.clone());
        let resource = resource_of(url.as_url());
        self.0.machine_flights.join(&key, move || async move {
            let before = oauth.0.machine.get(&server, &name);
            let method = before.map_or(AuthMethod::Basic, |token| token.method);
            let token = oauth
                .request_machine_token(&settings, (name, method), &resource)
                .await?;
            let token = Arc::new(token);
            oauth.0.machine.put(&server, &token);
            Ok(token)
        })
    }

    async fn request_machine_token(
        &self,
        settings: &OAuthSettings,
        (name, method): (String, AuthMethod),
        resource: &str,
    ) -> Result<MachineToken, TokenError> {
        let url = settings.token_url.as_ref().ok_or(TokenError::Refused)?;
        let client = OAuthClient {
            id: settings.client_id.clone().ok_or(TokenError::ClientRefused)?,
            secret: settings.client_secret.clone(),
            method,
        };
        let endpoint = TokenEndpoint {
            egress: &self.0.egress,
            url,
            client: &client,
            resource,
        };
        let request = Request::ClientCredentials(&settings.scopes);
        let (granted, method) = endpoint.ask_either_way(request, self.0.consents.now()).await?;
        Ok(MachineToken {
            method,
            access: granted.access,
            issued_at: granted.issued_at,
            expires_at: granted.expires_at,
            settings: name,
        })
    }
}

/// The settings a token belongs to, scopes included: other scopes are another token.
fn of(url: &ServerUrl, settings: &OAuthSettings) -> String {
    format!("{} {}", fingerprint(url, settings), settings.scopes.join(" "))
}
