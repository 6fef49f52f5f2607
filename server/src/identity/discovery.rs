//! What a provider says of itself (OpenID Connect Discovery 1.0), and its keys.

use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType, CoreJsonWebKey,
    CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreResponseMode,
    CoreResponseType, CoreSubjectIdentifierType,
};
use openidconnect::{AdditionalProviderMetadata, IssuerUrl, JsonWebKeySetUrl, ProviderMetadata};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::egress::Egress;
use crate::oauth::Http;

/// RFC 9207, which the crate does not know.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NamesItself {
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for NamesItself {}

pub type Description = ProviderMetadata<
    NamesItself,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// The description, with the keys in it. One of another issuer than was asked for is an error.
pub async fn describe(egress: &Egress, issuer: &str) -> anyhow::Result<Description> {
    let issuer = IssuerUrl::new(issuer.to_owned())?;
    Ok(Description::discover_async(issuer, &Http(egress)).await?)
}

/// The keys at a configured place, or where the provider says they are.
pub async fn keys(egress: &Egress, issuer: &str, place: Option<&Url>) -> anyhow::Result<CoreJsonWebKeySet> {
    match place {
        Some(url) => {
            let url = JsonWebKeySetUrl::from_url(url.clone());
            Ok(CoreJsonWebKeySet::fetch_async(&url, &Http(egress)).await?)
        }
        None => Ok(describe(egress, issuer).await?.jwks().clone()),
    }
}
