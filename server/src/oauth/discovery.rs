//! Who gives out tokens for a server: typed in by its manager, or discovered from the server's own 401 (RFC 9728, then RFC 8414 and
//! OpenID Connect Discovery). Asked anew at every consent: a server may change its provider.

use bytes::Bytes;
use domain::oauth::describes;
use domain::outbound::OAuthSettings;
use domain::server::ServerUrl;
use http::{Method, Request, StatusCode, header};
use serde::de::DeserializeOwned;
use tracing::info;
use url::Url;

use super::challenge::Challenge;
use super::metadata::{ProviderDescription, ResourceDescription, provider_locations, resource_locations};
use crate::egress::{Egress, FetchError};

/// What the unauthenticated request says. Servers check the token first, whatever is asked; `initialize` is the one request that
/// some answer without a token.
const PROBE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}"#;

/// All that a consent needs to know of a provider.
#[derive(Debug, Clone)]
pub struct Provider {
    pub issuer: String,
    /// A typed-in provider's issuer is not known; its place is taken by the origin of its authorization URL.
    pub issuer_is_known: bool,
    pub authorization_url: Url,
    pub token_url: Url,
    pub registration_url: Option<Url>,
    pub revocation_url: Option<Url>,
    /// How it lets clients prove who they are; empty when it does not tell.
    pub auth_methods: Vec<String>,
    pub names_itself: bool,
    pub takes_documents: bool,
    pub scopes_supported: Vec<String>,
    /// RFC 8707: what tokens are asked for.
    pub resource: String,
    /// What the server's 401 asked for, and what its description lists.
    pub challenged: Vec<String>,
    pub described: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum DiscoveryError {
    #[error("nothing tells who gives out its tokens")]
    Unknown,
    /// The texts name no secret and no query.
    #[error("{0}")]
    Unusable(&'static str),
    #[error("a description's place answers with an error")]
    InTrouble,
    #[error("{0}")]
    Unreachable(#[from] FetchError),
}

pub async fn provider(
    egress: &Egress,
    server: &ServerUrl,
    settings: &OAuthSettings,
) -> Result<Provider, DiscoveryError> {
    if settings.discover {
        discover(egress, server.as_url(), settings).await
    } else {
        typed_in(server, settings)
    }
}

fn typed_in(server: &ServerUrl, settings: &OAuthSettings) -> Result<Provider, DiscoveryError> {
    let (Some(authorization_url), Some(token_url)) = (settings.authorization_url.clone(), settings.token_url.clone())
    else {
        return Err(DiscoveryError::Unknown);
    };
    Ok(Provider {
        issuer: authorization_url.origin().ascii_serialization(),
        issuer_is_known: false,
        authorization_url,
        token_url,
        registration_url: settings.registration_url.clone(),
        revocation_url: None,
        auth_methods: Vec::new(),
        names_itself: false,
        takes_documents: false,
        scopes_supported: Vec::new(),
        resource: resource_of(server.as_url()),
        challenged: Vec::new(),
        described: Vec::new(),
    })
}

async fn discover(egress: &Egress, server: &Url, settings: &OAuthSettings) -> Result<Provider, DiscoveryError> {
    let challenge = probe(egress, server).await?;
    let described = describe_resource(egress, server, challenge.resource_metadata.as_ref()).await?;
    let (issuer, resource, scopes) = match described {
        Some(description) => {
            let issuer = description.authorization_servers.into_iter().next();
            let issuer = issuer.ok_or(DiscoveryError::Unknown)?;
            (issuer, description.resource, description.scopes_supported)
        }
        // MCP 2025-03-26: without a description, the server's own origin gives out the tokens.
        None => (server.origin().ascii_serialization(), resource_of(server), Vec::new()),
    };
    let provider = describe_provider(egress, &issuer).await?;
    Ok(Provider {
        issuer: provider.issuer,
        issuer_is_known: true,
        // What a manager typed in beside discovery counts before what is described.
        authorization_url: settings
            .authorization_url
            .clone()
            .unwrap_or(provider.authorization_endpoint),
        token_url: settings.token_url.clone().unwrap_or(provider.token_endpoint),
        registration_url: settings.registration_url.clone().or(provider.registration_endpoint),
        revocation_url: provider.revocation_endpoint,
        auth_methods: provider.token_endpoint_auth_methods_supported,
        names_itself: provider.authorization_response_iss_parameter_supported,
        takes_documents: provider.client_id_metadata_document_supported,
        scopes_supported: provider.scopes_supported,
        resource,
        challenged: challenge.scopes,
        described: scopes,
    })
}

/// What the server says to a caller without a token. Anything but a 401 says nothing, and discovery goes on without it.
async fn probe(egress: &Egress, server: &Url) -> Result<Challenge, DiscoveryError> {
    let request = Request::builder()
        .method(Method::POST)
        .uri(server.as_str())
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json, text/event-stream")
        .header("mcp-protocol-version", "2025-11-25")
        .body(Bytes::from_static(PROBE.as_bytes()))
        .map_err(|_| DiscoveryError::Unusable("the server's URL cannot be called"))?;
    let answer = match egress.fetch(request).await {
        Ok(answer) => answer,
        // An event stream that does not end is no 401.
        Err(FetchError::TimedOut(_) | FetchError::TooLarge(_) | FetchError::Cut) => return Ok(Challenge::default()),
        Err(error @ FetchError::Send(_)) => return Err(error.into()),
    };
    Ok(match answer.status() {
        StatusCode::UNAUTHORIZED => Challenge::of(answer.headers()),
        _ => Challenge::default(),
    })
}

async fn describe_resource(
    egress: &Egress,
    server: &Url,
    named: Option<&Url>,
) -> Result<Option<ResourceDescription>, DiscoveryError> {
    let places = match named {
        Some(place) => vec![place.clone()],
        None => resource_locations(server),
    };
    for place in places {
        let Some(description) = document::<ResourceDescription>(egress, &place, named.is_some()).await? else {
            continue;
        };
        // RFC 9728 section 3.3: a description of something else is an attempt to get tokens for it.
        let speaks = Url::parse(&description.resource).is_ok_and(|resource| describes(&resource, server));
        if !speaks {
            return Err(DiscoveryError::Unusable(
                "the server's description is of another resource",
            ));
        }
        return Ok(Some(description));
    }
    if named.is_some() {
        return Err(DiscoveryError::Unusable(
            "the description that the server names is not there",
        ));
    }
    Ok(None)
}

async fn describe_provider(egress: &Egress, issuer: &str) -> Result<ProviderDescription, DiscoveryError> {
    let url = Url::parse(issuer).map_err(|_| DiscoveryError::Unusable("the provider's name is not a URL"))?;
    for place in provider_locations(&url) {
        let Some(description) = document::<ProviderDescription>(egress, &place, false).await? else {
            continue;
        };
        // RFC 8414 section 3.3: identical, or it must not be used.
        if description.issuer != issuer {
            info!(named = issuer, describes = %description.issuer, "A provider's description is of another issuer");
            return Err(DiscoveryError::Unusable(
                "the provider's description is of another issuer",
            ));
        }
        if !description.takes_pkce() {
            return Err(DiscoveryError::Unusable(
                "the provider does not say that it takes PKCE with S256",
            ));
        }
        return Ok(description);
    }
    Err(DiscoveryError::Unknown)
}

/// `None` when it is not there. Where nobody named the place, something else may be there: an application's page for every address,
/// or a redirect to a sign-in.
async fn document<T: DeserializeOwned>(egress: &Egress, place: &Url, named: bool) -> Result<Option<T>, DiscoveryError> {
    let request = Request::builder()
        .uri(place.as_str())
        .header(header::ACCEPT, "application/json")
        .body(Bytes::new())
        .map_err(|_| DiscoveryError::Unusable("a description's address cannot be called"))?;
    let answer = egress.fetch(request).await?;
    let status = answer.status();
    match serde_json::from_slice(answer.body()) {
        Ok(document) if status == StatusCode::OK => Ok(Some(document)),
        _ if status.is_server_error() => Err(DiscoveryError::InTrouble),
        Err(_) if status == StatusCode::OK && is_json(answer.body()) => {
            Err(DiscoveryError::Unusable("a description lacks what it must have"))
        }
        _ if named && !status.is_client_error() => Err(DiscoveryError::Unusable("a description cannot be read")),
        _ => Ok(None),
    }
}

fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
}

/// A server's own name as a resource (RFC 8707 section 2: no fragment, and rather no query, which may hold a key). A path of `/`
/// alone is left out, as MCP writes it.
pub fn resource_of(server: &Url) -> String {
    let mut url = server.clone();
    url.set_fragment(None);
    url.set_query(None);
    match url.path() {
        "/" => url.origin().ascii_serialization(),
        _ => url.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_name_as_a_resource_has_no_bare_slash_and_no_query() {
        for (url, name) in [
            ("https://a.example", "https://a.example"),
            ("https://a.example/", "https://a.example"),
            ("https://A.example:443/mcp", "https://a.example/mcp"),
            ("https://a.example/mcp/", "https://a.example/mcp/"),
            ("http://a.example:8080/mcp?key=1#x", "http://a.example:8080/mcp"),
        ] {
            assert_eq!(resource_of(&Url::parse(url).unwrap()), name);
        }
    }
}
