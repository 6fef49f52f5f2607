//! Calls that wait to be written, and how they are counted by the hour.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::actor::SubjectRef;
use domain::id::ServerId;
use domain::latency;
use domain::timestamp::Timestamp;
use tracing::{error, warn};

use super::Called;
use crate::services::audit::{Event, record_own};
use crate::store::trail::{CALL_REFUSED, UsageCount, UsageKey};
use crate::store::{CallRow, Store, StoreError};

const HOUR: i64 = 3_600;
/// Names of tools come from callers: no more of them are counted apart, per person, server and hour.
const MOST_NAMES: usize = 100;
const OTHERS: &str = "(other)";

pub(super) struct Batch {
    rows: Vec<CallRow>,
    room: usize,
    names: Names,
}

impl Batch {
    pub fn with_room(room: usize) -> Self {
        Self {
            rows: Vec::new(),
            room,
            names: Names::default(),
        }
    }

    /// For how many more.
    pub fn room(&self) -> usize {
        self.room.saturating_sub(self.rows.len())
    }

    pub fn add(&mut self, called: Called, at: Timestamp) {
        self.rows.push(called.row(at));
    }

    /// Writes all, and tells of `dropped` ones. Keeps what could not be written for now; gives back what could not be told.
    pub async fn write(&mut self, store: &dyn Store, now: Timestamp, dropped: u64) -> u64 {
        if self.rows.is_empty() && dropped == 0 {
            return 0;
        }
        let counts = self.counts();
        match write(store, now, &self.rows, &counts, dropped).await {
            Ok(()) => {
                self.rows.clear();
                0
            }
            Err(error @ StoreError::Unavailable(_)) => {
                warn!(error = %error, waiting = self.rows.len(), "Could not write down calls; trying again");
                dropped
            }
            Err(error) => {
                // It would fail for ever, and everything behind it wait.
                let lost = self.rows.len() as u64;
                error!(error = %error, lost, "Could not write down calls");
                self.rows.clear();
                dropped + lost
            }
        }
    }

    fn counts(&mut self) -> BTreeMap<UsageKey, UsageCount> {
        let mut counts: BTreeMap<UsageKey, UsageCount> = BTreeMap::new();
        for (row, of_alike) in alike(&self.rows) {
            let Some((server, _)) = &row.server else { continue };
            let hour = hour(row);
            let (method, tool) = self.names.bounded(hour, server, row);
            let key = UsageKey {
                server: server.clone(),
                hour,
                actor: row.actor.clone(),
                method,
                tool,
                step: step(row),
            };
            let count = counts.entry(key).or_default();
            count.calls += of_alike.calls;
            count.failed += of_alike.failed;
        }
        counts
    }
}

fn hour(row: &CallRow) -> i64 {
    row.at.0 - row.at.0.rem_euclid(HOUR)
}

fn step(row: &CallRow) -> Option<u8> {
    (row.action != CALL_REFUSED).then(|| latency::step_of(row.latency_micros))
}

/// The first of each kind that is counted together, in their order, and how many there are: most calls are like another one, and
/// that is found out without making keys for all.
fn alike(rows: &[CallRow]) -> Vec<(&CallRow, UsageCount)> {
    let mut places = HashMap::new();
    let mut found: Vec<(&CallRow, UsageCount)> = Vec::new();
    for row in rows {
        let Some((server, _)) = &row.server else { continue };
        let key = (server, hour(row), &row.actor, &row.method, &row.tool, step(row));
        let place = *places.entry(key).or_insert(found.len());
        if place == found.len() {
            found.push((row, UsageCount::default()));
        }
        let count = &mut found[place].1;
        count.calls += 1;
        count.failed += u64::from(row.failed);
    }
    found
}

async fn write(
    store: &dyn Store,
    now: Timestamp,
    rows: &[CallRow],
    counts: &BTreeMap<UsageKey, UsageCount>,
    dropped: u64,
) -> Result<(), StoreError> {
    let mut work = store.begin().await?;
    work.calls().count(counts).await?;
    if dropped > 0 {
        let event = Event::new("calls.dropped").detail(&[("calls", &dropped.to_string())]);
        record_own(work.as_mut(), now, event).await?;
    }
    // Last: it locks the chain.
    work.calls().append(rows).await?;
    work.save().await
}

/// The names seen this hour.
#[derive(Default)]
struct Names {
    hour: i64,
    seen: HashMap<(ServerId, SubjectRef), HashSet<(String, String)>>,
}

impl Names {
    fn bounded(&mut self, hour: i64, server: &ServerId, row: &CallRow) -> (String, String) {
        if hour != self.hour {
            self.hour = hour;
            self.seen.clear();
        }
        let seen = self.seen.entry((server.clone(), row.actor.clone())).or_default();
        let name = (row.method.clone(), row.tool.clone().unwrap_or_default());
        if seen.contains(&name) {
            return name;
        }
        if seen.len() >= MOST_NAMES {
            return (OTHERS.to_owned(), String::new());
        }
        seen.insert(name.clone());
        name
    }
}
