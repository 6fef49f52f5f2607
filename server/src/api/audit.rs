//! `GET /audit`: who did what, and which call carried which credential, newest first. Admins only.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use domain::via::Via;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::export::{self, Exported};
use super::moment::Moment;
use super::openapi::Problems;
use super::paging::{self, Items};
use super::problem::Problem;
use super::request::Params;
use super::subject::SubjectView;
use crate::services::audit::AuditFilter;
use crate::services::{ServiceError, Services};
use crate::store::{AuditRow, CallRow, PageQuery, Trail, TrailEntry};

#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "019a2b3c-0000-7000-8000-00000000000d", "at": "2026-11-23T03:00:00Z",
    "actor": {"type": "user", "id": "019a2b3c-0000-7000-8000-000000000002", "name": "Mia"},
    "action": "override.added", "server": "notes",
    "subject": {"type": "virtual_account", "id": "ci-bot"}, "detail": {},
    "address": "203.0.113.7", "via": {"type": "session", "id": "3f9a00c1d2e4b576"},
    "request_id": "019a2b3c-0000-7000-8000-0000000000aa"
}))]
pub(super) struct AuditView {
    id: String,
    at: Moment,
    /// Null: the program itself.
    actor: Option<SubjectView>,
    /// `override.added`, ...; of calls `credential.injected`, `call.forwarded` or `call.refused`.
    action: String,
    /// The server's name.
    server: Option<String>,
    subject: Option<AuditSubjectView>,
    /// Names and numbers; never a credential. Of calls: the kind of credential and its fingerprint, a keyed hash.
    detail: BTreeMap<String, String>,
    /// The client's, behind trusted proxies.
    address: Option<String>,
    /// The token or session that was shown.
    via: Option<ViaView>,
    /// Stands in the log, too.
    request_id: Option<String>,
}

/// Whom it was about. The name is not kept: the person may be gone.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuditSubjectView {
    r#type: &'static str,
    id: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ViaView {
    /// `token`, `session`, `provider` (an identity provider's token), `command_line` or `apply` (a file that was applied).
    r#type: &'static str,
    /// A token's id, the beginning of a session's or a file's hash, a provider's issuer.
    id: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AuditParams {
    /// How many at once, 1 to 200; 50 when not given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// `next_cursor` of the page before, with the same other parameters.
    cursor: Option<String>,
    /// Found anywhere in the action.
    search: Option<String>,
    /// The name that a server had then.
    server: Option<String>,
    /// Who did it: an id, an e-mail address or a name.
    actor: Option<String>,
    /// Such as `override.added`.
    action: Option<String>,
    /// `change` or `call`; both when not given.
    kind: Option<String>,
    /// Nothing before this time.
    #[param(value_type = Option<Moment>)]
    since: Option<String>,
    /// Nothing from this time on.
    #[param(value_type = Option<Moment>)]
    until: Option<String>,
    /// Of an export: `csv` or `jsonl` (one JSON object a line), which is what is meant when not given.
    format: Option<String>,
}

/// Lists what was changed and called.
#[utoipa::path(get, path = "/audit", tag = "audit", params(AuditParams),
    responses((status = 200, body = Items<AuditView>), Problems))]
pub(super) async fn list(
    State(services): State<Services>,
    Caller(actor): Caller,
    Params(params): Params<AuditParams>,
) -> Result<Json<Items<AuditView>>, Problem> {
    let (query, filter) = params.query()?;
    let page = services.audit.page(&actor, &query, &filter).await?;
    Ok(Json(Items::new(views(page.items)?, page.next)))
}

/// Everything that the list would show, page after page, as a file.
#[utoipa::path(get, path = "/audit/export", tag = "audit", params(AuditParams),
    responses((status = 200, content((String = "text/csv"), (String = "application/jsonl"))), Problems))]
pub(super) async fn export(
    State(services): State<Services>,
    Caller(actor): Caller,
    Params(params): Params<AuditParams>,
) -> Result<Response, Problem> {
    let format = export::format(params.format.as_deref())?;
    let (query, filter) = params.query()?;
    let fetch = move |cursor| {
        let (services, actor, filter) = (services.clone(), actor.clone(), filter.clone());
        let query = PageQuery {
            cursor,
            limit: paging::MOST,
            ..query.clone()
        };
        async move {
            let page = services.audit.page(&actor, &query, &filter).await?;
            Ok((views(page.items)?, page.next))
        }
    };
    export::answer("overkey-audit", format, fetch).await
}

