//! Trying a credential at its upstream (B04, B05): only one of a registered server, and only by who may save it there, so that it is
//! no way to ask other addresses; limited, so that it is none to guess credentials or to load an upstream.
//!
//! No transaction is open while the upstream answers. What comes of it counts only if the server and the override are then what
//! they were.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::actor::{Actor, SubjectRef};
use domain::field::FieldError;
use domain::header::HeaderName;
use domain::id::{OverrideId, ServerId};
use domain::injection::{FillError, fill};
use domain::overrides::{Condition, Kind, State};
use domain::role::OverrideAction;
use domain::secret::Secret;
use domain::server::ServerUrl;
use domain::verdict::Verdict;
use tracing::info;

use super::audit::{Event, record};
use super::limit::Limit;
use super::notices::{self, Notice};
use super::overrides::Overrides;
use super::place::Place;
use super::set_override::SetOverride;
use super::vault::Values;
use super::{ServiceError, entered, vault};
use crate::store::{OverrideRow, ServerRow};

const WINDOW: Duration = Duration::from_secs(5 * 60);
const PER_ACTOR: NonZeroU32 = NonZeroU32::new(20).unwrap();
/// For all who may save on a server together.
const PER_SERVER: NonZeroU32 = NonZeroU32::new(60).unwrap();

/// Makes the call; `server::gateway` implements it.
#[async_trait]
pub trait Upstream: Send + Sync {
    async fn try_out(&self, url: &ServerUrl, headers: &[(HeaderName, Secret)]) -> Verdict;
}

pub struct Tries {
    upstream: Arc<dyn Upstream>,
    by_actor: Limit<SubjectRef>,
    by_server: Limit<ServerId>,
}

impl Tries {
    pub fn new(upstream: Arc<dyn Upstream>) -> Self {
        Self {
            upstream,
            by_actor: Limit::new(PER_ACTOR, WINDOW),
            by_server: Limit::new(PER_SERVER, WINDOW),
        }
    }

    async fn try_out(&self, actor: &Actor, place: &Place, values: &Values) -> Result<Verdict, ServiceError> {
        self.by_actor.check(&actor.subject)?;
        self.by_server.check(&place.server.id)?;
        // As for a call.
        let headers = fill(&place.auth.override_headers(), values).map_err(unusable)?;
        let verdict = self.upstream.try_out(&place.server.url, &headers).await;
        info!(server.name = %place.server.name, verdict = verdict.as_str(), "Tried a credential");
        Ok(verdict)
    }
}

/// What a verdict stands on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Basis {
    server: ServerId,
    url: ServerUrl,
    outbound: String,
    stored: Option<(OverrideId, i64)>,
}

impl Basis {
    pub fn of(place: &Place, stored: Option<&OverrideRow>) -> Self {
        Self::on(&place.server, stored)
    }

    fn on(server: &ServerRow, stored: Option<&OverrideRow>) -> Self {
        Self {
            server: server.id.clone(),
            url: server.url.clone(),
            outbound: server.outbound.clone(),
            stored: stored.map(|row| (row.id.clone(), row.version)),
        }
    }
}

impl Overrides {
    /// Tries what somebody is about to store; what the upstream does not take is refused at its field.
    pub(super) async fn try_entered(
        &self,
        actor: &Actor,
        server: &str,
        set: &SetOverride,
    ) -> Result<(Basis, Verdict), ServiceError> {
        let (place, entry) = {
            let mut work = self.core.store.read().await?;
            let place = self.place(work.as_mut(), actor, server, false).await?;
            let entry = self.entry(work.as_mut(), &place, actor, set).await?;
            (place, entry)
        };
        let verdict = self.tries.try_out(actor, &place, &entry.values).await?;
        if verdict.ok() {
            return Ok((Basis::of(&place, entry.before.as_ref()), verdict));
        }
        Err(ServiceError::Invalid(match verdict {
            Verdict::Rejected(_) => {
                let fields = entered::names(&place.auth.fields(), &set.entered);
                fields
                    .into_iter()
                    .map(|field| FieldError::new(field, verdict.detail()))
                    .collect()
            }
            _ => vec![FieldError::new(
                "verify",
                format!("{} Nothing was stored.", verdict.detail()),
            )],
        }))
    }

    /// Tries a stored one, and writes down what came of it.
    pub async fn verify(
        &self,
        actor: &Actor,
        server: &str,
        subject: &SubjectRef,
        kind: Kind,
    ) -> Result<Verdict, ServiceError> {
        let (place, row, state) = {
            let mut work = self.core.store.read().await?;
            let place = self.place(work.as_mut(), actor, server, false).await?;
            let subject = self.subject(work.as_mut(), &place, actor, subject).await?;
            place.decide(actor, OverrideAction::Edit, &subject)?;
            let found = work.overrides().find_for(&place.server.id, &subject, kind).await?;
            let seen = self
                .seen(work.as_mut(), &place, found.ok_or(ServiceError::NotFound)?)
                .await?;
            (place, seen.row, seen.state)
        };
        if kind == Kind::OAuth {
            let message = "Only manual overrides are verified. An OAuth token is renewed and checked as calls use it.";
            return Err(ServiceError::invalid("kind", message));
        }
        if !matches!(state, State::Active | State::Rejected) {
            return Ok(Verdict::NotSent(state));
        }
        let values = vault::open_override(&self.core.seal, &row, &place.server.url.origin())?;
        let verdict = self.tries.try_out(actor, &place, &values).await?;
        self.write_down(actor, &place, &row, verdict).await?;
        Ok(verdict)
    }

    async fn write_down(
        &self,
        actor: &Actor,
        place: &Place,
        row: &OverrideRow,
        verdict: Verdict,
    ) -> Result<(), ServiceError> {
        let now = self.core.now();
        let mut work = self.core.store.begin().await?;
        if let Some(taken) = verdict.taken() {
            let server = work.servers().hold(&place.server.id).await?;
            let as_it_was = server.is_some_and(|server| Basis::on(&server, Some(row)) == Basis::of(place, Some(row)));
            let written = as_it_was
                && work
                    .overrides()
                    .record_verdict(&row.id, row.version, taken, now)
                    .await?;
            if !written {
                return Err(ServiceError::Overtaken);
            }
            if !taken && row.condition == Condition::Good {
                let notice = Notice {
                    event: notices::Event::Rejected,
                    server: &place.server.name,
                    about: row,
                    by: Some(actor),
                };
                notices::tell(&self.core, work.as_mut(), notice).await?;
            }
        }
        let event = Event::new("override.verified")
            .server(&place.server.name)
            .subject(&row.subject)
            .detail(&[("verdict", verdict.as_str())]);
        record(work.as_mut(), now, actor, event).await?;
        Ok(work.save().await?)
    }
}

/// A stored value past the check at the door (C3); nothing was sent.
fn unusable(error: FillError) -> ServiceError {
    ServiceError::Internal(error.into())
}
