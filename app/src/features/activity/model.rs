//! Calls in numbers and one by one, as pages show them.

use serde::{Deserialize, Serialize};

use crate::features::audit::model::{EntryRow, address};
use crate::ui::time::Moment;

/// How far back: the word in the address, and on the page.
pub const SPANS: [(&str, &str); 3] = [("24h", "24 hours"), ("7d", "7 days"), ("30d", "30 days")];

/// Which calls to count. Without a server: on all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SummaryRequest {
    pub server: String,
    pub span: String,
    /// Whose: an e-mail address or a virtual account's name.
    pub subject: String,
}

impl SummaryRequest {
    pub fn address(&self, span: &str, subject: &str) -> String {
        let path = match self.server.as_str() {
            "" => "/activity".to_owned(),
            server => format!("/servers/{server}/activity"),
        };
        address(&path, &[("span", span), ("subject", subject)])
    }
}

/// Latencies in microseconds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Stats {
    pub calls: u64,
    pub errors: u64,
    pub p50: Option<u64>,
    pub p95: Option<u64>,
    pub p99: Option<u64>,
}

/// A part of the time, or a tool, a subject, a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub name: String,
    /// What narrows the page to it: a subject's e-mail address or name, a tool's name.
    pub key: String,
    pub stats: Stats,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SummaryPage {
    pub request: SummaryRequest,
    pub total: Stats,
    /// Oldest first.
    pub over_time: Vec<Part>,
    pub tools: Vec<Part>,
    pub subjects: Vec<Part>,
    pub servers: Vec<Part>,
    /// Only my own are counted.
    pub own: bool,
    /// I may look at anybody's.
    pub anybody: bool,
}

/// Which calls to list, as it stands in the address.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CallsRequest {
    pub server: String,
    pub subject: String,
    pub tool: String,
    /// `true`: errors only; `false`: the others; or empty.
    pub error: String,
    pub cursor: String,
}

impl CallsRequest {
    pub fn address(&self, cursor: &str) -> String {
        let path = format!("/servers/{}/activity/calls", self.server);
        let parts = [
            ("subject", self.subject.as_str()),
            ("tool", &self.tool),
            ("error", &self.error),
            ("cursor", cursor),
        ];
        address(&path, &parts)
    }

    pub fn is_filtered(&self) -> bool {
        !(self.subject.is_empty() && self.tool.is_empty() && self.error.is_empty())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallsPage {
    pub request: CallsRequest,
    pub manager: bool,
    pub rows: Vec<CallRow>,
    pub next: Option<String>,
    /// Where the same comes as a file; `format` is to be added.
    pub export: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRow {
    pub at: Moment,
    pub subject: String,
    pub method: String,
    pub tool: Option<String>,
    pub status: u16,
    pub upstream_status: Option<u16>,
    pub outcome: String,
    pub error: bool,
    pub latency_micros: u64,
    pub credential: String,
    pub fingerprint: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangesPage {
    pub server: String,
    pub rows: Vec<EntryRow>,
    pub next: Option<String>,
    /// Further down the list.
    pub at_cursor: bool,
    pub manager: bool,
}

/// "0.4 ms", "12 ms", "1.3 s".
pub fn latency(micros: u64) -> String {
    match micros {
        0..1_000 => format!("0.{} ms", micros / 100),
        1_000..1_000_000 => format!("{} ms", micros / 1_000),
        _ => format!("{}.{} s", micros / 1_000_000, micros % 1_000_000 / 100_000),
    }
}

pub fn latency_or(micros: Option<u64>) -> String {
    micros.map_or_else(|| "–".to_owned(), latency)
}

/// "3 errors (2 %)".
pub fn errors(stats: &Stats) -> String {
    match (stats.errors, (stats.errors * 100).checked_div(stats.calls)) {
        (0, _) => "No errors".to_owned(),
        (1, Some(percent)) => format!("1 error ({percent} %)"),
        (errors, percent) => format!("{errors} errors ({} %)", percent.unwrap_or_default()),
    }
}

pub fn calls(number: u64) -> String {
    if number == 1 {
        "1 call".to_owned()
    } else {
        format!("{number} calls")
    }
}

/// Which credential went with a call.
pub fn credential_words(kind: &str) -> &str {
    match kind {
        "override" => "Own override",
        "oauth_token" => "Own OAuth token",
        "server_default" => "Server's own",
        "passthrough" => "Passed through",
        "nothing" => "None needed",
        "none" => "Not sent",
        other => other,
    }
}

/// What became of a call that was not simply answered.
pub fn outcome_words(row: &CallRow) -> String {
    match (row.outcome.as_str(), row.upstream_status) {
        ("forwarded", _) => "Answered".to_owned(),
        ("auth_required", Some(_)) => "Credential rejected".to_owned(),
        ("auth_required", None) => "No credential".to_owned(),
        ("asked", _) => "Asked for a credential".to_owned(),
        ("stale_state", _) => "Old answer".to_owned(),
        ("not_found", _) => "No access".to_owned(),
        (other, _) => crate::features::audit::model::action_words(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_are_read_at_a_glance() {
        let told = [0, 450, 12_345, 999_999, 1_340_000].map(latency);
        assert_eq!(told, ["0.0 ms", "0.4 ms", "12 ms", "999 ms", "1.3 s"]);
        assert_eq!(latency_or(None), "–");
    }

    #[test]
    fn counts_are_words() {
        let stats = |calls, errors| Stats {
            calls,
            errors,
            ..Stats::default()
        };
        assert_eq!(errors(&stats(0, 0)), "No errors");
        assert_eq!(errors(&stats(200, 1)), "1 error (0 %)");
        assert_eq!(errors(&stats(50, 3)), "3 errors (6 %)");
        assert_eq!((calls(1), calls(2)), ("1 call".to_owned(), "2 calls".to_owned()));
    }

    #[test]
    fn an_address_keeps_what_was_chosen() {
        let request = SummaryRequest {
            server: "notes".into(),
            ..SummaryRequest::default()
        };
        assert_eq!(
            request.address("7d", "bob@demo.test"),
            "/servers/notes/activity?span=7d&subject=bob%40demo.test"
        );
        assert_eq!(SummaryRequest::default().address("", ""), "/activity");
    }
}
