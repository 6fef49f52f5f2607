//! OAuth consents: what is kept while the browser is at the provider, and the oauth override that comes of it (S22, S55, S61).
//!
//! Talking to providers is `crate::oauth`'s; each function here is one transaction, and none stays open meanwhile.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::actor::Actor;
use domain::id::{OverrideId, ServerId};
use domain::oauth::split_scopes;
use domain::outbound::{OAuthSettings, OutboundAuth};
use domain::overrides::{Condition, Kind};
use domain::role::OverrideAction;
use domain::secret::Secret;
use domain::server::{Origin, ServerName, ServerUrl};
use domain::timestamp::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::audit::{Event, record};
use super::place::Place;
use super::vault::{self, OAuthClient, TokenSource, Tokens};
use super::{Core, ServiceError, access};
use crate::store::{Consent, OAuthClientRow, OverrideRow, PendingConsent, Work};

/// A state is good for ten minutes.
const GOOD_FOR: i64 = 600;
pub(super) const PENDING: &str = "consent";
pub(super) const CLIENT: &str = "oauth_client";
/// An access token is no more than a header value.
const MASK: &str = "••••••••";

/// A server on which the actor may consent.
#[derive(Debug, Clone)]
pub struct ConsentPlace {
    pub server: ServerId,
    pub name: ServerName,
    pub url: ServerUrl,
    pub settings: OAuthSettings,
    /// What a consent asks for besides what the server does: granted before, or missed by a call.
    pub scopes: BTreeSet<String>,
}

/// What the provider's answer is held against.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Asked {
    #[serde(with = "vault::inside_a_seal")]
    pub verifier: Option<Secret>,
    pub issuer: String,
    /// Whether the provider always names itself in its answer (RFC 9207).
    pub names_itself: bool,
    /// A typed-in provider's issuer is not known; its answer may name any of its own origin.
    pub issuer_is_known: bool,
    pub token_url: url::Url,
    #[serde(default)]
    pub revocation_url: Option<url::Url>,
    pub resource: String,
    pub scopes: Vec<String>,
    pub client: OAuthClient,
    /// The settings that were in force.
    pub settings: String,
}

/// A consent that came back.
#[derive(Debug)]
pub struct Returned {
    pub server: ServerName,
    pub server_id: ServerId,
    /// Whether it is this person in this browser session, in time.
    pub ours: bool,
    pub in_time: bool,
    pub asked: Asked,
}

/// What the provider granted.
#[derive(Debug)]
pub struct Granted {
    pub access: Secret,
    pub refresh: Option<Secret>,
    pub issued_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    /// `None`: as asked (RFC 6749 section 5.1).
    pub scopes: Option<Vec<String>>,
}

#[derive(Clone)]
pub struct Consents {
    core: Core,
}

impl Consents {
    pub fn new(core: Core) -> Self {
        Self { core }
    }

    pub fn now(&self) -> Timestamp {
        self.core.now()
    }

    pub async fn place(&self, actor: &Actor, server: &str) -> Result<ConsentPlace, ServiceError> {
        let mut work = self.core.store.read().await?;
        let row = work.servers().find(server).await?.ok_or(ServiceError::NotFound)?;
        let place = self.decided(work.as_mut(), actor, row).await?;
        let OutboundAuth::AuthorizationCode(settings) = place.auth else {
            return Err(ServiceError::Unsupported(
                "This server's provider asks nobody for consent.",
            ));
        };
        let mut scopes = BTreeSet::new();
        let found = work.overrides();
        if let Some(row) = found.find_for(&place.server.id, &actor.subject, Kind::OAuth).await? {
            scopes.extend(row.consent.iter().flat_map(|consent| consent.scopes.iter().cloned()));
            let wanted = work.renewals().wanted_scopes(&row.id).await?;
            scopes.extend(split_scopes(&wanted.unwrap_or_default()));
        }
        Ok(ConsentPlace {
            server: place.server.id,
            name: place.server.name,
            url: place.server.url,
            settings,
            scopes,
        })
    }

