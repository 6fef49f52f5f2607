//! Copies of what calls need, so that a call which comes again asks no database and opens no seal.
//!
//! Each copy knows the moment it was read and what it depends on; `store::Changes` says whether it still holds. They are bounded
//! in number, are read again after a minute at the latest, and leave the memory, secrets wiped, when nobody asks for that long.

use std::hash::Hash;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use domain::actor::{Actor, SubjectRef};
use domain::id::{TokenId, VirtualAccountId};
use domain::identity::Identity;
use domain::overrides::OverrideFacts;
use domain::role::ServerRole;
use domain::timestamp::Timestamp;
use quick_cache::Equivalent;
use quick_cache::sync::Cache;

use super::{CallServer, Credential};
use crate::services::logins::LoginHolder;
use crate::services::renewals::HeldTokens;
use crate::store::{Changes, Moment, OverrideRow, Place, ServerRow};

/// Callers, and callers' servers.
const MOST: usize = 32_768;
const MOST_SERVERS: usize = 4_096;
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// A token's holder.
#[derive(Debug)]
pub(super) struct Holder {
    pub actor: Arc<Actor>,
    pub token: TokenId,
    pub expires_at: Option<Timestamp>,
    pub noted: Noted,
}

/// The same of an access token of our own login.
#[derive(Debug)]
pub(super) struct Login {
    pub holder: LoginHolder,
    pub noted: Noted,
}

/// What of an identity provider's token says who it stands for. That it counts is checked each time.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Named {
    issuer: String,
    subject: String,
    account: Option<VirtualAccountId>,
    external: bool,
}

impl Named {
    fn by(identity: &Identity) -> Self {
        Self {
            issuer: identity.issuer.clone(),
            subject: identity.subject.clone(),
            account: identity.account.clone(),
            external: identity.external,
        }
    }
}

/// What a caller has on a server.
#[derive(Debug)]
pub(super) struct Reached {
    pub server: Arc<CallServer>,
    /// By grants; an admin's role is not among them.
    pub granted: Vec<ServerRole>,
    pub own: Arc<Owned>,
}

/// The caller's own overrides on a server, each opened at most once.
#[derive(Debug)]
pub(super) struct Owned {
    pub facts: Vec<OverrideFacts>,
    pub rows: Vec<OwnedRow>,
}

#[derive(Debug)]
pub(super) struct OwnedRow {
    pub row: OverrideRow,
    pub opened: OnceLock<Arc<Credential>>,
    pub tokens: OnceLock<Arc<HeldTokens>>,
}

impl Owned {
    pub fn new(rows: Vec<OverrideRow>) -> Self {
        let closed = |row| OwnedRow {
            row,
            opened: OnceLock::new(),
            tokens: OnceLock::new(),
        };
        Self {
            facts: rows.iter().map(OverrideRow::facts).collect(),
            rows: rows.into_iter().map(closed).collect(),
        }
    }
}

/// So often a use is written down, in seconds: thousands of callers would otherwise make as many writes a second.
const NOTED_EVERY: i64 = 60;
const STATES: i64 = 4;

/// When, and in which of a few states, something was last written down: the same again is not, for a while. That while is counted
/// from each one's own last time, so that not all are written at once.
#[derive(Debug)]
pub(super) struct Noted(AtomicI64);

impl Default for Noted {
    fn default() -> Self {
        Self(AtomicI64::new(i64::MIN))
    }
}

impl Noted {
    pub fn is_new(&self, now: Timestamp, state: i64) -> bool {
        let this = now.0.wrapping_mul(STATES).wrapping_add(state);
        let last = self.0.load(Ordering::Relaxed);
        let again = last.rem_euclid(STATES) == state && last.abs_diff(this) < (NOTED_EVERY * STATES).unsigned_abs();
        // Of several who ask at once, one is told so.
        !again && self.0.swap(this, Ordering::Relaxed) != this
    }
}

#[derive(Debug)]
pub(super) struct Dated<T> {
    pub moment: Moment,
    pub places: Vec<Place>,
    pub copy: T,
}

type Copies<K, T> = Cache<K, Arc<Dated<T>>>;

#[derive(Clone)]
pub(super) struct Warm(Arc<Parts>);

struct Parts {
    changes: Arc<Changes>,
    holders: Copies<Vec<u8>, Holder>,
    logins: Copies<Vec<u8>, Login>,
    named: Copies<Named, Arc<Actor>>,
    servers: Cache<String, Arc<CallServer>>,
    reached: Copies<(SubjectRef, String), Reached>,
}

#[derive(Hash)]
struct Wanted<'a>(&'a SubjectRef, &'a str);

impl Equivalent<(SubjectRef, String)> for Wanted<'_> {
    fn equivalent(&self, key: &(SubjectRef, String)) -> bool {
        *self.0 == key.0 && self.1 == key.1
    }
}

