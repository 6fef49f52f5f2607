//! What notifications are sent to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::secret::Secret;
use hmac::{Hmac, Mac};
use rustls::pki_types::CertificateDer;
use serde_json::Value;
use server::config::{Config, MailConfig, WebhookConfig};
use sha2::Sha256;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use url::Url;

use crate::support::tls::acceptor;

pub const KEY: [u8; 32] = [9; 32];

/// A webhook that was taken: its signature was right.
#[derive(Debug, Clone)]
pub struct Hook {
    pub id: String,
    pub at: i64,
    pub body: Value,
}

#[derive(Clone, Default)]
struct Kept {
    hooks: Arc<Mutex<Vec<Hook>>>,
    statuses: Arc<Mutex<VecDeque<u16>>>,
}

/// Takes webhooks and checks their signatures as the specification says, with nothing of the sender's code.
pub struct Receiver {
    pub url: Url,
    kept: Kept,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = Url::parse(&format!("http://{}/hook", listener.local_addr().unwrap())).unwrap();
        let kept = Kept::default();
        let router = Router::new().route("/hook", post(take)).with_state(kept.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, kept }
    }

    /// All since the last time.
    pub fn hooks(&self) -> Vec<Hook> {
        std::mem::take(&mut *self.kept.hooks.lock().unwrap())
    }

    /// The next answer's status; 204 otherwise.
    pub fn answer(&self, status: u16) {
        self.kept.statuses.lock().unwrap().push_back(status);
    }

    pub fn configure(&self, config: &mut Config) {
        config.notify.webhook = Some(WebhookConfig {
            url: self.url.clone(),
            key: KEY.to_vec().into(),
        });
    }
}

async fn take(State(kept): State<Kept>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let (id, at) = (header("webhook-id"), header("webhook-timestamp"));
    let mut mac = Hmac::<Sha256>::new_from_slice(&KEY).unwrap();
    mac.update([id.as_bytes(), b".", at.as_bytes(), b".", &body].concat().as_slice());
    let right = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    assert_eq!(header("webhook-signature"), right);
    assert_eq!(header("content-type"), "application/json");
    let hook = Hook {
        id,
        at: at.parse().unwrap(),
        body: serde_json::from_slice(&body).unwrap(),
    };
    kept.hooks.lock().unwrap().push(hook);
    let status = kept.statuses.lock().unwrap().pop_front().unwrap_or(204);
    StatusCode::from_u16(status).unwrap()
}

/// A mail as it came over the wire.
#[derive(Debug, Clone)]
pub struct Received {
    pub to: String,
    pub from: String,
    /// Headers and body, as sent.
    pub data: String,
}

/// A relay that speaks as much SMTP as a sender needs (RFC 5321), and asks for a password.
pub struct Relay {
    scheme: &'static str,
    port: u16,
    mails: Arc<Mutex<Vec<Received>>>,
    refusals: Arc<Mutex<VecDeque<&'static str>>>,
}

const LOGIN: &str = "overkey:relay-canary";

impl Relay {
    pub async fn start() -> Self {
        Self::listen(None).await
    }

    /// With TLS from the start, and whom to trust.
    pub async fn with_tls() -> (Self, CertificateDer<'static>) {
        let (acceptor, certificate) = acceptor(&[]);
        (Self::listen(Some(acceptor)).await, certificate)
    }

    async fn listen(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let relay = Self {
            scheme: if tls.is_some() { "smtps" } else { "smtp" },
            port: listener.local_addr().unwrap().port(),
            mails: Arc::default(),
            refusals: Arc::default(),
        };
        let (mails, refusals) = (relay.mails.clone(), relay.refusals.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (mails, refusals) = (mails.clone(), refusals.clone());
                match &tls {
                    None => drop(tokio::spawn(converse(stream, mails, refusals))),
                    Some(tls) => {
                        // Who does not trust it goes.
                        if let Ok(stream) = tls.accept(stream).await {
                            tokio::spawn(converse(stream, mails, refusals));
                        }
                    }
                }
            }
        });
        relay
    }

    pub fn mails(&self) -> Vec<Received> {
        std::mem::take(&mut *self.mails.lock().unwrap())
    }

    /// What the next recipient is answered.
    pub fn refuse(&self, answer: &'static str) {
        self.refusals.lock().unwrap().push_back(answer);
    }

    pub fn configure(&self, config: &mut Config) {
        config.notify.mail = Some(MailConfig {
            url: Secret::new(format!("{}://{LOGIN}@127.0.0.1:{}", self.scheme, self.port)),
            from: "Overkey <overkey@example.com>".parse().unwrap(),
        });
    }
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    mails: Arc<Mutex<Vec<Received>>>,
    refusals: Arc<Mutex<VecDeque<&'static str>>>,
) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let (mut from, mut to) = (String::new(), String::new());
    let mut known = false;
    stream.write_all(b"220 relay.test ready\r\n").await.ok()?;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        let word = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let inside = |line: &str| line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        let answer = match word.as_str() {
            "EHLO" => "250-relay.test\r\n250-8BITMIME\r\n250 AUTH PLAIN".to_owned(),
            "AUTH" => {
                let given = STANDARD.decode(line.split(' ').next_back().unwrap()).unwrap();
                known = given == format!("\0{}", LOGIN.replace(':', "\0")).as_bytes();
                if known { "235 welcome" } else { "535 no" }.to_owned()
            }
            "MAIL" if known => {
                from = inside(line);
                "250 ok".to_owned()
            }
            "RCPT" => match refusals.lock().unwrap().pop_front() {
                Some(refusal) => refusal.to_owned(),
                None => {
                    to = inside(line);
                    "250 ok".to_owned()
                }
            },
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await.ok()?;
                let mut data = Vec::new();
                while !data.ends_with(b"\r\n.\r\n") {
                    data.push(stream.read_u8().await.ok()?);
                }
                mails.lock().unwrap().push(Received {
                    to: std::mem::take(&mut to),
                    from: from.clone(),
                    // Long lines come folded (quoted-printable).
                    data: String::from_utf8(data).unwrap().replace("=\r\n", ""),
                });
                "250 taken".to_owned()
            }
            "QUIT" => "221 bye".to_owned(),
            "RSET" | "NOOP" => "250 ok".to_owned(),
            _ => "503 not now".to_owned(),
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
    }
}
