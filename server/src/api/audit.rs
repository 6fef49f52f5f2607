//! `GET /audit`: who did what, newest first. Admins only.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::moment::Moment;
use super::openapi::Problems;
use super::paging::{self, Items};
use super::problem::Problem;
use super::request::Params;
use super::subject::SubjectView;
use crate::services::audit::AuditFilter;
use crate::services::{ServiceError, Services};
use crate::store::{AuditRow, PageQuery};

#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "019a2b3c-0000-7000-8000-00000000000d", "at": "2026-11-23T03:00:00Z",
    "actor": {"type": "user", "id": "019a2b3c-0000-7000-8000-000000000002", "name": "Mia"},
    "action": "override.added", "server": "notes",
    "subject": {"type": "virtual_account", "id": "ci-bot"}, "detail": {}
}))]
pub(super) struct AuditView {
    id: String,
    at: Moment,
    actor: Option<SubjectView>,
    action: String,
    /// The server's name.
    server: Option<String>,
    subject: Option<AuditSubjectView>,
    /// Names and numbers; never a credential.
    detail: BTreeMap<String, String>,
}

/// Whom it was about. The name is not kept: the person may be gone.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuditSubjectView {
    r#type: &'static str,
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
    /// A server's name.
    server: Option<String>,
    /// The id of who did it, or their name.
    actor: Option<String>,
    /// Such as `override.added`.
    action: Option<String>,
    /// Nothing before this time.
    #[param(value_type = Option<Moment>)]
    since: Option<String>,
}

/// Lists what was changed.
#[utoipa::path(get, path = "/audit", tag = "audit", params(AuditParams),
    responses((status = 200, body = Items<AuditView>), Problems))]
pub(super) async fn list(
    State(services): State<Services>,
    Caller(actor): Caller,
    Params(params): Params<AuditParams>,
) -> Result<Json<Items<AuditView>>, Problem> {
    let (query, filter) = params.query()?;
    let page = services.audit.filtered(&actor, &query, &filter).await?;
    let views = page.items.into_iter().map(view).collect::<Result<_, _>>()?;
    Ok(Json(Items::new(views, page.next)))
}

impl AuditParams {
    fn query(self) -> Result<(PageQuery, AuditFilter), Problem> {
        let since = self.since.as_deref().map(|text| {
            let message = "Write a time in RFC 3339, such as 2026-11-23T03:00:00Z.";
            Moment::parse(text).ok_or_else(|| Problem::malformed("since", message))
        });
        let filter = AuditFilter {
            server: self.server,
            actor: self.actor,
            action: self.action,
            since: since.transpose()?.map(|moment| moment.0),
        };
        let query = PageQuery {
            limit: paging::limit(self.limit.as_deref())?,
            search: self.search.filter(|text| !text.trim().is_empty()),
            cursor: self.cursor,
        };
        Ok((query, filter))
    }
}

fn view(row: AuditRow) -> Result<AuditView, ServiceError> {
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
    })
}
