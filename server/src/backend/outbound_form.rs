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
