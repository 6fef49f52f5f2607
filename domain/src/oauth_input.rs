//! The settings of the two OAuth2 modes as they are written in JSON and forms, parsed field by field.

use url::Url;

use crate::field::FieldError;
use crate::outbound::{Mode, OAuthSettings, OutboundAuth};
use crate::outbound_input::{NOT_KEPT, OutboundInput, is_masked};
use crate::secret::{Secret, parse_credential};
use crate::server::{ServerUrl, ServerUrlError};

const MAX_SCOPES: usize = 64;
const MAX_CLIENT_ID: usize = 2_048;

impl OutboundInput {
    pub(crate) fn oauth(&self, mode: Mode, before: Option<&OutboundAuth>) -> Result<OAuthSettings, Vec<FieldError>> {
        let mut errors = Vec::new();
        let settings = OAuthSettings {
            discover: self.discover.unwrap_or(false),
            authorization_url: url_field("authorization_url", self.authorization_url.as_deref(), &mut errors),
            token_url: url_field("token_url", self.token_url.as_deref(), &mut errors),
            registration_url: url_field("registration_url", self.registration_url.as_deref(), &mut errors),
            client_id: self.client_id(&mut errors),
            client_secret: self.client_secret(mode, before, &mut errors),
            scopes: self.scopes(&mut errors),
        };
        let consents = mode == Mode::AuthorizationCode;
        let mut require = |missing: bool, field: &str, name: &str| {
            if missing && !errors.iter().any(|error: &FieldError| error.field.ends_with(field)) {
                let otherwise = if consents { ", or choose discovery" } else { "" };
                errors.push(FieldError::new(
                    format!("outbound_auth.{field}"),
                    format!("Enter the {name}{otherwise}."),
                ));
            }
        };
        if !settings.discover {
            require(
                consents && settings.authorization_url.is_none(),
                "authorization_url",
                "authorization URL",
            );
            require(settings.token_url.is_none(), "token_url", "token URL");
            // Where clients register themselves, we do (RFC 7591).
            require(
                settings.client_id.is_none() && settings.registration_url.is_none(),
                "client_id",
                "client ID",
            );
            require(
                !consents && settings.client_secret.is_none(),
                "client_secret",
                "client secret",
            );
        }
        if errors.is_empty() { Ok(settings) } else { Err(errors) }
    }

    /// RFC 6749 appendix A.1: printable ASCII.
    fn client_id(&self, errors: &mut Vec<FieldError>) -> Option<String> {
        let id = self.client_id.as_deref().map(str::trim).filter(|id| !id.is_empty())?;
        if id.len() > MAX_CLIENT_ID || !id.bytes().all(|byte| (0x20..=0x7e).contains(&byte)) {
            let text = format!("Use letters, digits and signs of ASCII, at most {MAX_CLIENT_ID}.");
            errors.push(FieldError::new("outbound_auth.client_id", text));
        }
        Some(id.to_owned())
    }

    /// RFC 6749 appendix A.4: no white space, quotes or backslashes. Each once, in the order they stand.
    fn scopes(&self, errors: &mut Vec<FieldError>) -> Vec<String> {
        let mut scopes: Vec<String> = Vec::new();
        for scope in self.scopes.iter().flatten().map(|scope| scope.trim()) {
            let good = |byte: u8| (0x21..=0x7e).contains(&byte) && byte != b'"' && byte != b'\\';
            if scope.is_empty() || !scope.bytes().all(good) {
                let text = "A scope is one word of ASCII, without quotes.";
                errors.push(FieldError::new("outbound_auth.scopes", text));
                break;
            }
            if !scopes.iter().any(|known| known == scope) {
                scopes.push(scope.to_owned());
            }
        }
        if scopes.len() > MAX_SCOPES {
            errors.push(FieldError::new(
                "outbound_auth.scopes",
                format!("At most {MAX_SCOPES} scopes."),
            ));
        }
        scopes
    }

