//! Phase 4: the credential for this call (S42, S43), opened, and renewed where it is a token that ends; or McpAuthRequiredError.

use std::sync::Arc;

use axum::http::HeaderName;
use domain::actor::Actor;
use domain::injection::{Choice, MissingReason};
use domain::outbound::OutboundAuth;
use domain::secret::Secret;
use sha2::{Digest, Sha256};

use super::Parts;
use super::error::{AuthRequired, GatewayError};
use super::message::Message;
use crate::oauth::{MachineToken, RenewalError, TokenError};
use crate::services::calls::{self, CallServer, Calls, CredentialError, Opened, Target};
use crate::services::renewals::HeldTokens;

/// What a caller sends for the upstream on a passthrough server. Their gateway token never leaves us.
pub const UPSTREAM_AUTHORIZATION: HeaderName = HeaderName::from_static("x-upstream-authorization");

/// A credential, and what a session is bound to.
#[derive(Debug)]
pub struct CallCredential {
    pub inner: Arc<calls::Credential>,
    /// The caller's own upstream token (passthrough only).
    pub passed_through: Option<Secret>,
    /// Where a refused one can be replaced by a newer one.
    pub token: Option<Token>,
    actor: Arc<Actor>,
    server: Arc<CallServer>,
}

impl CallCredential {
    /// Names it for the trail of calls, without telling it.
    pub fn fingerprint(&self, calls: &Calls) -> Option<Arc<str>> {
        calls.fingerprint(&self.actor, &self.server, &self.inner, self.passed_through.as_ref())
    }

    pub fn binding(&self) -> Binding {
        let identity = match &self.passed_through {
            Some(token) => format!("passthrough:{:x}", Sha256::digest(token.expose().as_bytes())),
            None => self.inner.identity.clone(),
        };
        Binding {
            server: self.server.id.to_string(),
            subject: self.actor.subject.to_string(),
            identity,
        }
    }
}

/// An access token that was sent.
#[derive(Debug, Clone)]
pub enum Token {
    Own(Arc<HeldTokens>),
    Server(Arc<MachineToken>),
}

/// Who is talking to which server with which credential: sessions are sealed with it.
#[derive(Debug, Clone)]
pub struct Binding {
    pub server: String,
    pub subject: String,
    pub identity: String,
}

pub async fn credential(
    gateway: &Parts,
    actor: &Arc<Actor>,
    target: &Target,
    message: &Message,
) -> Result<CallCredential, GatewayError> {
    let opened = gateway.calls.open(target);
    match opened.map_err(|error| failed(gateway, actor, target, error))? {
        Opened::Ready(inner) => {
            let passed_through = match inner.choice {
                Choice::PassThrough => upstream_authorization(message)?,
                Choice::Own(..) | Choice::ServerDefault | Choice::Nothing | Choice::Missing(_) => None,
            };
            Ok(bound(actor, target, inner, passed_through, None))
        }
        Opened::Tokens(held) => {
            let held = Box::pin(gateway.oauth.fresh(held)).await;
            own_tokens(gateway, actor, target, held)
        }
        Opened::ServerToken => {
            let OutboundAuth::ClientCredentials(settings) = &target.server.auth else {
                return Err(GatewayError::UpstreamRefused);
            };
            let (id, url) = (&target.server.id, &target.server.url);
            server_token(
                actor,
                target,
                Box::pin(gateway.oauth.machine_token(id, url, settings)).await,
            )
        }
    }
}

/// After a 401, which says that nothing was done: a newer token, once. `None` where there can be none.
pub async fn renewed(
    gateway: &Parts,
    actor: &Arc<Actor>,
    target: &Target,
    refused: &CallCredential,
) -> Result<Option<CallCredential>, GatewayError> {
    match (&refused.token, &target.server.auth) {
        (Some(Token::Own(held)), _) => {
            let held = gateway.oauth.renewed(&held.row.id, held.row.version).await;
            own_tokens(gateway, actor, target, held).map(Some)
        }
        (Some(Token::Server(token)), OutboundAuth::ClientCredentials(settings)) => {
            let (id, url) = (&target.server.id, &target.server.url);
            let another = gateway.oauth.another_machine_token(id, url, settings, token).await;
            server_token(actor, target, another).map(Some)
        }
        (Some(Token::Server(_)) | None, _) => Ok(None),
    }
}

/// McpAuthRequiredError for this caller.
pub fn required(gateway: &Parts, actor: &Actor, target: &Target, reason: MissingReason) -> AuthRequired {
    AuthRequired {
        reason,
        server: target.server.name.clone(),
        subject: actor.subject.clone(),
        subject_name: actor.name.clone(),
        url: gateway.calls.connect_url(actor, &target.server.name),
        instead_of: None,
    }
}

fn failed(gateway: &Parts, actor: &Actor, target: &Target, error: CredentialError) -> GatewayError {
    match error {
        CredentialError::Missing(reason) => required(gateway, actor, target, reason).into(),
        CredentialError::Seal(error) => GatewayError::CredentialUnusable(error.to_string()),
        CredentialError::Fill(error) => GatewayError::CredentialUnusable(error.to_string()),
    }
}

fn own_tokens(
    gateway: &Parts,
    actor: &Arc<Actor>,
    target: &Target,
    held: Result<Arc<HeldTokens>, RenewalError>,
) -> Result<CallCredential, GatewayError> {
    let held = held.map_err(|error| match error {
        RenewalError::Invalidated => required(gateway, actor, target, MissingReason::OauthInvalidated).into(),
        RenewalError::Gone => required(gateway, actor, target, MissingReason::OauthConsentRequired).into(),
        RenewalError::ClientRefused => GatewayError::ProviderRefused,
        RenewalError::Trouble => GatewayError::ProviderInTrouble,
    })?;
    let inner = Calls::with_tokens(&held).map_err(|error| failed(gateway, actor, target, error))?;
    Ok(bound(actor, target, inner.into(), None, Some(Token::Own(held))))
}

fn server_token(
    actor: &Arc<Actor>,
    target: &Target,
    token: Result<Arc<MachineToken>, TokenError>,
) -> Result<CallCredential, GatewayError> {
    let token = token.map_err(|error| match error {
        TokenError::Unreachable => GatewayError::ProviderInTrouble,
        TokenError::InvalidGrant | TokenError::ClientRefused | TokenError::Refused => GatewayError::ProviderRefused,
    })?;
    let inner = Calls::with_server_token(&token.access, &token.settings)
        .map_err(|error| GatewayError::CredentialUnusable(error.to_string()))?;
    Ok(bound(actor, target, inner.into(), None, Some(Token::Server(token))))
}

fn bound(
    actor: &Arc<Actor>,
    target: &Target,
    inner: Arc<calls::Credential>,
    passed_through: Option<Secret>,
    token: Option<Token>,
) -> CallCredential {
    CallCredential {
        inner,
        passed_through,
        token,
        actor: actor.clone(),
        server: target.server.clone(),
    }
}

fn upstream_authorization(message: &Message) -> Result<Option<Secret>, GatewayError> {
    let mut given = message.headers.get_all(UPSTREAM_AUTHORIZATION).iter();
    match (given.next(), given.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            let text = value
                .to_str()
                .map_err(|_| GatewayError::BadRequest("X-Upstream-Authorization is not plain ASCII."))?;
            Ok(Some(Secret::new(text)))
        }
        (Some(_), Some(_)) => Err(GatewayError::BadRequest("X-Upstream-Authorization is there twice.")),
    }
}