impl Warm {
    pub fn start(changes: Arc<Changes>) -> Self {
        let parts = Arc::new(Parts {
            changes,
            holders: Cache::new(MOST),
            logins: Cache::new(MOST),
            named: Cache::new(MOST),
            servers: Cache::new(MOST_SERVERS),
            reached: Cache::new(MOST),
        });
        tokio::spawn(sweep(Arc::downgrade(&parts)));
        Self(parts)
    }

    /// To be asked before reading what is then kept.
    pub fn moment(&self) -> Moment {
        self.0.changes.moment()
    }

    pub fn holder(&self, token_hash: &[u8]) -> Option<Arc<Dated<Holder>>> {
        self.0.holding(self.0.holders.get(token_hash)?)
    }

    pub fn keep_holder(&self, token_hash: Vec<u8>, moment: Moment, copy: Holder) -> Arc<Dated<Holder>> {
        let places = vec![Place::token(&copy.token), Place::subject(&copy.actor.subject)];
        let dated = Arc::new(Dated { moment, places, copy });
        self.0.holders.insert(token_hash, dated.clone());
        dated
    }

    pub fn login(&self, token_hash: &[u8]) -> Option<Arc<Dated<Login>>> {
        self.0.holding(self.0.logins.get(token_hash)?)
    }

    pub fn keep_login(&self, token_hash: Vec<u8>, moment: Moment, holder: LoginHolder) -> Arc<Dated<Login>> {
        let places = vec![
            Place::token(&holder.grant),
            Place::subject(&holder.actor.subject),
            Place::server(&holder.server),
        ];
        let noted = Noted::default();
        let copy = Login { holder, noted };
        let dated = Arc::new(Dated { moment, places, copy });
        self.0.logins.insert(token_hash, dated.clone());
        dated
    }

    pub fn named(&self, identity: &Identity) -> Option<Arc<Dated<Arc<Actor>>>> {
        self.0.holding(self.0.named.get(&Named::by(identity))?)
    }

    /// A link to a person, made later, would come before whom the token stands for now.
    pub fn keep_named(&self, identity: &Identity, moment: Moment, copy: Arc<Actor>) -> Arc<Dated<Arc<Actor>>> {
        let places = vec![
            Place::identity(&identity.issuer, &identity.subject),
            Place::subject(&copy.subject),
        ];
        let dated = Arc::new(Dated { moment, places, copy });
        self.0.named.insert(Named::by(identity), dated.clone());
        dated
    }

    /// One that was opened from just these settings. They come from the work that the caller's overrides are read in: settings and
    /// overrides of two moments may not fit together.
    pub fn server(&self, row: &ServerRow) -> Option<Arc<CallServer>> {
        let known = self.0.servers.get(row.name.as_str())?;
        known.is_opened_from(row).then_some(known)
    }

    pub fn keep_server(&self, server: CallServer) -> Arc<CallServer> {
        let server = Arc::new(server);
        self.0.servers.insert(server.name.to_string(), server.clone());
        server
    }

    pub fn reached(&self, subject: &SubjectRef, server: &str) -> Option<Arc<Dated<Reached>>> {
        self.0.holding(self.0.reached.get(&Wanted(subject, server))?)
    }

    pub fn keep_reached(&self, subject: &SubjectRef, moment: Moment, copy: Reached) -> Arc<Dated<Reached>> {
        let server = &copy.server.id;
        let mut places = vec![
            Place::server(server),
            Place::subject(subject),
            Place::overrides(server, subject),
        ];
        places.extend(copy.own.rows.iter().map(|own| Place::one_override(&own.row.id)));
        let key = (subject.clone(), copy.server.name.to_string());
        let dated = Arc::new(Dated { moment, places, copy });
        self.0.reached.insert(key, dated.clone());
        dated
    }
}

impl Parts {
    fn holding<T>(&self, dated: Arc<Dated<T>>) -> Option<Arc<Dated<T>>> {
        self.changes.hold(dated.moment, &dated.places).then_some(dated)
    }

    fn keep_what_holds<K: Hash + Eq, T>(&self, copies: &Copies<K, T>) {
        copies.retain(|_, dated| self.changes.hold(dated.moment, &dated.places));
    }
}

/// Ends with the calls.
async fn sweep(parts: Weak<Parts>) {
    let mut ticks = tokio::time::interval(SWEEP_EVERY);
    loop {
        ticks.tick().await;
        let Some(parts) = parts.upgrade() else { return };
        parts.keep_what_holds(&parts.holders);
        parts.keep_what_holds(&parts.logins);
        parts.keep_what_holds(&parts.named);
        parts.servers.retain(|_, server| Arc::strong_count(server) > 1);
        parts.keep_what_holds(&parts.reached);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_noted_once_in_a_while() {
        let noted = Noted::default();
        let now = Timestamp(7);
        assert!(noted.is_new(now, 0), "the first");
        assert!(!noted.is_new(now, 0));
        assert!(noted.is_new(now, 1), "another state");
        assert!(!noted.is_new(now.plus(NOTED_EVERY - 1), 1), "sooner");
        assert!(noted.is_new(now.plus(NOTED_EVERY), 1), "later");
        assert!(noted.is_new(now, 1), "the clock was set back");
    }
}
