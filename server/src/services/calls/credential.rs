//! The credential of a call: chosen, opened once, and kept ready to be sent.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use domain::actor::Actor;
use domain::header::HeaderName;
use domain::id::OverrideId;
use domain::injection::{self, Choice, FillError, MissingReason};
use domain::outbound::OutboundAuth;
use domain::overrides::Kind;
use domain::secret::Secret;
use http::HeaderValue;

use super::warm::{Noted, OwnedRow};
use super::{CallServer, Calls, Target};
use crate::seal::SealError;
use crate::services::renewals::HeldTokens;
use crate::services::{identity, vault};
use crate::store::{OverrideRow, OverrideUse};

/// What to send upstream for this call.
#[derive(Debug)]
pub struct Credential {
    pub choice: Choice,
    /// As they are sent. Their memory is wiped with the last copy.
    pub headers: Vec<(http::HeaderName, HeaderValue)>,
    /// Names the credential without telling it: `own:<id>:<version>`, `default:<hash>`, `passthrough`, `none`. A session opened
    /// with one identity is not continued with another.
    pub identity: String,
    used: Option<(OverrideId, i64)>,
    noted: Noted,
    fingerprint: OnceLock<Option<Arc<str>>>,
}

impl Credential {
    fn new(choice: Choice, headers: Vec<(HeaderName, Secret)>, identity: impl Into<String>) -> Result<Self, FillError> {
        let ready = headers.into_iter().map(|(name, value)| ready(&name, value));
        Ok(Self {
            choice,
            headers: ready.collect::<Result<_, _>>()?,
            identity: identity.into(),
            used: None,
            noted: Noted::default(),
            fingerprint: OnceLock::new(),
        })
    }

    fn of_override(row: &OverrideRow, headers: Vec<(HeaderName, Secret)>) -> Result<Self, FillError> {
        let choice = Choice::Own(row.id.clone(), row.kind);
        Ok(Self {
            used: Some((row.id.clone(), row.version)),
            ..Self::new(choice, headers, identity::of_override(row))?
        })
    }
}

/// Shared by all calls that it is sent with, so that there is one copy to wipe.
struct Wiped(Secret);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        self.0.expose().as_bytes()
    }
}

fn ready(name: &HeaderName, value: Secret) -> Result<(http::HeaderName, HeaderValue), FillError> {
    let name = http::HeaderName::try_from(name.lower()).map_err(|_| FillError::NotAHeaderValue)?;
    let value = HeaderValue::from_maybe_shared(Bytes::from_owner(Wiped(value)));
    let mut value = value.map_err(|_| FillError::NotAHeaderValue)?;
    value.set_sensitive(true);
    Ok((name, value))
}

/// What opening the choice gave.
#[derive(Debug)]
pub enum Opened {
    Ready(Arc<Credential>),
    /// The caller's own tokens, which may have to be renewed before they are sent.
    Tokens(Arc<HeldTokens>),
    /// The server's own token has to be got.
    ServerToken,
}

