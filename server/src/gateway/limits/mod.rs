//! How much may be going on at once: in all, for one subject, and at one server. Whoever comes when a place is taken is told so at
//! once (503), before anything is kept of them, so that load ends in refusals and not in memory.
//!
//! Three things are counted: calls, streams that clients only listen on, and the bytes of long request bodies. A `Place` counts as
//! long as it is held, whatever ends the call. Counting takes an atomic in all and a shard's lock for a moment; nothing is kept of
//! who has no place, and nothing waits.

mod counts;

use std::hash::{BuildHasher, RandomState};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use axum::http::{HeaderMap, HeaderName, Method};
use domain::actor::SubjectRef;
use domain::id::ServerId;

use crate::config::LimitsConfig;
use crate::telemetry::measures;
use counts::{Counts, Keyed};

const MCP_METHOD: HeaderName = HeaderName::from_static("mcp-method");
const LISTEN: &str = "subscriptions/listen";
/// Bodies up to this long are not counted in bytes: the number of calls bounds them.
const SHORT: usize = 16 * 1024;
/// Of the places of calls, those for callers whom nobody knows yet: a flood of made-up tokens must not take them all.
const STRANGERS: usize = 4;

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Call,
    /// A client listens for what the server may say.
    Stream,
}

impl Kind {
    /// Known before anything is read: GET, or `subscriptions/listen` of revision 2026-07-28.
    pub fn of(method: &Method, headers: &HeaderMap) -> Self {
        let listens = || headers.get(MCP_METHOD).is_some_and(|named| named == LISTEN);
        if *method == Method::GET || listens() {
            Self::Stream
        } else {
            Self::Call
        }
    }

    const fn counted(self) -> What {
        match self {
            Self::Call => What::Calls,
            Self::Stream => What::Streams,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Calls,
    Streams,
    /// Bytes.
    Bodies,
    Strangers,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    All,
    /// By the hash of its id, as the server.
    Subject(u64),
    Server(u64),
}

/// Whose limit was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// Everybody's: we have too much to do.
    InAll,
    /// The caller's own.
    Subject,
    Server,
}

#[derive(Debug, Clone)]
pub struct Limits(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    most: LimitsConfig,
    hasher: RandomState,
    all: Counts,
    subjects: Keyed,
    servers: Keyed,
}

impl Limits {
    pub fn new(most: LimitsConfig) -> Self {
        Self(Arc::new(Parts {
            most,
            hasher: RandomState::new(),
            all: Counts::default(),
            subjects: Keyed::default(),
            servers: Keyed::default(),
        }))
    }

    /// The first thing that happens to a request, before it is known whose it is.
    pub fn enter(&self, kind: Kind) -> Result<Admission, Full> {
        let all = self.place(Of::All, kind.counted())?;
        Ok(Admission { all, subject: None })
    }

    /// Looks up who calls. Those who are known from a call before are told at once; the others wait for the database or for an
    /// identity provider, and not all places are for them.
    pub async fn meet<T>(&self, authenticating: impl Future<Output = T>) -> Result<T, Full> {
        let mut authenticating = pin!(authenticating);
        if let Poll::Ready(met) = futures_util::poll!(authenticating.as_mut()) {
            return Ok(met);
        }
        let _place = self.place(Of::All, What::Strangers)?;
        Ok(authenticating.await)
    }

    /// Once it is known that the caller may call this server; with the length of the body that is to be sent there.
    pub fn at_server(&self, server: &ServerId, kind: Kind, body: usize) -> Result<Place, Full> {
        let server = Of::Server(self.0.hasher.hash_one(server.as_str()));
        let mut place = self.place(server, kind.counted())?;
        place.hold_body(body)?;
        Ok(place)
    }

