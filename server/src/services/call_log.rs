//! Writes down every call in batches, so that it never slows one (B07).
//!
//! The queue is bounded. While the database does not answer, calls wait in it; when it is full, a call is not written down, but
//! counted, and the count becomes an entry of the trail of changes as soon as one can be written. A kill loses what came since
//! the last batch, at most a second's, and counts by the hour that had not had their turn (`counts`); SIGTERM loses nothing.
//!
//! A list behind a lock, taken away whole: a channel would wake its reader for every call.

mod batch;
mod counts;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::actor::Actor;
use domain::id::ServerId;
use domain::server::ServerName;
use domain::timestamp::Timestamp;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::MissedTickBehavior;

use crate::clock::Clock;
use crate::store::trail::{CALL_FORWARDED, CALL_REFUSED, CREDENTIAL_INJECTED};
use crate::store::{CallRow, Store};
use crate::telemetry::measures;
use batch::Batch;

const QUEUE: usize = 20_000;
/// Half of the second that a kill may cost: writing takes time, too.
const EVERY: Duration = Duration::from_millis(500);

/// One call, as the gateway tells of it.
#[derive(Debug)]
pub struct Called {
    pub actor: Arc<Actor>,
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
    pub fingerprint: Option<Arc<str>>,
    /// Until the answer began.
    pub latency: Duration,
}

impl Called {
    /// Made when it is written, not while its caller waits.
    fn row(self, at: Timestamp) -> CallRow {
        let injected = self.sent && self.fingerprint.is_some();
        let action = match (injected, self.sent) {
            (true, _) => CREDENTIAL_INJECTED,
            (false, true) => CALL_FORWARDED,
            (false, false) => CALL_REFUSED,
        };
        // Its call has ended by now, most often.
        let actor = Arc::unwrap_or_clone(self.actor);
        CallRow {
            at,
            actor: actor.subject,
            actor_name: actor.name,
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
            fingerprint: self.fingerprint.map(|text| text.to_string()),
            via: actor.via,
        }
    }
}

#[derive(Debug, Clone)]
pub struct CallLog {
    queue: Arc<Queue>,
    flushes: mpsc::Sender<oneshot::Sender<()>>,
}

#[derive(Debug)]
struct Queue {
    waiting: Mutex<Waiting>,
    room: usize,
    half_full: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    calls: Vec<(Called, Timestamp)>,
    dropped: u64,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CallLog {
    pub fn start(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self::with_room(store, clock, QUEUE)
    }

    fn with_room(store: Arc<dyn Store>, clock: Arc<dyn Clock>, room: usize) -> Self {
        let (flushes, asked) = mpsc::channel(1);
        let queue = Arc::new(Queue {
            waiting: Mutex::default(),
            room,
            half_full: Notify::new(),
        });
        let writer = Writer {
            store,
            clock,
            queue: queue.clone(),
            taken: Vec::new(),
            batch: Batch::with_room(room),
        };
        tokio::spawn(writer.run(asked));
        Self { queue, flushes }
    }

    /// Never waits for the database.
    pub fn offer(&self, called: Called, at: Timestamp) {
        let mut waiting = self.queue.lock();
        if waiting.calls.len() == self.queue.room {
            waiting.dropped += 1;
            drop(waiting);
            measures::dropped("calls");
            return;
        }
        waiting.calls.push((called, at));
        let half = waiting.calls.len() == self.queue.room / 2;
        drop(waiting);
        if half {
            self.queue.half_full.notify_one();
        }
    }

    /// How many calls wait to be taken up.
    pub fn waiting(&self) -> usize {
        self.queue.lock().calls.len()
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
    queue: Arc<Queue>,
    /// Empty in between; its room is used again.
    taken: Vec<(Called, Timestamp)>,
    batch: Batch,
}

impl Writer {
    /// Ends with the last `CallLog`.
    async fn run(mut self, mut flushes: mpsc::Receiver<oneshot::Sender<()>>) {
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                asked = flushes.recv() => {
                    self.write(true).await;
                    match asked {
                        Some(done) => drop(done.send(())),
                        None => return,
                    }
                }
                () = self.queue.half_full.notified() => self.write(false).await,
                _ = tick.tick() => self.write(false).await,
            }
        }
    }

    /// What has no room in the batch stays in the queue, which fills up then; and then calls are counted instead.
    async fn write(&mut self, all: bool) {
        let room = self.batch.room();
        let dropped = {
            let mut waiting = self.queue.lock();
            if waiting.calls.len() <= room {
                std::mem::swap(&mut waiting.calls, &mut self.taken);
            } else {
                self.taken.extend(waiting.calls.drain(..room));
            }
            std::mem::take(&mut waiting.dropped)
        };
        for (called, at) in self.taken.drain(..) {
            self.batch.add(called, at);
        }
        let not_told = self
            .batch
            .write(self.store.as_ref(), self.clock.now(), dropped, all)
            .await;
        self.queue.lock().dropped += not_told;
    }
}

#[cfg(test)]
mod tests;
