//! Where notifications go: a webhook, a mail relay.

use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::secret::Secret;
use rustls::pki_types::CertificateDer;
use url::Url;
use zeroize::Zeroizing;

use super::{ConfigError, Raw, Secretly, invalid};
use crate::egress::Mailbox;

/// As Standard Webhooks writes secrets.
const PREFIX: &str = "whsec_";

#[derive(Debug, Clone, Default)]
pub struct NotifyConfig {
    pub webhook: Option<WebhookConfig>,
    pub mail: Option<MailConfig>,
}

#[derive(Clone)]
pub struct WebhookConfig {
    pub url: Url,
    pub key: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for WebhookConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookConfig")
            .field("host", &self.url.host_str())
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Clone)]
pub struct MailConfig {
    /// Of the relay, with what it asks for.
    pub url: Secret,
    pub from: Mailbox,
}

/// `trust`: the private authorities that the mail relay may have its certificate from.
pub(super) fn notify(raw: &mut Raw, trust: &[CertificateDer<'static>]) -> Result<NotifyConfig, ConfigError> {
    Ok(NotifyConfig {
        webhook: webhook(raw)?,
        mail: mail(raw, trust)?,
    })
}

fn webhook(raw: &mut Raw) -> Result<Option<WebhookConfig>, ConfigError> {
    let secret = given(
        "notify_webhook_secret",
        raw.notify_webhook_secret.take(),
        raw.notify_webhook_secret_file.take(),
    )?;
    let Some(url) = raw.notify_webhook_url.take() else {
        return match secret {
            Some(_) => Err(invalid(
                "notify_webhook_url",
                "needed where there is `notify_webhook_secret`",
            )),
            None => Ok(None),
        };
    };
    let url = Url::parse(&url)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some() && url.username().is_empty())
        .ok_or_else(|| {
            invalid(
                "notify_webhook_url",
                "an address such as https://hooks.example.com/overkey",
            )
        })?;
    let shape = "whsec_ and 24 to 64 bytes in base64: echo whsec_$(openssl rand -base64 32)";
    let secret = secret.ok_or_else(|| invalid("notify_webhook_secret", shape))?;
    let key = key(&secret).ok_or_else(|| invalid("notify_webhook_secret", shape))?;
    Ok(Some(WebhookConfig { url, key }))
}

fn key(secret: &Secret) -> Option<Zeroizing<Vec<u8>>> {
    let text = secret.expose().trim();
    let bytes = Zeroizing::new(STANDARD.decode(text.strip_prefix(PREFIX)?).ok()?);
    (24..=64).contains(&bytes.len()).then_some(bytes)
}

fn mail(raw: &mut Raw, trust: &[CertificateDer<'static>]) -> Result<Option<MailConfig>, ConfigError> {
    let url = given("smtp_url", raw.smtp_url.take(), raw.smtp_url_file.take())?;
    let from = raw.mail_from.take();
    let (url, from) = match (url, from) {
        (Some(url), Some(from)) => (url, from),
        (None, None) => return Ok(None),
        (Some(_), None) => {
            return Err(invalid(
                "mail_from",
                "needed where there is `smtp_url`: Overkey <overkey@example.com>",
            ));
        }
        (None, Some(_)) => return Err(invalid("smtp_url", "needed where there is `mail_from`")),
    };
    let from: Mailbox = from
        .parse()
        .map_err(|_| invalid("mail_from", "an address such as Overkey <overkey@example.com>"))?;
    let url = Secret::new(url.expose().trim());
    if crate::egress::Mailer::new(&url, from.clone(), trust).is_none() {
        return Err(invalid(
            "smtp_url",
            "a relay such as smtps://user:password@mail.example.com or smtp://127.0.0.1:25",
        ));
    }
    Ok(Some(MailConfig { url, from }))
}

/// The value, or what the file holds.
fn given(key: &'static str, value: Option<Secretly>, file: Option<PathBuf>) -> Result<Option<Secret>, ConfigError> {
    match (value, file) {
        (Some(_), Some(_)) => Err(ConfigError::Invalid {
            key,
            problem: format!("give either `{key}` or `{key}_file`, not both"),
        }),
        (Some(value), None) => Ok(Some(Secret::new(value.0))),
        (None, Some(file)) => read(key, &file).map(Some),
        (None, None) => Ok(None),
    }
}

fn read(key: &'static str, file: &Path) -> Result<Secret, ConfigError> {
    let text = std::fs::read_to_string(file).map_err(|error| ConfigError::Invalid {
        key,
        problem: format!("cannot read {}: {error}", file.display()),
    })?;
    Ok(Secret::new(text))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{load, problem};
    use super::*;

    #[test]
    fn both_channels_are_off_unless_configured() {
        let config = load("").unwrap().notify;
        assert!(config.webhook.is_none() && config.mail.is_none());
    }

    #[test]
    fn a_webhook_needs_a_secret_of_some_length() {
        let url = "notify_webhook_url = 'https://hooks.example/x'\n";
        let secret = STANDARD.encode([7; 32]);
        let config = load(&format!("{url}notify_webhook_secret = 'whsec_{secret}'")).unwrap();
        assert_eq!(*config.notify.webhook.unwrap().key, [7; 32]);
        assert!(problem(url).starts_with("setting `notify_webhook_secret`"));
        for bad in ["whsec_c2hvcnQ=", "canary", &secret] {
            let told = problem(&format!("{url}notify_webhook_secret = '{bad}'"));
            assert!(
                told.starts_with("setting `notify_webhook_secret`") && !told.contains(bad),
                "{told}"
            );
        }
        assert!(
            problem(&format!("notify_webhook_secret = 'whsec_{secret}'")).starts_with("setting `notify_webhook_url`")
        );
    }

    #[test]
    fn mail_needs_a_relay_and_a_sender() {
        let config = load("smtp_url = 'smtp://127.0.0.1:25'\nmail_from = 'Overkey <o@example.com>'").unwrap();
        assert_eq!(config.notify.mail.unwrap().from.to_string(), "Overkey <o@example.com>");
        assert!(problem("smtp_url = 'smtp://127.0.0.1:25'").starts_with("setting `mail_from`"));
        assert!(problem("mail_from = 'o@example.com'").starts_with("setting `smtp_url`"));
        assert!(problem("smtp_url = 'http://canary'\nmail_from = 'o@example.com'").starts_with("setting `smtp_url`"));
        assert!(problem("smtp_url = 'smtp://a'\nmail_from = 'nobody'").starts_with("setting `mail_from`"));
    }
}
