//! `/servers/{name}/activity` and `/activity`: calls counted, calls and changes one by one. Managers see everybody's, users their
//! own.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use domain::actor::SubjectRef;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::audit::{AuditView, change_on_server, milliseconds, moment};
use super::caller::Caller;
use super::export::{self, Exported};
use super::moment::Moment;
use super::openapi::Problems;
use super::paging::{self, Items, Paging};
use super::problem::Problem;
use super::request::{self, Params, Segments};
use super::subject::SubjectView;
use crate::services::Services;
use crate::services::activity::{CallFilter, Piece, SeenCall, Span, Stats, Summary};
use crate::store::PageQuery;

/// Calls in numbers. An error is a call that was not forwarded, or that the upstream answered with 400 or more.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"calls": 120, "errors": 3, "latency_ms": {"p50": 12.5, "p95": 80.0, "p99": 240.0}}))]
pub(super) struct StatsView {
    calls: u64,
    errors: u64,
    latency_ms: LatencyView,
}

/// How long until the answer began, of calls that were sent. Null without any.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LatencyView {
    p50: Option<f64>,
    p95: Option<f64>,
    p99: Option<f64>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SummaryView {
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
pub(super) struct TimeView {
    from: Moment,
    #[serde(flatten)]
    stats: StatsView,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ToolView {
    method: String,
    tool: Option<String>,
    #[serde(flatten)]
    stats: StatsView,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SubjectStatsView {
    subject: SubjectView,
    #[serde(flatten)]
    stats: StatsView,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ServerStatsView {
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
pub(super) struct CallView {
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

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SummaryParams {
    /// How far back: `24h` (when not given), `7d` or `30d`.
    span: Option<String>,
    /// Whose: `user/<id or e-mail address>` or `virtual_account/<name>`.
    #[param(example = "virtual_account/ci-bot")]
    subject: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct CallParams {
    /// How many at once, 1 to 200; 50 when not given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// `next_cursor` of the page before, with the same other parameters.
    cursor: Option<String>,
    /// Whose: `user/<id or e-mail address>` or `virtual_account/<name>`.
    subject: Option<String>,
    /// A tool's or a method's name.
    tool: Option<String>,
    /// `true`: only errors; `false`: only the others.
    #[param(value_type = Option<bool>)]
    error: Option<String>,
    /// Nothing before this time.
    #[param(value_type = Option<Moment>)]
    since: Option<String>,
    /// Nothing from this time on.
    #[param(value_type = Option<Moment>)]
    until: Option<String>,
    /// Of an export: `csv` or `jsonl` (one JSON object a line), which is what is meant when not given.
    format: Option<String>,
}

/// Counts my calls on every server; admins may ask for anybody's, and get everybody's otherwise.
#[utoipa::path(get, path = "/activity", tag = "activity", params(SummaryParams),
    responses((status = 200, body = SummaryView), Problems))]
pub(super) async fn everywhere(
    State(services): State<Services>,
    Caller(actor): Caller,
    Params(params): Params<SummaryParams>,
) -> Result<Json<SummaryView>, Problem> {
    let (of, span) = params.parse()?;
    let summary = services.activity.everywhere(&actor, of.as_ref(), span).await?;
    Ok(Json(summary_view(summary)))
}

/// Counts a server's calls.
#[utoipa::path(get, path = "/servers/{name}/activity", tag = "activity",
    params(("name" = String, Path, example = "notes"), SummaryParams),
    responses((status = 200, body = SummaryView), Problems))]
pub(super) async fn summary(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments(name): Segments<String>,
    Params(params): Params<SummaryParams>,
) -> Result<Json<SummaryView>, Problem> {
    let (of, span) = params.parse()?;
    let summary = services.activity.of_server(&actor, &name, of.as_ref(), span).await?;
    Ok(Json(summary_view(summary)))
}

/// Lists a server's calls, newest first.
#[utoipa::path(get, path = "/servers/{name}/activity/calls", tag = "activity",
    params(("name" = String, Path, example = "notes"), CallParams),
    responses((status = 200, body = Items<CallView>), Problems))]
pub(super) async fn calls(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments(name): Segments<String>,
    Params(params): Params<CallParams>,
) -> Result<Json<Items<CallView>>, Problem> {
    let (query, filter) = params.query()?;
    let page = services.activity.calls(&actor, &name, &query, &filter).await?;
    Ok(Json(Items::of(page, call_view)))
}

/// Everything that the list of calls would show, as a file.
#[utoipa::path(get, path = "/servers/{name}/activity/calls/export", tag = "activity",
    params(("name" = String, Path, example = "notes"), CallParams),
    responses((status = 200, content((String = "text/csv"), (String = "application/jsonl"))), Problems))]
