//! Asking a token endpoint (RFC 6749 sections 4.1.3, 4.4.2 and 6), through our own way out.

use domain::oauth::AuthMethod;
use domain::secret::Secret;
use domain::timestamp::Timestamp;
use oauth2::basic::{BasicClient, BasicErrorResponse, BasicErrorResponseType, BasicTokenResponse, BasicTokenType};
use oauth2::{
    AuthType, AuthorizationCode, ClientId, ClientSecret, EndpointNotSet, EndpointSet, PkceCodeVerifier, RedirectUrl,
    RefreshToken, RequestTokenError, Scope, TokenResponse, TokenUrl,
};
use tracing::warn;
use url::Url;

use super::http::Http;
use crate::egress::{Egress, FetchError};
use crate::services::consents::Granted;
use crate::services::vault::OAuthClient;

type Client = BasicClient<EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// Why there is no token. Only the first says anything about the grant itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// `invalid_grant`: the code or the refresh token is no longer good.
    #[error("the provider says that the grant is no longer good")]
    InvalidGrant,
    /// `invalid_client`, `unauthorized_client`: the client is the matter, not the person's consent.
    #[error("the provider does not accept the client")]
    ClientRefused,
    #[error("the provider refused the request")]
    Refused,
    /// Not reached, an answer that is none, or trouble on its side: trying again may help.
    #[error("the provider cannot be reached or is in trouble")]
    Unreachable,
}

/// What to ask for.
#[derive(Debug, Clone, Copy)]
pub enum Request<'a> {
    Code {
        code: &'a Secret,
        verifier: &'a Secret,
        redirect: &'a Url,
    },
    Refresh(&'a Secret),
    ClientCredentials(&'a [String]),
}

/// Where to ask, as whom, and what for.
#[derive(Clone, Copy)]
pub struct TokenEndpoint<'a> {
    pub egress: &'a Egress,
    pub url: &'a Url,
    pub client: &'a OAuthClient,
    pub resource: &'a str,
}

impl TokenEndpoint<'_> {
    /// As `ask`; and where nobody told how the provider lets clients prove who they are, in the other way too when the first is
    /// refused. The second value is the way that worked.
    pub async fn ask_either_way(
        self,
        request: Request<'_>,
        now: Timestamp,
    ) -> Result<(Granted, AuthMethod), TokenError> {
        let method = self.client.method;
        match self.ask(request, now).await {
            // The client is looked at first, so a code is still good after this (RFC 6749 section 4.1.3).
            Err(TokenError::ClientRefused) if method == AuthMethod::Basic => {
                let client = OAuthClient {
                    method: AuthMethod::Post,
                    ..self.client.clone()
                };
                let other = TokenEndpoint {
                    client: &client,
                    ..self
                };
                Ok((other.ask(request, now).await?, AuthMethod::Post))
            }
            granted => Ok((granted?, method)),
        }
    }

    /// `now` is when the answer's lifetime begins.
    pub async fn ask(self, request: Request<'_>, now: Timestamp) -> Result<Granted, TokenError> {
        let (client, http) = (self.client(), Http(self.egress));
        let answer = match request {
            Request::Code {
                code,
                verifier,
                redirect,
            } => {
                client
                    .set_redirect_uri(RedirectUrl::from_url(redirect.clone()))
                    .exchange_code(AuthorizationCode::new(code.expose().to_owned()))
                    .set_pkce_verifier(PkceCodeVerifier::new(verifier.expose().to_owned()))
                    .add_extra_param("resource", self.resource)
                    .request_async(&http)
                    .await
            }
            Request::Refresh(token) => {
                client
                    .exchange_refresh_token(&RefreshToken::new(token.expose().to_owned()))
                    .add_extra_param("resource", self.resource)
                    .request_async(&http)
                    .await
            }
            Request::ClientCredentials(scopes) => {
                client
                    .exchange_client_credentials()
                    .add_scopes(scopes.iter().cloned().map(Scope::new))
                    .add_extra_param("resource", self.resource)
                    .request_async(&http)
                    .await
            }
        };
        granted(answer, now)
    }

    fn client(self) -> Client {
        let client = BasicClient::new(ClientId::new(self.client.id.clone()))
            .set_token_uri(TokenUrl::from_url(self.url.clone()))
            .set_auth_type(match self.client.method {
                AuthMethod::Basic => AuthType::BasicAuth,
                AuthMethod::Post | AuthMethod::Nothing => AuthType::RequestBody,
            });
        match &self.client.secret {
            Some(secret) => client.set_client_secret(ClientSecret::new(secret.expose().to_owned())),
            None => client,
        }
    }
}

/// `now` is when it was asked: what passed since then is not given away. No lifetime told: none assumed.
fn granted(
    answer: Result<BasicTokenResponse, RequestTokenError<FetchError, BasicErrorResponse>>,
    now: Timestamp,
) -> Result<Granted, TokenError> {
    let token = answer.map_err(|error| why(&error))?;
    if *token.token_type() != BasicTokenType::Bearer {
        return Err(TokenError::Refused);
    }
    let life = token.expires_in();
    Ok(Granted {
        access: Secret::new(token.access_token().secret().clone()),
        refresh: token.refresh_token().map(|token| Secret::new(token.secret().clone())),
        issued_at: now,
        expires_at: life.map(|life| now.plus(i64::try_from(life.as_secs()).unwrap_or(i64::MAX))),
        scopes: token
            .scopes()
            .map(|scopes| scopes.iter().map(|scope| scope.as_str().to_owned()).collect()),
    })
}

fn why(error: &RequestTokenError<FetchError, BasicErrorResponse>) -> TokenError {
    match error {
        RequestTokenError::ServerResponse(response) => {
            // The error's name is one of RFC 6749's or the provider's own word; its description may hold anything and stays out.
            warn!(error = %response.error(), "A token endpoint refused a request");
            match response.error() {
                BasicErrorResponseType::InvalidGrant => TokenError::InvalidGrant,
                BasicErrorResponseType::InvalidClient | BasicErrorResponseType::UnauthorizedClient => {
                    TokenError::ClientRefused
                }
                BasicErrorResponseType::Extension(word) if is_transient(word) => TokenError::Unreachable,
                BasicErrorResponseType::InvalidRequest
                | BasicErrorResponseType::InvalidScope
                | BasicErrorResponseType::UnsupportedGrantType
                | BasicErrorResponseType::Extension(_) => TokenError::Refused,
            }
        }
        RequestTokenError::Request(error) => {
            warn!(error = %error, "A token endpoint cannot be reached");
            TokenError::Unreachable
        }
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            warn!("A token endpoint gave an answer that is none");
            TokenError::Unreachable
        }
    }
}

/// Words that providers use for trouble of their own (RFC 6749 section 4.1.2.1 has them for the other endpoint).
fn is_transient(word: &str) -> bool {
    matches!(word, "temporarily_unavailable" | "server_error" | "slow_down")
}