    fn client_secret(&self, mode: Mode, before: Option<&OutboundAuth>, errors: &mut Vec<FieldError>) -> Option<Secret> {
        let typed = self.client_secret.as_deref()?;
        let kept = match before {
            Some(OutboundAuth::AuthorizationCode(settings) | OutboundAuth::ClientCredentials(settings))
                if before.map(OutboundAuth::mode) == Some(mode) =>
            {
                settings.client_secret.as_ref()
            }
            _ => None,
        };
        match kept {
            Some(secret) if typed == secret.masked() => Some(secret.clone()),
            _ if is_masked(typed) => {
                errors.push(FieldError::new("outbound_auth.client_secret", NOT_KEPT));
                None
            }
            _ => parse_credential(typed)
                .map_err(|error| errors.push(FieldError::new("outbound_auth.client_secret", error.to_string())))
                .ok(),
        }
    }
}

fn url_field(name: &str, text: Option<&str>, errors: &mut Vec<FieldError>) -> Option<Url> {
    let text = text.map(str::trim).filter(|text| !text.is_empty())?;
    match ServerUrl::parse(text) {
        Ok(url) => Some(url.as_url().clone()),
        Err(error) => {
            let text = match error {
                ServerUrlError::NotAUrl => "Enter the full URL, such as https://id.example.com/token.".to_owned(),
                other => other.to_string(),
            };
            errors.push(FieldError::new(format!("outbound_auth.{name}"), text));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<OutboundAuth, Vec<FieldError>> {
        serde_json::from_str::<OutboundInput>(json).unwrap().parse(None)
    }

    fn fields(json: &str) -> Vec<String> {
        parse(json).unwrap_err().into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn oauth_settings_say_at_each_field_what_is_wrong() {
        for (field, value) in [
            ("client_id", r#""clé""#),
            ("client_id", r#""a\u0000b""#),
            ("scopes", r#"["read write"]"#),
            ("scopes", r#"["\"read\""]"#),
            ("scopes", r#"["a\\b"]"#),
            ("scopes", r#"[""]"#),
            ("registration_url", r#""nonsense""#),
            ("client_secret", r#""a\nb""#),
        ] {
            let json = format!(r#"{{"mode":"oauth2_authorization_code","discover":true,"{field}":{value}}}"#);
            assert_eq!(fields(&json), [format!("outbound_auth.{field}")], "{json}");
        }
        let json = r#"{"mode":"oauth2_authorization_code","discover":true,"scopes":["read"," read","write"],"client_id":" id "}"#;
        let Ok(OutboundAuth::AuthorizationCode(settings)) = parse(json) else {
            panic!("{json}");
        };
        assert_eq!(
            (settings.scopes, settings.client_id),
            (vec!["read".to_owned(), "write".to_owned()], Some("id".to_owned()))
        );
    }

    #[test]
    fn what_is_missing_is_named_and_discovery_only_where_there_is_such_a_thing() {
        let told = |json| {
            let errors: Vec<FieldError> = parse(json).unwrap_err();
            let told = errors.into_iter().map(|error| (error.field, error.message));
            told.collect::<Vec<_>>()
        };
        let missing = |field: &str, text: &str| (format!("outbound_auth.{field}"), text.to_owned());
        assert_eq!(
            told(r#"{"mode":"oauth2_client_credentials"}"#),
            [
                missing("token_url", "Enter the token URL."),
                missing("client_id", "Enter the client ID."),
                missing("client_secret", "Enter the client secret."),
            ]
        );
        assert_eq!(
            told(r#"{"mode":"oauth2_authorization_code","token_url":"https://id.example/token"}"#),
            [
                missing("authorization_url", "Enter the authorization URL, or choose discovery."),
                missing("client_id", "Enter the client ID, or choose discovery."),
            ]
        );
        let json = r#"{"mode":"oauth2_client_credentials","discover":true}"#;
        assert_eq!(fields(json), ["outbound_auth.discover"]);
    }

    #[test]
    fn a_registration_url_stands_in_for_a_client_id() {
        let json = r#"{"mode":"oauth2_authorization_code","authorization_url":"https://id.example/authorize",
            "token_url":"https://id.example/token","registration_url":"https://id.example/register"}"#;
        assert!(parse(json).is_ok());
    }
}
