//! What Prometheus gets: every metric there is, its name, labels and meaning. `docs/observability.md` lists the same, and a test
//! holds both against a real scrape.
//!
//! Labels are words of ours, and few. The names of servers are the one exception: they stand only where `/metrics` has a listener
//! of its own (on the main one strangers would learn them), and only so many of them. Never a caller, a path, a tool, a secret.
//!
//! What a call counts is looked up without allocating: the handles are made once.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use metrics::{
    Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;

pub const CALLS: &str = "overkey_gateway_calls_total";
pub const FIRST_BYTE: &str = "overkey_gateway_first_byte_seconds";
pub const SERVER_CALLS: &str = "overkey_server_calls_total";
pub const SERVER_FIRST_BYTE: &str = "overkey_server_first_byte_seconds";
pub const UPSTREAM_ERRORS: &str = "overkey_upstream_errors_total";
pub const MISSING: &str = "overkey_missing_credentials_total";
pub const RENEWALS: &str = "overkey_token_renewals_total";
pub const RENEWAL_SECONDS: &str = "overkey_token_renewal_seconds";
pub const LIMITED: &str = "overkey_limit_refusals_total";
pub const OPEN_ANSWERS: &str = "overkey_open_answers";
pub const QUEUE: &str = "overkey_queue_length";
pub const DROPPED: &str = "overkey_queue_dropped_total";
pub const NOTIFICATIONS: &str = "overkey_notifications_total";
pub const OUTBOX: &str = "overkey_notifications";
pub const BUILD: &str = "overkey_build_info";

/// Seconds: a gateway adds milliseconds, an upstream may take its minute.
const BUCKETS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
];
/// How many servers get a label of their own in one process; the rest share `other`.
const SERVERS: usize = 500;
const OTHER: &str = "other";

/// What came of a call, coarsely: what an operator is woken for.
const OUTCOMES: [&str; 4] = ["ok", "upstream_error", "refused", "failed"];

/// Everything that has a limit which refuses.
const LIMITS: [&str; 13] = [
    "calls",
    "calls_per_subject",
    "calls_per_server",
    "streams",
    "streams_per_subject",
    "streams_per_server",
    "bodies",
    "bodies_per_subject",
    "bodies_per_server",
    "strangers",
    "connections",
    "requests",
    "passwords",
];

static BY_SERVER: AtomicBool = AtomicBool::new(false);

/// The process's one recorder, installed when first asked for.
pub fn recorder() -> Option<&'static PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    HANDLE.get_or_init(install).as_ref()
}

fn install() -> Option<PrometheusHandle> {
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), BUCKETS)
        .ok()?;
    let handle = builder.install_recorder().ok()?;
    describe();
    begin();
    Some(handle)
}

/// Whether servers are named: where `/metrics` is not for everybody.
pub fn name_servers(named: bool) {
    BY_SERVER.store(named, Ordering::Relaxed);
}

/// What a scrape gets.
pub fn render() -> Option<String> {
    let handle = recorder()?;
    process().collect();
    Some(handle.render())
}

/// Takes in what was measured since; without it, and without anybody who scrapes, samples would pile up.
pub async fn keep() {
    let mut ticks = tokio::time::interval(Duration::from_secs(5));
    loop {
        ticks.tick().await;
        if let Some(handle) = recorder() {
            handle.run_upkeep();
        }
    }
}

fn process() -> &'static Collector {
    static PROCESS: OnceLock<Collector> = OnceLock::new();
    PROCESS.get_or_init(Collector::default)
}

fn describe() {
    describe_counter!(CALLS, "MCP requests, by kind of credential and by what came of them");
    describe_histogram!(
        FIRST_BYTE,
        Unit::Seconds,
        "Until the answer to an MCP request began, by kind of credential"
    );
    describe_counter!(SERVER_CALLS, "MCP requests by server and outcome");
    describe_histogram!(
        SERVER_FIRST_BYTE,
        Unit::Seconds,
        "Until the answer to an MCP request began, by server"
    );
    describe_counter!(
        UPSTREAM_ERRORS,
        "Upstreams that could not be reached, answered with an error, or broke a rule"
    );
    describe_counter!(
        MISSING,
        "Calls that ended because the caller has no usable credential, by reason"
    );
    describe_counter!(RENEWALS, "Renewals of OAuth tokens, by outcome");
    describe_histogram!(RENEWAL_SECONDS, Unit::Seconds, "How long renewing an OAuth token took");
    describe_counter!(LIMITED, "What was refused because a limit was reached, by limit");
    describe_gauge!(
        OPEN_ANSWERS,
        "Answers of upstreams that are being passed on, streams among them"
    );
    describe_gauge!(QUEUE, "Entries that wait to be written to the database");
    describe_counter!(DROPPED, "Entries that were not written because their queue was full");
    describe_counter!(NOTIFICATIONS, "Tries to send a notification, by channel and outcome");
    describe_gauge!(
        OUTBOX,
        "Notifications in the outbox that wait, and those that were given up"
    );
    describe_gauge!(BUILD, "Always 1; the label tells the version");
    process().describe();
}

