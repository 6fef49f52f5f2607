//! What one MCP call needs to know: who calls, which server, which credential. Nothing else is looked up on a call's way.

use std::sync::Arc;

use domain::actor::Actor;
use domain::header::HeaderName;
use domain::id::{ServerId, TokenId};
use domain::identity::Identity;
use domain::injection::{self, Choice, FillError, MissingReason, ServerFacts};
use domain::outbound::{CredentialField, OutboundAuth};
use domain::overrides::{Kind, OverrideFacts};
use domain::role::{ServerAction, ServerRole};
use domain::secret::Secret;
use domain::server::{ServerName, ServerUrl};
use domain::timestamp::Timestamp;
use domain::via::By;
use tokio::sync::watch;
use url::Url;

use super::call_log::{CallLog, Called};
use super::identities::{self, NotVerified, VerifyToken};
use super::renewals::HeldTokens;
use super::revocations::Revocations;
use super::uses::Uses;
use super::waiting::Waiting;
use super::{Core, ServiceError, access, identity, tokens, vault};
use crate::seal::SealError;
use crate::store::{OverrideRow, OverrideUse, StoreError};

/// Who calls, and by what.
#[derive(Debug)]
pub struct Caller {
    pub actor: Actor,
    pub proof: Proof,
}

/// What is kept of a token to ask later whether it still counts; never the token.
#[derive(Debug)]
pub enum Proof {
    /// One of ours, by its SHA-256.
    Own(Vec<u8>),
    /// An identity provider's (B02).
    Provider(Identity),
}

/// A server as a call sees it. Built once per lookup; holds opened secrets, so it is never serialised or logged.
#[derive(Debug)]
pub struct CallServer {
    pub id: ServerId,
    pub name: ServerName,
    pub url: ServerUrl,
    pub auth: OutboundAuth,
    pub allow_optional: bool,
    pub fields: Vec<CredentialField>,
}

/// A server, the caller's role on it, and the caller's own overrides there (never anybody else's).
#[derive(Debug, Clone)]
pub struct Target {
    pub server: Arc<CallServer>,
    pub role: Option<ServerRole>,
    own: Vec<OverrideRow>,
}

impl Target {
    /// S41-S43, D12.
    pub fn choice(&self, now: Timestamp) -> Choice {
        let facts: Vec<OverrideFacts> = self.own.iter().map(OverrideRow::facts).collect();
        let server = ServerFacts {
            mode: self.server.auth.mode(),
            allow_optional: self.server.allow_optional,
            asked: &self.server.fields,
        };
        injection::decide(server, &facts, now)
    }

    /// Names what a call would be sent with; `None` while that is missing.
    pub fn sendable(&self, now: Timestamp) -> Option<String> {
        match self.choice(now) {
            Choice::Own(id, _) => self.own.iter().find(|row| row.id == id).map(identity::of_override),
            Choice::ServerDefault | Choice::PassThrough | Choice::Nothing => Some(String::new()),
            Choice::Missing(_) => None,
        }
    }
}

/// What to send upstream for this call.
#[derive(Debug)]
pub struct Credential {
    pub choice: Choice,
    pub headers: Vec<(HeaderName, Secret)>,
    /// Names the credential without telling it: `own:<id>:<version>`, `default:<hash>`, `passthrough`, `none`. A session opened
    /// with one identity is not continued with another.
    pub identity: String,
    used: Option<(domain::id::OverrideId, i64)>,
}

/// What opening the choice gave.
#[derive(Debug)]
pub enum Opened {
    Ready(Credential),
    /// The caller's own tokens, which may have to be renewed before they are sent.
    Tokens(Box<HeldTokens>),
    /// The server's own token has to be got.
    ServerToken,
}

