//! What one MCP call needs to know: who calls, which server, which credential. Nothing else is looked up on a call's way, and what
//! was looked up a moment ago is kept (`warm`).

mod credential;
mod warm;

use std::sync::{Arc, OnceLock};

use domain::actor::Actor;
use domain::id::{OverrideId, ServerId};
use domain::identity::Identity;
use domain::injection::{self, Choice, ServerFacts};
use domain::outbound::{CredentialField, OutboundAuth};
use domain::role::{ServerAction, ServerRole, effective_role};
use domain::server::{ServerName, ServerUrl};
use domain::timestamp::Timestamp;
use domain::via::By;
use tokio::sync::watch;
use url::Url;

use crate::egress;
use crate::seal::{Seal, Sealed};
use crate::services::call_log::{CallLog, Called};
use crate::services::identities::{self, NotVerified, VerifyToken};
use crate::services::revocations::Revocations;
use crate::services::uses::Uses;
use crate::services::waiting::Waiting;
use crate::services::{Core, ServiceError, access, identity, logins, tokens, vault};
use crate::store::{ServerRow, StoreError};
pub use credential::{Credential, CredentialError, Opened};
use warm::{Dated, Holder, Noted, Owned, OwnedRow, Reached, Warm};

/// Who calls, and by what.
#[derive(Debug)]
pub struct Caller {
    pub actor: Arc<Actor>,
    pub proof: Proof,
}

/// What is kept of a token to ask later whether it still counts; never the token.
#[derive(Debug)]
pub enum Proof {
    /// One of ours, by its SHA-256.
    Own(Vec<u8>),
    /// An identity provider's (B02).
    Provider(Identity),
    /// An access token of our own login, by its SHA-256, and the server it counts at (B10).
    Login(Vec<u8>, String),
}

/// A server as a call sees it. Holds opened secrets, so it is never serialised or logged.
#[derive(Debug)]
pub struct CallServer {
    pub id: ServerId,
    pub name: ServerName,
    pub url: ServerUrl,
    /// The URL as it is sent; `None`: nobody can be asked there.
    pub uri: Option<http::Uri>,
    pub auth: OutboundAuth,
    pub allow_optional: bool,
    pub fields: Vec<CredentialField>,
    /// Its shared credential, once it was asked for.
    shared: OnceLock<Arc<Credential>>,
    outbound: String,
    secrets: Option<Sealed>,
}

impl CallServer {
    fn open(seal: &Seal, row: ServerRow) -> Result<Self, ServiceError> {
        let auth = vault::open_server(seal, &row)?;
        Ok(Self {
            id: row.id,
            name: row.name,
            uri: egress::uri(row.url.as_url()),
            url: row.url,
            fields: auth.fields(),
            auth,
            allow_optional: row.allow_optional,
            shared: OnceLock::new(),
            outbound: row.outbound,
            secrets: row.secrets,
        })
    }

    fn is_opened_from(&self, row: &ServerRow) -> bool {
        self.id == row.id
            && self.name == row.name
            && self.url == row.url
            && self.auth.mode() == row.mode
            && self.allow_optional == row.allow_optional
            && self.outbound == row.outbound
            && self.secrets == row.secrets
    }
}

/// A server, the caller's role on it, and the caller's own overrides there (never anybody else's).
#[derive(Debug, Clone)]
pub struct Target {
    pub server: Arc<CallServer>,
    pub role: Option<ServerRole>,
    own: Arc<Owned>,
}

impl Target {
    /// S41-S43, D12.
    pub fn choice(&self, now: Timestamp) -> Choice {
        let server = ServerFacts {
            mode: self.server.auth.mode(),
            allow_optional: self.server.allow_optional,
            asked: &self.server.fields,
        };
        injection::decide(server, &self.own.facts, now)
    }

    /// Names what a call would be sent with; `None` while that is missing.
    pub fn sendable(&self, now: Timestamp) -> Option<String> {
        match self.choice(now) {
            Choice::Own(id, _) => self.own(&id).map(|own| identity::of_override(&own.row)),
            Choice::ServerDefault | Choice::PassThrough | Choice::Nothing => Some(String::new()),
            Choice::Missing(_) => None,
        }
    }

    fn own(&self, id: &OverrideId) -> Option<&OwnedRow> {
        self.own.rows.iter().find(|own| own.row.id == *id)
    }
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

#[derive(Clone)]
pub struct Calls {
    core: Core,
    uses: Uses,
    pub(super) waiting: Waiting,
    log: CallLog,
    revocations: Revocations,
    verifier: Arc<dyn VerifyToken>,
    warm: Warm,
}

impl Calls {
    pub fn new(core: Core, verifier: Arc<dyn VerifyToken>) -> Self {
        Self {
            uses: Uses::start(core.clone()),
            log: CallLog::start(core.store.clone(), core.clock.clone()),
            revocations: Revocations::start(core.store.clone()),
            waiting: Waiting::default(),
            warm: Warm::start(core.store.follow()),
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
            return Box::pin(self.with_providers_token(token)).await;
        }
        let hash = tokens::hash_of(token).ok_or(AuthenticateError::Invalid)?;
        let now = self.core.now();
        let known = match self.warm.holder(&hash) {
            Some(known) => known,
            None => {
                let moment = self.warm.moment();
                let holder = Box::pin(self.holder(&hash)).await?;
                self.warm.keep_holder(hash.clone(), moment, holder)
            }
        };
        let holder = &known.copy;
        if holder.expires_at.is_some_and(|at| at <= now) {
            return Err(AuthenticateError::Invalid);
        }
        if holder.noted.is_new(now, 0) {
            self.uses.token_used(holder.token.clone(), now);
        }
        Ok(Caller {
            actor: holder.actor.clone(),
            proof: Proof::Own(hash),
        })
    }

