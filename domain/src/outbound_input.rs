//! Outbound auth as it is written in JSON and forms, parsed once into `OutboundAuth`, and shown again with secrets masked.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::field::FieldError;
use crate::header::HeaderName;
use crate::outbound::{CredentialField, Mode, OAuthSettings, OutboundAuth};
use crate::secret::{Secret, parse_credential};
use crate::template::HeaderTemplate;

const MAX_HEADERS: usize = 16;
pub(crate) const NOT_KEPT: &str =
    "Enter the value itself: a masked one keeps what is stored, at the same address only.";

/// The wire shape of `outbound_auth` in both directions. In an answer every secret is masked; a masked value written back
/// means "keep".
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutboundInput {
    pub mode: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers: Option<BTreeMap<String, Option<String>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discover: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
}

impl fmt::Debug for OutboundInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboundInput")
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

impl OutboundInput {
    /// `before` is what the server has now, for masked values that mean "keep".
    pub fn parse(&self, before: Option<&OutboundAuth>) -> Result<OutboundAuth, Vec<FieldError>> {
        let Some(mode) = Mode::parse(&self.mode) else {
            let known = Mode::ALL.map(Mode::as_str).join(", ");
            return Err(vec![FieldError::new(
                "outbound_auth.mode",
                format!("Choose one of: {known}."),
            )]);
        };
        let errors = self.foreign_fields(mode);
        if !errors.is_empty() {
            return Err(errors);
        }
        match mode {
            Mode::NoAuth => Ok(OutboundAuth::NoAuth),
            Mode::TokenPassthrough => Ok(OutboundAuth::TokenPassthrough),
            Mode::ApiKeyShared => self.shared(before).map(OutboundAuth::ApiKeyShared),
            Mode::ApiKeyIndividual => self.individual().map(OutboundAuth::ApiKeyIndividual),
            Mode::AuthorizationCode => self.oauth(mode, before).map(OutboundAuth::AuthorizationCode),
            Mode::ClientCredentials => self.oauth(mode, before).map(OutboundAuth::ClientCredentials),
        }
    }

    /// What a person may see of it.
    pub fn masked(auth: &OutboundAuth) -> Self {
        let empty = Self {
            mode: auth.mode().as_str().to_owned(),
            ..Self::default()
        };
        match auth {
            OutboundAuth::NoAuth | OutboundAuth::TokenPassthrough => empty,
            OutboundAuth::ApiKeyShared(headers) => {
                let shown = headers
                    .iter()
                    .map(|(name, secret)| (name.to_string(), Some(secret.masked())))
                    .collect();
                Self {
                    headers: Some(shown),
                    ..empty
                }
            }
            OutboundAuth::ApiKeyIndividual(headers) => {
                let shown = headers
                    .iter()
                    .map(|(name, template)| (name.to_string(), template.as_ref().map(ToString::to_string)))
                    .collect();
                Self {
                    headers: Some(shown),
                    ..empty
                }
            }
            OutboundAuth::AuthorizationCode(settings) | OutboundAuth::ClientCredentials(settings) => Self {
                discover: settings.discover.then_some(true),
                authorization_url: settings.authorization_url.as_ref().map(Url::to_string),
                token_url: settings.token_url.as_ref().map(Url::to_string),
                registration_url: settings.registration_url.as_ref().map(Url::to_string),
                client_id: settings.client_id.clone(),
                client_secret: settings.client_secret.as_ref().map(Secret::masked),
                scopes: (!settings.scopes.is_empty()).then(|| settings.scopes.clone()),
                ..empty
            },
        }
    }