#[derive(Debug, Clone, Copy, thiserror::Error)]
pub enum CredentialError {
    /// McpAuthRequiredError.
    #[error("no usable credential: {}", .0.as_str())]
    Missing(MissingReason),
    /// H2, C3: fails closed, for this call only; the request is not sent.
    #[error("the stored credential does not open")]
    Seal(#[from] SealError),
    #[error("the stored credential cannot be sent")]
    Fill(#[from] FillError),
}

impl Calls {
    /// S42, S43: opens what the decision chose.
    pub fn open(&self, target: &Target) -> Result<Opened, CredentialError> {
        let server = &target.server;
        let choice = target.choice(self.core.now());
        match &choice {
            Choice::Own(id, kind) => {
                let own = target
                    .own(id)
                    .ok_or(CredentialError::Missing(MissingReason::OverrideMissing))?;
                match kind {
                    Kind::OAuth => self.open_tokens(own).map(Opened::Tokens),
                    Kind::Manual => self.open_manual(server, own).map(Opened::Ready),
                }
            }
            Choice::ServerDefault => match server.auth {
                OutboundAuth::ClientCredentials(_) => Ok(Opened::ServerToken),
                _ => shared(server).map(Opened::Ready),
            },
            Choice::PassThrough => ready_to_send(Credential::new(choice, Vec::new(), "passthrough")),
            Choice::Nothing => ready_to_send(Credential::new(choice, Vec::new(), "none")),
            Choice::Missing(reason) => Err(CredentialError::Missing(*reason)),
        }
    }

    fn open_tokens(&self, own: &OwnedRow) -> Result<Arc<HeldTokens>, CredentialError> {
        if let Some(tokens) = own.tokens.get() {
            return Ok(tokens.clone());
        }
        let tokens = Arc::new(HeldTokens::open(&self.core.seal, &own.row)?);
        Ok(own.tokens.get_or_init(|| tokens).clone())
    }

    fn open_manual(&self, server: &CallServer, own: &OwnedRow) -> Result<Arc<Credential>, CredentialError> {
        if let Some(opened) = own.opened.get() {
            return Ok(opened.clone());
        }
        let values = vault::open_override(&self.core.seal, &own.row, &server.url.origin())?;
        let headers = injection::fill(&server.auth.override_headers(), &values)?;
        let credential = Arc::new(Credential::of_override(&own.row, headers)?);
        Ok(own.opened.get_or_init(|| credential).clone())
    }

    /// The caller's own tokens as a call carries them. Renewals keep the identity, and with it the caller's sessions.
    pub fn with_tokens(held: &HeldTokens) -> Result<Credential, CredentialError> {
        let headers = injection::bearer(&held.tokens.access)?;
        Ok(Credential::of_override(&held.row, headers)?)
    }

    /// The server's own token as a call carries it; `name` names the settings that it was got with.
    pub fn with_server_token(access: &Secret, name: &str) -> Result<Credential, CredentialError> {
        let headers = injection::bearer(access)?;
        let identity = format!("default:{name}");
        Ok(Credential::new(Choice::ServerDefault, headers, identity)?)
    }

    /// B05: the call was sent with this credential; `accepted` as `OverrideUse` has it.
    pub fn used(&self, credential: &Credential, accepted: Option<bool>) {
        let now = self.core.now();
        let state = accepted.map_or(0, |accepted| if accepted { 1 } else { 2 });
        if let Some((id, version)) = &credential.used
            && credential.noted.is_new(now, state)
        {
            self.uses.override_used(OverrideUse {
                id: id.clone(),
                version: *version,
                at: now,
                accepted,
            });
        }
    }

    /// Which credential this is; `None` when it is none. `passed` is the caller's own upstream token.
    pub fn fingerprint(
        &self,
        actor: &Actor,
        server: &CallServer,
        credential: &Credential,
        passed: Option<&Secret>,
    ) -> Option<Arc<str>> {
        let fingerprint = || self.fingerprint_of(actor, server, credential, passed);
        match passed {
            Some(_) => fingerprint(),
            None => credential.fingerprint.get_or_init(fingerprint).clone(),
        }
    }

    fn fingerprint_of(
        &self,
        actor: &Actor,
        server: &CallServer,
        credential: &Credential,
        passed: Option<&Secret>,
    ) -> Option<Arc<str>> {
        let subject = actor.subject.to_string();
        let subject = match credential.choice {
            Choice::Own(..) | Choice::PassThrough => subject.as_str(),
            Choice::ServerDefault => "",
            Choice::Nothing | Choice::Missing(_) => return None,
        };
        let own = credential.headers.iter();
        let values: Vec<_> = own
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .chain(passed.map(|token| ("", token.expose().as_bytes())))
            .collect();
        let of = [server.id.as_str(), subject, &credential.identity];
        (!values.is_empty()).then(|| self.core.audit_keys.fingerprint.of(&of, &values).into())
    }
}

fn ready_to_send(credential: Result<Credential, FillError>) -> Result<Opened, CredentialError> {
    Ok(Opened::Ready(Arc::new(credential?)))
}

/// The server's own credential, the same for everybody.
fn shared(server: &CallServer) -> Result<Arc<Credential>, CredentialError> {
    if let Some(opened) = server.shared.get() {
        return Ok(opened.clone());
    }
    let headers = injection::shared(&server.auth)?;
    let identity = format!("default:{}", identity::of_headers(&headers));
    let credential = Arc::new(Credential::new(Choice::ServerDefault, headers, identity)?);
    Ok(server.shared.get_or_init(|| credential).clone())
}