    /// Remembers what was asked, for this browser session only.
    pub async fn begin(
        &self,
        actor: &Actor,
        place: &ConsentPlace,
        session_hash: &[u8],
        state: &Secret,
        asked: &Asked,
    ) -> Result<(), ServiceError> {
        let user = actor.user_id().ok_or(ServiceError::Forbidden)?;
        let state_hash = hash_of(state);
        let name = pending_name(&state_hash);
        let pending = PendingConsent {
            sealed: vault::seal_oauth(&self.core.seal, &place.server, (PENDING, &name), asked)?,
            state_hash,
            session_hash: session_hash.to_owned(),
            user,
            server: place.server.clone(),
            expires_at: self.core.now().plus(GOOD_FOR),
        };
        let mut work = self.core.store.begin().await?;
        work.consents().delete_expired(self.core.now()).await?;
        work.consents().begin(&pending).await?;
        Ok(work.save().await?)
    }

    /// What a state stands for; it is used up by this, whatever comes next. `None`: unknown, or used before.
    pub async fn take(
        &self,
        actor: &Actor,
        session_hash: &[u8],
        state: &Secret,
    ) -> Result<Option<Returned>, ServiceError> {
        let mut work = self.core.store.begin().await?;
        let Some(pending) = work.consents().take(&hash_of(state)).await? else {
            return Ok(None);
        };
        let server = work.servers().find_by_id(&pending.server).await?;
        work.save().await?;
        let name = pending_name(&pending.state_hash);
        let asked = vault::open_oauth(&self.core.seal, &pending.server, (PENDING, &name), &pending.sealed)?;
        Ok(server.map(|server| Returned {
            server: server.name,
            server_id: server.id,
            ours: actor.user_id().as_ref() == Some(&pending.user) && pending.session_hash == session_hash,
            in_time: self.core.now() < pending.expires_at,
            asked,
        }))
    }

    /// Stores what was granted as the actor's oauth override. `false`: the settings changed since it was asked for (D08).
    pub async fn save(
        &self,
        actor: &Actor,
        server: &ServerName,
        asked: &Asked,
        granted: Granted,
    ) -> Result<bool, ServiceError> {
        let mut work = self.core.store.begin().await?;
        let row = work
            .servers()
            .lock(server.as_str())
            .await?
            .ok_or(ServiceError::NotFound)?;
        let place = self.decided(work.as_mut(), actor, row).await?;
        let unchanged = match &place.auth {
            OutboundAuth::AuthorizationCode(settings) => fingerprint(&place.server.url, settings) == asked.settings,
            _ => false,
        };
        if !unchanged {
            return Ok(false);
        }
        let before = work
            .overrides()
            .find_for(&place.server.id, &actor.subject, Kind::OAuth)
            .await?;
        let row = self.row(actor, &place, asked, granted, before.as_ref())?;
        if before.is_some() {
            work.overrides().update(&row).await?;
            work.renewals().want_scopes(&row.id, "").await?;
        } else {
            work.overrides().insert(&row).await?;
        }
        let event = Event::new("connection.authorized")
            .server(&place.server.name)
            .subject(&actor.subject)
            .detail(&[("issuer", &asked.issuer)]);
        record(work.as_mut(), self.core.now(), actor, event).await?;
        work.save().await?;
        Ok(true)
    }