    /// The fields an override has on a server whose outbound auth is shown like this: masks stand where secrets would, and fields
    /// do not depend on them.
    pub fn shown_fields(&self) -> Vec<CredentialField> {
        let mode = Mode::parse(&self.mode);
        let names = self.headers.iter().flatten();
        let headers =
            names.filter_map(|(name, value)| HeaderName::parse(name).ok().map(|name| (name, value.as_deref())));
        match mode {
            Some(Mode::ApiKeyIndividual) => {
                let parsed =
                    headers.map(|(name, value)| (name, value.and_then(|value| HeaderTemplate::parse(value).ok())));
                OutboundAuth::ApiKeyIndividual(parsed.collect()).fields()
            }
            Some(Mode::ApiKeyShared) => {
                let masks = headers.map(|(name, value)| (name, Secret::new(value.unwrap_or_default())));
                OutboundAuth::ApiKeyShared(masks.collect()).fields()
            }
            Some(Mode::AuthorizationCode) => OutboundAuth::AuthorizationCode(OAuthSettings::default()).fields(),
            Some(Mode::ClientCredentials) => OutboundAuth::ClientCredentials(OAuthSettings::default()).fields(),
            Some(Mode::NoAuth | Mode::TokenPassthrough) | None => Vec::new(),
        }
    }

    /// A field that the mode has no use for is an error: silently dropped settings are how credentials go missing.
    fn foreign_fields(&self, mode: Mode) -> Vec<FieldError> {
        let oauth = matches!(mode, Mode::AuthorizationCode | Mode::ClientCredentials);
        let api_key = matches!(mode, Mode::ApiKeyShared | Mode::ApiKeyIndividual);
        let consent = mode == Mode::AuthorizationCode;
        [
            ("headers", self.headers.is_some(), api_key),
            ("discover", self.discover.is_some(), consent),
            ("authorization_url", self.authorization_url.is_some(), consent),
            ("registration_url", self.registration_url.is_some(), consent),
            ("token_url", self.token_url.is_some(), oauth),
            ("client_id", self.client_id.is_some(), oauth),
            ("client_secret", self.client_secret.is_some(), oauth),
            ("scopes", self.scopes.is_some(), oauth),
        ]
        .into_iter()
        .filter(|(_, given, used)| *given && !*used)
        .map(|(field, ..)| {
            FieldError::new(
                format!("outbound_auth.{field}"),
                format!("{} has no such setting.", mode.label()),
            )
        })
        .collect()
    }

    fn shared(&self, before: Option<&OutboundAuth>) -> Result<Vec<(HeaderName, Secret)>, Vec<FieldError>> {
        self.each_header(|name, value| {
            let kept = match before {
                Some(OutboundAuth::ApiKeyShared(headers)) => headers
                    .iter()
                    .find(|(known, _)| known == name)
                    .map(|(_, secret)| secret),
                _ => None,
            };
            let typed = value.unwrap_or_default();
            match kept {
                Some(secret) if typed.trim().is_empty() || typed == secret.masked() => Ok(secret.clone()),
                _ if is_masked(typed) => Err(NOT_KEPT.to_owned()),
                _ => parse_credential(typed).map_err(|error| error.to_string()),
            }
        })
    }

    fn individual(&self) -> Result<Vec<(HeaderName, Option<HeaderTemplate>)>, Vec<FieldError>> {
        self.each_header(|_, value| {
            value
                .map(HeaderTemplate::parse)
                .transpose()
                .map_err(|error| error.to_string())
        })
    }

    fn each_header<T>(
        &self,
        mut parse: impl FnMut(&HeaderName, Option<&str>) -> Result<T, String>,
    ) -> Result<Vec<(HeaderName, T)>, Vec<FieldError>> {
        let given = self.headers.iter().flatten();
        let (mut headers, mut errors): (Vec<(HeaderName, T)>, _) = (Vec::new(), Vec::new());
        for (name, value) in given {
            let field = format!("outbound_auth.headers.{name}");
            match HeaderName::parse(name).map_err(|error| error.to_string()) {
                Err(message) => errors.push(FieldError::new(field, message)),
                Ok(parsed) if headers.iter().any(|(known, _)| *known == parsed) => {
                    errors.push(FieldError::new(field, "This header is there twice."));
                }
                Ok(parsed) => match parse(&parsed, value.as_deref()) {
                    Ok(value) => headers.push((parsed, value)),
                    Err(message) => errors.push(FieldError::new(field, message)),
                },
            }
        }
        if headers.is_empty() && errors.is_empty() {
            errors.push(FieldError::new(
                "outbound_auth.headers",
                "Name at least one header, such as Authorization.",
            ));
        }
        if headers.len() > MAX_HEADERS {
            errors.push(FieldError::new(
                "outbound_auth.headers",
                format!("At most {MAX_HEADERS} headers."),
            ));
        }
        // As `masked` orders them, so that settings written back compare equal (D07) whatever stood around a name.
        headers.sort_by(|(one, _), (other, _)| one.as_str().cmp(other.as_str()));
        if errors.is_empty() { Ok(headers) } else { Err(errors) }
    }
}

