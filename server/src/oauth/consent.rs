//! A person's consent at a server's provider (RFC 6749 section 4.1 with PKCE, RFC 8707, RFC 9207): sent there with a state that is
//! theirs alone, and taken back once.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::actor::Actor;
use domain::oauth::{ConsentProblem, OFFLINE_ACCESS, scopes};
use domain::secret::Secret;
use domain::server::ServerName;
use oauth2::basic::BasicClient;
use oauth2::{AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, RedirectUrl, Scope};
use rand::TryRngCore;
use rand::rngs::OsRng;
use tracing::{info, warn};
use url::Url;

use super::discovery::{self, DiscoveryError, Provider};
use super::token_request::{Request, TokenEndpoint, TokenError};
use super::{ConsentError, Oauth};
use crate::services::consents::{Asked, ConsentPlace, Returned, fingerprint};

/// Where to send the browser.
#[derive(Debug)]
pub struct Departure {
    pub url: Url,
    /// The provider, as the person reads it.
    pub host: String,
}

/// What came back in the callback's address.
#[derive(Debug, Default)]
pub struct Answer {
    pub state: Option<Secret>,
    pub code: Option<Secret>,
    pub issuer: Option<String>,
    pub error: Option<String>,
}

/// How a consent ended. The server is named only to the person who began it.
#[derive(Debug)]
pub struct Ending {
    pub server: Option<ServerName>,
    pub problem: Option<ConsentProblem>,
}

impl Oauth {
    pub async fn begin(&self, actor: &Actor, server: &str, session_hash: &[u8]) -> Result<Departure, ConsentError> {
        let place = self.0.consents.place(actor, server).await?;
        let provider = discovery::provider(&self.0.egress, &place.url, &place.settings)
            .await
            .inspect_err(
                |error| info!(server.name = %place.name, error = %error, "Could not find a server's provider"),
            )?;
        let client = self.client_for(&place, &provider).await?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let asked = Asked {
            verifier: Some(Secret::new(verifier.secret().clone())),
            issuer: provider.issuer.clone(),
            names_itself: provider.names_itself,
            issuer_is_known: provider.issuer_is_known,
            token_url: provider.token_url.clone(),
            revocation_url: provider.revocation_url.clone(),
            resource: provider.resource.clone(),
            scopes: wanted_scopes(&place, &provider),
            client,
            settings: fingerprint(&place.url, &place.settings),
        };
        let state = random_state()?;
        self.0
            .consents
            .begin(actor, &place, session_hash, &state, &asked)
            .await?;
        let url = self.departure(&provider, &asked, &state, challenge);
        let host = url.host_str().unwrap_or_default().to_owned();
        Ok(Departure { url, host })
    }

    fn departure(&self, provider: &Provider, asked: &Asked, state: &Secret, challenge: PkceCodeChallenge) -> Url {
        let client = BasicClient::new(ClientId::new(asked.client.id.clone()))
            .set_auth_uri(AuthUrl::from_url(provider.authorization_url.clone()))
            .set_redirect_uri(RedirectUrl::from_url(self.redirect_url()));
        let mut request = client
            .authorize_url(|| CsrfToken::new(state.expose().to_owned()))
            .set_pkce_challenge(challenge)
            .add_scopes(asked.scopes.iter().cloned().map(Scope::new))
            .add_extra_param("resource", asked.resource.clone());
        if asked.scopes.iter().any(|scope| scope == OFFLINE_ACCESS) {
            // OpenID Connect Core 1.0 section 11: without it, providers drop the scope.
            request = request.add_extra_param("prompt", "consent");
        }
        request.url().0
    }

    /// The browser is back. The state is used up, whatever else is wrong (G8).
    pub async fn finish(&self, actor: &Actor, session_hash: &[u8], answer: Answer) -> Ending {
        let problem = |problem| Ending {
            server: None,
            problem: Some(problem),
        };
        let Some(state) = &answer.state else {
            return problem(ConsentProblem::Expired);
        };
        let returned = match self.0.consents.take(actor, session_hash, state).await {
            Ok(Some(returned)) => returned,
            Ok(None) => return problem(ConsentProblem::Expired),
            Err(error) => return problem(ConsentError::from(error).problem()),
        };
        if !returned.ours {
            return problem(ConsentProblem::AnotherSession);
        }
        let stored = self.take_in(actor, &returned, &answer).await;
        if let Err(error) = &stored {
            info!(server.name = %returned.server, error = %error, "A consent did not succeed");
        }
        Ending {
            server: Some(returned.server),
            problem: stored.err().map(|error| error.problem()),
        }
    }

