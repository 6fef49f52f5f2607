//! Servers as pages show them.

use domain::outbound::Mode;
use serde::{Deserialize, Serialize};

use super::oauth_model::{OAuthForm, OAuthView};
use crate::error::Kept;
use crate::secret_input::SecretInput;

pub use super::pending_model::PendingChange;
pub use super::status::Status;

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ServerListRequest {
    pub search: String,
    /// A mode or empty.
    pub mode: String,
    /// A status or empty.
    pub status: String,
    pub cursor: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerList {
    pub request: ServerListRequest,
    pub rows: Vec<ServerRow>,
    pub may_create: bool,
    pub next: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerRow {
    pub name: String,
    pub description: String,
    pub mode: Mode,
    pub manager: bool,
    pub status: Status,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerPage {
    pub name: String,
    pub description: String,
    pub mode: Mode,
    pub manager: bool,
    pub status: Status,
    pub gateway_url: String,
}

/// One header of a shared credential as it is typed; an empty value keeps what is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SharedHeader {
    pub name: String,
    pub value: SecretInput,
}

/// What a form calls the sign that a secret has to be typed again.
pub const SECRETS_AGAIN: &str = "secrets_again";

/// A server as its form sends it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServerForm {
    pub name: String,
    pub url: String,
    pub description: String,
    pub mode: String,
    /// API Key, Individual: one header a line, `Name: template`, or the name alone.
    pub individual: String,
    pub shared: Vec<SharedHeader>,
    pub oauth: OAuthForm,
    /// B01: `true`, or nothing.
    pub allow_overrides: String,
    /// Not empty when an earlier try bore a secret, which no address carries: it has to be typed again.
    pub secrets_again: String,
    /// D07: what the preview showed, and the server's name typed to confirm.
    pub revision: String,
    pub effect: String,
    pub typed_name: String,
}

impl ServerForm {
    /// What may travel in an address when scripts are off: everything but the secrets.
    pub fn kept(&self) -> Kept {
        let secret = self.bears_secret() || !self.secrets_again.is_empty();
        let mut kept: Kept = [
            ("name", &self.name),
            ("url", &self.url),
            ("description", &self.description),
            ("mode", &self.mode),
            ("individual", &self.individual),
            ("allow_overrides", &self.allow_overrides),
            ("typed_name", &self.typed_name),
        ]
        .map(|(name, value)| (name.to_owned(), value.clone()))
        .into();
        let names = self.shared.iter().enumerate();
        kept.extend(names.map(|(index, header)| (format!("shared.{index}.name"), header.name.clone())));
        kept.extend(self.oauth.kept());
        if secret {
            kept.push((SECRETS_AGAIN.to_owned(), "true".to_owned()));
        }
        kept
    }

    fn bears_secret(&self) -> bool {
        match Mode::parse(&self.mode) {
            Some(Mode::ApiKeyShared) => self.shared.iter().any(|header| !header.value.is_empty()),
            Some(Mode::AuthorizationCode | Mode::ClientCredentials) => !self.oauth.client_secret.is_empty(),
            Some(Mode::ApiKeyIndividual | Mode::TokenPassthrough | Mode::NoAuth) | None => false,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SettingsPage {
    pub name: String,
    pub url: String,
    pub description: String,
    pub mode: String,
    pub individual: String,
    /// Name and mask of each shared header.
    pub shared: Vec<(String, String)>,
    pub oauth: OAuthView,
    /// B01.
    pub allow_overrides: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    pub name: String,
    pub unchanged: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_travels_in_an_address_holds_no_secret_but_the_sign_that_there_was_one() {
        let value: SecretInput = serde_json::from_str("\"sk-canary\"").unwrap();
        let mut form = ServerForm {
            shared: vec![SharedHeader {
                name: "Authorization".into(),
                value: value.clone(),
            }],
            oauth: OAuthForm {
                client_id: "overkey".into(),
                client_secret: value,
                ..OAuthForm::default()
            },
            ..ServerForm::default()
        };
        for (mode, signed) in [
            (Mode::ApiKeyShared, true),
            (Mode::AuthorizationCode, true),
            (Mode::ClientCredentials, true),
            (Mode::ApiKeyIndividual, false),
        ] {
            form.mode = mode.as_str().to_owned();
            let kept = form.kept();
            assert!(!format!("{kept:?}{form:?}").contains("canary"));
            assert!(kept.contains(&("outbound_auth.client_id".to_owned(), "overkey".to_owned())));
            assert_eq!(kept.iter().any(|(name, _)| name == SECRETS_AGAIN), signed, "{mode:?}");
        }
    }
}
