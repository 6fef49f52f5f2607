//! What a page carries from question to answer: a checked request, sealed for one person in one browser session, and for ten minutes.
//! Nothing is stored for a consent that nobody gives, and nothing in it can be changed on the way.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::actor::Actor;
use domain::login::redirect::RedirectUri;
use domain::secret::Secret;
use domain::server::ServerName;
use domain::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use super::Login;
use crate::seal::{SealContext, SealError, Sealed};
use crate::services::ServiceError;
use crate::services::logins::{Allowed, LoginApp};

const GOOD_FOR: i64 = 600;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ticket {
    pub client_id: String,
    pub name: String,
    pub redirect_uri: RedirectUri,
    pub challenge: String,
    pub state: Option<String>,
    pub refreshes: bool,
    /// `None`: the person chooses.
    pub server: Option<ServerName>,
    /// The person has said yes; what is left is their key.
    pub allowed: bool,
    pub expires_at: Timestamp,
}

impl Login {
    pub fn seal_ticket(&self, ticket: &Ticket, actor: &Actor, session: &[u8]) -> Result<String, ServiceError> {
        let plain = serde_json::to_vec(ticket).map_err(|error| ServiceError::Internal(error.into()))?;
        let (subject, session) = (actor.subject.to_string(), URL_SAFE_NO_PAD.encode(session));
        let sealed = self.0.seal.seal(&context(&subject, &session), &plain)?;
        Ok(URL_SAFE_NO_PAD.encode(sealed.as_bytes()))
    }

    /// `None`: made up, too old, or another person's or another browser's.
    pub fn open_ticket(&self, sealed: &str, actor: &Actor, session: &[u8]) -> Option<Ticket> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (subject, session) = (actor.subject.to_string(), URL_SAFE_NO_PAD.encode(session));
        let opened: Result<_, SealError> = self
            .0
            .seal
            .open(&context(&subject, &session), &Sealed::from_bytes(bytes));
        let ticket: Ticket = serde_json::from_slice(&opened.ok()?).ok()?;
        (ticket.expires_at > self.logins().now()).then_some(ticket)
    }

    pub(super) fn good_until(&self) -> Timestamp {
        self.logins().now().plus(GOOD_FOR)
    }

    /// Back to the client, with a code.
    pub async fn allow(&self, actor: &Actor, ticket: &Ticket, server: &ServerName) -> Result<Url, ServiceError> {
        let allowed = Allowed {
            app: LoginApp {
                client_id: ticket.client_id.clone(),
                name: ticket.name.clone(),
                place: ticket.redirect_uri.place(),
            },
            redirect_uri: ticket.redirect_uri.clone(),
            challenge: ticket.challenge.clone(),
            refreshes: ticket.refreshes,
        };
        let code: Secret = self.logins().allow(actor, server, allowed).await?;
        Ok(self.back(ticket, ("code", code.expose())))
    }

    /// Back to the client, without.
    pub fn deny(&self, ticket: &Ticket) -> Url {
        self.back(ticket, ("error", "access_denied"))
    }

    fn back(&self, ticket: &Ticket, outcome: (&str, &str)) -> Url {
        answered(&ticket.redirect_uri, outcome, ticket.state.as_deref(), &self.issuer())
    }
}

/// RFC 6749 section 4.1.2; RFC 9207: we always say who answers.
pub(super) fn answered(to: &RedirectUri, outcome: (&str, &str), state: Option<&str>, issuer: &str) -> Url {
    let mut pairs = vec![outcome];
    pairs.extend(state.map(|state| ("state", state)));
    pairs.push(("iss", issuer));
    to.answering(&pairs)
}

fn context<'a>(subject: &'a str, session: &'a str) -> SealContext<'a> {
    SealContext {
        table: "login",
        server: "",
        subject,
        origin: session,
        field: "ticket",
    }
}
