//! Which rows have changed since a copy of them was read: what lets a call go on without asking the database (B12).
//!
//! Whoever keeps a copy notes the moment *before* it reads, and the places that the copy depends on. Every work leaves the places
//! it touched when it is saved, before `save` comes back; other processes' changes arrive by `follow`. A copy holds while none of
//! its places was touched after its moment, and while news are known to arrive: without a proof of that for a second, none holds.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

use domain::actor::SubjectRef;
use domain::id::{OverrideId, ServerId, TokenId};
use sha2::{Digest, Sha256};

/// Two that share a number cost a look too many, never one too few.
const PLACES: u16 = 1 << 14;
/// How long a proof that news arrive counts: nobody sees a change of another replica later than this.
const PROOF: Duration = Duration::from_secs(1);
/// Whatever happens, a copy is read again after this: somebody may have edited rows by hand.
const LONGEST: Duration = Duration::from_secs(60);
/// More than this many places are told as "everything": PostgreSQL's notifications hold 8,000 bytes.
const MOST_TOLD: usize = 500;
const EVERYTHING: &str = "*";

/// Something that rows belong to, as a number that is the same in every replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place(u16);

impl Place {
    /// All there is: for changes that reach many.
    pub const EVERYTHING: Self = Self(PLACES);

    /// Its settings, and who may use it.
    pub fn server(id: &ServerId) -> Self {
        Self::of("server", &[id.as_str()])
    }

    /// What they are: their role, whether they are disabled, the teams they are in.
    pub fn subject(subject: &SubjectRef) -> Self {
        Self::of("subject", &[subject.kind.as_str(), &subject.id])
    }

    /// Which overrides somebody has on a server; each one's content is a place of its own.
    pub fn overrides(server: &ServerId, subject: &SubjectRef) -> Self {
        Self::of("overrides", &[server.as_str(), subject.kind.as_str(), &subject.id])
    }

    pub fn one_override(id: &OverrideId) -> Self {
        Self::of("override", &[id.as_str()])
    }

    /// Whom an identity provider's subject is linked with.
    pub fn identity(issuer: &str, subject: &str) -> Self {
        Self::of("identity", &[issuer, subject])
    }

    pub fn token(id: &TokenId) -> Self {
        Self::of("token", &[id.as_str()])
    }

    fn of(kind: &str, parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in std::iter::once(&kind).chain(parts) {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let hash = hash.finalize();
        Self(u16::from_be_bytes([hash[0], hash[1]]) % PLACES)
    }
}

/// Before which a copy was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    change: u64,
    at: Duration,
}

pub struct Changes {
    started: Instant,
    /// How many there have been.
    count: AtomicU64,
    /// For each place, and for everything, which change was the last.
    last: Box<[AtomicU64]>,
    /// Milliseconds since `started`.
    proven_until: AtomicU64,
}

impl Default for Changes {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            count: AtomicU64::new(0),
            last: (0..=PLACES).map(|_| AtomicU64::new(0)).collect(),
            proven_until: AtomicU64::new(0),
        }
    }
}

impl Changes {
    pub fn moment(&self) -> Moment {
        Moment {
            change: self.count.load(SeqCst),
            at: self.started.elapsed(),
        }
    }

    /// Whether what was read after `moment`, and depends on `places`, is still what a call may go by.
    pub fn hold(&self, moment: Moment, places: &[Place]) -> bool {
        let now = self.started.elapsed();
        let untouched = |place: &Place| self.last[usize::from(place.0)].load(SeqCst) <= moment.change;
        millis(now) < self.proven_until.load(SeqCst)
            && now.saturating_sub(moment.at) < LONGEST
            && untouched(&Place::EVERYTHING)
            && places.iter().all(untouched)
    }

    /// The count goes up first: who reads in between gets a moment after the change, and the changed rows with it.
    pub(super) fn happened(&self, places: &[Place]) {
        if places.is_empty() {
            return;
        }
        let change = self.count.fetch_add(1, SeqCst) + 1;
        for place in places {
            self.last[usize::from(place.0)].fetch_max(change, SeqCst);
        }
    }