    fn row(
        &self,
        actor: &Actor,
        place: &Place,
        asked: &Asked,
        granted: Granted,
        before: Option<&OverrideRow>,
    ) -> Result<OverrideRow, ServiceError> {
        let (server, origin, now) = (place.server.id.clone(), place.server.url.origin(), self.core.now());
        let consent = Consent {
            id: uuid::Uuid::now_v7().to_string(),
            issuer: asked.issuer.clone(),
            scopes: granted.scopes.unwrap_or_else(|| asked.scopes.clone()),
            expires_at: granted.expires_at,
        };
        let tokens = Tokens {
            access: granted.access,
            refresh: granted.refresh,
            client: asked.client.clone(),
            from: TokenSource {
                token_url: asked.token_url.clone(),
                revocation_url: asked.revocation_url.clone(),
                resource: asked.resource.clone(),
                issued_at: granted.issued_at,
                expires_at: granted.expires_at,
            },
        };
        Ok(OverrideRow {
            id: before.map_or_else(
                || OverrideId::new(uuid::Uuid::now_v7().to_string()),
                |row| row.id.clone(),
            ),
            sealed: vault::seal_tokens(
                &self.core.seal,
                (&server, &actor.subject),
                &origin,
                &consent.issuer,
                &tokens,
            )?,
            server,
            subject: actor.subject.clone(),
            subject_name: String::new(),
            subject_detail: None,
            kind: Kind::OAuth,
            condition: Condition::Good,
            origin,
            masks: std::collections::BTreeMap::from([("access_token".to_owned(), MASK.to_owned())]),
            updated_by: actor.subject.clone(),
            updated_by_name: actor.name.clone(),
            created_at: before.map_or(now, |row| row.created_at),
            updated_at: now,
            last_used_at: before.and_then(|row| row.last_used_at),
            last_verified_at: None,
            expires_at: None,
            version: before.map_or(1, |row| row.version + 1),
            consent: Some(consent),
        })
    }

    /// The client that this server's provider registered for us.
    pub async fn client<T: DeserializeOwned>(
        &self,
        server: &ServerId,
        issuer: &str,
    ) -> Result<Option<T>, ServiceError> {
        let mut work = self.core.store.read().await?;
        let found = work.consents().client(server, issuer).await?;
        let open = |row: OAuthClientRow| vault::open_oauth(&self.core.seal, server, (CLIENT, issuer), &row.sealed);
        Ok(found.map(open).transpose()?)
    }

    /// Keeps a newly registered client, and gives back the one that counts: another replica may have been first.
    pub async fn add_client<T: Serialize + DeserializeOwned>(
        &self,
        server: &ServerId,
        issuer: &str,
        client: T,
    ) -> Result<T, ServiceError> {
        let row = OAuthClientRow {
            server: server.clone(),
            issuer: issuer.to_owned(),
            sealed: vault::seal_oauth(&self.core.seal, server, (CLIENT, issuer), &client)?,
            created_at: self.core.now(),
        };
        let mut work = self.core.store.begin().await?;
        let ours = work.consents().add_client(&row).await?;
        work.save().await?;
        if ours {
            return Ok(client);
        }
        Ok(self.client(server, issuer).await?.unwrap_or(client))
    }

    /// The provider knows it no longer.
    pub async fn forget_client(&self, server: &ServerId, issuer: &str) -> Result<(), ServiceError> {
        let mut work = self.core.store.begin().await?;
        work.consents().forget_client(server, issuer).await?;
        Ok(work.save().await?)
    }

    async fn decided(
        &self,
        work: &mut dyn Work,
        actor: &Actor,
        server: crate::store::ServerRow,
    ) -> Result<Place, ServiceError> {
        let role = access::role_on(work, actor, &server.id).await?;
        let auth = vault::open_server(&self.core.seal, &server)?;
        let place = Place { server, role, auth };
        place.decide(actor, OverrideAction::Consent, &actor.subject)?;
        Ok(place)
    }
}

/// Tells whether tokens that were asked for under some settings belong to the present ones (D06, D08): a hash, because it travels
/// with what it is compared to.
pub fn fingerprint(url: &ServerUrl, settings: &OAuthSettings) -> String {
    let text = |url: &Option<url::Url>| url.as_ref().map(ToString::to_string).unwrap_or_default();
    let origin: Origin = url.origin();
    let parts = [
        origin.as_str().to_owned(),
        settings.discover.to_string(),
        text(&settings.authorization_url),
        text(&settings.token_url),
        text(&settings.registration_url),
        settings.client_id.clone().unwrap_or_default(),
        settings
            .client_secret
            .as_ref()
            .map(|secret| secret.expose().to_owned())
            .unwrap_or_default(),
    ];
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    URL_SAFE_NO_PAD.encode(hash.finalize())
}

/// What a consent on its way is called in its seal.
pub(super) fn pending_name(state_hash: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(state_hash)
}

fn hash_of(state: &Secret) -> Vec<u8> {
    Sha256::digest(state.expose().as_bytes()).to_vec()
}
