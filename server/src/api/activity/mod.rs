//! `/servers/{name}/activity` and `/activity`: calls counted, calls and changes one by one. Managers see everybody's, users their
//! own.

mod view;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use domain::actor::SubjectRef;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::api::audit::{AuditView, change_on_server, moment};
use crate::api::caller::Caller;
use crate::api::export;
use crate::api::moment::Moment;
use crate::api::openapi::Problems;
use crate::api::paging::{self, Items, Paging};
use crate::api::problem::Problem;
use crate::api::request::{self, Params, Segments};
use crate::services::Services;
use crate::services::activity::{CallFilter, Span};
use crate::store::PageQuery;
use view::{CallView, SummaryView, call_view, summary_view};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct SummaryParams {
    /// How far back: `24h` (when not given), `7d` or `30d`.
    span: Option<String>,
    /// Whose: `user/<id or e-mail address>` or `virtual_account/<name>`.
    #[param(example = "virtual_account/ci-bot")]
    subject: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct CallParams {
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
pub(in crate::api) async fn everywhere(
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
pub(in crate::api) async fn summary(
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
pub(in crate::api) async fn calls(
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
pub(in crate::api) async fn export_calls(
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
pub(in crate::api) async fn changes(
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
