//! Writes "last used" in batches, so that it never slows a call (B05).
//!
//! The queue is bounded; when it is full a use is dropped: the next call writes a later one.

use std::collections::HashMap;
use std::time::Duration;

use domain::id::{OverrideId, TokenId};
use domain::timestamp::Timestamp;
use tokio::sync::{mpsc, oneshot};
use tracing::warn;

use super::{Core, notices};
use crate::store::{OverrideUse, StoreError};
use crate::telemetry::measures;

const QUEUE: usize = 10_000;
const EVERY: Duration = Duration::from_secs(1);

#[derive(Debug)]
enum Event {
    Override(OverrideUse),
    Token(TokenId, Timestamp),
    Flush(oneshot::Sender<()>),
}

#[derive(Debug, Clone)]
pub struct Uses {
    queue: mpsc::Sender<Event>,
}

impl Uses {
    pub fn start(core: Core) -> Self {
        let (queue, events) = mpsc::channel(QUEUE);
        tokio::spawn(write_in_batches(core, events));
        Self { queue }
    }

    pub fn override_used(&self, used: OverrideUse) {
        self.offer(Event::Override(used));
    }

    pub fn token_used(&self, id: TokenId, at: Timestamp) {
        self.offer(Event::Token(id, at));
    }

    /// How many uses wait to be taken up.
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// Returns when everything offered before is in the database: for shutdown and for tests.
    pub async fn flush(&self) {
        let (done, written) = oneshot::channel();
        if self.queue.send(Event::Flush(done)).await.is_ok() {
            written.await.ok();
        }
    }

    fn offer(&self, event: Event) {
        if self.queue.try_send(event).is_err() {
            measures::dropped("uses");
            warn!("Dropped a last-used time: the queue is full");
        }
    }
}

#[derive(Default)]
struct Batch {
    overrides: HashMap<(OverrideId, i64), OverrideUse>,
    tokens: HashMap<TokenId, Timestamp>,
}

async fn write_in_batches(core: Core, mut events: mpsc::Receiver<Event>) {
    let mut tick = tokio::time::interval(EVERY);
    let mut batch = Batch::default();
    loop {
        let flushed = tokio::select! {
            event = events.recv() => match event {
                Some(Event::Override(used)) => {
                    batch.add(&used);
                    continue;
                }
                Some(Event::Token(id, at)) => {
                    batch.tokens.insert(id, at);
                    continue;
                }
                Some(Event::Flush(done)) => Some(done),
                None => break,
            },
            _ = tick.tick() => None,
        };
        batch.write(&core).await;
        if let Some(done) = flushed {
            done.send(()).ok();
        }
    }
    batch.write(&core).await;
}

impl Batch {
    /// The latest use counts, but a verdict is not forgotten because a later use had none.
    fn add(&mut self, used: &OverrideUse) {
        let slot = self
            .overrides
            .entry((used.id.clone(), used.version))
            .or_insert_with(|| used.clone());
        slot.accepted = used.accepted.or(slot.accepted);
        slot.at = slot.at.max(used.at);
    }

    async fn write(&mut self, core: &Core) {
        if self.overrides.is_empty() && self.tokens.is_empty() {
            return;
        }
        let overrides: Vec<_> = self.overrides.drain().map(|(_, used)| used).collect();
        let tokens: Vec<_> = self.tokens.drain().collect();
        if let Err(error) = write(core, &overrides, &tokens).await {
            warn!(error = %error, "Could not write last-used times");
        }
    }
}

async fn write(core: &Core, overrides: &[OverrideUse], tokens: &[(TokenId, Timestamp)]) -> Result<(), StoreError> {
    let mut work = core.store.begin().await?;
    for rejected in work.overrides().record_uses(overrides).await? {
        notices::tell_of(core, work.as_mut(), notices::Event::Rejected, &rejected).await?;
    }
    work.tokens().record_uses(tokens).await?;
    work.save().await
}
