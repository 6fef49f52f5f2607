//! Overkey as an OAuth client of the servers behind it (MCP 2026-07-28 "Authorization"; protocol-security 1.5): consents, their
//! renewal, and servers' own tokens. Everything is asked through `egress`, everything kept through the services.

mod challenge;
mod client;
mod consent;
mod discovery;
mod flights;
mod http;
mod machine;
mod metadata;
mod renewal;
mod revocation;
mod token_request;

use std::sync::Arc;

use domain::id::{OverrideId, ServerId};
use domain::oauth::ConsentProblem;
use tokio_util::task::TaskTracker;
use tracing::error;
use url::Url;

use crate::egress::{Egress, FetchError};
use crate::services::consents::Consents;
use crate::services::renewals::Renewals;
use crate::services::vault::OAuthClient;
use crate::services::{Core, ServiceError};

pub use challenge::Challenge;
pub use consent::{Answer, Departure, Ending};
use flights::Flights;
pub use http::Http;
pub use machine::MachineToken;
use machine::MachineTokens;
pub use renewal::RenewalError;
pub use token_request::TokenError;

const CALLBACK: &str = "/oauth/callback";

/// Why a consent did not come about.
#[derive(Debug, thiserror::Error)]
pub enum ConsentError {
    #[error("the person did not allow it")]
    Denied,
    #[error("the state is too old")]
    Expired,
    #[error("the answer came from another issuer than was asked")]
    IssuerMismatch,
    #[error("the provider cannot be reached: {0}")]
    Unreachable(#[from] FetchError),
    #[error("the provider cannot be reached or is in trouble")]
    ProviderUnreachable,
    #[error("the provider refused the request")]
    ProviderRefused,
    #[error("no provider can be found")]
    NotDiscoverable,
    #[error("there is no client to ask as")]
    NoClient,
    #[error("the server's settings changed meanwhile")]
    Changed,
    #[error("no random numbers to be had")]
    NoRandomness,
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl ConsentError {
    /// What the person is told. Our own trouble is logged here, and told as the provider's would be: try again.
    pub fn problem(&self) -> ConsentProblem {
        match self {
            Self::Denied => ConsentProblem::Denied,
            Self::Expired => ConsentProblem::Expired,
            Self::IssuerMismatch => ConsentProblem::IssuerMismatch,
            Self::Unreachable(_) | Self::ProviderUnreachable => ConsentProblem::ProviderUnreachable,
            Self::ProviderRefused => ConsentProblem::ProviderRefused,
            Self::NotDiscoverable => ConsentProblem::NotDiscoverable,
            Self::NoClient => ConsentProblem::NoClient,
            Self::Changed => ConsentProblem::Changed,
            Self::Service(ServiceError::NotFound | ServiceError::Forbidden | ServiceError::Unsupported(_)) => {
                ConsentProblem::NotAllowed
            }
            Self::NoRandomness | Self::Service(_) => {
                error!(error = %self, "A consent failed inside Overkey");
                ConsentProblem::ProviderUnreachable
            }
        }
    }
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Oauth(Arc<Parts>);

struct Parts {
    consents: Consents,
    renewals: Renewals,
    egress: Egress,
    public_url: Url,
    flights: Flights<(OverrideId, i64), renewal::Renewed>,
    machine: MachineTokens,
    machine_flights: Flights<(ServerId, String), machine::Outcome>,
    tasks: TaskTracker,
}

impl Oauth {
    pub fn new(core: &Core, egress: Egress) -> Self {
        let tasks = TaskTracker::new();
        Self(Arc::new(Parts {
            consents: Consents::new(core.clone()),
            renewals: Renewals::new(core.clone()),
            egress,
            public_url: core.public_url.clone(),
            flights: Flights::new(tasks.clone()),
            machine: MachineTokens::default(),
            machine_flights: Flights::new(tasks.clone()),
            tasks,
        }))
    }

    /// Returns when every renewal under way has stored what it got: for shutdown.
    pub async fn finish_renewals(&self) {
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    /// Where providers send the browser back to.
    pub fn redirect_url(&self) -> Url {
        self.public(CALLBACK)
    }

    fn public(&self, path: &str) -> Url {
        let mut url = self.0.public_url.clone();
        url.set_path(path);
        url
    }

    /// Forgets a client that the provider registered for us and knows no longer. False when it is not such a one.
    async fn forget_client(&self, server: &ServerId, issuer: &str, id: &str) -> Result<bool, ServiceError> {
        let kept = self.0.consents.client::<OAuthClient>(server, issuer).await?;
        if kept.is_none_or(|client| client.id != id) {
            return Ok(false);
        }
        self.0.consents.forget_client(server, issuer).await?;
        Ok(true)
    }
}