    /// The same at a server's own address, where the tokens of our own login count, too (B10).
    pub async fn authenticate_at(&self, token: &str, server: &str) -> Result<Caller, AuthenticateError> {
        let Some(hash) = logins::access_hash(token) else {
            return self.authenticate(token).await;
        };
        let known = match self.warm.login(&hash) {
            Some(known) => known,
            None => {
                let moment = self.warm.moment();
                let holder = Box::pin(logins::holder(&self.core, &hash)).await?;
                self.warm.keep_login(hash.clone(), moment, holder)
            }
        };
        let (login, now) = (&known.copy, self.core.now());
        if !login.holder.counts(server, now) {
            return Err(AuthenticateError::Invalid);
        }
        if login.noted.is_new(now, 0) {
            self.uses.token_used(login.holder.grant.clone(), now);
        }
        Ok(Caller {
            actor: login.holder.actor.clone(),
            proof: Proof::Login(hash, server.to_owned()),
        })
    }

    async fn with_providers_token(&self, token: &str) -> Result<Caller, AuthenticateError> {
        let identity = self.verifier.verify(token, self.core.now()).await?;
        let known = match self.warm.named(&identity) {
            Some(known) => known,
            None => {
                let moment = self.warm.moment();
                let actor = identities::admit(&self.core, &identity).await?;
                let actor = actor.ok_or(AuthenticateError::Invalid)?;
                let actor = actor.by(By::Provider(identity.issuer.clone()));
                self.warm.keep_named(&identity, moment, Arc::new(actor))
            }
        };
        Ok(Caller {
            actor: known.copy.clone(),
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
            Proof::Own(hash) => Ok(Actor::clone(&self.holder(hash).await?.actor)),
            Proof::Login(hash, server) => {
                let holder = logins::holder(&self.core, hash).await?;
                let counts = holder.counts(server, self.core.now());
                let actor = counts.then(|| Actor::clone(&holder.actor));
                actor.ok_or(AuthenticateError::Invalid)
            }
            Proof::Provider(identity) if identity.expires_at <= self.core.now() => Err(AuthenticateError::Invalid),
            Proof::Provider(identity) => {
                let mut work = self.core.store.read().await?;
                let actor = identities::resolve(work.as_mut(), identity).await?;
                actor.ok_or(AuthenticateError::Invalid)
            }
        }
    }

    /// Asks the database.
    async fn holder(&self, hash: &[u8]) -> Result<Holder, AuthenticateError> {
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
        Ok(Holder {
            actor: Arc::new(actor.by(By::Token(row.id.clone()))),
            token: row.id,
            expires_at: row.expires_at,
            noted: Noted::default(),
        })
    }

    /// S41. `None` when there is no such server; whether the caller may use it is in `role`.
    pub async fn target(&self, actor: &Actor, name: &str) -> Result<Option<Target>, ServiceError> {
        let reached = match self.warm.reached(&actor.subject, name) {
            Some(reached) => reached,
            None => match Box::pin(self.reach(actor, name)).await? {
                Some(reached) => reached,
                None => return Ok(None),
            },
        };
        let reached = &reached.copy;
        Ok(Some(Target {
            server: reached.server.clone(),
            role: effective_role(actor.platform_role, reached.granted.iter().copied()),
            own: reached.own.clone(),
        }))
    }

    /// Asks the database, all in one look.
    async fn reach(&self, actor: &Actor, name: &str) -> Result<Option<Arc<Dated<Reached>>>, ServiceError> {
        let moment = self.warm.moment();
        let mut work = self.core.store.read().await?;
        let Some(row) = work.servers().find(name).await? else {
            return Ok(None);
        };
        let granted = work.grants().roles(&row.id, &actor.subject).await?;
        let own = work.overrides().of_subject(&row.id, &actor.subject).await?;
        let server = match self.warm.server(&row) {
            Some(server) => server,
            None => self.warm.keep_server(CallServer::open(&self.core.seal, row)?),
        };
        let reached = Reached {
            server,
            granted,
            own: Arc::new(Owned::new(own)),
        };
        Ok(Some(self.warm.keep_reached(&actor.subject, moment, reached)))
    }

    /// B07: writes the call down, some time soon.
    pub fn record(&self, called: Called) {
        self.log.offer(called, self.core.now());
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
