//! Counts with a bound: one set for all, and one for each key that has something going on.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::What;

const KINDS: usize = 4;
/// Threads meet at a lock only where their keys share a shard, for the time of a look-up.
const SHARDS: usize = 64;

#[derive(Debug, Default)]
pub struct Counts([AtomicUsize; KINDS]);

impl Counts {
    /// Whether there was room.
    pub fn take(&self, what: What, amount: usize, most: usize) -> bool {
        let more = |held: usize| held.checked_add(amount).filter(|sum| *sum <= most);
        self.0[what as usize]
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
            .is_ok()
    }

    pub fn give_back(&self, what: What, amount: usize) {
        self.0[what as usize].fetch_sub(amount, Ordering::Relaxed);
    }

    #[cfg(test)]
    pub fn held(&self, what: What) -> usize {
        self.0[what as usize].load(Ordering::Relaxed)
    }
}

/// Counts by key. A key whose counts are all zero is forgotten, so there are never more than there are places in all.
#[derive(Debug)]
pub struct Keyed([Mutex<Shard>; SHARDS]);

type Shard = HashMap<u64, [usize; KINDS]>;

impl Default for Keyed {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::default()))
    }
}

impl Keyed {
    fn shard(&self, key: u64) -> MutexGuard<'_, Shard> {
        // Nothing under the lock can panic half-way.
        let shard = &self.0[key as usize % SHARDS];
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there was room.
    pub fn take(&self, key: u64, what: What, amount: usize, most: usize) -> bool {
        let mut shard = self.shard(key);
        let held = shard.get(&key).map_or(0, |held| held[what as usize]);
        let more = held.checked_add(amount).filter(|sum| *sum <= most);
        if let Some(more) = more {
            shard.entry(key).or_default()[what as usize] = more;
        }
        more.is_some()
    }

    pub fn give_back(&self, key: u64, what: What, amount: usize) {
        if let Entry::Occupied(mut held) = self.shard(key).entry(key) {
            let count = &mut held.get_mut()[what as usize];
            *count = count.saturating_sub(amount);
            if held.get().iter().all(|count| *count == 0) {
                held.remove();
            }
        }
    }

    #[cfg(test)]
    pub fn keys(&self) -> usize {
        self.0
            .iter()
            .map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).len())
            .sum()
    }
}