/// Makes those metrics that a quiet program would not have yet, so that a rule about them finds a zero and not nothing.
fn begin() {
    gauge!(BUILD, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    for reason in [
        "unreachable",
        "timed_out",
        "refused",
        "redirected",
        "bad_endpoint",
        "stalled",
        "http_4xx",
        "http_5xx",
    ] {
        let _ = counter!(UPSTREAM_ERRORS, "reason" => reason);
    }
    for reason in [
        "override_missing",
        "override_needs_update",
        "override_suspended",
        "override_rejected",
        "oauth_consent_required",
        "oauth_invalidated",
    ] {
        let _ = counter!(MISSING, "reason" => reason);
    }
    for outcome in ["renewed", "invalidated", "gone", "client_refused", "trouble"] {
        let _ = counter!(RENEWALS, "outcome" => outcome);
    }
    for limit in LIMITS {
        let _ = counter!(LIMITED, "limit" => limit);
    }
    for channel in ["webhook", "mail"] {
        for outcome in ["sent", "again", "failed"] {
            let _ = counter!(NOTIFICATIONS, "channel" => channel, "outcome" => outcome);
        }
    }
    for state in ["waiting", "failed"] {
        notifications(state, 0);
    }
    let _ = histogram!(RENEWAL_SECONDS);
    let _ = gauge!(OPEN_ANSWERS);
    for queue in ["calls", "uses"] {
        queue_length(queue, 0);
        let _ = counter!(DROPPED, "queue" => queue);
    }
}

/// One call of the gateway.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// Only one that exists.
    pub server: Option<&'a str>,
    pub plan: &'static str,
    /// `forwarded`, or why not.
    pub result: &'static str,
    /// What the upstream said.
    pub upstream: Option<u16>,
    pub seconds: f64,
}

impl Call<'_> {
    /// Of ours: the place in `OUTCOMES`.
    fn outcome(&self) -> usize {
        match (self.result, self.upstream) {
            ("forwarded", Some(status)) if status >= 400 => 1,
            ("forwarded", _) => 0,
            _ if self.upstream_error().is_some() => 1,
            (
                "credential_unusable"
                | "no_keys"
                | "provider_in_trouble"
                | "overloaded"
                | "server_full"
                | "unavailable"
                | "internal",
                _,
            ) => 3,
            _ => 2,
        }
    }

    fn upstream_error(&self) -> Option<&'static str> {
        match (self.result, self.upstream) {
            ("unreachable" | "timed_out" | "refused" | "redirected" | "bad_endpoint", _) => Some(self.result),
            (_, Some(400..500)) => Some("http_4xx"),
            (_, Some(500..)) => Some("http_5xx"),
            _ => None,
        }
    }
}

/// By plan and result, which are words of ours.
type OfCalls = HashMap<(&'static str, &'static str), (Counter, Histogram)>;

thread_local! {
    static MADE: RefCell<OfCalls> = RefCell::default();
}

pub fn call(call: Call<'_>) {
    MADE.with_borrow_mut(|made| {
        let (calls, first_byte) = made.entry((call.plan, call.result)).or_insert_with(|| {
            recorder();
            let calls = counter!(CALLS, "plan" => call.plan, "result" => call.result);
            (calls, histogram!(FIRST_BYTE, "plan" => call.plan))
        });
        calls.increment(1);
        first_byte.record(call.seconds);
    });
    if let Some(reason) = call.upstream_error() {
        counter!(UPSTREAM_ERRORS, "reason" => reason).increment(1);
    }
    if let Some(server) = call.server.filter(|_| BY_SERVER.load(Ordering::Relaxed)) {
        let of = of_server(server);
        of.calls[call.outcome()].increment(1);
        of.first_byte.record(call.seconds);
    }
}

struct OfServer {
    calls: [Counter; OUTCOMES.len()],
    first_byte: Histogram,
}