impl AuditParams {
    fn query(self) -> Result<(PageQuery, AuditFilter), Problem> {
        let only = match self.kind.as_deref() {
            None => None,
            Some("change") => Some(Trail::Changes),
            Some("call") => Some(Trail::Calls),
            Some(_) => return Err(Problem::malformed("kind", "Choose change or call.")),
        };
        let filter = AuditFilter {
            only,
            server: self.server,
            actor: self.actor,
            action: self.action,
            since: moment("since", self.since.as_deref())?,
            until: moment("until", self.until.as_deref())?,
        };
        let query = PageQuery {
            limit: paging::limit(self.limit.as_deref())?,
            search: self.search.filter(|text| !text.trim().is_empty()),
            cursor: self.cursor,
        };
        Ok((query, filter))
    }
}

/// A time among the parameters.
pub(super) fn moment(field: &'static str, text: Option<&str>) -> Result<Option<domain::timestamp::Timestamp>, Problem> {
    let message = "Write a time in RFC 3339, such as 2026-11-23T03:00:00Z.";
    text.map(|text| {
        Moment::parse(text)
            .map(|moment| moment.0)
            .ok_or_else(|| Problem::malformed(field, message))
    })
    .transpose()
}

fn views(entries: Vec<TrailEntry>) -> Result<Vec<AuditView>, ServiceError> {
    let view = |entry| match entry {
        TrailEntry::Change(row) => change(row),
        TrailEntry::Call(seq, row) => Ok(call(seq, row)),
    };
    entries.into_iter().map(view).collect()
}

fn change(row: AuditRow) -> Result<AuditView, ServiceError> {
    let actor_name = row.actor_name;
    Ok(AuditView {
        detail: serde_json::from_str(&row.detail).map_err(|error| ServiceError::Internal(error.into()))?,
        id: row.id,
        at: Moment(row.at),
        actor: row.actor.map(|actor| SubjectView::new(actor, actor_name)),
        action: row.action,
        server: row.server,
        subject: row.subject.map(|subject| AuditSubjectView {
            r#type: subject.kind.as_str(),
            id: subject.id,
        }),
        address: row.via.address.map(|address| address.to_string()),
        via: via(&row.via),
        request_id: row.via.request,
    })
}

/// The same without where it came from: for those who are no admins.
pub(super) fn change_on_server(row: AuditRow) -> Result<AuditView, ServiceError> {
    change(AuditRow {
        via: Via::default(),
        ..row
    })
}

fn call(seq: i64, row: CallRow) -> AuditView {
    let detail = [
        ("method", Some(row.method)),
        ("tool", row.tool),
        ("credential", Some(row.credential)),
        ("fingerprint", row.fingerprint),
        ("outcome", Some(row.outcome)),
        ("status", Some(row.status.to_string())),
        ("upstream_status", row.upstream_status.map(|status| status.to_string())),
        ("latency_ms", Some(milliseconds(row.latency_micros).to_string())),
    ];
    let detail = detail
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| (name.to_owned(), value)));
    AuditView {
        id: format!("call-{seq}"),
        at: Moment(row.at),
        subject: Some(AuditSubjectView {
            r#type: row.actor.kind.as_str(),
            id: row.actor.id.clone(),
        }),
        actor: Some(SubjectView::new(row.actor, row.actor_name)),
        action: row.action,
        server: row.server.map(|(_, name)| name),
        detail: detail.collect(),
        address: row.via.address.map(|address| address.to_string()),
        via: via(&row.via),
        request_id: row.via.request,
    }
}

/// With as many decimals as microseconds have.
#[expect(clippy::cast_precision_loss, reason = "microseconds of a century fit into 52 bits")]
pub(super) fn milliseconds(micros: u64) -> f64 {
    micros as f64 / 1_000.0
}

fn via(via: &Via) -> Option<ViaView> {
    via.by.parts().map(|(r#type, id)| ViaView {
        r#type,
        id: id.to_owned(),
    })
}

impl Exported for AuditView {
    const HEAD: &'static [&'static str] = &[
        "id",
        "at",
        "actor_type",
        "actor_id",
        "actor_name",
        "action",
        "server",
        "subject_type",
        "subject_id",
        "detail",
        "address",
        "via_type",
        "via_id",
        "request_id",
    ];

    fn cells(&self) -> Vec<String> {
        let (actor, subject) = (self.actor.as_ref(), self.subject.as_ref());
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        vec![
            self.id.clone(),
            self.at.text().unwrap_or_default(),
            actor.map_or("", |actor| actor.kind()).to_owned(),
            actor.map_or("", |actor| actor.id()).to_owned(),
            actor.map_or("", |actor| actor.name()).to_owned(),
            self.action.clone(),
            text(&self.server),
            subject.map_or("", |subject| subject.r#type).to_owned(),
            subject.map_or_else(String::new, |subject| subject.id.clone()),
            self.detail
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect::<Vec<_>>()
                .join("; "),
            text(&self.address),
            self.via.as_ref().map_or("", |via| via.r#type).to_owned(),
            self.via.as_ref().map_or_else(String::new, |via| via.id.clone()),
            text(&self.request_id),
        ]
    }
}
