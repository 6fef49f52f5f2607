//! Writes down every call in batches, so that it never slows one (B07).
//!
//! The queue is bounded. While the database does not answer, calls wait in it; when it is full, a call is not written down, but
//! counted, and the count becomes an entry of the trail of changes as soon as one can be written. A kill loses what came since
//! the last batch, at most a second's; SIGTERM loses nothing.

mod batch;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::actor::Actor;
use domain::id::ServerId;
use domain::server::ServerName;
use domain::timestamp::Timestamp;
use tokio::sync::{mpsc, oneshot};
use tokio::time::MissedTickBehavior;

use crate::clock::Clock;
use crate::store::{CallRow, Store};
use crate::telemetry::measures;
use batch::Batch;

const QUEUE: usize = 10_000;
/// Half of the second that a kill may cost: writing takes time, too.
const EVERY: Duration = Duration::from_millis(500);

/// One call, as the gateway tells of it.
#[derive(Debug)]
pub struct Called {
    pub actor: Actor,
    /// `None`: there is no such server.
    pub server: Option<(ServerId, ServerName)>,
    pub method: String,
    pub tool: Option<String>,
    /// What the caller gets.
    pub status: u16,
    pub upstream_status: Option<u16>,
    /// `forwarded`, or why not.
    pub outcome: &'static str,
    /// It went on its way to the upstream.
    pub sent: bool,
    /// Which kind of credential, and its fingerprint.
    pub credential: &'static str,
    pub fingerprint: Option<String>,
    /// Until the answer began.
    pub latency: Duration,
}

impl Called {
    fn row(self, at: Timestamp) -> CallRow {
        let injected = self.sent && self.fingerprint.is_some();
        let action = match (injected, self.sent) {
            (true, _) => "credential.injected",
            (false, true) => "call.forwarded",
            (false, false) => "call.refused",
        };
        CallRow {
            at,
            actor: self.actor.subject,
            actor_name: self.actor.name,
            action: action.to_owned(),
            server: self.server.map(|(id, name)| (id, name.to_string())),
            method: self.method,
            tool: self.tool,
            failed: self.outcome != "forwarded" || self.upstream_status.is_some_and(|status| status >= 400),
            status: self.status,
            upstream_status: self.upstream_status,
            outcome: self.outcome.to_owned(),
            latency_micros: u64::try_from(self.latency.as_micros()).unwrap_or(u64::MAX),
            credential: self.credential.to_owned(),
            fingerprint: self.fingerprint,
            via: self.actor.via,
        }
    }
}

#[derive(Debug, Clone)]
pub struct CallLog {
    queue: mpsc::Sender<CallRow>,
    flushes: mpsc::Sender<oneshot::Sender<()>>,
    dropped: Arc<AtomicU64>,
}

impl CallLog {
    pub fn start(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self::with_room(store, clock, QUEUE)
    }

    fn with_room(store: Arc<dyn Store>, clock: Arc<dyn Clock>, room: usize) -> Self {
        let (queue, calls) = mpsc::channel(room);
        let (flushes, asked) = mpsc::channel(1);
        let dropped = Arc::new(AtomicU64::new(0));
        let writer = Writer {
            store,
            clock,
            calls,
            dropped: dropped.clone(),
            batch: Batch::with_room(room),
        };
        tokio::spawn(writer.run(asked));
        Self {
            queue,
            flushes,
            dropped,
        }
    }

    /// Never waits.
    pub fn offer(&self, called: Called, at: Timestamp) {
        if self.queue.try_send(called.row(at)).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            measures::dropped("calls");
        }
    }

    /// How many calls wait to be taken up.
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// Returns when everything offered before is in the database, or could not be put there: for shutdown and for tests.
    pub async fn flush(&self) {
        let (done, written) = oneshot::channel();
        if self.flushes.send(done).await.is_ok() {
            written.await.ok();
        }
    }
}

struct Writer {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    calls: mpsc::Receiver<CallRow>,
    dropped: Arc<AtomicU64>,
    batch: Batch,
}

impl Writer {
    async fn run(mut self, mut flushes: mpsc::Receiver<oneshot::Sender<()>>) {
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                // Without room the queue fills up, and then calls are counted instead.
                call = self.calls.recv(), if self.batch.has_room() => match call {
                    Some(call) => self.batch.add(call),
                    None => break,
                },
                asked = flushes.recv() => {
                    self.write_all().await;
                    if let Some(done) = asked {
                        done.send(()).ok();
                    }
                }
                _ = tick.tick() => self.write().await,
            }
        }
        self.write().await;
    }

    /// What the queue holds, too.
    async fn write_all(&mut self) {
        loop {
            while self.batch.has_room()
                && let Ok(call) = self.calls.try_recv()
            {
                self.batch.add(call);
            }
            let before = self.batch.len();
            self.write().await;
            let stuck = self.batch.len() == before && before > 0;
            if stuck || self.calls.is_empty() {
                return;
            }
        }
    }

    async fn write(&mut self) {
        let dropped = self.dropped.swap(0, Ordering::Relaxed);
        let not_told = self.batch.write(self.store.as_ref(), self.clock.now(), dropped).await;
        self.dropped.fetch_add(not_told, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
