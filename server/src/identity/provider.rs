//! One provider's tokens: signed by one of its keys, by an allowed algorithm, and meant for us (A6).

use std::sync::Arc;

use domain::identity::{Algorithm, Identity, check_claims, check_head};
use domain::timestamp::Timestamp;
use openidconnect::JsonWebKey;
use openidconnect::core::{CoreJsonWebKey, CoreJsonWebKeySet, CoreJwsSigningAlgorithm};

use super::keys::Keys;
use super::token::Token;
use super::{discovery, invalid};
use crate::config::ProviderConfig;
use crate::egress::Egress;
use crate::services::identities::NotVerified;

/// Of a token that names no key, at most so many are tried.
const TRIES: usize = 4;

pub struct Provider {
    config: ProviderConfig,
    egress: Egress,
    keys: Arc<Keys>,
}

impl Provider {
    pub fn new(config: ProviderConfig, egress: Egress) -> Self {
        Self {
            config,
            egress,
            keys: Arc::default(),
        }
    }

    pub fn issuer(&self) -> &str {
        &self.config.rules.issuer
    }

    pub async fn verify(&self, token: &Token<'_>, now: Timestamp) -> Result<Identity, NotVerified> {
        let rules = &self.config.rules;
        let algorithm = check_head(token.head(), rules).map_err(invalid)?;
        // What cannot count in any case asks for no keys.
        let claims = token.claims(
            &self.config.subject_claim,
            &self.config.account_claim,
            &self.config.name_claim,
        );
        let identity = check_claims(claims, rules, now).map_err(invalid)?;
        let keys = self.keys(token.key_id(), now).await.ok_or(NotVerified::NoKeys)?;
        if is_signed(token, algorithm, &keys) {
            Ok(identity)
        } else {
            Err(invalid("none of the provider's keys signed it"))
        }
    }

    async fn keys(&self, wanted: Option<&str>, now: Timestamp) -> Option<Arc<CoreJsonWebKeySet>> {
        let (egress, issuer) = (self.egress.clone(), self.issuer().to_owned());
        let place = self.config.jwks_url.clone();
        let has = |keys: &CoreJsonWebKeySet| keys.keys().iter().any(|key| is_meant(key, wanted));
        let fetch = move || async move { discovery::keys(&egress, &issuer, place.as_ref()).await };
        self.keys.get(now, has, fetch).await
    }
}

/// A token that names no key may mean any.
fn is_meant(key: &CoreJsonWebKey, wanted: Option<&str>) -> bool {
    wanted.is_none_or(|wanted| key.key_id().is_some_and(|id| id.as_str() == wanted))
}

/// The key's own kind, use and algorithm have to fit, too: the crate looks at that.
fn is_signed(token: &Token<'_>, algorithm: Algorithm, keys: &CoreJsonWebKeySet) -> bool {
    let algorithm = spelled(algorithm);
    let meant = keys.keys().iter().filter(|key| is_meant(key, token.key_id()));
    meant.take(TRIES).any(|key| {
        key.verify_signature(&algorithm, token.message.as_bytes(), &token.signature)
            .is_ok()
    })
}

pub(super) const fn spelled(algorithm: Algorithm) -> CoreJwsSigningAlgorithm {
    match algorithm {
        Algorithm::Rs256 => CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
        Algorithm::Rs384 => CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
        Algorithm::Rs512 => CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
        Algorithm::Ps256 => CoreJwsSigningAlgorithm::RsaSsaPssSha256,
        Algorithm::Ps384 => CoreJwsSigningAlgorithm::RsaSsaPssSha384,
        Algorithm::Ps512 => CoreJwsSigningAlgorithm::RsaSsaPssSha512,
        Algorithm::Es256 => CoreJwsSigningAlgorithm::EcdsaP256Sha256,
        Algorithm::Es384 => CoreJwsSigningAlgorithm::EcdsaP384Sha384,
        Algorithm::EdDsa => CoreJwsSigningAlgorithm::EdDsa,
    }
}