impl OfServer {
    fn named(server: &str) -> Self {
        Self {
            calls: OUTCOMES.map(|outcome| counter!(SERVER_CALLS, "server" => server.to_owned(), "outcome" => outcome)),
            first_byte: histogram!(SERVER_FIRST_BYTE, "server" => server.to_owned()),
        }
    }
}

fn of_server(server: &str) -> Arc<OfServer> {
    static KNOWN: OnceLock<RwLock<HashMap<String, Arc<OfServer>>>> = OnceLock::new();
    let known = KNOWN.get_or_init(RwLock::default);
    {
        let known = known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(bounded_by(server, &known)) {
            return found.clone();
        }
    }
    let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
    let named = bounded_by(server, &known).to_owned();
    let made = || Arc::new(OfServer::named(&named));
    known.entry(named.clone()).or_insert_with(made).clone()
}

/// The label that a server gets, or has.
fn bounded_by<'a, T>(server: &'a str, known: &HashMap<String, T>) -> &'a str {
    if known.len() < SERVERS || known.contains_key(server) {
        server
    } else {
        OTHER
    }
}

/// Something was refused: one of `LIMITS`.
pub fn limited(limit: &'static str) {
    counter!(LIMITED, "limit" => limit).increment(1);
}

/// An answer that stopped in the middle, when its call was counted already.
pub fn stalled() {
    counter!(UPSTREAM_ERRORS, "reason" => "stalled").increment(1);
}

/// A call that ended for want of a credential.
pub fn missing(reason: &'static str) {
    counter!(MISSING, "reason" => reason).increment(1);
}

pub fn renewal(outcome: &'static str, took: Duration) {
    counter!(RENEWALS, "outcome" => outcome).increment(1);
    histogram!(RENEWAL_SECONDS).record(took.as_secs_f64());
}

pub fn queue_length(queue: &'static str, waiting: usize) {
    gauge!(QUEUE, "queue" => queue).set(waiting as f64);
}

pub fn dropped(queue: &'static str) {
    counter!(DROPPED, "queue" => queue).increment(1);
}

/// A try to send one.
pub fn notification(channel: &'static str, outcome: &'static str) {
    counter!(NOTIFICATIONS, "channel" => channel, "outcome" => outcome).increment(1);
}

/// What the outbox holds.
pub fn notifications(state: &'static str, count: i64) {
    gauge!(OUTBOX, "state" => state).set(count as f64);
}

/// Counts an answer as long as it is held.
#[derive(Debug)]
pub struct OpenAnswer(());

impl OpenAnswer {
    pub fn begin() -> Self {
        open_answers().increment(1.0);
        Self(())
    }
}

impl Drop for OpenAnswer {
    fn drop(&mut self) {
        open_answers().decrement(1.0);
    }
}

fn open_answers() -> &'static Gauge {
    static MADE: OnceLock<Gauge> = OnceLock::new();
    MADE.get_or_init(|| {
        recorder();
        gauge!(OPEN_ANSWERS)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(result: &'static str, upstream: Option<u16>) -> (&'static str, Option<&'static str>) {
        let call = Call {
            server: None,
            plan: "none",
            result,
            upstream,
            seconds: 0.0,
        };
        (OUTCOMES[call.outcome()], call.upstream_error())
    }

    #[test]
    fn an_outcome_says_whose_fault_it_is() {
        assert_eq!(told("forwarded", Some(200)), ("ok", None));
        assert_eq!(told("forwarded", Some(404)), ("upstream_error", Some("http_4xx")));
        assert_eq!(told("forwarded", Some(503)), ("upstream_error", Some("http_5xx")));
        assert_eq!(
            told("upstream_refused", Some(401)),
            ("upstream_error", Some("http_4xx"))
        );
        assert_eq!(told("timed_out", None), ("upstream_error", Some("timed_out")));
        assert_eq!(told("auth_required", None), ("refused", None));
        assert_eq!(told("not_found", None), ("refused", None));
        assert_eq!(told("unavailable", None), ("failed", None));
    }

    #[test]
    fn servers_beyond_the_bound_share_a_label() {
        let mut known: HashMap<String, ()> = (1..SERVERS).map(|number| (format!("server-{number}"), ())).collect();
        assert_eq!(bounded_by("notes", &known), "notes");
        known.insert("notes".to_owned(), ());
        assert_eq!(bounded_by("notes", &known), "notes");
        assert_eq!(bounded_by("tracker", &known), OTHER);
    }
}
