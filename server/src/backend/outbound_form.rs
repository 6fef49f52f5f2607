//! The outbound auth of a server between its form and `OutboundInput`: masks stand where secrets would, and an empty secret field
//! sends its mask, which means "keep".

use app::error::UiError;
use app::features::servers::model::ServerForm;
use app::features::servers::oauth_model::OAuthView;
use domain::field::FieldError;
use domain::outbound::Mode;
use domain::outbound_input::OutboundInput;
use url::Url;

use super::given;

const AGAIN: &str =
    "Enter it again: a secret is not kept between two tries. To leave the stored one, open this page anew.";

/// What a form describes. `before` is what may be shown of the present settings.
pub(super) fn outbound(form: &ServerForm, before: Option<&OutboundInput>) -> Result<OutboundInput, UiError> {
    let empty = OutboundInput {
        mode: form.mode.clone(),
        ..OutboundInput::default()
    };
    let headers = match Mode::parse(&form.mode) {
        Some(Mode::ApiKeyIndividual) => individual(&form.individual),
        Some(Mode::ApiKeyShared) => shared(form, before)?,
        Some(mode @ (Mode::AuthorizationCode | Mode::ClientCredentials)) => return oauth(form, mode, before),
        Some(Mode::NoAuth | Mode::TokenPassthrough) | None => return Ok(empty),
    };
    Ok(OutboundInput {
        headers: Some(headers),
        ..empty
    })
}

/// B01. `None` where the setting makes no difference: it stays as it is.
pub(super) fn allow_optional(form: &ServerForm) -> Option<bool> {
    matches!(
        Mode::parse(&form.mode),
        Some(Mode::ApiKeyShared | Mode::ClientCredentials)
    )
    .then(|| !form.allow_overrides.is_empty())
}

/// Discovery is what to begin with.
pub(super) fn oauth_view(shown: &OutboundInput, redirect_url: &Url) -> OAuthView {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let consents = Mode::parse(&shown.mode) == Some(Mode::AuthorizationCode);
    OAuthView {
        discover: !consents || shown.discover == Some(true),
        authorization_url: text(&shown.authorization_url),
        token_url: text(&shown.token_url),
        registration_url: text(&shown.registration_url),
        client_id: text(&shown.client_id),
        secret: shown.client_secret.clone(),
        scopes: shown.scopes.as_ref().map(|scopes| scopes.join(" ")).unwrap_or_default(),
        redirect_url: redirect_url.to_string(),
    }
}

fn oauth(form: &ServerForm, mode: Mode, before: Option<&OutboundInput>) -> Result<OutboundInput, UiError> {
    let typed = &form.oauth;
    let consents = mode == Mode::AuthorizationCode;
    // A secret belongs to the mode it was given for.
    let stored = before
        .filter(|before| before.mode == form.mode)
        .and_then(|before| before.client_secret.clone());
    let forget = consents && !typed.forget_secret.is_empty();
    let client_secret = match typed.client_secret.is_empty() {
        false => Some(typed.client_secret.clone().into_secret().expose().to_owned()),
        true if forget => None,
        true if !form.secrets_again.is_empty() => {
            return Err(super::overrides::invalid("outbound_auth.client_secret", AGAIN));
        }
        true => stored,
    };
    let scopes: Vec<String> = typed.scopes.split_whitespace().map(ToOwned::to_owned).collect();
    Ok(OutboundInput {
        mode: form.mode.clone(),
        headers: None,
        discover: (consents && !typed.discover.is_empty()).then_some(true),
        authorization_url: given(&typed.authorization_url).filter(|_| consents),
        token_url: given(&typed.token_url),
        registration_url: given(&typed.registration_url).filter(|_| consents),
        client_id: given(&typed.client_id),
        client_secret,
        scopes: (!scopes.is_empty()).then_some(scopes),
    })
}

fn individual(lines: &str) -> Headers {
    let lines = lines.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| match line.split_once(':') {
            Some((name, template)) => (name.trim().to_owned(), given(template)),
            None => (line.trim().to_owned(), None),
        })
        .collect()
}

type Headers = std::collections::BTreeMap<String, Option<String>>;

