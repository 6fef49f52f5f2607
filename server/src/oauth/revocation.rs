//! Giving tokens back to their provider (RFC 7009) when somebody disconnects: they are deleted here already, so what the provider
//! makes of it is a line in the log.
//!
//! Not the crate `oauth2`: it sends revocations to https only, and `egress` decides where plain http may be spoken.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use domain::oauth::AuthMethod;
use domain::secret::Secret;
use http::{Method, Request, header};
use tracing::{debug, info};
use url::{Url, form_urlencoded};

use super::Oauth;
use crate::services::renewals::{GiveBack, HeldTokens};
use crate::services::vault::OAuthClient;

impl GiveBack for Oauth {
    fn give_back(&self, held: HeldTokens) {
        let Some(url) = held.tokens.from.revocation_url.clone() else {
            debug!(override.id = %held.row.id, "The provider does not tell where tokens are given back");
            return;
        };
        let oauth = self.clone();
        self.0.tasks.spawn(async move { oauth.revoke(&url, &held).await });
    }
}

impl Oauth {
    /// The refresh token first: with it providers end the whole grant. Some then know the access token no more, others need to be told.
    async fn revoke(&self, url: &Url, held: &HeldTokens) {
        let (tokens, id) = (&held.tokens, &held.row.id);
        let refresh = tokens.refresh.as_ref().map(|token| (token, "refresh_token"));
        for (token, kind) in refresh.into_iter().chain([(&tokens.access, "access_token")]) {
            match self.revoke_one(url, &tokens.client, token, kind).await {
                Ok(status) if status.is_success() => debug!(override.id = %id, token = kind, "Gave a token back"),
                Ok(status) => {
                    info!(override.id = %id, token = kind, status = status.as_u16(), "The provider did not take a token back");
                }
                Err(error) => info!(override.id = %id, token = kind, error = %error, "Could not give a token back"),
            }
        }
    }

    async fn revoke_one(
        &self,
        url: &Url,
        client: &OAuthClient,
        token: &Secret,
        kind: &str,
    ) -> anyhow::Result<http::StatusCode> {
        let answer = self.0.egress.fetch(request(url, client, token, kind)?).await?;
        Ok(answer.status())
    }
}

/// RFC 7009 section 2.1; the client as RFC 6749 section 2.3.1 has it prove who it is.
fn request(url: &Url, client: &OAuthClient, token: &Secret, kind: &str) -> Result<Request<Bytes>, http::Error> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("token", token.expose())
        .append_pair("token_type_hint", kind);
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(url.as_str())
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT, "application/json");
    match (client.method, &client.secret) {
        (AuthMethod::Basic, Some(secret)) => {
            let escaped = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let pair = format!("{}:{}", escaped(&client.id), escaped(secret.expose()));
            request = request.header(header::AUTHORIZATION, format!("Basic {}", STANDARD.encode(pair)));
        }
        (AuthMethod::Post, Some(secret)) => {
            form.append_pair("client_id", &client.id)
                .append_pair("client_secret", secret.expose());
        }
        (AuthMethod::Basic | AuthMethod::Post | AuthMethod::Nothing, _) => {
            form.append_pair("client_id", &client.id);
        }
    }
    request.body(Bytes::from(form.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(method: AuthMethod, secret: Option<&str>) -> (Option<String>, String) {
        let client = OAuthClient {
            id: "a client".to_owned(),
            secret: secret.map(Secret::new),
            method,
        };
        let url = Url::parse("https://id.example/revoke").unwrap();
        let request = request(&url, &client, &Secret::new("t&1"), "refresh_token").unwrap();
        let proof = request.headers().get("authorization");
        let proof = proof.map(|value| value.to_str().unwrap().to_owned());
        (proof, String::from_utf8(request.body().to_vec()).unwrap())
    }

    #[test]
    fn the_client_proves_who_it_is_as_it_does_for_tokens() {
        let form = "token=t%261&token_type_hint=refresh_token";
        let basic = format!("Basic {}", STANDARD.encode("a+client:s%3A1"));
        assert_eq!(asked(AuthMethod::Basic, Some("s:1")), (Some(basic), form.to_owned()));
        let post = format!("{form}&client_id=a+client&client_secret=s%3A1");
        assert_eq!(asked(AuthMethod::Post, Some("s:1")), (None, post));
        let public = format!("{form}&client_id=a+client");
        assert_eq!(asked(AuthMethod::Nothing, None), (None, public));
    }
}
