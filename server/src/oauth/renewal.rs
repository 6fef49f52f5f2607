//! Renewing a subject's tokens: one request per token, whoever asks for it, in this process (`Flights`) and in all others (a claim on
//! the row). What the provider answers is stored before anybody uses it; trouble on the way takes nothing from anybody.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::id::OverrideId;
use domain::oauth::{Freshness, freshness};
use tracing::{error, info};

use super::Oauth;
use super::token_request::{Request, TokenEndpoint, TokenError};
use crate::services::ServiceError;
use crate::services::consents::Granted;
use crate::services::renewals::{HeldTokens, Loss};
use crate::telemetry::measures;

/// A claim ends by itself after this: longer than a token request can take, and its storing.
const CLAIM_SECONDS: i64 = 30;
/// How often who waits for another replica looks whether it is done, and how many times.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
const LOOKS: usize = 300;
/// A rotated refresh token that is not stored is lost for good: try for a while.
const STORE_TRIES: usize = 20;
const STORE_PAUSE: Duration = Duration::from_millis(500);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RenewalError {
    /// The subject has to consent again.
    #[error("the tokens are no longer good")]
    Invalidated,
    /// Deleted, replaced or suspended meanwhile.
    #[error("the tokens are not there any more")]
    Gone,
    /// The client is not accepted; the manager's settings are the matter, not the consent.
    #[error("the provider does not accept the client")]
    ClientRefused,
    /// Nothing is lost; trying again may help.
    #[error("the provider or the database is in trouble")]
    Trouble,
}

impl RenewalError {
    /// For metrics.
    const fn name(&self) -> &'static str {
        match self {
            Self::Invalidated => "invalidated",
            Self::Gone => "gone",
            Self::ClientRefused => "client_refused",
            Self::Trouble => "trouble",
        }
    }
}

pub(super) type Renewed = Result<Arc<HeldTokens>, RenewalError>;

impl Oauth {
    /// Tokens that can be sent now: as they are, or renewed first. Those that end soon are renewed meanwhile.
    pub async fn fresh(&self, held: Arc<HeldTokens>) -> Renewed {
        let from = &held.tokens.from;
        match freshness(from.issued_at, from.expires_at, self.0.renewals.now()) {
            Freshness::Fresh => Ok(held),
            Freshness::Due => {
                if held.tokens.refresh.is_some() {
                    // Not awaited: this call goes on with what it has.
                    drop(self.flight(&held.row.id, held.row.version));
                }
                Ok(held)
            }
            Freshness::Expired => self.renewed(&held.row.id, held.row.version).await,
        }
    }

    /// Newer tokens than those of `version`, which have ended or were refused.
    pub async fn renewed(&self, id: &OverrideId, version: i64) -> Renewed {
        self.flight(id, version).await.unwrap_or(Err(RenewalError::Trouble))
    }

    fn flight(&self, id: &OverrideId, version: i64) -> impl Future<Output = Option<Renewed>> + use<> {
        let (oauth, id) = (self.clone(), id.clone());
        self.0.flights.join(&(id.clone(), version), move || async move {
            let began = Instant::now();
            let renewed = oauth.renew(&id, version).await;
            measures::renewal(
                renewed.as_ref().map_or_else(RenewalError::name, |_| "renewed"),
                began.elapsed(),
            );
            if let Err(error) = &renewed {
                info!(override.id = %id, error = %error, "Could not renew a subject's tokens");
            }
            renewed
        })
    }

    async fn renew(&self, id: &OverrideId, version: i64) -> Renewed {
        for _ in 0..LOOKS {
            let held = self.0.renewals.held(id).await?.ok_or(RenewalError::Gone)?;
            if !held.is_usable() {
                return Err(RenewalError::Invalidated);
            }
            if held.row.version != version {
                return Ok(Arc::new(held));
            }
            if held.tokens.refresh.is_none() {
                self.0.renewals.invalidate(id, version, Loss::Ended).await?;
                return Err(RenewalError::Invalidated);
            }
            if self.0.renewals.claim(&held, CLAIM_SECONDS).await? {
                return self.renew_claimed(&held).await;
            }
            // Another replica is at it.
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Err(RenewalError::Trouble)
    }

    async fn renew_claimed(&self, held: &HeldTokens) -> Renewed {
        let refresh = held.tokens.refresh.as_ref().ok_or(RenewalError::Gone)?;
        let endpoint = TokenEndpoint {
            egress: &self.0.egress,
            url: &held.tokens.from.token_url,
            client: &held.tokens.client,
            resource: &held.tokens.from.resource,
        };
        match endpoint.ask(Request::Refresh(refresh), self.0.renewals.now()).await {
            Ok(granted) => self.store(held, &granted).await,
            Err(TokenError::InvalidGrant) => self.give_up(held, Loss::RefreshRefused).await,
            Err(TokenError::ClientRefused) if self.forget_if_registered(held).await? => {
                self.give_up(held, Loss::ClientForgotten).await
            }
            Err(error) => {
                self.0.renewals.release(held).await?;
                Err(match error {
                    TokenError::ClientRefused => RenewalError::ClientRefused,
                    TokenError::InvalidGrant | TokenError::Refused | TokenError::Unreachable => RenewalError::Trouble,
                })
            }
        }
    }

    async fn give_up(&self, held: &HeldTokens, loss: Loss) -> Renewed {
        self.0.renewals.invalidate(&held.row.id, held.row.version, loss).await?;
        Err(RenewalError::Invalidated)
    }

    async fn store(&self, held: &HeldTokens, granted: &Granted) -> Renewed {
        for _ in 0..STORE_TRIES {
            match self.0.renewals.store(held, granted).await {
                Ok(Some(stored)) => return Ok(Arc::new(stored)),
                Ok(None) => return Err(RenewalError::Gone),
                Err(error) => error!(override.id = %held.row.id, error = %error, "Could not store renewed tokens yet"),
            }
            tokio::time::sleep(STORE_PAUSE).await;
        }
        Err(RenewalError::Trouble)
    }

    /// A provider that forgets the clients it registered is asked for a new one at the next consent.
    async fn forget_if_registered(&self, held: &HeldTokens) -> Result<bool, ServiceError> {
        let (server, issuer) = (&held.row.server, held.consent.issuer.as_str());
        self.forget_client(server, issuer, &held.tokens.client.id).await
    }

    /// After the upstream refused tokens that were just renewed: the subject consents again.
    pub async fn invalidate(&self, id: &OverrideId, version: i64) {
        if let Err(error) = self.0.renewals.invalidate(id, version, Loss::RefusedUpstream).await {
            error!(override.id = %id, error = %error, "Could not mark a subject's tokens");
        }
    }

    /// What the next consent asks for besides: the upstream refused a call for lack of it.
    pub async fn want_scopes(&self, id: &OverrideId, scopes: &[String]) {
        if let Err(error) = self.0.renewals.want_scopes(id, scopes).await {
            error!(override.id = %id, error = %error, "Could not remember the scopes that a call lacked");
        }
    }
}

impl From<ServiceError> for RenewalError {
    fn from(error: ServiceError) -> Self {
        error!(error = %error, "Could not read or mark a subject's tokens");
        Self::Trouble
    }
}
