//! The OAuth2 settings of a server as its form shows and sends them. Field names are those of the REST API, so that messages need no
//! translation.

use serde::{Deserialize, Serialize};

use crate::error::Kept;
use crate::secret_input::SecretInput;

/// What is shown of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OAuthView {
    pub discover: bool,
    pub authorization_url: String,
    pub token_url: String,
    pub registration_url: String,
    pub client_id: String,
    /// The mask of a stored client secret.
    pub secret: Option<String>,
    pub scopes: String,
    /// What to register at the provider.
    pub redirect_url: String,
}

/// What is sent of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OAuthForm {
    /// `true`, or empty.
    pub discover: String,
    pub authorization_url: String,
    pub token_url: String,
    pub registration_url: String,
    pub client_id: String,
    /// Empty keeps what is stored.
    pub client_secret: SecretInput,
    /// `true`: nothing is stored any more.
    pub forget_secret: String,
    /// Divided by spaces.
    pub scopes: String,
}

impl OAuthForm {
    /// What may travel in an address.
    pub fn kept(&self) -> Kept {
        [
            ("discover", &self.discover),
            ("authorization_url", &self.authorization_url),
            ("token_url", &self.token_url),
            ("registration_url", &self.registration_url),
            ("client_id", &self.client_id),
            ("forget_secret", &self.forget_secret),
            ("scopes", &self.scopes),
        ]
        .map(|(name, value)| (format!("outbound_auth.{name}"), value.clone()))
        .into()
    }
}