    fn place(&self, of: Of, what: What) -> Result<Place, Full> {
        self.0.take(of, what, 1)?;
        Ok(Place {
            limits: self.clone(),
            of,
            what,
            body: 0,
        })
    }
}

impl Parts {
    fn take(&self, of: Of, what: What, amount: usize) -> Result<(), Full> {
        let most = self.most(of, what);
        let (taken, full) = match of {
            Of::All => (self.all.take(what, amount, most), Full::InAll),
            Of::Subject(key) => (self.subjects.take(key, what, amount, most), Full::Subject),
            Of::Server(key) => (self.servers.take(key, what, amount, most), Full::Server),
        };
        if taken {
            return Ok(());
        }
        measures::limited(limit(full, what));
        Err(full)
    }

    fn give_back(&self, of: Of, what: What, amount: usize) {
        match of {
            Of::All => self.all.give_back(what, amount),
            Of::Subject(key) => self.subjects.give_back(key, what, amount),
            Of::Server(key) => self.servers.give_back(key, what, amount),
        }
    }

    fn most(&self, of: Of, what: What) -> usize {
        let most = match what {
            What::Calls => self.most.calls,
            What::Streams => self.most.streams,
            What::Bodies => self.most.bodies,
            What::Strangers => return self.most.calls.in_all.div_ceil(STRANGERS),
        };
        match of {
            Of::All => most.in_all,
            Of::Subject(_) => most.per_subject,
            Of::Server(_) => most.per_server,
        }
    }
}

/// As metrics name it.
const fn limit(full: Full, what: What) -> &'static str {
    match (what, full) {
        (What::Calls, Full::InAll) => "calls",
        (What::Calls, Full::Subject) => "calls_per_subject",
        (What::Calls, Full::Server) => "calls_per_server",
        (What::Streams, Full::InAll) => "streams",
        (What::Streams, Full::Subject) => "streams_per_subject",
        (What::Streams, Full::Server) => "streams_per_server",
        (What::Bodies, Full::InAll) => "bodies",
        (What::Bodies, Full::Subject) => "bodies_per_subject",
        (What::Bodies, Full::Server) => "bodies_per_server",
        (What::Strangers, _) => "strangers",
    }
}

/// A place in use; it is free again when this goes.
#[derive(Debug)]
pub struct Place {
    limits: Limits,
    of: Of,
    what: What,
    /// Bytes that count.
    body: usize,
}

impl Place {
    /// The body is so long by now.
    fn hold_body(&mut self, length: usize) -> Result<(), Full> {
        let counted = if length > SHORT { length } else { 0 };
        if let Some(more) = counted.checked_sub(self.body).filter(|more| *more > 0) {
            self.limits.0.take(self.of, What::Bodies, more)?;
            self.body = counted;
        }
        Ok(())
    }

    /// The upstream has it and answers: it is not kept any longer.
    pub fn let_body_go(&mut self) {
        if self.body > 0 {
            self.limits.0.give_back(self.of, What::Bodies, self.body);
            self.body = 0;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.let_body_go();
        self.limits.0.give_back(self.of, self.what, 1);
    }
}

/// A request's places among all and among its subject's, for as long as it is answered.
#[derive(Debug)]
pub struct Admission {
    all: Place,
    subject: Option<Place>,
}

impl Admission {
    /// Now it is known whose it is.
    pub fn of(&mut self, subject: &SubjectRef) -> Result<(), Full> {
        let limits = &self.all.limits;
        let key = limits.0.hasher.hash_one((subject.kind.as_str(), subject.id.as_str()));
        self.subject = Some(limits.place(Of::Subject(key), self.all.what)?);
        Ok(())
    }

    /// So much of the body has been read.
    pub fn hold_body(&mut self, length: usize) -> Result<(), Full> {
        if let Some(subject) = &mut self.subject {
            subject.hold_body(length)?;
        }
        self.all.hold_body(length)
    }

    pub fn let_body_go(&mut self) {
        self.all.let_body_go();
        if let Some(subject) = &mut self.subject {
            subject.let_body_go();
        }
    }
}

#[cfg(test)]
mod tests;
