//! Identity providers: their tokens at the gateway (B02), and signing on to the pages with OpenID Connect. Everything is asked
//! through `egress`; who somebody is then, the services say.

mod discovery;
mod exchange;
mod keys;
mod provider;
mod sign_on;
mod signed;
mod token;

use async_trait::async_trait;
use domain::identity::Identity;
use domain::timestamp::Timestamp;
use tracing::debug;

use crate::config::ProviderConfig;
use crate::egress::Egress;
use crate::services::identities::{NotVerified, VerifyToken};
use provider::Provider;
pub use sign_on::{Answer, Departure, GOOD_FOR, SignOn, SignOnError};

/// The configured providers whose tokens are taken.
pub struct Providers(Vec<Provider>);

impl Providers {
    pub fn new(configured: &[ProviderConfig], egress: &Egress) -> Self {
        let providers = configured
            .iter()
            .map(|config| Provider::new(config.clone(), egress.clone()));
        Self(providers.collect())
    }

    /// As the word of an unchecked token: it only chooses whose keys it is held against.
    fn of_issuer(&self, issuer: &str) -> Option<&Provider> {
        self.0.iter().find(|provider| provider.issuer() == issuer)
    }
}

#[async_trait]
impl VerifyToken for Providers {
    async fn verify(&self, token: &str, now: Timestamp) -> Result<Identity, NotVerified> {
        let parsed = token::parse(token).map_err(invalid)?;
        let provider = self.of_issuer(parsed.issuer()).ok_or(NotVerified::Invalid)?;
        provider.verify(&parsed, now).await
    }

    fn knows(&self, issuer: &str) -> bool {
        self.of_issuer(issuer).is_some()
    }
}

/// Why stays in the log: a caller who guesses learns nothing.
fn invalid(why: impl std::fmt::Display) -> NotVerified {
    debug!(why = %why, "A token of an identity provider does not count");
    NotVerified::Invalid
}
