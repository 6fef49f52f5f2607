use app::backend;
use app::error::UiError;
use app::features::activity::model::{
    CallRow, CallsPage, CallsRequest, ChangesPage, Part, Stats, SummaryPage, SummaryRequest,
};
use app::features::audit::model::address;
use async_trait::async_trait;
use domain::actor::{Actor, SubjectKind, SubjectRef};
use domain::role::ServerRole;
use domain::timestamp::Timestamp;

use super::audit::change;
use super::times::{moment, piece};
use super::{Desk, PAGE, given, page_query, told};
use crate::services::ServiceError;
use crate::services::activity::Stats as Counted;
use crate::services::activity::{CallFilter, SeenCall, Span, Summary, Who};
use crate::store::Page;

pub(super) struct Activity(pub(super) Desk);

#[async_trait]
impl backend::Activity for Activity {
    async fn summary(&self, actor: &Actor, request: SummaryRequest) -> Result<SummaryPage, UiError> {
        let (activity, of) = (&self.0.services.activity, subject(&request.subject));
        let span = Span::parse(&request.span).unwrap_or_default();
        let found = match request.server.as_str() {
            "" => activity.everywhere(actor, of.as_ref(), span).await,
            server => activity.of_server(actor, server, of.as_ref(), span).await,
        };
        Ok(page(actor, request, found.map_err(told)?))
    }

    async fn calls(&self, actor: &Actor, request: CallsRequest) -> Result<CallsPage, UiError> {
        let of = subject(&request.subject);
        let filter = CallFilter {
            tool: given(&request.tool),
            failed: match request.error.as_str() {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            },
            of: of.clone(),
            ..CallFilter::default()
        };
        let query = page_query("", &request.cursor, PAGE);
        let services = &self.0.services;
        let role = services.catalog.get(actor, &request.server).await.map_err(told)?.role;
        let found = match services.activity.calls(actor, &request.server, &query, &filter).await {
            // Nobody of that name has called.
            Err(ServiceError::Invalid(errors)) if errors.iter().all(|error| error.field == "subject") => Page {
                items: Vec::new(),
                next: None,
            },
            found => found.map_err(told)?,
        };
        let now = self.0.clock.now();
        Ok(CallsPage {
            manager: role == ServerRole::Manager,
            rows: found.items.into_iter().map(|call| row(now, call)).collect(),
            next: found.next,
            export: export(&request, of.as_ref()),
            request,
        })
    }

    async fn changes(&self, actor: &Actor, server: &str, cursor: &str) -> Result<ChangesPage, UiError> {
        let services = &self.0.services;
        let role = services.catalog.get(actor, server).await.map_err(told)?.role;
        let query = page_query("", cursor, PAGE);
        let found = services.activity.changes(actor, server, &query).await.map_err(told)?;
        let subjects = found.items.iter().filter_map(|row| row.subject.clone()).collect();
        let names = services.audit.names(subjects).await.map_err(told)?;
        let now = self.0.clock.now();
        Ok(ChangesPage {
            server: server.to_owned(),
            rows: found
                .items
                .into_iter()
                .map(|row| change(now, row, &names, false))
                .collect(),
            next: found.next,
            at_cursor: !cursor.is_empty(),
            manager: role == ServerRole::Manager,
        })
    }
}

/// Whom somebody means: an e-mail address, a virtual account's name, or `type/id`.
fn subject(text: &str) -> Option<SubjectRef> {
    let text = given(text)?;
    let parts = text.split_once('/');
    if let Some((kind, id)) = parts.and_then(|(kind, id)| SubjectKind::parse(kind).zip(Some(id))) {
        return Some(SubjectRef {
            kind,
            id: id.to_owned(),
        });
    }
    let kind = if text.contains('@') {
        SubjectKind::User
    } else {
        SubjectKind::VirtualAccount
    };
    Some(SubjectRef { kind, id: text })
}

fn export(request: &CallsRequest, of: Option<&SubjectRef>) -> String {
    let path = format!("/api/v1/servers/{}/activity/calls/export", request.server);
    let of = of.map(ToString::to_string).unwrap_or_default();
    let parts = [
        ("subject", of.as_str()),
        ("tool", request.tool.trim()),
        ("error", &request.error),
    ];
    address(&path, &parts)
}

fn page(actor: &Actor, request: SummaryRequest, summary: Summary) -> SummaryPage {
    let span = summary.span;
    let part = |name: String, key: String, counted: &Counted| Part {
        name,
        key,
        stats: stats(counted),
    };
    let own = summary.of.as_ref().is_some_and(|of| actor.is(of));
    SummaryPage {
        total: stats(&summary.total),
        over_time: summary
            .over_time
            .iter()
            .map(|one| part(piece(one.key, span), String::new(), &one.stats))
            .collect(),
        tools: summary
            .tools
            .into_iter()
            .map(|one| {
                let (method, tool) = one.key;
                let name = tool
                    .as_ref()
                    .map_or_else(|| method.clone(), |tool| format!("{tool} ({method})"));
                part(name, tool.unwrap_or(method), &one.stats)
            })
            .collect(),
        subjects: summary
            .actors
            .into_iter()
            .map(|one| {
                let Who { name, handle, .. } = one.key;
                part(name, handle, &one.stats)
            })
            .collect(),
        servers: summary
            .servers
            .into_iter()
            .map(|one| part(one.key.clone(), one.key, &one.stats))
            .collect(),
        own,
        anybody: summary.anybody,
        request,
    }
}

fn stats(counted: &Counted) -> Stats {
    Stats {
        calls: counted.calls,
        errors: counted.failed,
        p50: counted.percentile(50),
        p95: counted.percentile(95),
        p99: counted.percentile(99),
    }
}

fn row(now: Timestamp, call: SeenCall) -> CallRow {
    let row = call.row;
    CallRow {
        at: moment(now, row.at),
        subject: row.actor_name,
        method: row.method,
        tool: row.tool,
        status: row.status,
        upstream_status: row.upstream_status,
        outcome: row.outcome,
        error: row.failed,
        latency_micros: row.latency_micros,
        credential: row.credential,
        fingerprint: row.fingerprint,
    }
}
