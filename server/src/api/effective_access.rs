//! `/servers/{name}/effective-access`: everybody with a role on a server, and where it comes from.

use axum::Json;
use axum::extract::State;
use domain::reach::Source;
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::openapi::Problems;
use super::paging::{Items, Paging};
use super::problem::Problem;
use super::request::{Params, Segments};
use super::subject::SubjectView;
use crate::services::Services;
use crate::services::grants::Reached;

#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "subject": {"type": "user", "id": "019a2b3c-0000-7000-8000-000000000001", "name": "Bob"}, "role": "manager",
    "disabled": false, "from": [
        {"source": "team", "team": "platform", "role": "manager"}, {"source": "direct", "team": null, "role": "user"}
    ]
}))]
pub(super) struct ReachedView {
    subject: SubjectView,
    /// The strongest: `manager` or `user`.
    role: &'static str,
    /// A person who may not call at present, whatever their role.
    disabled: bool,
    /// All that gives a role, the strongest first.
    from: Vec<GivenView>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GivenView {
    /// `platform_admin`, `direct`, `team` or `everyone`.
    source: &'static str,
    /// The team's name.
    team: Option<String>,
    role: &'static str,
}

/// Lists everybody with a role, by name. The server's managers only.
#[utoipa::path(get, path = "/servers/{name}/effective-access", tag = "access",
    params(("name" = String, Path, example = "notes"), Paging),
    responses((status = 200, body = Items<ReachedView>), Problems))]
pub(super) async fn list(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments(name): Segments<String>,
    Params(paging): Params<Paging>,
) -> Result<Json<Items<ReachedView>>, Problem> {
    let page = services.catalog.reach(&actor, &name, &paging.query()?).await?;
    Ok(Json(Items::of(page, view)))
}

fn view(reached: Reached) -> ReachedView {
    let given = reached.reach.given.into_iter().map(|given| {
        let (source, team) = match given.source {
            Source::PlatformAdmin => ("platform_admin", None),
            Source::Direct => ("direct", None),
            Source::Team(name) => ("team", Some(name)),
            Source::Everyone => ("everyone", None),
        };
        GivenView {
            source,
            team,
            role: given.role.as_str(),
        }
    });
    ReachedView {
        role: reached.reach.role.as_str(),
        disabled: reached.disabled,
        from: given.collect(),
        subject: SubjectView::new(reached.subject, reached.name),
    }
}
