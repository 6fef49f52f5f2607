//! Calls in numbers and one by one, as the REST API shows them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::audit::milliseconds;
use crate::api::export::Exported;
use crate::api::moment::Moment;
use crate::api::subject::SubjectView;
use crate::services::activity::{Piece, SeenCall, Stats, Summary};

/// Calls in numbers. An error is a call that was not forwarded, or that the upstream answered with 400 or more.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"calls": 120, "errors": 3, "latency_ms": {"p50": 12.5, "p95": 80.0, "p99": 240.0}}))]
pub(in crate::api) struct StatsView {
    calls: u64,
    errors: u64,
    latency_ms: LatencyView,
}

/// How long until the answer began, of calls that were sent. Null without any.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct LatencyView {
    p50: Option<f64>,
    p95: Option<f64>,
    p99: Option<f64>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct SummaryView {
    /// `24h`, `7d` or `30d`.
    span: &'static str,
    total: StatsView,
    /// Oldest first, without gaps; the last one is not over yet.
    over_time: Vec<TimeView>,
    /// Most used first, 20 at most, as the next two.
    tools: Vec<ToolView>,
    /// Empty when one subject was asked for.
    subjects: Vec<SubjectStatsView>,
    /// Empty on one server.
    servers: Vec<ServerStatsView>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct TimeView {
    from: Moment,
    #[serde(flatten)]
    stats: StatsView,
}

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct ToolView {
    method: String,
    tool: Option<String>,
    #[serde(flatten)]
    stats: StatsView,
}

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct SubjectStatsView {
    subject: SubjectView,
    #[serde(flatten)]
    stats: StatsView,
}

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct ServerStatsView {
    server: String,
    #[serde(flatten)]
    stats: StatsView,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "call-17", "at": "2026-11-23T03:00:00Z",
    "subject": {"type": "user", "id": "019a2b3c-0000-7000-8000-000000000001", "name": "Bob"},
    "method": "tools/call", "tool": "search", "status": 200, "upstream_status": 200, "outcome": "forwarded", "error": false,
    "latency_ms": 12.5, "credential": "override", "fingerprint": "3f9a00c1d2e4b576"
}))]
pub(in crate::api) struct CallView {
    id: String,
    at: Moment,
    subject: SubjectView,
    method: String,
    /// A tool's or prompt's name.
    tool: Option<String>,
    /// What the caller got.
    status: u16,
    upstream_status: Option<u16>,
    /// `forwarded`, or why not.
    outcome: String,
    error: bool,
    latency_ms: f64,
    /// `override`, `oauth_token`, `server_default`, `passthrough`, `nothing`, or `none` when nothing was sent.
    credential: String,
    /// Tells credentials apart: a keyed hash, good for nothing else.
    fingerprint: Option<String>,
}

fn stats(stats: &Stats) -> StatsView {
    let latency = |percent| stats.percentile(percent).map(milliseconds);
    StatsView {
        calls: stats.calls,
        errors: stats.failed,
        latency_ms: LatencyView {
            p50: latency(50),
            p95: latency(95),
            p99: latency(99),
        },
    }
}

pub(super) fn summary_view(summary: Summary) -> SummaryView {
    SummaryView {
        span: summary.span.as_str(),
        total: stats(&summary.total),
        over_time: summary
            .over_time
            .iter()
            .map(|piece| TimeView {
                from: Moment(piece.key),
                stats: stats(&piece.stats),
            })
            .collect(),
        tools: summary.tools.into_iter().map(tool_view).collect(),
        subjects: summary
            .actors
            .into_iter()
            .map(|piece| SubjectStatsView {
                subject: SubjectView::new(piece.key.subject, piece.key.name),
                stats: stats(&piece.stats),
            })
            .collect(),
        servers: summary
            .servers
            .into_iter()
            .map(|piece| ServerStatsView {
                server: piece.key,
                stats: stats(&piece.stats),
            })
            .collect(),
    }
}

fn tool_view(piece: Piece<(String, Option<String>)>) -> ToolView {
    let (method, tool) = piece.key;
    ToolView {
        method,
        tool,
        stats: stats(&piece.stats),
    }
}

pub(super) fn call_view(call: SeenCall) -> CallView {
    let row = call.row;
    CallView {
        id: format!("call-{}", call.seq),
        at: Moment(row.at),
        subject: SubjectView::new(row.actor, row.actor_name),
        method: row.method,
        tool: row.tool,
        status: row.status,
        upstream_status: row.upstream_status,
        outcome: row.outcome,
        error: row.failed,
        latency_ms: milliseconds(row.latency_micros),
        credential: row.credential,
        fingerprint: row.fingerprint,
    }
}

impl Exported for CallView {
    const HEAD: &'static [&'static str] = &[
        "id",
        "at",
        "subject_type",
        "subject_id",
        "subject_name",
        "method",
        "tool",
        "status",
        "upstream_status",
        "outcome",
        "error",
        "latency_ms",
        "credential",
        "fingerprint",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            self.at.text().unwrap_or_default(),
            self.subject.kind().to_owned(),
            self.subject.id().to_owned(),
            self.subject.name().to_owned(),
            self.method.clone(),
            self.tool.clone().unwrap_or_default(),
            self.status.to_string(),
            self.upstream_status
                .map(|status| status.to_string())
                .unwrap_or_default(),
            self.outcome.clone(),
            self.error.to_string(),
            self.latency_ms.to_string(),
            self.credential.clone(),
            self.fingerprint.clone().unwrap_or_default(),
        ]
    }
}