    async fn take_in(&self, actor: &Actor, returned: &Returned, answer: &Answer) -> Result<(), ConsentError> {
        if !returned.in_time {
            return Err(ConsentError::Expired);
        }
        let asked = &returned.asked;
        if !came_from(asked, answer.issuer.as_deref()) {
            warn!(server.name = %returned.server, issuer = %asked.issuer, "The answer to a consent named another issuer, or none");
            return Err(ConsentError::IssuerMismatch);
        }
        match (answer.error.as_deref(), &answer.code, &asked.verifier) {
            (None, Some(code), Some(verifier)) => {
                let endpoint = TokenEndpoint {
                    egress: &self.0.egress,
                    url: &asked.token_url,
                    client: &asked.client,
                    resource: &asked.resource,
                };
                let redirect = self.redirect_url();
                let request = Request::Code {
                    code,
                    verifier,
                    redirect: &redirect,
                };
                let now = self.0.consents.now();
                // A typed-in provider did not tell how clients prove who they are.
                let answer = match asked.issuer_is_known {
                    true => endpoint
                        .ask(request, now)
                        .await
                        .map(|granted| (granted, asked.client.method)),
                    false => endpoint.ask_either_way(request, now).await,
                };
                if answer.as_ref().is_err_and(|error| *error == TokenError::ClientRefused) {
                    let (server, client) = (&returned.server_id, &asked.client.id);
                    self.forget_client(server, &asked.issuer, client).await?;
                }
                let (granted, method) = answer?;
                let mut asked = asked.clone();
                asked.client.method = method;
                let saved = self.0.consents.save(actor, &returned.server, &asked, granted).await?;
                if saved { Ok(()) } else { Err(ConsentError::Changed) }
            }
            (Some("access_denied"), ..) => Err(ConsentError::Denied),
            _ => Err(ConsentError::ProviderRefused),
        }
    }
}

/// RFC 9207 section 2.4, byte for byte; for a typed-in provider, whose issuer nobody told, by origin.
fn came_from(asked: &Asked, named: Option<&str>) -> bool {
    match named {
        Some(name) if asked.issuer_is_known => name == asked.issuer,
        Some(name) => Url::parse(name).is_ok_and(|url| url.origin().ascii_serialization() == asked.issuer),
        None => !asked.names_itself,
    }
}

fn wanted_scopes(place: &ConsentPlace, provider: &Provider) -> Vec<String> {
    let mut added: BTreeSet<String> = place.scopes.clone();
    if provider.scopes_supported.iter().any(|scope| scope == OFFLINE_ACCESS) {
        added.insert(OFFLINE_ACCESS.to_owned());
    }
    scopes(
        &place.settings.scopes,
        &provider.challenged,
        &provider.described,
        &added,
    )
}

fn random_state() -> Result<Secret, ConsentError> {
    let mut bytes = [0u8; 32];
    OsRng
        .try_fill_bytes(&mut bytes)
        .map_err(|_| ConsentError::NoRandomness)?;
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(bytes)))
}

impl From<DiscoveryError> for ConsentError {
    fn from(error: DiscoveryError) -> Self {
        match error {
            DiscoveryError::Unknown | DiscoveryError::Unusable(_) => Self::NotDiscoverable,
            DiscoveryError::InTrouble => Self::ProviderUnreachable,
            DiscoveryError::Unreachable(error) => error.into(),
        }
    }
}

impl From<TokenError> for ConsentError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::InvalidGrant | TokenError::ClientRefused | TokenError::Refused => Self::ProviderRefused,
            TokenError::Unreachable => Self::ProviderUnreachable,
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::oauth::AuthMethod;

    use super::*;
    use crate::services::vault::OAuthClient;

    fn asked(names_itself: bool, issuer_is_known: bool) -> Asked {
        Asked {
            verifier: None,
            issuer: "https://id.example".to_owned(),
            names_itself,
            issuer_is_known,
            token_url: Url::parse("https://id.example/token").unwrap(),
            revocation_url: None,
            resource: "https://mcp.example".to_owned(),
            scopes: Vec::new(),
            client: OAuthClient {
                id: "overkey".to_owned(),
                secret: None,
                method: AuthMethod::Nothing,
            },
            settings: String::new(),
        }
    }

    #[test]
    fn g8_the_answer_must_come_from_who_was_asked() {
        let known = |names_itself, named| came_from(&asked(names_itself, true), named);
        assert!(known(true, Some("https://id.example")) && known(false, Some("https://id.example")));
        assert!(known(false, None), "it never said that it names itself");
        assert!(!known(true, None), "it said so");
        for other in ["https://id.example/", "https://evil.example", "", "https://ID.example"] {
            assert!(!known(true, Some(other)) && !known(false, Some(other)), "{other}");
        }
        let typed_in = |named| came_from(&asked(false, false), named);
        assert!(typed_in(None) && typed_in(Some("https://id.example/tenant")));
        assert!(!typed_in(Some("https://evil.example")) && !typed_in(Some("nonsense")));
    }
}
