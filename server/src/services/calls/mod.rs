//! What one MCP call needs to know: who calls, which server, which credential. Nothing else is looked up on a call's way, and what
//! was looked up a moment ago is kept (`warm`).

mod warm;

use std::sync::{Arc, OnceLock};

use domain::actor::Actor;
use domain::header::HeaderName;
use domain::id::{OverrideId, ServerId};
use domain::identity::Identity;
use domain::injection::{self, Choice, FillError, MissingReason, ServerFacts};
use domain::outbound::{CredentialField, OutboundAuth};
use domain::overrides::Kind;
use domain::role::{ServerAction, ServerRole, effective_role};
use domain::secret::Secret;
use domain::server::{ServerName, ServerUrl};
use domain::timestamp::Timestamp;
use domain::via::By;
use tokio::sync::watch;
use url::Url;

use crate::seal::{Seal, SealError, Sealed};
use crate::services::call_log::{CallLog, Called};
use crate::services::identities::{self, NotVerified, VerifyToken};
use crate::services::renewals::HeldTokens;
use crate::services::revocations::Revocations;
use crate::services::uses::Uses;
use crate::services::waiting::Waiting;
use crate::services::{Core, ServiceError, access, identity, logins, tokens, vault};
use crate::store::{OverrideRow, OverrideUse, ServerRow, StoreError};
use warm::{Dated, Holder, Noted, Owned, OwnedRow, Reached, Warm};

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
    /// An access token of our own login, by its SHA-256, and the server it counts at (B10).
    Login(Vec<u8>, String),
}

/// A server as a call sees it. Holds opened secrets, so it is never serialised or logged.
#[derive(Debug)]
pub struct CallServer {
    pub id: ServerId,
    pub name: ServerName,
    pub url: ServerUrl,
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

/// What to send upstream for this call.
#[derive(Debug)]
pub struct Credential {
    pub choice: Choice,
    pub headers: Vec<(HeaderName, Secret)>,
    /// Names the credential without telling it: `own:<id>:<version>`, `default:<hash>`, `passthrough`, `none`. A session opened
    /// with one identity is not continued with another.
    pub identity: String,
    used: Option<(OverrideId, i64)>,
    noted: Noted,
    fingerprint: OnceLock<Option<String>>,
}

impl Credential {
    fn new(choice: Choice, headers: Vec<(HeaderName, Secret)>, identity: impl Into<String>) -> Self {
        Self {
            choice,
            headers,
            identity: identity.into(),
            used: None,
            noted: Noted::default(),
            fingerprint: OnceLock::new(),
        }
    }

    fn of_override(row: &OverrideRow, headers: Vec<(HeaderName, Secret)>) -> Self {
        Self {
            used: Some((row.id.clone(), row.version)),
            ..Self::new(
                Choice::Own(row.id.clone(), row.kind),
                headers,
                identity::of_override(row),
            )
        }
    }
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
            return self.with_providers_token(token).await;
        }
        let hash = tokens::hash_of(token).ok_or(AuthenticateError::Invalid)?;
        let now = self.core.now();
        let known = match self.warm.holder(&hash) {
            Some(known) => known,
            None => {
                let moment = self.warm.moment();
                let holder = self.holder(&hash).await?;
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
        let (actor, id) = logins::holder(&self.core, &hash, server).await?;
        self.uses.token_used(id, self.core.now());
        let proof = Proof::Login(hash, server.to_owned());
        Ok(Caller { actor, proof })
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
            Proof::Own(hash) => Ok(self.holder(hash).await?.actor),
            Proof::Login(hash, server) => Ok(logins::holder(&self.core, hash, server).await?.0),
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
            actor: actor.by(By::Token(row.id.clone())),
            token: row.id,
            expires_at: row.expires_at,
            noted: Noted::default(),
        })
    }

    /// S41. `None` when there is no such server; whether the caller may use it is in `role`.
    pub async fn target(&self, actor: &Actor, name: &str) -> Result<Option<Target>, ServiceError> {
        let reached = match self.warm.reached(&actor.subject, name) {
            Some(reached) => reached,
            None => match self.reach(actor, name).await? {
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
            Choice::PassThrough => Ok(Opened::Ready(Credential::new(choice, Vec::new(), "passthrough").into())),
            Choice::Nothing => Ok(Opened::Ready(Credential::new(choice, Vec::new(), "none").into())),
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
        let credential = Arc::new(Credential::of_override(&own.row, headers));
        Ok(own.opened.get_or_init(|| credential).clone())
    }

    /// The caller's own tokens as a call carries them. Renewals keep the identity, and with it the caller's sessions.
    pub fn with_tokens(held: &HeldTokens) -> Result<Credential, CredentialError> {
        Ok(Credential::of_override(
            &held.row,
            injection::bearer(&held.tokens.access)?,
        ))
    }

    /// The server's own token as a call carries it; `name` names the settings that it was got with.
    pub fn with_server_token(access: &Secret, name: &str) -> Result<Credential, CredentialError> {
        let headers = injection::bearer(access)?;
        Ok(Credential::new(
            Choice::ServerDefault,
            headers,
            format!("default:{name}"),
        ))
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
        let fingerprint = || self.fingerprint_of(actor, target, credential, passed);
        match passed {
            Some(_) => fingerprint(),
            None => credential.fingerprint.get_or_init(fingerprint).clone(),
        }
    }

    fn fingerprint_of(
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

/// The server's own credential, the same for everybody.
fn shared(server: &CallServer) -> Result<Arc<Credential>, CredentialError> {
    if let Some(opened) = server.shared.get() {
        return Ok(opened.clone());
    }
    let headers = injection::shared(&server.auth)?;
    let identity = format!("default:{}", identity::of_headers(&headers));
    let credential = Arc::new(Credential::new(Choice::ServerDefault, headers, identity));
    Ok(server.shared.get_or_init(|| credential).clone())
}
