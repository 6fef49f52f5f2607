//! Mail, to the relay that the operator configured. Like every way out it is here; unlike URLs that people enter, the relay may be
//! anywhere.

use std::time::Duration;

use domain::secret::Secret;
pub use lettre::message::Mailbox;
use lettre::message::header;
use lettre::message::header::ContentType;
use lettre::transport::smtp;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use rustls::pki_types::CertificateDer;
use url::Url;

/// For connecting, and for each answer of the relay.
const PATIENCE: Duration = Duration::from_secs(15);

/// A plain text to one person.
#[derive(Debug)]
pub struct Letter<'a> {
    pub to: &'a str,
    pub subject: String,
    pub text: String,
    /// The same for each try, so that a repetition can be told.
    pub message_id: String,
}

#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// Trying again may help.
    #[error("{0}")]
    Later(String),
    #[error("{0}")]
    Never(String),
}

#[derive(Clone)]
pub struct Mailer {
    relay: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    /// `None`: that is not an address of a relay, such as `smtps://user:password@mail.example.com`. `trust`: private authorities.
    pub fn new(url: &Secret, from: Mailbox, trust: &[CertificateDer<'static>]) -> Option<Self> {
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose()).ok()?;
        if !trust.is_empty() {
            builder = builder.tls(tls(&Url::parse(url.expose()).ok()?, trust)?);
        }
        Some(Self {
            relay: builder.timeout(Some(PATIENCE)).build(),
            from,
        })
    }

    pub async fn send(&self, letter: Letter<'_>) -> Result<(), MailError> {
        let to: Mailbox = letter
            .to
            .parse()
            .map_err(|_| MailError::Never("the address is not one that mail can be sent to".to_owned()))?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(letter.subject)
            .message_id(Some(letter.message_id))
            .header(header::MIME_VERSION_1_0)
            .header(AutoSubmitted)
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text)
            .map_err(|error| MailError::Never(error.to_string()))?;
        self.relay.send(message).await.map(drop).map_err(|error| told(&error))
    }
}

/// What the URL asks for, as `from_url` reads it, with authorities besides the public ones.
fn tls(url: &Url, trust: &[CertificateDer<'static>]) -> Option<Tls> {
    let mut parameters = TlsParameters::builder(url.host_str()?.to_owned());
    for certificate in trust {
        parameters = parameters.add_root_certificate(Certificate::from_der(certificate.to_vec()).ok()?);
    }
    let parameters = parameters.build_rustls().ok()?;
    let asked = url.query_pairs().find(|(key, _)| key == "tls");
    Some(match (url.scheme(), asked.as_ref().map(|(_, value)| &**value)) {
        ("smtps", _) => Tls::Wrapper(parameters),
        (_, Some("required")) => Tls::Required(parameters),
        (_, Some(_)) => Tls::Opportunistic(parameters),
        (_, None) => Tls::None,
    })
}

/// A mailbox that is not there is not there tomorrow; anything else may be mended.
fn told(error: &smtp::Error) -> MailError {
    let code = error.status().map(|code| code.to_string());
    match code.as_deref() {
        Some("550" | "551" | "553") => MailError::Never(format!("the relay answered {}", code.unwrap_or_default())),
        Some(code) => MailError::Later(format!("the relay answered {code}")),
        None => MailError::Later(error.to_string()),
    }
}

/// RFC 3834: no out-of-office answers, please.
#[derive(Debug, Clone)]
struct AutoSubmitted;

impl header::Header for AutoSubmitted {
    fn name() -> header::HeaderName {
        header::HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> header::HeaderValue {
        header::HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
