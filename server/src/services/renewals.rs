//! A subject's tokens as they are held, and the steps of renewing them: each one transaction, none open while a provider is asked.

use domain::id::OverrideId;
use domain::overrides::Condition;
use domain::timestamp::Timestamp;

use super::audit::{Event, record_own};
use super::consents::Granted;
use super::vault::{self, TokenSource, Tokens};
use super::{Core, ServiceError, notices};
use crate::seal::{Seal, SealError};
use crate::store::{Consent, OverrideRow};

/// Tells a provider that tokens are not wanted any more. What implements it asks the network; nothing here does.
pub trait GiveBack: Send + Sync + 'static {
    /// Returns at once. How it ends changes nothing here: the tokens are gone already.
    fn give_back(&self, held: HeldTokens);
}

/// An oauth override, opened.
#[derive(Debug, Clone)]
pub struct HeldTokens {
    pub row: OverrideRow,
    pub consent: Consent,
    pub tokens: Tokens,
}

impl HeldTokens {
    pub fn open(seal: &Seal, row: &OverrideRow) -> Result<Self, SealError> {
        Ok(Self {
            tokens: vault::open_tokens(seal, row, &row.origin)?,
            consent: row.consent.clone().ok_or(SealError::DoesNotOpen)?,
            row: row.clone(),
        })
    }

    pub fn is_usable(&self) -> bool {
        matches!(self.row.condition, Condition::Good | Condition::Rejected)
    }
}

/// Why tokens are good for nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// `invalid_grant`: the provider takes the refresh token no more.
    RefreshRefused,
    /// The provider knows the client no more that it registered for us.
    ClientForgotten,
    /// They ended, and there is nothing to renew them with.
    Ended,
    /// The upstream refused them, right after they were renewed.
    RefusedUpstream,
}

impl Loss {
    /// In the trail.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RefreshRefused => "refresh_refused",
            Self::ClientForgotten => "client_forgotten",
            Self::Ended => "ended",
            Self::RefusedUpstream => "refused_upstream",
        }
    }
}

#[derive(Clone)]
pub struct Renewals {
    core: Core,
}

impl Renewals {
    pub fn new(core: Core) -> Self {
        Self { core }
    }

    pub fn now(&self) -> Timestamp {
        self.core.now()
    }

    pub async fn held(&self, id: &OverrideId) -> Result<Option<HeldTokens>, ServiceError> {
        let mut work = self.core.store.read().await?;
        let row = work.overrides().find(id).await?;
        Ok(row.map(|row| HeldTokens::open(&self.core.seal, &row)).transpose()?)
    }

    /// True for one of all who ask: the row is theirs to renew for so many seconds.
    pub async fn claim(&self, held: &HeldTokens, seconds: i64) -> Result<bool, ServiceError> {
        let now = self.core.now();
        let mut work = self.core.store.begin().await?;
        let claimed = work
            .renewals()
            .claim(&held.row.id, held.row.version, now, now.plus(seconds))
            .await?;
        work.save().await?;
        Ok(claimed)
    }

    /// Stores what the provider granted, and gives it back as it is held now. `None`: the row has moved on.
    pub async fn store(&self, held: &HeldTokens, granted: &Granted) -> Result<Option<HeldTokens>, ServiceError> {
        let row = &held.row;
        let consent = Consent {
            scopes: granted.scopes.clone().unwrap_or_else(|| held.consent.scopes.clone()),
            expires_at: granted.expires_at,
            ..held.consent.clone()
        };
        let tokens = Tokens {
            access: granted.access.clone(),
            // RFC 6749 section 6: without a new one, the old one stays.
            refresh: granted.refresh.clone().or_else(|| held.tokens.refresh.clone()),
            client: held.tokens.client.clone(),
            from: TokenSource {
                issued_at: granted.issued_at,
                expires_at: granted.expires_at,
                ..held.tokens.from.clone()
            },
        };
        let whose = (&row.server, &row.subject);
        let sealed = vault::seal_tokens(&self.core.seal, whose, &row.origin, &consent.issuer, &tokens)?;
        let mut work = self.core.store.begin().await?;
        if !work.renewals().renewed(&row.id, row.version, &sealed, &consent).await? {
            return Ok(None);
        }
        work.save().await?;
        let row = OverrideRow {
            sealed,
            consent: Some(consent.clone()),
            version: row.version + 1,
            ..row.clone()
        };
        Ok(Some(HeldTokens { row, consent, tokens }))
    }

    pub async fn release(&self, held: &HeldTokens) -> Result<(), ServiceError> {
        let mut work = self.core.store.begin().await?;
        work.renewals().release(&held.row.id, held.row.version).await?;
        Ok(work.save().await?)
    }

    /// S61's state: Reconnect; nobody did it, so the trail names the program. Does nothing when the row has moved on.
    pub async fn invalidate(&self, id: &OverrideId, version: i64, loss: Loss) -> Result<(), ServiceError> {
        let mut work = self.core.store.begin().await?;
        if work.renewals().invalidate(id, version).await?
            && let Some(row) = work.overrides().find(id).await?
            && let Some(server) = work.servers().find_by_id(&row.server).await?
        {
            let issuer = row.consent.as_ref().map_or("", |consent| consent.issuer.as_str());
            let event = Event::new("override.invalidated")
                .server(&server.name)
                .subject(&row.subject)
                .detail(&[
                    ("kind", row.kind.as_str()),
                    ("reason", loss.as_str()),
                    ("issuer", issuer),
                ]);
            record_own(work.as_mut(), self.core.now(), event).await?;
            notices::tell_of(&self.core, work.as_mut(), notices::Event::Reconnect, id).await?;
        }
        Ok(work.save().await?)
    }

    /// What the next consent asks for besides: a call was refused for lack of it.
    pub async fn want_scopes(&self, id: &OverrideId, scopes: &[String]) -> Result<(), ServiceError> {
        let mut work = self.core.store.begin().await?;
        work.renewals().want_scopes(id, &scopes.join(" ")).await?;
        Ok(work.save().await?)
    }
}
