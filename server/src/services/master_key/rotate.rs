//! Another master key: made current in one transaction, and then everything is re-wrapped in small ones, beside the calls.
//!
//! It can be stopped at any moment and begun again: what is wrapped with the current key is done, the rest is not. Values that
//! other processes seal with the key before, until they hear of the change, are found by the last rounds.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use domain::actor::Actor;

use super::kept::{self, KEY_CHECK};
use super::status::{SETTINGS, Status};
use super::{MasterKeys, label};
use crate::seal::{KeyFileError, SealError};
use crate::services::audit::{Event, record};
use crate::services::{ServiceError, access, vault};
use crate::store::{SealedKind, SealedPlace, StoreError, Work};

/// Between two transactions, so that everybody else's get their turn: SQLite's writers of other processes do not queue.
const PAUSE: Duration = Duration::from_millis(5);
/// How often everything is gone through, if somebody still writes with the key before.
const ROUNDS: u32 = 5;
/// Long enough for every process to have heard of the change.
pub const SETTLE: Duration = super::watch::EVERY.saturating_mul(3);

#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// All is wrapped with the newest key, and there is no file that a newer one may be put into.
    #[error("there is no newer key than key {0}, which is current")]
    NoNewerKey(u32),
    #[error(transparent)]
    File(#[from] KeyFileError),
    #[error("another rotation made another key current meanwhile; look at `overkey key status`")]
    Overtaken,
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<StoreError> for RotateError {
    fn from(error: StoreError) -> Self {
        Self::Service(error.into())
    }
}

impl From<kept::OpenError> for RotateError {
    fn from(error: kept::OpenError) -> Self {
        Self::Service(error.into())
    }
}

impl From<SealError> for RotateError {
    fn from(error: SealError) -> Self {
        Self::Service(error.into())
    }
}

/// What happens meanwhile.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    Made { key: u32, file: &'a Path },
    Current { key: u32, before: u32 },
    Rewrapped { kind: &'static str, done: u64, of: u64 },
}

pub type Tell<'a> = &'a mut (dyn FnMut(Progress<'_>) + Send);

#[derive(Debug)]
pub struct Done {
    pub key: u32,
    /// How many values of each kind were re-wrapped.
    pub rewrapped: BTreeMap<&'static str, u64>,
    /// Those that do not open with the key that they name.
    pub closed: u64,
    pub status: Status,
}

impl Done {
    /// What another key than the new one still wraps.
    pub fn left(&self) -> u64 {
        self.status.not_with(self.key).values().sum()
    }
}

impl MasterKeys {
    /// `settle`: how long other processes may take to hear of the change.
    pub async fn rotate(&self, actor: &Actor, settle: Duration, tell: Tell<'_>) -> Result<Done, RotateError> {
        access::require_admin(actor)?;
        let key = self.make_current(actor, tell).await?;
        let mut rewrapped = BTreeMap::new();
        let mut round = 0;
        let done = loop {
            round += 1;
            let closed = self.everything(key, &mut rewrapped, tell).await?;
            let status = self.look(self.core.store.read().await?.as_mut()).await?;
            let done = Done {
                key,
                rewrapped: rewrapped.clone(),
                closed,
                status,
            };
            if round >= ROUNDS || (round > 1 && done.left() == closed) {
                break done;
            }
            tokio::time::sleep(settle).await;
        };
        self.finish(actor, &done).await?;
        Ok(done)
    }

    /// The newest key of the ring; a new one where that is current already and all is wrapped with it.
    async fn make_current(&self, actor: &Actor, tell: Tell<'_>) -> Result<u32, RotateError> {
        let seal = &self.core.seal;
        // On SQLite nobody else rotates meanwhile, so that nobody else writes the file.
        let mut work = self.core.store.begin().await?;
        let check = kept::find(work.as_mut(), KEY_CHECK).await?;
        let check = check.ok_or(kept::OpenError::Damaged(KEY_CHECK))?;
        let before = check.key_id().ok_or(kept::OpenError::Damaged(KEY_CHECK))?;
        seal.open(&kept::context(KEY_CHECK), &check)?;
        let newest = seal.ids().into_iter().max().unwrap_or(before);
        let key = if newest > before {
            newest
        } else {
            self.next(work.as_mut(), before, tell).await?
        };
        if key != before {
            let new = seal.rewrap(&kept::context(KEY_CHECK), &check, key)?;
            let (old, new) = (kept::to_text(&check), kept::to_text(&new));
            if !work.settings().replace(KEY_CHECK, &old, &new).await? {
                return Err(RotateError::Overtaken);
            }
            let event =
                Event::new("master_key.changed").detail(&[("from", &before.to_string()), ("to", &key.to_string())]);
            record(work.as_mut(), self.core.now(), actor, event).await?;
        }
        work.save().await?;
        seal.make_current(key)?;
        tell(Progress::Current { key, before });
        Ok(key)
    }

    /// The current key itself, if a rotation to it was not finished.
    async fn next(&self, work: &mut dyn Work, current: u32, tell: Tell<'_>) -> Result<u32, RotateError> {
        let left = self.look(work).await?.not_with(current);
        if left.values().sum::<u64>() > 0 {
            return Ok(current);
        }
        let seal = &self.core.seal;
        let file = seal.file().filter(|file| file.is_shared_by_all());
        let file = file.ok_or(RotateError::NoNewerKey(current))?;
        let ring = file.add()?;
        seal.learn(&ring);
        let key = ring.newest();
        tell(Progress::Made { key, file: file.path() });
        Ok(key)
    }

    /// One round. How many values do not open.
    async fn everything(
        &self,
        key: u32,
        rewrapped: &mut BTreeMap<&'static str, u64>,
        tell: Tell<'_>,
    ) -> Result<u64, RotateError> {
        let left = self.look(self.core.store.read().await?.as_mut()).await?.not_with(key);
        let left = |kind| left.get(kind).copied().unwrap_or_default();
        let mut closed = 0;
        let mut count = |kind, number: u64, done: u64| {
            *rewrapped.entry(kind).or_default() += number;
            // More may have come since.
            let of = left(kind).max(done);
            tell(Progress::Rewrapped { kind, done, of });
        };
        let settings = self.settings(key).await?;
        if settings > 0 {
            count(SETTINGS, settings, settings);
        }
        for kind in SealedKind::ALL {
            let (mut beyond, mut done) = (None, 0);
            while let Some(batch) = self.batch(kind, key, beyond.as_ref()).await? {
                done += batch.rewrapped + batch.closed;
                closed += batch.closed;
                beyond = Some(batch.last);
                count(label(kind), batch.rewrapped, done);
                tokio::time::sleep(PAUSE).await;
            }
        }
        Ok(closed)
    }

    async fn settings(&self, key: u32) -> Result<u64, RotateError> {
        let mut number = 0;
        let mut work = self.core.store.begin().await?;
        for name in kept::SEALED {
            let Some(sealed) = kept::find(work.as_mut(), name).await? else {
                continue;
            };
            if sealed.key_id() != Some(key) {
                let new = self.core.seal.rewrap(&kept::context(name), &sealed, key)?;
                let (old, new) = (kept::to_text(&sealed), kept::to_text(&new));
                number += u64::from(work.settings().replace(name, &old, &new).await?);
            }
        }
        work.save().await?;
        Ok(number)
    }

    /// A few values in one transaction; `None`: there are no more.
    pub(super) async fn batch(
        &self,
        kind: SealedKind,
        key: u32,
        beyond: Option<&SealedPlace>,
    ) -> Result<Option<Batch>, RotateError> {
        let mut work = self.core.store.begin().await?;
        let rows = work.sealed_values().lock_next(kind, key, beyond).await?;
        let Some(last) = rows.last().map(|row| row.place.clone()) else {
            return Ok(None);
        };
        let mut batch = Batch {
            last,
            rewrapped: 0,
            closed: 0,
        };
        for row in &rows {
            match vault::rewrap(&self.core.seal, row, key) {
                Ok(new) => batch.rewrapped += u64::from(work.sealed_values().replace(row, &new).await?),
                // H2: it stays closed, and stays as it is.
                Err(_) => batch.closed += 1,
            }
        }
        work.save().await?;
        Ok(Some(batch))
    }

    async fn finish(&self, actor: &Actor, done: &Done) -> Result<(), RotateError> {
        let numbers = done.rewrapped.iter().map(|(kind, number)| (*kind, *number));
        let numbers = numbers.chain([("left", done.left())]);
        let numbers: Vec<_> = numbers.map(|(name, number)| (name, number.to_string())).collect();
        let key = done.key.to_string();
        let mut details: Vec<(&str, &str)> = vec![("to", &key)];
        details.extend(numbers.iter().map(|(name, number)| (*name, number.as_str())));
        let mut work = self.core.store.begin().await?;
        let event = Event::new("master_key.rotated").detail(&details);
        record(work.as_mut(), self.core.now(), actor, event).await?;
        Ok(work.save().await?)
    }
}

pub(super) struct Batch {
    last: SealedPlace,
    rewrapped: u64,
    closed: u64,
}
