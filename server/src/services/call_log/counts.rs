//! Calls counted by the hour, until they are written.
//!
//! With thousands of callers nearly every call has a count of its own. So counts are written in rounds, and each batch takes no
//! more than a share of one; calls go on being counted for the next round meanwhile. A round is in the order of the table, so that a
//! share is next to itself there: a page of the database then takes in many counts at once. A kill loses what waits, SIGTERM does not.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use domain::actor::SubjectRef;
use domain::id::ServerId;
use domain::latency;
use indexmap::{Equivalent, IndexMap};

use crate::store::CallRow;
use crate::store::trail::{CALL_REFUSED, UsageCount, UsageKey};

const HOUR: i64 = 3_600;
/// Names of tools come from callers: no more of them are counted apart, per person, server and hour.
const MOST_NAMES: usize = 100;
const OTHERS: &str = "(other)";
/// With a batch each half second, 40,000 different counts are written in twenty.
const WITH_CALLS: usize = 1_000;
const ALONE: usize = 10_000;
/// More than these are not kept: a batch takes what is beyond.
const MOST: usize = 50_000;

/// How much of what waits is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Share {
    /// What goes with a batch of calls.
    WithCalls,
    /// What goes when no calls do.
    Alone,
    All,
}

impl Share {
    /// `None`: all of them.
    const fn most(self) -> Option<usize> {
        match self {
            Self::WithCalls => Some(WITH_CALLS),
            Self::Alone => Some(ALONE),
            Self::All => None,
        }
    }
}

#[derive(Default)]
pub(super) struct Counts {
    /// For the next round.
    waiting: IndexMap<UsageKey, UsageCount>,
    /// What is left of this one, sorted.
    round: VecDeque<(UsageKey, UsageCount)>,
    /// Taken from there; stays until it is known to be written.
    share: BTreeMap<UsageKey, UsageCount>,
    names: Names,
}

/// A row's key before the names are bounded, without copies: most calls are like another one.
#[derive(Hash)]
struct Alike<'a> {
    server: &'a ServerId,
    hour: i64,
    actor: &'a SubjectRef,
    method: &'a str,
    tool: &'a str,
    step: Option<u8>,
}

impl Equivalent<UsageKey> for Alike<'_> {
    fn equivalent(&self, key: &UsageKey) -> bool {
        *self.actor == key.actor
            && *self.server == key.server
            && self.hour == key.hour
            && self.method == key.method
            && self.tool == key.tool
            && self.step == key.step
    }
}

impl Counts {
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.round.is_empty() && self.share.is_empty()
    }

    pub fn add(&mut self, row: &CallRow) {
        let Some((server, _)) = &row.server else { return };
        let alike = Alike {
            server,
            hour: row.at.0 - row.at.0.rem_euclid(HOUR),
            actor: &row.actor,
            method: &row.method,
            tool: row.tool.as_deref().unwrap_or_default(),
            step: (row.action != CALL_REFUSED).then(|| latency::step_of(row.latency_micros)),
        };
        let known = self.waiting.get_index_of(&alike);
        let count = match known.and_then(|place| self.waiting.get_index_mut(place)) {
            Some((_, count)) => count,
            None => self.waiting.entry(self.names.bounded(&alike)).or_default(),
        };
        count.calls += 1;
        count.failed += u64::from(row.failed);
    }

    /// What is to be written now, more than its share if too many wait: the same again until it was, or they all are asked for.
    pub fn share(&mut self, share: Share) -> &BTreeMap<UsageKey, UsageCount> {
        if self.round.is_empty() {
            self.round.extend(self.waiting.drain(..));
            self.round.make_contiguous().sort_unstable_by(|a, b| a.0.cmp(&b.0));
        }
        let beyond = (self.round.len() + self.waiting.len()).saturating_sub(MOST);
        let (takes, rest) = match (share.most(), self.share.is_empty()) {
            (None, _) => (self.round.len(), self.waiting.len()),
            (Some(most), true) => (most.max(beyond).min(self.round.len()), 0),
            (Some(_), false) => (0, 0),
        };
        for (key, more) in self.round.drain(..takes).chain(self.waiting.drain(..rest)) {
            let count = self.share.entry(key).or_default();
            count.calls += more.calls;
            count.failed += more.failed;
        }
        &self.share
    }

    pub fn share_is_done(&mut self) {
        self.share.clear();
    }
}

