//! Signing on at the identity provider (OpenID Connect Core 3.1, RFC 7636, RFC 9207): sent there with a state, a nonce and a PKCE
//! verifier that this browser alone holds, sealed, and taken back once.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::actor::Actor;
use domain::secret::Secret;
use domain::timestamp::Timestamp;
use domain::via::Via;
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod};
use openidconnect::{
    AuthType, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, Nonce,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
};
use rand::TryRngCore;
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::sync::Mutex;
use url::Url;

use super::discovery::{self, Description};
use super::{exchange, keys};
use crate::config::SsoConfig;
use crate::egress::Egress;
use crate::seal::{Seal, SealContext, SealError, Sealed};
use crate::services::sign_on::{Profile, SignOnRefused, SignOns};
use crate::services::{Core, ServiceError};

pub const CALLBACK: &str = "/sign-in/sso/callback";
/// How long somebody may take at the provider, in seconds.
pub const GOOD_FOR: i64 = 600;

/// Where to send the browser, and what it has to bring back.
#[derive(Debug)]
pub struct Departure {
    pub url: Url,
    /// The provider, as the person reads it.
    pub host: String,
    /// For a cookie that only we can read.
    pub ticket: Secret,
}

/// What came back in the callback's address.
#[derive(Debug, Default)]
pub struct Answer {
    pub state: Option<Secret>,
    pub code: Option<Secret>,
    pub issuer: Option<String>,
    pub error: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum SignOnError {
    /// Another browser's, too old, or used before.
    #[error("this browser began no such sign-on, or it is too old")]
    NotOurs,
    #[error("the person did not go through with it")]
    Denied,
    #[error("the provider cannot be reached: {0:#}")]
    Unreachable(anyhow::Error),
    /// Wrong issuer, signature, audience, nonce, or an answer that is none.
    #[error("the provider's answer does not count: {0:#}")]
    BadAnswer(anyhow::Error),
    #[error(transparent)]
    Refused(#[from] SignOnRefused),
    #[error(transparent)]
    Service(#[from] ServiceError),
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error("no random numbers to be had")]
    NoRandomness,
}

/// What the browser holds, sealed.
#[derive(Serialize, Deserialize)]
pub(super) struct Ticket {
    state: String,
    pub(super) nonce: String,
    pub(super) verifier: String,
    next: String,
    expires_at: i64,
}

pub(super) type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

#[derive(Clone)]
pub(super) struct Described {
    pub(super) description: Arc<Description>,
    at: Timestamp,
}

/// Cheap to clone.
#[derive(Clone)]
pub struct SignOn(Arc<Parts>);

struct Parts {
    config: SsoConfig,
    egress: Egress,
    seal: Arc<Seal>,
    core: Core,
    people: SignOns,
    described: Mutex<Option<Described>>,
}

impl SignOn {
    pub fn new(config: SsoConfig, core: &Core, people: SignOns, egress: Egress) -> Self {
        Self(Arc::new(Parts {
            config,
            egress,
            seal: core.seal.clone(),
            core: core.clone(),
            people,
            described: Mutex::new(None),
        }))
    }

    /// `next`: the path to go to afterwards.
    pub async fn begin(&self, next: &str) -> Result<Departure, SignOnError> {
        let described = self.described(keys::FRESH).await?;
        let (state, nonce, verifier) = (random()?, random()?, random()?);
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.clone()));
        let scopes = self.0.config.scopes.iter().filter(|scope| *scope != "openid");
        let (given_state, given_nonce) = (CsrfToken::new(state.clone()), Nonce::new(nonce.clone()));
        let (url, ..) = self
            .client(&described)
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                || given_state,
                || given_nonce,
            )
            .add_scopes(scopes.cloned().map(Scope::new))
            .set_pkce_challenge(challenge)
            .url();
        let ticket = Ticket {
            state,
            nonce,
            verifier,
            next: next.to_owned(),
            expires_at: self.0.core.now().plus(GOOD_FOR).0,
        };
        Ok(Departure {
            host: url.host_str().unwrap_or_default().to_owned(),
            url,
            ticket: self.sealed(&ticket)?,
        })
    }

    /// Who signed on, and where to go. `ticket` is what the browser brought.
    pub async fn finish(&self, ticket: Option<&str>, answer: Answer, via: Via) -> Result<(Actor, String), SignOnError> {
        let ticket = self.ours(ticket, &answer).await?;
        let described = self.described(keys::FRESH).await?;
        let issuer = described.description.issuer().as_str();
        let named = answer.issuer.as_deref();
        let must_name = described
            .description
            .additional_metadata()
            .authorization_response_iss_parameter_supported;
        if named.map_or(must_name, |named| named != issuer) {
            return Err(SignOnError::BadAnswer(anyhow::anyhow!("it came from another issuer")));
        }
        let code = match (answer.code, answer.error) {
            (Some(code), None) => code,
            (_, Some(_)) => return Err(SignOnError::Denied),
            (None, None) => return Err(SignOnError::BadAnswer(anyhow::anyhow!("it holds no code"))),
        };
        let profile = exchange::profile(self, described, code, &ticket).await?;
        let profile = Profile { via, ..profile };
        let config = &self.0.config;
        let actor = self.0.people.admit(profile, config.policy, &config.mapping).await?;
        Ok((actor, ticket.next))
    }

    /// The ticket, if the answer is to it and came in time, for the first time.
    async fn ours(&self, ticket: Option<&str>, answer: &Answer) -> Result<Ticket, SignOnError> {
        let ticket = ticket.and_then(|text| self.opened(text)).ok_or(SignOnError::NotOurs)?;
        let state = answer.state.as_ref().ok_or(SignOnError::NotOurs)?;
        let same: bool = state.expose().as_bytes().ct_eq(ticket.state.as_bytes()).into();
        if !same || self.0.core.now().0 >= ticket.expires_at {
            return Err(SignOnError::NotOurs);
        }
        let hash = Sha256::digest(ticket.state.as_bytes());
        if self.0.people.use_once(&hash, Timestamp(ticket.expires_at)).await? {
            Ok(ticket)
        } else {
            Err(SignOnError::NotOurs)
        }
    }

    /// The provider's description, at most so many seconds old.
    pub(super) async fn described(&self, oldest: i64) -> Result<Described, SignOnError> {
        let now = self.now();
        let mut held = self.0.described.lock().await;
        if let Some(known) = held.as_ref().filter(|known| now.0 - known.at.0 < oldest) {
            return Ok(known.clone());
        }
        let description = discovery::describe(&self.0.egress, &self.0.config.issuer).await;
        let new = Described {
            description: Arc::new(description.map_err(SignOnError::Unreachable)?),
            at: now,
        };
        *held = Some(new.clone());
        Ok(new)
    }

    pub(super) fn client(&self, described: &Described) -> Client {
        let description = &described.description;
        let config = &self.0.config;
        let secret = config.client_secret.as_ref();
        let secret = secret.map(|secret| ClientSecret::new(secret.expose().to_owned()));
        let methods = description.token_endpoint_auth_methods_supported();
        let in_body = methods.is_some_and(|methods| !methods.contains(&CoreClientAuthMethod::ClientSecretBasic));
        CoreClient::from_provider_metadata((**description).clone(), ClientId::new(config.client_id.clone()), secret)
            .set_auth_type(if in_body {
                AuthType::RequestBody
            } else {
                AuthType::BasicAuth
            })
            .set_redirect_uri(RedirectUrl::from_url(self.callback()))
    }

    pub(super) fn callback(&self) -> Url {
        let mut url = self.0.core.public_url.clone();
        url.set_path(CALLBACK);
        url
    }

    pub(super) fn now(&self) -> Timestamp {
        self.0.core.now()
    }

    pub(super) fn egress(&self) -> &Egress {
        &self.0.egress
    }

    pub(super) fn config(&self) -> &SsoConfig {
        &self.0.config
    }

    fn context(&self) -> SealContext<'_> {
        SealContext {
            table: "sign_on",
            server: "",
            subject: "",
            origin: &self.0.config.issuer,
            field: "ticket",
        }
    }

    fn sealed(&self, ticket: &Ticket) -> Result<Secret, SignOnError> {
        let json = serde_json::to_vec(ticket).map_err(|error| ServiceError::Internal(error.into()))?;
        let sealed = self.0.seal.seal(&self.context(), &json)?;
        Ok(Secret::new(URL_SAFE_NO_PAD.encode(sealed.as_bytes())))
    }

    fn opened(&self, text: &str) -> Option<Ticket> {
        let sealed = Sealed::from_bytes(URL_SAFE_NO_PAD.decode(text).ok()?);
        let json = self.0.seal.open(&self.context(), &sealed).ok()?;
        serde_json::from_slice(&json).ok()
    }
}

fn random() -> Result<String, SignOnError> {
    let mut bytes = [0u8; 32];
    OsRng
        .try_fill_bytes(&mut bytes)
        .map_err(|_| SignOnError::NoRandomness)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