pub(super) async fn export_calls(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments(name): Segments<String>,
    Params(params): Params<CallParams>,
) -> Result<Response, Problem> {
    let format = export::format(params.format.as_deref())?;
    let (query, filter) = params.query()?;
    let file = format!("overkey-calls-{name}");
    let fetch = move |cursor| {
        let (services, actor, name, filter) = (services.clone(), actor.clone(), name.clone(), filter.clone());
        let query = PageQuery {
            cursor,
            limit: paging::MOST,
            ..query.clone()
        };
        async move {
            let page = services.activity.calls(&actor, &name, &query, &filter).await?;
            Ok((page.items.into_iter().map(call_view).collect(), page.next))
        }
    };
    export::answer(&file, format, fetch).await
}

/// Lists what was changed on a server, newest first; without where it came from, which admins see in `/audit`.
#[utoipa::path(get, path = "/servers/{name}/activity/changes", tag = "activity",
    params(("name" = String, Path, example = "notes"), Paging),
    responses((status = 200, body = Items<AuditView>), Problems))]
pub(super) async fn changes(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments(name): Segments<String>,
    Params(paging): Params<Paging>,
) -> Result<Json<Items<AuditView>>, Problem> {
    let page = services.activity.changes(&actor, &name, &paging.query()?).await?;
    let views = page.items.into_iter().map(change_on_server).collect::<Result<_, _>>()?;
    Ok(Json(Items::new(views, page.next)))
}

impl SummaryParams {
    fn parse(self) -> Result<(Option<SubjectRef>, Span), Problem> {
        let span = match self.span.as_deref() {
            None => Span::default(),
            Some(text) => {
                Span::parse(text).ok_or_else(|| Problem::malformed("span", "Choose one of: 24h, 7d, 30d."))?
            }
        };
        Ok((subject(self.subject.as_deref())?, span))
    }
}

impl CallParams {
    fn query(self) -> Result<(PageQuery, CallFilter), Problem> {
        let failed = match self.error.as_deref() {
            None => None,
            Some("true") => Some(true),
            Some("false") => Some(false),
            Some(_) => return Err(Problem::malformed("error", "Choose true or false.")),
        };
        let filter = CallFilter {
            of: subject(self.subject.as_deref())?,
            tool: self.tool.filter(|text| !text.is_empty()),
            failed,
            since: moment("since", self.since.as_deref())?,
            until: moment("until", self.until.as_deref())?,
        };
        let query = PageQuery {
            limit: paging::limit(self.limit.as_deref())?,
            cursor: self.cursor,
            search: None,
        };
        Ok((query, filter))
    }
}

/// `user/<id>`.
fn subject(text: Option<&str>) -> Result<Option<SubjectRef>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let parts = text.split_once('/').filter(|(_, id)| !id.is_empty());
    let parsed = parts.and_then(|(kind, id)| request::subject(kind, id.to_owned()).ok());
    let message = "Write user/ and an id or e-mail address, or virtual_account/ and a name.";
    parsed.map(Some).ok_or_else(|| Problem::malformed("subject", message))
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

fn summary_view(summary: Summary) -> SummaryView {
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

fn call_view(call: SeenCall) -> CallView {
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