/// A masked value written back means "keep", so an empty field sends the mask.
fn shared(form: &ServerForm, before: Option<&OutboundInput>) -> Result<Headers, UiError> {
    let stored = before
        .filter(|before| before.mode == form.mode)
        .and_then(|before| before.headers.clone())
        .unwrap_or_default();
    if !form.secrets_again.is_empty() && form.shared.iter().all(|header| header.value.is_empty()) {
        return Err(super::overrides::invalid("shared.0", AGAIN));
    }
    let (mut headers, mut errors) = (Headers::new(), Vec::new());
    for (index, header) in form.shared.iter().enumerate() {
        let name = header.name.trim();
        let value = match (header.value.is_empty(), stored.get(name)) {
            (true, Some(mask)) => mask.clone(),
            (true, None) => None,
            (false, _) => Some(header.value.clone().into_secret().expose().to_owned()),
        };
        match (name.is_empty(), value) {
            (true, None) => {}
            (true, Some(_)) => errors.push(FieldError::new(format!("shared.{index}"), "Name the header too.")),
            (false, None) => errors.push(FieldError::new(format!("shared.{index}"), "Enter the header's value.")),
            (false, Some(value)) => drop(headers.insert(name.to_owned(), Some(value))),
        }
    }
    if errors.is_empty() {
        Ok(headers)
    } else {
        Err(UiError::Invalid {
            errors,
            kept: Vec::new(),
        })
    }
}

pub(super) fn as_lines(headers: Headers) -> String {
    let line = |(name, template): (String, Option<String>)| match template {
        Some(template) => format!("{name}: {template}"),
        None => name,
    };
    headers.into_iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A whole form, every field filled in, the hidden ones too: browsers send those as well.
    fn form(mode: Mode) -> ServerForm {
        serde_json::from_value(serde_json::json!({
            "mode": mode.as_str(),
            "individual": "Authorization: Bearer {{API_KEY}}",
            "oauth": {
                "discover": "true", "authorization_url": "https://id.example/authorize", "token_url": "https://id.example/token",
                "registration_url": "https://id.example/register", "client_id": " overkey ", "scopes": " read  write ",
            },
        }))
        .unwrap()
    }

    fn stored(mode: Mode) -> OutboundInput {
        OutboundInput {
            mode: mode.as_str().to_owned(),
            client_secret: Some("••••••••1234".to_owned()),
            ..OutboundInput::default()
        }
    }

    fn refused(form: &ServerForm, before: Option<&OutboundInput>) -> String {
        let Err(UiError::Invalid { errors, .. }) = outbound(form, before) else {
            panic!("this was accepted");
        };
        errors[0].field.clone()
    }

    #[test]
    fn each_mode_takes_its_own_fields_of_a_form_and_no_others() {
        let consents = outbound(&form(Mode::AuthorizationCode), None).unwrap();
        assert_eq!(consents.discover, Some(true));
        assert_eq!(
            consents.authorization_url.as_deref(),
            Some("https://id.example/authorize")
        );
        assert_eq!(consents.client_id.as_deref(), Some("overkey"));
        assert_eq!(consents.scopes, Some(vec!["read".to_owned(), "write".to_owned()]));
        for mode in Mode::ALL.into_iter().filter(|mode| *mode != Mode::ApiKeyShared) {
            let mut form = form(mode);
            form.oauth.client_secret = serde_json::from_str("\"client-secret-1234\"").unwrap();
            let parsed = outbound(&form, None).unwrap().parse(None);
            assert_eq!(parsed.map(|auth| auth.mode()), Ok(mode));
        }
    }

    #[test]
    fn an_empty_secret_keeps_the_one_that_was_stored_for_this_mode() {
        let form = form(Mode::ClientCredentials);
        let kept = |before| outbound(&form, Some(&stored(before))).unwrap().client_secret;
        assert_eq!(kept(Mode::ClientCredentials).as_deref(), Some("••••••••1234"));
        assert_eq!(kept(Mode::AuthorizationCode), None);
    }

    #[test]
    fn a_stored_secret_goes_when_it_is_told_to_unless_another_one_is_there() {
        let mut form = form(Mode::AuthorizationCode);
        form.oauth.forget_secret = "true".to_owned();
        let before = stored(Mode::AuthorizationCode);
        assert_eq!(outbound(&form, Some(&before)).unwrap().client_secret, None);
        form.oauth.client_secret = serde_json::from_str("\"another\"").unwrap();
        assert_eq!(
            outbound(&form, Some(&before)).unwrap().client_secret.as_deref(),
            Some("another")
        );
    }

    #[test]
    fn d07_what_was_typed_once_is_not_taken_for_keep_when_it_did_not_come_back() {
        let mut oauth = form(Mode::AuthorizationCode);
        oauth.secrets_again = "true".to_owned();
        let before = stored(Mode::AuthorizationCode);
        assert_eq!(refused(&oauth, Some(&before)), "outbound_auth.client_secret");
        let shared: ServerForm = serde_json::from_value(serde_json::json!({
            "mode": "api_key_shared", "secrets_again": "true", "shared": [{"name": "Authorization", "value": ""}],
        }))
        .unwrap();
        let before = OutboundInput {
            headers: Some(Headers::from([(
                "Authorization".to_owned(),
                Some("••••••••".to_owned()),
            )])),
            ..stored(Mode::ApiKeyShared)
        };
        assert_eq!(refused(&shared, Some(&before)), "shared.0");
    }
}
