//! How the gateway authenticates to a server, and which fields an override has there.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::header::HeaderName;
use crate::secret::Secret;
use crate::template::HeaderTemplate;

/// The six ways (S20-S25).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Mode {
    #[serde(rename = "none")]
    NoAuth,
    #[serde(rename = "token_passthrough")]
    TokenPassthrough,
    #[serde(rename = "api_key_shared")]
    ApiKeyShared,
    #[serde(rename = "api_key_individual")]
    ApiKeyIndividual,
    #[serde(rename = "oauth2_authorization_code")]
    AuthorizationCode,
    #[serde(rename = "oauth2_client_credentials")]
    ClientCredentials,
}

/// Whether a server of a mode takes overrides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    Supported,
    /// S21, S23: only when the server's own setting allows it (B01), which is off by default.
    WhenAllowed,
    /// S24.
    NotSupported,
    /// S25.
    NotApplicable,
}

impl Mode {
    pub const ALL: [Self; 6] = [
        Self::ApiKeyIndividual,
        Self::ApiKeyShared,
        Self::AuthorizationCode,
        Self::ClientCredentials,
        Self::TokenPassthrough,
        Self::NoAuth,
    ];

    /// As in JSON and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoAuth => "none",
            Self::TokenPassthrough => "token_passthrough",
            Self::ApiKeyShared => "api_key_shared",
            Self::ApiKeyIndividual => "api_key_individual",
            Self::AuthorizationCode => "oauth2_authorization_code",
            Self::ClientCredentials => "oauth2_client_credentials",
        }
    }

    /// As a person reads it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::NoAuth => "No auth",
            Self::TokenPassthrough => "Token passthrough",
            Self::ApiKeyShared => "API Key · Shared",
            Self::ApiKeyIndividual => "API Key · Individual",
            Self::AuthorizationCode => "OAuth2 · Authorization Code",
            Self::ClientCredentials => "OAuth2 · Client Credentials",
        }
    }

    /// The Auth column of S07: the type of authentication being overridden.
    pub const fn auth_label(self) -> &'static str {
        match self {
            Self::NoAuth => "None",
            Self::TokenPassthrough => "Passthrough",
            Self::ApiKeyShared | Self::ApiKeyIndividual => "API Key",
            Self::AuthorizationCode | Self::ClientCredentials => "OAuth2",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text)
    }

    /// S20-S25, B01. `allow_optional` is the server's setting of B01.
    pub const fn support(self, allow_optional: bool) -> Support {
        match self {
            Self::ApiKeyIndividual | Self::AuthorizationCode => Support::Supported,
            Self::ApiKeyShared | Self::ClientCredentials if allow_optional => Support::Supported,
            Self::ApiKeyShared | Self::ClientCredentials => Support::WhenAllowed,
            Self::TokenPassthrough => Support::NotSupported,
            Self::NoAuth => Support::NotApplicable,
        }
    }

    /// S12, S20, S22: only Individual lets users add their own.
    pub const fn users_may_add(self, _allow_optional: bool) -> bool {
        matches!(self, Self::ApiKeyIndividual)
    }

    /// Why the tab offers no Add button; `None` where overrides are supported.
    pub const fn unsupported_because(self, allow_optional: bool) -> Option<&'static str> {
        match self.support(allow_optional) {
            Support::Supported => None,
            Support::WhenAllowed => Some(
                "Everyone shares this server's own credential. Overrides for this kind of outbound auth are off; calls always use the shared one.",
            ),
            Support::NotSupported => Some(
                "Each caller sends their own upstream token with the request and the gateway passes it on, so there is no stored credential to override.",
            ),
            Support::NotApplicable => Some("This server needs no credential, so there is nothing to override."),
        }
    }
}

/// A server's outbound auth with everything it needs, secrets included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutboundAuth {
    NoAuth,
    TokenPassthrough,
    /// Whole header values that every caller shares.
    ApiKeyShared(Vec<(HeaderName, Secret)>),
    /// Headers that each subject fills: a template, or `None` for the whole value (S05).
    ApiKeyIndividual(Vec<(HeaderName, Option<HeaderTemplate>)>),
    AuthorizationCode(OAuthSettings),
    ClientCredentials(OAuthSettings),
}

/// How this server's authorization server is reached, and as whom. Absent URLs are discovered (RFC 9728, RFC 8414).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OAuthSettings {
    pub discover: bool,
    pub authorization_url: Option<Url>,
    pub token_url: Option<Url>,
    pub registration_url: Option<Url>,
    pub client_id: Option<String>,
    pub client_secret: Option<Secret>,
    pub scopes: Vec<String>,
}

/// One value an override holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialField {
    /// What the stored value is filed under: `API_KEY` for a placeholder, `header:authorization` for a whole header. A header
    /// name has no colon before its end, so the two kinds never meet (D04).
    pub key: String,
    /// What people and the REST API call it: `API_KEY`, `Authorization`.
    pub label: String,
    /// True for a whole header value (S05).
    pub whole_header: bool,
}

impl OutboundAuth {
    pub const fn mode(&self) -> Mode {
        match self {
            Self::NoAuth => Mode::NoAuth,
            Self::TokenPassthrough => Mode::TokenPassthrough,
            Self::ApiKeyShared(_) => Mode::ApiKeyShared,
            Self::ApiKeyIndividual(_) => Mode::ApiKeyIndividual,
            Self::AuthorizationCode(_) => Mode::AuthorizationCode,
            Self::ClientCredentials(_) => Mode::ClientCredentials,
        }
    }

    /// The headers a manual override fills: Individual's own; each shared header whole (B01); the whole Authorization on OAuth2
    /// servers (S42).
    pub fn override_headers(&self) -> Vec<(HeaderName, Option<HeaderTemplate>)> {
        match self {
            Self::NoAuth | Self::TokenPassthrough => Vec::new(),
            Self::ApiKeyShared(headers) => headers.iter().map(|(name, _)| (name.clone(), None)).collect(),
            Self::ApiKeyIndividual(headers) => headers.clone(),
            Self::AuthorizationCode(_) | Self::ClientCredentials(_) => HeaderName::parse("Authorization")
                .map(|name| vec![(name, None)])
                .unwrap_or_default(),
        }
    }

    /// The values a manual override holds, each once, in the order they stand.
    pub fn fields(&self) -> Vec<CredentialField> {
        let mut fields: Vec<CredentialField> = Vec::new();
        for (name, template) in self.override_headers() {
            let found = match &template {
                None => vec![CredentialField {
                    key: whole_header_key(&name),
                    label: name.to_string(),
                    whole_header: true,
                }],
                Some(template) => template
                    .names()
                    .into_iter()
                    .map(|name| CredentialField {
                        key: name.to_owned(),
                        label: name.to_owned(),
                        whole_header: false,
                    })
                    .collect(),
            };
            for field in found {
                if !fields.iter().any(|known| known.key == field.key) {
                    fields.push(field);
                }
            }
        }
        fields
    }
}

pub(crate) fn whole_header_key(name: &HeaderName) -> String {
    format!("header:{}", name.lower())
}