#[derive(Debug, thiserror::Error)]
pub enum AuthenticateError {
    /// Unknown, expired, revoked, or its owner disabled: one answer.
    #[error("the token is not valid")]
    Invalid,
    /// An identity provider's token that nobody can check just now.
    #[error("the identity provider's keys are not to be had")]
    NoKeys,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<NotVerified> for AuthenticateError {
    fn from(error: NotVerified) -> Self {
        match error {
            NotVerified::Invalid => Self::Invalid,
            NotVerified::NoKeys => Self::NoKeys,
        }
    }
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

#[derive(Clone)]
pub struct Calls {
    core: Core,
    uses: Uses,
    pub(super) waiting: Waiting,
    log: CallLog,
    revocations: Revocations,
    verifier: Arc<dyn VerifyToken>,
}

impl Calls {
    pub fn new(core: Core, verifier: Arc<dyn VerifyToken>) -> Self {
        Self {
            uses: Uses::start(core.store.clone()),
            log: CallLog::start(core.store.clone(), core.clock.clone()),
            revocations: Revocations::start(core.store.clone()),
            waiting: Waiting::default(),
            verifier,
            core,
        }
    }

    pub fn now(&self) -> Timestamp {
        self.core.now()
    }

    /// How many entries wait to be written, by queue.
    pub fn queues(&self) -> [(&'static str, usize); 2] {
        [("calls", self.log.waiting()), ("uses", self.uses.waiting())]
    }

    /// S40, B02: the token → who calls. Its shape says whose it is.
    pub async fn authenticate(&self, token: &str) -> Result<Caller, AuthenticateError> {
        if identities::looks_like_jwt(token) {
            return self.with_providers_token(token).await;
        }
        let hash = tokens::hash_of(token).ok_or(AuthenticateError::Invalid)?;
        let (actor, id) = self.holder(&hash).await?;
        self.uses.token_used(id, self.core.now());
        Ok(Caller {
            actor,
            proof: Proof::Own(hash),
        })
    }

    async fn with_providers_token(&self, token: &str) -> Result<Caller, AuthenticateError> {
        let identity = self.verifier.verify(token, self.core.now()).await?;
        let actor = identities::admit(&self.core, &identity).await?;
        Ok(Caller {
            actor: actor
                .ok_or(AuthenticateError::Invalid)?
                .by(By::Provider(identity.issuer.clone())),
            proof: Proof::Provider(identity),
        })
    }

    /// Tells when `may_go_on` is worth asking again. To be called before `authenticate`: what happens in between counts, too.
    pub fn listen(&self) -> watch::Receiver<()> {
        self.revocations.listen()
    }

    /// A8: whether a call that began with this token could begin now.
    pub async fn may_go_on(&self, proof: &Proof, server: &str) -> Result<bool, ServiceError> {
        let actor = match self.still(proof).await {
            Ok(actor) => actor,
            Err(AuthenticateError::Invalid | AuthenticateError::NoKeys) => return Ok(false),
            Err(AuthenticateError::Store(error)) => return Err(error.into()),
        };
        let mut work = self.core.store.read().await?;
        let permitted = access::permitted(work.as_mut(), &actor, server, ServerAction::Call).await;
        match permitted {
            Ok(_) => Ok(true),
            Err(ServiceError::NotFound | ServiceError::Forbidden) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn still(&self, proof: &Proof) -> Result<Actor, AuthenticateError> {
        match proof {
            Proof::Own(hash) => Ok(self.holder(hash).await?.0),
            Proof::Provider(identity) if identity.expires_at <= self.core.now() => Err(AuthenticateError::Invalid),
            Proof::Provider(identity) => {
                let mut work = self.core.store.read().await?;
                let actor = identities::resolve(work.as_mut(), identity).await?;
                actor.ok_or(AuthenticateError::Invalid)
            }
        }
    }

    async fn holder(&self, hash: &[u8]) -> Result<(Actor, TokenId), AuthenticateError> {
        let mut work = self.core.store.read().await?;
        let row = work
            .tokens()
            .find_by_hash(hash)
            .await?
            .ok_or(AuthenticateError::Invalid)?;
        if row.expires_at.is_some_and(|at| at <= self.core.now()) {
            return Err(AuthenticateError::Invalid);
        }
        let owner = tokens::owner(work.as_mut(), &row.owner).await?;
        let actor = owner.ok_or(AuthenticateError::Invalid)?;
        Ok((actor.by(By::Token(row.id.clone())), row.id))
    }

    /// S41. `None` when there is no such server; whether the caller may use it is in `role`.
    pub async fn target(&self, actor: &Actor, name: &str) -> Result<Option<Target>, ServiceError> {
        let mut work = self.core.store.read().await?;
        let Some(row) = work.servers().find(name).await? else {
            return Ok(None);
        };
        let role = access::role_on(work.as_mut(), actor, &row.id).await?;
        let own = work.overrides().of_subject(&row.id, &actor.subject).await?;
        let auth = vault::open_server(&self.core.seal, &row)?;
        let fields = auth.fields();
        let server = CallServer {
            id: row.id,
            name: row.name,
            url: row.url,
            fields,
            auth,
            allow_optional: row.allow_optional,
        };
        Ok(Some(Target {
            server: Arc::new(server),
            role,
            own,
        }))
    }

    /// S42, S43: opens what the decision chose.
    pub fn open(&self, target: &Target) -> Result<Opened, CredentialError> {
        let server = &target.server;
        let choice = target.choice(self.core.now());
        let (headers, identity, used) = match &choice {
            Choice::Own(id, kind) => {
                let row = target
                    .own
                    .iter()
                    .find(|row| row.id == *id)
                    .ok_or(CredentialError::Missing(MissingReason::OverrideMissing))?;
                if *kind == Kind::OAuth {
                    return Ok(Opened::Tokens(Box::new(HeldTokens::open(&self.core.seal, row)?)));
                }
                let values = vault::open_override(&self.core.seal, row, &server.url.origin())?;
                let headers = injection::fill(&server.auth.override_headers(), &values)?;
                (headers, identity::of_override(row), Some((row.id.clone(), row.version)))
            }
            Choice::ServerDefault => match server.auth {
                OutboundAuth::ClientCredentials(_) => return Ok(Opened::ServerToken),
                _ => {
                    let headers = injection::shared(&server.auth)?;
                    let identity = format!("default:{}", identity::of_headers(&headers));
                    (headers, identity, None)
                }
            },
            Choice::PassThrough => (Vec::new(), "passthrough".to_owned(), None),
            Choice::Nothing => (Vec::new(), "none".to_owned(), None),
            Choice::Missing(reason) => return Err(CredentialError::Missing(*reason)),
        };
        Ok(Opened::Ready(Credential {
            choice,
            headers,
            identity,
            used,
        }))
    }

    /// The caller's own tokens as a call carries them. Renewals keep the identity, and with it the caller's sessions.
    pub fn with_tokens(held: &HeldTokens) -> Result<Credential, CredentialError> {
        let row = &held.row;
        Ok(Credential {
            choice: Choice::Own(row.id.clone(), row.kind),
            headers: injection::bearer(&held.tokens.access)?,
            identity: identity::of_override(row),
            used: Some((row.id.clone(), row.version)),
        })
    }

    /// The server's own token as a call carries it; `name` names the settings that it was got with.
    pub fn with_server_token(access: &Secret, name: &str) -> Result<Credential, CredentialError> {
        Ok(Credential {
            choice: Choice::ServerDefault,
            headers: injection::bearer(access)?,
            identity: format!("default:{name}"),
            used: None,
        })
    }

    /// B05: the call was sent with this credential; `accepted` as `OverrideUse` has it.
    pub fn used(&self, credential: &Credential, accepted: Option<bool>) {
        if let Some((id, version)) = &credential.used {
            self.uses.override_used(OverrideUse {
                id: id.clone(),
                version: *version,
                at: self.core.now(),
                accepted,
            });
        }
    }

    /// B07: writes the call down, some time soon.
    pub fn record(&self, called: Called) {
        self.log.offer(called, self.core.now());
    }

    /// Which credential this is; `None` when it is none. `passed` is the caller's own upstream token.
    pub fn fingerprint(
        &self,
        actor: &Actor,
        target: &Target,
        credential: &Credential,
        passed: Option<&Secret>,
    ) -> Option<String> {
        let subject = actor.subject.to_string();
        let subject = match credential.choice {
            Choice::Own(..) | Choice::PassThrough => subject.as_str(),
            Choice::ServerDefault => "",
            Choice::Nothing | Choice::Missing(_) => return None,
        };
        let names: Vec<String> = credential.headers.iter().map(|(name, _)| name.lower()).collect();
        let own = credential.headers.iter().map(|(_, value)| value);
        let values: Vec<_> = names
            .iter()
            .map(String::as_str)
            .zip(own)
            .chain(passed.map(|token| ("", token)))
            .collect();
        let of = [target.server.id.as_str(), subject, &credential.identity];
        (!values.is_empty()).then(|| self.core.audit_keys.fingerprint.of(&of, &values))
    }

    /// Where the caller (or, for a virtual account, its managers) adds the missing credential (B09).
    pub fn connect_url(&self, actor: &Actor, server: &ServerName) -> Url {
        let mut url = self.core.public_url.clone();
        let path = match actor.subject.kind {
            domain::actor::SubjectKind::User => format!("/connect/{server}"),
            domain::actor::SubjectKind::VirtualAccount | domain::actor::SubjectKind::ExternalIdentity => {
                format!("/servers/{server}/overrides/new")
            }
        };
        url.set_path(&path);
        url.query_pairs_mut().append_pair("subject", &actor.subject.to_string());
        url
    }

    /// Returns when every use and every call so far is written.
    pub async fn flush(&self) {
        self.uses.flush().await;
        self.log.flush().await;
    }
}