    /// Everything that changed before `since` has been told here.
    pub(super) fn proven(&self, since: Instant) {
        let until = since.saturating_duration_since(self.started) + PROOF;
        self.proven_until.fetch_max(millis(until), SeqCst);
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// What a work has touched; told when it is saved.
pub(super) struct Touched {
    places: Vec<Place>,
    changes: Arc<Changes>,
}

impl Touched {
    pub fn nothing(changes: &Arc<Changes>) -> Self {
        Self {
            places: Vec::new(),
            changes: changes.clone(),
        }
    }

    pub fn add(&mut self, place: Place) {
        if !self.places.contains(&place) && self.places.len() <= MOST_TOLD {
            self.places.push(place);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// For this process.
    pub fn tell(&self) {
        if self.places.len() > MOST_TOLD {
            self.changes.happened(&[Place::EVERYTHING]);
        } else {
            self.changes.happened(&self.places);
        }
    }

    /// For the others, as text.
    pub fn told(&self) -> String {
        if self.places.len() > MOST_TOLD {
            return EVERYTHING.to_owned();
        }
        let places: Vec<String> = self.places.iter().map(|place| place.0.to_string()).collect();
        places.join(",")
    }
}

/// What another process told. What cannot be read may mean anything.
pub(super) fn heard(told: &str) -> Vec<Place> {
    let parse = |number: &str| number.parse().ok().filter(|number| *number <= PLACES).map(Place);
    let places: Option<Vec<Place>> = told.split(',').map(parse).collect();
    places.unwrap_or_else(|| vec![Place::EVERYTHING])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proven() -> Arc<Changes> {
        let changes = Arc::new(Changes::default());
        changes.proven(Instant::now());
        changes
    }

    fn places() -> [Place; 3] {
        [
            Place::server(&ServerId::new("s")),
            Place::token(&TokenId::new("t")),
            Place::one_override(&OverrideId::new("o")),
        ]
    }

    #[test]
    fn b12_a_copy_holds_until_one_of_its_places_is_touched() {
        let changes = proven();
        let [server, token, other] = places();
        let moment = changes.moment();
        changes.happened(&[other]);
        assert!(changes.hold(moment, &[server, token]));
        changes.happened(&[token]);
        assert!(!changes.hold(moment, &[server, token]));
        assert!(changes.hold(moment, &[server]));
        assert!(changes.hold(changes.moment(), &[server, token]), "read again");
        let moment = changes.moment();
        changes.happened(&[Place::EVERYTHING]);
        assert!(!changes.hold(moment, &[]));
    }

    #[test]
    fn b12_without_proof_that_news_arrive_nothing_holds() {
        let changes = Changes::default();
        assert!(!changes.hold(changes.moment(), &[]));
        changes.proven(Instant::now());
        assert!(changes.hold(changes.moment(), &[]));
        let started = Instant::now() - Duration::from_secs(10);
        let old = Changes {
            started,
            ..Changes::default()
        };
        old.proven(started + Duration::from_millis(8_900));
        assert!(!old.hold(old.moment(), &[]), "a proof counts for a second");
        old.proven(started + Duration::from_millis(9_900));
        assert!(old.hold(old.moment(), &[]));
    }

    #[test]
    fn b12_a_copy_does_not_hold_for_ever() {
        let changes = proven();
        let moment = Moment {
            change: 0,
            at: Duration::ZERO,
        };
        assert!(changes.hold(moment, &[]));
        let later = Changes {
            started: Instant::now() - LONGEST,
            ..Changes::default()
        };
        later.proven(Instant::now());
        assert!(!later.hold(moment, &[]));
    }

    #[test]
    fn b12_what_is_told_is_what_is_heard() {
        let mut touched = Touched::nothing(&proven());
        for place in places() {
            touched.add(place);
            touched.add(place);
        }
        assert_eq!(heard(&touched.told()), places());
        for number in 0..=500 {
            touched.add(Place(number));
        }
        assert_eq!(heard(&touched.told()), [Place::EVERYTHING]);
        for odd in ["", "x", "1,,2", "99999", "-1"] {
            assert_eq!(heard(odd), [Place::EVERYTHING], "{odd}");
        }
    }

    /// Replicas of different builds tell each other.
    #[test]
    fn b12_places_have_the_same_numbers_everywhere() {
        let numbers = places().map(|place| place.0);
        assert_eq!(numbers, [14_452, 3_311, 7_689]);
    }
}
