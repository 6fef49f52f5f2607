//! What each caller may see, what they saw, and what of it was wrong.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use serde::Serialize;

use super::upstream::EVENTS;

/// Complaints that are kept word by word.
const MOST_COMPLAINTS: usize = 20;
const AUTH_REQUIRED: &str = "\"code\":4401";

/// The servers, by what is on the way to them and what happens to their overrides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// Nothing is on the way, and overrides are replaced, but never gone: no call may fail.
    Clean,
    CleanEvents,
    /// Behind faults; overrides are replaced and deleted.
    Faulty,
    FaultyEvents,
    FaultySlow,
    /// Its mode changes between individual and shared keys.
    Shifting,
}

impl Server {
    pub const ALL: [Self; 6] = [
        Self::Clean,
        Self::CleanEvents,
        Self::Faulty,
        Self::FaultyEvents,
        Self::FaultySlow,
        Self::Shifting,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::CleanEvents => "clean-events",
            Self::Faulty => "faulty",
            Self::FaultyEvents => "faulty-events",
            Self::FaultySlow => "faulty-slow",
            Self::Shifting => "shifting",
        }
    }

    pub const fn path(self) -> &'static str {
        match self {
            Self::Clean | Self::Faulty | Self::Shifting => "/json",
            Self::CleanEvents | Self::FaultyEvents => "/events",
            Self::FaultySlow => "/slow",
        }
    }

    pub const fn streams(self) -> bool {
        matches!(self, Self::CleanEvents | Self::FaultyEvents)
    }

    pub const fn behind_faults(self) -> bool {
        matches!(self, Self::Faulty | Self::FaultyEvents | Self::FaultySlow)
    }

    pub const fn must_not_fail(self) -> bool {
        matches!(self, Self::Clean | Self::CleanEvents)
    }
}

/// A caller's own credential, in its so-many-th version.
pub fn own(caller: usize, server: Server, version: u32) -> String {
    format!("sk-soak-{caller}-{}-{version}", server as usize)
}

pub const SHARED: &str = "sk-soak-shared";

#[derive(Debug, Default, Serialize)]
pub struct Counts {
    pub calls: AtomicU64,
    pub answered: AtomicU64,
    pub echoes: AtomicU64,
    /// McpAuthRequiredError, where an override was deleted.
    pub auth_required: AtomicU64,
    /// 404 for a session whose credential was replaced: the client opens another.
    pub sessions_ended: AtomicU64,
    /// 502, 503, 504; connections that broke; answers that the client did not wait for. All of them behind faults.
    pub unavailable: AtomicU64,
    pub broken: AtomicU64,
    pub given_up: AtomicU64,
    /// Streams that were left in the middle, as clients do.
    pub left: AtomicU64,
    // None of these may be.
    pub foreign_echoes: AtomicU64,
    pub stale_echoes: AtomicU64,
    pub shared_echoes_after_the_change: AtomicU64,
    pub needless_failures: AtomicU64,
    pub unexpected: AtomicU64,
}

pub struct Ledger {
    pub counts: Counts,
    /// The oldest version that a call which begins now may carry.
    oldest: Vec<[AtomicU32; Server::ALL.len()]>,
    /// Whether a call may carry the shared key of `Shifting`.
    pub shared: AtomicBool,
    complaints: Mutex<Vec<String>>,
}

/// What was true when a call began.
#[derive(Debug, Clone, Copy)]
pub struct Begun {
    pub caller: usize,
    pub server: Server,
    /// Nothing was on the way on our side, either.
    pub clean_way: bool,
    oldest: u32,
    shared: bool,
}

impl Begun {
    /// What every version of the caller's credential begins with.
    fn prefix(&self) -> String {
        format!("sk-soak-{}-{}-", self.caller, self.server as usize)
    }

    /// Whether this can be the beginning of a credential that the caller may see.
    fn may_begin_with(&self, word: &str) -> bool {
        let prefix = self.prefix();
        let shared = self.server == Server::Shifting && SHARED.starts_with(word);
        shared || prefix.starts_with(word) || word.starts_with(&prefix)
    }
}