/// The names seen this hour.
#[derive(Default)]
struct Names {
    hour: i64,
    seen: HashMap<(ServerId, SubjectRef), HashSet<(String, String)>>,
}

impl Names {
    fn bounded(&mut self, of: &Alike<'_>) -> UsageKey {
        if of.hour != self.hour {
            self.hour = of.hour;
            self.seen.clear();
        }
        let seen = self.seen.entry((of.server.clone(), of.actor.clone())).or_default();
        let mut name = (of.method.to_owned(), of.tool.to_owned());
        if !seen.contains(&name) {
            if seen.len() < MOST_NAMES {
                seen.insert(name.clone());
            } else {
                name = (OTHERS.to_owned(), String::new());
            }
        }
        UsageKey {
            server: of.server.clone(),
            hour: of.hour,
            actor: of.actor.clone(),
            method: name.0,
            tool: name.1,
            step: of.step,
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::actor::SubjectKind;
    use domain::timestamp::Timestamp;
    use domain::via::Via;

    use super::*;

    fn call(actor: usize) -> CallRow {
        CallRow {
            at: Timestamp(7_200),
            actor: SubjectRef {
                kind: SubjectKind::VirtualAccount,
                id: actor.to_string(),
            },
            actor_name: actor.to_string(),
            action: "credential.injected".to_owned(),
            server: Some((ServerId::new("s1"), "notes".to_owned())),
            method: "tools/call".to_owned(),
            tool: Some("echo".to_owned()),
            status: 200,
            upstream_status: Some(200),
            outcome: "forwarded".to_owned(),
            failed: false,
            latency_micros: 3_000,
            credential: "override".to_owned(),
            fingerprint: None,
            via: Via::default(),
        }
    }

    fn sum(counts: &BTreeMap<UsageKey, UsageCount>) -> u64 {
        counts.values().map(|count| count.calls).sum()
    }

    #[test]
    fn a_batch_writes_a_share_and_the_rest_goes_on_counting() {
        let mut counts = Counts::default();
        for actor in 0..WITH_CALLS + 10 {
            counts.add(&call(actor));
        }
        let first = counts.share(Share::WithCalls).clone();
        assert_eq!((first.len(), sum(&first)), (WITH_CALLS, WITH_CALLS as u64));
        for actor in 0..WITH_CALLS + 10 {
            counts.add(&call(actor));
        }
        assert_eq!(
            *counts.share(Share::WithCalls),
            first,
            "until it is known to be written"
        );
        counts.share_is_done();
        assert_eq!(sum(counts.share(Share::WithCalls)), 10, "the rest of the round");
        counts.share_is_done();
        assert_eq!(sum(counts.share(Share::WithCalls)), WITH_CALLS as u64, "the next round");
        counts.add(&call(0));
        assert_eq!(
            sum(counts.share(Share::All)),
            WITH_CALLS as u64 + 11,
            "all is all, whatever was tried before"
        );
        counts.share_is_done();
        assert!(counts.is_empty());
    }

    #[test]
    fn only_so_many_are_kept() {
        let mut counts = Counts::default();
        for actor in 0..MOST + WITH_CALLS + 10 {
            counts.add(&call(actor));
        }
        assert_eq!(counts.share(Share::WithCalls).len(), WITH_CALLS + 10);
        counts.share_is_done();
        assert_eq!(counts.share(Share::All).len(), MOST);
    }
}