/// No credential holds the mask's dots: they are not ASCII.
pub(crate) fn is_masked(typed: &str) -> bool {
    typed.contains('•')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str, before: Option<&OutboundAuth>) -> Result<OutboundAuth, Vec<FieldError>> {
        serde_json::from_str::<OutboundInput>(json).unwrap().parse(before)
    }

    fn fields(json: &str) -> Vec<String> {
        parse(json, None)
            .unwrap_err()
            .into_iter()
            .map(|error| error.field)
            .collect()
    }

    #[test]
    fn a_masked_value_written_back_keeps_the_secret() {
        let first = parse(
            r#"{"mode":"api_key_shared","headers":{"Authorization":"Bearer sk-shared-123456"}}"#,
            None,
        )
        .unwrap();
        let shown = OutboundInput::masked(&first);
        assert_eq!(
            shown.headers.as_ref().unwrap()["Authorization"].as_deref(),
            Some("••••••••3456")
        );
        assert_eq!(shown.parse(Some(&first)), Ok(first));
    }

    #[test]
    fn a_mask_is_no_credential_where_there_is_nothing_to_keep() {
        assert_eq!(
            fields(r#"{"mode":"api_key_shared","headers":{"Authorization":"••••••••3456"}}"#),
            ["outbound_auth.headers.Authorization"]
        );
    }

    #[test]
    fn s05_null_is_the_whole_header() {
        let auth = parse(
            r#"{"mode":"api_key_individual","headers":{"Authorization":null}}"#,
            None,
        )
        .unwrap();
        assert_eq!(
            auth.fields().iter().map(|field| field.key.as_str()).collect::<Vec<_>>(),
            ["header:authorization"]
        );
    }

    #[test]
    fn d03_several_headers_and_placeholders_make_one_field_each() {
        let auth = parse(
            r#"{"mode":"api_key_individual","headers":{"Authorization":"Basic {{USER}}:{{KEY}}","X-Key":"{{KEY}}"}}"#,
            None,
        )
        .unwrap();
        assert_eq!(
            auth.fields()
                .iter()
                .map(|field| field.label.as_str())
                .collect::<Vec<_>>(),
            ["USER", "KEY"]
        );
    }

    #[test]
    fn what_is_wrong_is_told_at_the_field() {
        assert_eq!(fields(r#"{"mode":"magic"}"#), ["outbound_auth.mode"]);
        assert_eq!(fields(r#"{"mode":"none","headers":{}}"#), ["outbound_auth.headers"]);
        assert_eq!(fields(r#"{"mode":"api_key_individual"}"#), ["outbound_auth.headers"]);
        assert_eq!(
            fields(r#"{"mode":"api_key_individual","headers":{"Host":"{{A}}"}}"#),
            ["outbound_auth.headers.Host"]
        );
        assert_eq!(
            fields(r#"{"mode":"api_key_individual","headers":{"X-A":"plain"}}"#),
            ["outbound_auth.headers.X-A"]
        );
        assert_eq!(
            fields(r#"{"mode":"api_key_individual","headers":{"X-A":"{{A}}","x-a":"{{A}}"}}"#),
            ["outbound_auth.headers.x-a"]
        );
        assert_eq!(
            fields(r#"{"mode":"oauth2_authorization_code","client_id":"x","token_url":"nonsense"}"#),
            ["outbound_auth.token_url", "outbound_auth.authorization_url"]
        );
    }

    #[test]
    fn debug_shows_no_value() {
        let input: OutboundInput =
            serde_json::from_str(r#"{"mode":"api_key_shared","headers":{"Authorization":"sk-canary"}}"#).unwrap();
        assert!(!format!("{input:?}").contains("canary"));
    }
}