pub enum End<'a> {
    Answer { status: u16, body: &'a [u8] },
    Broken { body: &'a [u8], error: &'a std::io::Error },
    GivenUp { body: &'a [u8] },
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Ledger {
    pub fn new(callers: usize) -> Self {
        Self {
            counts: Counts::default(),
            oldest: (0..callers).map(|_| Default::default()).collect(),
            shared: AtomicBool::new(false),
            complaints: Mutex::default(),
        }
    }

    /// From now on, calls carry this version or a newer one. Said after the change's answer, never before.
    pub fn oldest_is(&self, caller: usize, server: Server, version: u32) {
        self.oldest[caller][server as usize].store(version, Ordering::SeqCst);
    }

    pub fn begin(&self, caller: usize, server: Server, clean_way: bool) -> Begun {
        count(&self.counts.calls);
        let oldest = self.oldest[caller][server as usize].load(Ordering::SeqCst);
        Begun {
            caller,
            server,
            clean_way,
            oldest,
            shared: self.shared.load(Ordering::SeqCst),
        }
    }

    pub fn end(&self, begun: Begun, end: &End<'_>) {
        match *end {
            End::Answer { status, body } => self.answered(begun, status, body),
            End::Broken { body, error } => {
                self.echoes(begun, body, true);
                self.failed(begun, &self.counts.broken, &format!("it broke: {error}"));
            }
            End::GivenUp { body } => {
                self.echoes(begun, body, true);
                self.failed(begun, &self.counts.given_up, "no answer came in time");
            }
        }
    }

    /// A stream that its client left after the first event.
    pub fn left(&self, begun: Begun, status: u16, body: &[u8]) {
        if status == 200 && self.echoes(begun, body, true) > 0 {
            count(&self.counts.left);
        } else {
            self.answered(begun, status, body);
        }
    }

    fn answered(&self, begun: Begun, status: u16, body: &[u8]) {
        let echoes = self.echoes(begun, body, false);
        let text = String::from_utf8_lossy(body);
        let wanted = if begun.server.streams() { EVENTS } else { 1 };
        match status {
            200 if echoes >= wanted => count(&self.counts.answered),
            200 if text.contains(AUTH_REQUIRED) && !begun.server.must_not_fail() => count(&self.counts.auth_required),
            404 if text.contains("ession") => count(&self.counts.sessions_ended),
            502..=504 => self.failed(begun, &self.counts.unavailable, &format!("{status} {text}")),
            _ => {
                count(&self.counts.unexpected);
                self.complain(
                    begun,
                    &format!("an answer that nobody expects: {status}, {echoes} of {wanted} echoes, {text}"),
                );
            }
        }
    }

    fn failed(&self, begun: Begun, counter: &AtomicU64, how: &str) {
        count(counter);
        if begun.clean_way && !begun.server.behind_faults() {
            count(&self.counts.needless_failures);
            self.complain(begun, &format!("a call failed with nothing in its way: {how}"));
        }
    }

    /// Looks at every credential in a body, however it ended. The last one of a body that was cut may be cut itself.
    fn echoes(&self, begun: Begun, body: &[u8], cut: bool) -> usize {
        let text = String::from_utf8_lossy(body);
        let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-');
        let mut found = 0;
        for word in words.filter(|word| word.starts_with("sk-")) {
            count(&self.counts.echoes);
            if cut && text.ends_with(word) && begun.may_begin_with(word) {
                continue;
            }
            found += 1;
            if let Some(wrong) = self.wrong(begun, word) {
                self.complain(begun, &format!("{wrong}: {word}"));
            }
        }
        found
    }

    fn wrong(&self, begun: Begun, word: &str) -> Option<&'static str> {
        if word == SHARED && begun.server == Server::Shifting {
            let may = begun.shared || self.shared.load(Ordering::SeqCst);
            return (!may).then(|| {
                count(&self.counts.shared_echoes_after_the_change);
                "the shared key, after the mode had changed"
            });
        }
        let Some(version) = word
            .strip_prefix(&begun.prefix())
            .and_then(|text| text.parse::<u32>().ok())
        else {
            count(&self.counts.foreign_echoes);
            return Some("somebody else's credential");
        };
        (version < begun.oldest).then(|| {
            count(&self.counts.stale_echoes);
            "a credential that was replaced or deleted before the call"
        })
    }

    fn complain(&self, begun: Begun, what: &str) {
        if let Ok(mut complaints) = self.complaints.lock()
            && complaints.len() < MOST_COMPLAINTS
        {
            let what: String = what.chars().take(300).collect();
            complaints.push(format!("caller {} at {}: {what}", begun.caller, begun.server.name()));
        }
    }

    pub fn complaints(&self) -> Vec<String> {
        self.complaints
            .lock()
            .map(|complaints| complaints.clone())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(counter: &AtomicU64) -> u64 {
        counter.load(Ordering::Relaxed)
    }

    fn whole(body: &str) -> End<'_> {
        End::Answer {
            status: 200,
            body: body.as_bytes(),
        }
    }

    #[test]
    fn what_is_somebody_elses_or_too_old_is_told() {
        let ledger = Ledger::new(2);
        ledger.oldest_is(1, Server::Clean, 3);
        let begun = ledger.begin(1, Server::Clean, true);
        ledger.end(begun, &whole(r#"{"text":"sk-soak-1-0-3"}"#));
        ledger.end(begun, &whole(r#"{"text":"sk-soak-1-0-4"}"#));
        assert_eq!((value(&ledger.counts.answered), ledger.complaints().len()), (2, 0));
        for (body, counter) in [
            ("sk-soak-0-0-3", &ledger.counts.foreign_echoes),
            ("sk-soak-11-0-3", &ledger.counts.foreign_echoes),
            ("sk-soak-1-1-3", &ledger.counts.foreign_echoes),
            ("sk-soak-shared", &ledger.counts.foreign_echoes),
            ("sk-soak-1-0-2", &ledger.counts.stale_echoes),
            ("nothing", &ledger.counts.unexpected),
            (r#"{"code":4401}"#, &ledger.counts.unexpected),
        ] {
            let before = value(counter);
            ledger.end(begun, &whole(body));
            assert_eq!(value(counter), before + 1, "{body}");
        }
        assert_eq!(ledger.complaints().len(), 7);
    }

    #[test]
    fn a_broken_answer_is_looked_through_as_well() {
        let ledger = Ledger::new(2);
        let begun = ledger.begin(0, Server::FaultyEvents, true);
        let error = std::io::ErrorKind::ConnectionReset.into();
        ledger.end(
            begun,
            &End::Broken {
                body: b"data: sk-soak-1-3-0",
                error: &error,
            },
        );
        assert_eq!(
            (
                value(&ledger.counts.foreign_echoes),
                value(&ledger.counts.needless_failures)
            ),
            (1, 0)
        );
        // Cut in the middle of one's own, and of somebody else's.
        for (body, foreign) in [("data: sk-soak-0-3", 1), ("data: sk-soak", 1), ("data: sk-soak-2", 2)] {
            let body = body.as_bytes();
            ledger.end(begun, &End::Broken { body, error: &error });
            assert_eq!(value(&ledger.counts.foreign_echoes), foreign, "{body:?}");
        }
        ledger.end(
            ledger.begin(0, Server::Clean, true),
            &End::Broken {
                body: b"",
                error: &error,
            },
        );
        assert_eq!(value(&ledger.counts.needless_failures), 1);
        // A stream that ends too early and says that it is whole.
        ledger.end(
            ledger.begin(0, Server::CleanEvents, true),
            &whole("data: sk-soak-0-1-0"),
        );
        assert_eq!(value(&ledger.counts.unexpected), 1);
    }

    #[test]
    fn the_shared_key_is_seen_only_around_the_time_it_is_in_use() {
        let ledger = Ledger::new(1);
        let before = ledger.begin(0, Server::Shifting, true);
        ledger.shared.store(true, Ordering::SeqCst);
        ledger.end(before, &whole(SHARED));
        let during = ledger.begin(0, Server::Shifting, true);
        ledger.shared.store(false, Ordering::SeqCst);
        ledger.end(during, &whole(SHARED));
        assert_eq!(value(&ledger.counts.shared_echoes_after_the_change), 0);
        ledger.end(ledger.begin(0, Server::Shifting, true), &whole(SHARED));
        assert_eq!(value(&ledger.counts.shared_echoes_after_the_change), 1);
    }
}
