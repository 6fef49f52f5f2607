//! How many calls run at each upstream over a connection that they share.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

use http::uri::Authority;

/// Who offers HTTP/2 should let 100 streams run at once, at least (RFC 9113 section 6.5.2).
const MOST: usize = 64;

#[derive(Debug, Default)]
pub struct Streams(Mutex<HashMap<Authority, usize>>);

/// One of them, as long as it is held.
#[derive(Debug)]
pub struct Stream {
    streams: Arc<Streams>,
    upstream: Authority,
}

impl Streams {
    /// `None` if there are as many as there may be.
    pub fn begin(self: &Arc<Self>, upstream: &Authority) -> Option<Stream> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = running.entry(upstream.clone()).or_default();
        (*count < MOST).then(|| {
            *count += 1;
            Stream {
                streams: self.clone(),
                upstream: upstream.clone(),
            }
        })
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let mut running = self.streams.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut count) = running.entry(self.upstream.clone()) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_upstream_has_so_many_and_nothing_is_kept_of_those_without() {
        let streams = Arc::<Streams>::default();
        let (one, other) = (Authority::from_static("a.example"), Authority::from_static("b.example"));
        let mut held: Vec<_> = std::iter::from_fn(|| streams.begin(&one)).collect();
        assert_eq!(held.len(), MOST);
        assert!(streams.begin(&other).is_some());
        held.pop();
        assert!(streams.begin(&one).is_some());
        drop(held);
        assert!(streams.0.lock().unwrap().is_empty());
    }
}
