//! One provider's tokens: signed by one of its keys, by an allowed algorithm, and meant for us (A6).

use std::sync::Arc;

use domain::identity::{Algorithm, Identity, check_claims, check_head};
use domain::timestamp::Timestamp;
use openidconnect::JsonWebKey;
use openidconnect::core::{CoreJsonWebKey, CoreJsonWebKeySet, CoreJwsSigningAlgorithm};

use super::keys::Keys;
use super::signed::Signed;
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
    signed: Signed,
}

impl Provider {
    pub fn new(config: ProviderConfig, egress: Egress) -> Self {
        Self {
            config,
            egress,
            keys: Arc::default(),
            signed: Signed::default(),
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
        if self.signed.is(token, &keys, || is_signed(token, algorithm, &keys)) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::token::parse;

    /// RFC 7515 appendices A.2 and A.3: keys and tokens that others made.
    const RSA: &str = r#"{"keys":[{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}]}"#;
    const RS256: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    const EC: &str = r#"{"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#;
    const ES256: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

    fn signed(token: &str, algorithm: Algorithm, keys: &str) -> bool {
        is_signed(&parse(token).unwrap(), algorithm, &serde_json::from_str(keys).unwrap())
    }

    #[test]
    fn a6_signatures_of_others_are_understood_by_their_own_key_and_algorithm_only() {
        assert!(signed(RS256, Algorithm::Rs256, RSA));
        assert!(signed(ES256, Algorithm::Es256, EC));
        for (token, algorithm, keys) in [
            (RS256, Algorithm::Ps256, RSA),
            (RS256, Algorithm::Rs384, RSA),
            (RS256, Algorithm::Es256, RSA),
            (RS256, Algorithm::Rs256, EC),
            (ES256, Algorithm::Es384, EC),
            (ES256, Algorithm::EdDsa, EC),
        ] {
            assert!(!signed(token, algorithm, keys), "{algorithm:?}");
        }
        let changed = RS256.replace("eyJpc3MiOiJqb2Ui", "eyJpc3MiOiJqb2Yi");
        assert!(!signed(&changed, Algorithm::Rs256, RSA));
    }

    #[test]
    fn a6_a_key_that_is_not_for_signing_signs_nothing() {
        let keys = EC.replace("\"kty\"", "\"use\":\"enc\",\"kty\"");
        assert!(!signed(ES256, Algorithm::Es256, &keys));
    }
}
