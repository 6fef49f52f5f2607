//! How often somebody may try something. Kept in memory: with several replicas each counts for itself. A limit passes by itself, so
//! nobody can lock anybody out for good.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::ServiceError;

/// Above this many remembered keys, those that are full again are forgotten.
const REMEMBERED: usize = 50_000;

pub(super) struct Limit<K: Hash + Eq + Clone>(DefaultKeyedRateLimiter<K>);

impl<K: Hash + Eq + Clone> Limit<K> {
    /// `burst` tries at once, refilled evenly over the window.
    pub fn new(burst: NonZeroU32, window: Duration) -> Self {
        let quota = Quota::with_period(window / burst.get()).unwrap_or(Quota::per_minute(burst));
        Self(RateLimiter::keyed(quota.allow_burst(burst)))
    }

    /// Counts a try.
    pub fn check(&self, key: &K) -> Result<(), ServiceError> {
        if self.0.len() > REMEMBERED {
            self.0.retain_recent();
        }
        self.0
            .check_key(key)
            .map_err(|wait| ServiceError::Limited(wait.wait_time_from(DefaultClock::default().now()).as_secs().max(1)))
    }
}
