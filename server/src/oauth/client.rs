//! Which client we are at a provider: one that a manager entered, our own metadata document, or one that the provider registers
//! for us (RFC 7591). A registered one is kept per server and issuer.

use bytes::Bytes;
use domain::oauth::{AuthMethod, ClientSource, client_source};
use domain::outbound::OAuthSettings;
use domain::secret::Secret;
use http::{Method, Request, header};
use serde::Deserialize;
use serde_json::{Value, json};
use tracing::warn;
use url::{Host, Url};

use super::discovery::Provider;
use super::{ConsentError, Oauth};
use crate::services::consents::ConsentPlace;
use crate::services::vault::OAuthClient;

const NAME: &str = "Overkey";

/// What a provider answers to a registration.
#[derive(Deserialize)]
struct Registered {
    client_id: String,
    client_secret: Option<String>,
    token_endpoint_auth_method: Option<String>,
}

impl Oauth {
    pub(super) async fn client_for(
        &self,
        place: &ConsentPlace,
        provider: &Provider,
    ) -> Result<OAuthClient, ConsentError> {
        let document = self.document_url().filter(|_| provider.takes_documents);
        let pre_registered = place.settings.client_id.is_some();
        match client_source(pre_registered, document.is_some(), provider.registration_url.is_some()) {
            ClientSource::PreRegistered => pre_registered_client(&place.settings, provider),
            ClientSource::MetadataDocument => Ok(OAuthClient {
                id: document.map(String::from).unwrap_or_default(),
                secret: None,
                method: AuthMethod::Nothing,
            }),
            ClientSource::Dynamic => self.registered_client(place, provider).await,
            ClientSource::Impossible => Err(ConsentError::NoClient),
        }
    }

    /// Where our metadata document is, when it can be one: providers take https only.
    pub fn document_url(&self) -> Option<Url> {
        let url = self.public("/oauth/client-metadata.json");
        (url.scheme() == "https").then_some(url)
    }

    /// Our description of ourselves (OAuth Client ID Metadata Document).
    pub fn metadata_document(&self) -> Value {
        let mut document = self.description(AuthMethod::Nothing);
        if let Some(document) = document.as_object_mut() {
            document.insert(
                "client_id".to_owned(),
                json!(self.public("/oauth/client-metadata.json").as_str()),
            );
        }
        document
    }

    fn description(&self, method: AuthMethod) -> Value {
        let redirect = self.redirect_url();
        // OpenID Connect Dynamic Client Registration: a native client is one whose browser is on the machine it redirects to.
        let loopback = match redirect.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        };
        let native = loopback && redirect.scheme() == "http";
        // No scope: providers would refuse every scope that was not registered, and a later consent may need more.
        let mut document = json!({
            "client_name": NAME,
            "redirect_uris": [redirect.as_str()],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": method.as_str(),
            "application_type": if native { "native" } else { "web" },
        });
        if let (Some(document), "https") = (document.as_object_mut(), redirect.scheme()) {
            document.insert("client_uri".to_owned(), json!(self.public("/").as_str()));
        }
        document
    }

    async fn registered_client(&self, place: &ConsentPlace, provider: &Provider) -> Result<OAuthClient, ConsentError> {
        let kept = self.0.consents.client::<OAuthClient>(&place.server, &provider.issuer);
        if let Some(client) = kept.await? {
            return Ok(client);
        }
        let client = self.register(provider).await?;
        Ok(self
            .0
            .consents
            .add_client(&place.server, &provider.issuer, client)
            .await?)
    }

    async fn register(&self, provider: &Provider) -> Result<OAuthClient, ConsentError> {
        let url = provider.registration_url.as_ref().ok_or(ConsentError::NoClient)?;
        let wanted = AuthMethod::choose(true, &provider.auth_methods).ok_or(ConsentError::NoClient)?;
        let request = Request::builder()
            .method(Method::POST)
            .uri(url.as_str())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json")
            .body(Bytes::from(self.description(wanted).to_string()))
            .map_err(|_| ConsentError::NoClient)?;
        let answer = self.0.egress.fetch(request).await?;
        if !answer.status().is_success() {
            warn!(issuer = %provider.issuer, status = answer.status().as_u16(), "A provider did not register us as a client");
            return Err(ConsentError::NoClient);
        }
        let registered: Registered =
            serde_json::from_slice(answer.body()).map_err(|_| ConsentError::ProviderRefused)?;
        let secret = registered
            .client_secret
            .filter(|secret| !secret.is_empty())
            .map(Secret::new);
        // RFC 7591 section 3.2.1: what the answer says counts, not what was asked for.
        let told = registered.token_endpoint_auth_method.as_deref();
        let method = match told.map(AuthMethod::parse) {
            Some(method) => method,
            None => AuthMethod::choose(secret.is_some(), &provider.auth_methods),
        };
        let method = method.ok_or(ConsentError::NoClient)?;
        Ok(OAuthClient {
            id: registered.client_id,
            secret: secret.filter(|_| method != AuthMethod::Nothing),
            method,
        })
    }
}

fn pre_registered_client(settings: &OAuthSettings, provider: &Provider) -> Result<OAuthClient, ConsentError> {
    let secret = settings.client_secret.clone();
    let method = AuthMethod::choose(secret.is_some(), &provider.auth_methods).ok_or(ConsentError::NoClient)?;
    Ok(OAuthClient {
        id: settings.client_id.clone().unwrap_or_default(),
        secret: secret.filter(|_| method != AuthMethod::Nothing),
        method,
    })
}
