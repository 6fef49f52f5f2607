//! Phase 4: the credential for this call (S42, S43), opened; or McpAuthRequiredError.

use axum::http::HeaderName;
use domain::actor::Actor;
use domain::injection::Choice;
use domain::secret::Secret;
use sha2::{Digest, Sha256};

use super::error::{AuthRequired, GatewayError};
use super::message::Message;
use crate::services::calls::{self, Calls, CredentialError, Target};

/// What a caller sends for the upstream on a passthrough server. Their gateway token never leaves us.
pub const UPSTREAM_AUTHORIZATION: HeaderName = HeaderName::from_static("x-upstream-authorization");

/// A credential, and what a session is bound to.
#[derive(Debug)]
pub struct CallCredential {
    pub inner: calls::Credential,
    /// The caller's own upstream token (passthrough only).
    pub passed_through: Option<Secret>,
    /// Who is talking to which server with which credential: sessions are sealed with it.
    pub binding: Binding,
}

impl CallCredential {
    /// Names it for the trail of calls, without telling it.
    pub fn fingerprint(&self, calls: &Calls, actor: &Actor, target: &Target) -> Option<String> {
        calls.fingerprint(actor, target, &self.inner, self.passed_through.as_ref())
    }
}

#[derive(Debug, Clone)]
pub struct Binding {
    pub server: String,
    pub subject: String,
    pub identity: String,
}

pub fn credential(
    calls: &Calls,
    actor: &Actor,
    target: &Target,
    message: &Message,
) -> Result<CallCredential, GatewayError> {
    let inner = calls.credential(target).map_err(|error| match error {
        CredentialError::Missing(reason) => GatewayError::AuthRequired(Box::new(AuthRequired {
            reason,
            server: target.server.name.clone(),
            subject: actor.subject.clone(),
            subject_name: actor.name.clone(),
            url: calls.connect_url(actor, &target.server.name),
        })),
        CredentialError::Seal(error) => GatewayError::CredentialUnusable(error.to_string()),
        CredentialError::Fill(error) => GatewayError::CredentialUnusable(error.to_string()),
    })?;
    let passed_through = match inner.choice {
        Choice::PassThrough => upstream_authorization(message)?,
        Choice::Own(..) | Choice::ServerDefault | Choice::Nothing | Choice::Missing(_) => None,
    };
    let identity = match &passed_through {
        Some(token) => format!("passthrough:{:x}", Sha256::digest(token.expose().as_bytes())),
        None => inner.identity.clone(),
    };
    let binding = Binding {
        server: target.server.id.to_string(),
        subject: actor.subject.to_string(),
        identity,
    };
    Ok(CallCredential {
        inner,
        passed_through,
        binding,
    })
}

fn upstream_authorization(message: &Message) -> Result<Option<Secret>, GatewayError> {
    let mut given = message.headers.get_all(UPSTREAM_AUTHORIZATION).iter();
    match (given.next(), given.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            let text = value
                .to_str()
                .map_err(|_| GatewayError::BadRequest("X-Upstream-Authorization is not plain ASCII."))?;
            Ok(Some(Secret::new(text)))
        }
        (Some(_), Some(_)) => Err(GatewayError::BadRequest("X-Upstream-Authorization is there twice.")),
    }
}
