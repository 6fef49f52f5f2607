//! `/servers/{name}/resolve`: why a call carries what it carries (B03).

use axum::Json;
use axum::extract::State;
use domain::actor::SubjectRef;
use domain::injection::Choice;
use domain::overrides::Kind;
use domain::why::Step;
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::openapi::Problems;
use super::overrides::Place;
use super::problem::Problem;
use super::request::{Segments, subject};
use crate::services::Services;

#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "decision": "manual_override", "reason": null,
    "steps": [{"text": "The subject has a manual override that can be used."}, {"text": "The call carries the manual override."}]
}))]
pub(super) struct DecisionView {
    /// `manual_override`, `oauth_token`, `server_default`, `pass_through`, `no_credential`, `missing` or, of a subject whose calls
    /// get no further, `no_access`.
    decision: &'static str,
    /// Why it is missing, as McpAuthRequiredError says it.
    reason: Option<&'static str>,
    #[schema(value_type = Vec<StepShape>)]
    steps: Vec<Step>,
}

/// One step: `domain::why::Step`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes domain::why::Step, which knows nothing of OpenAPI")]
pub(super) struct StepShape {
    text: String,
}

/// Why do this subject's calls carry what they carry? Managers ask for anybody, everybody for themselves.
#[utoipa::path(get, path = "/servers/{name}/resolve/{subject_type}/{subject_id}", tag = "overrides",
    params(
        ("name" = String, Path, example = "notes"),
        ("subject_type" = String, Path, example = "virtual_account"),
        ("subject_id" = String, Path, example = "ci-bot")
    ),
    responses((status = 200, body = DecisionView), Problems))]
pub(super) async fn resolve(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments((name, kind, id)): Segments<Place>,
) -> Result<Json<DecisionView>, Problem> {
    let subject: SubjectRef = subject(&kind, id)?;
    let decided = services.overrides.explain(&actor, &name, &subject).await?.decision;
    let (decision, reason) = match decided.choice {
        None => ("no_access", None),
        Some(Choice::Own(_, Kind::Manual)) => ("manual_override", None),
        Some(Choice::Own(_, Kind::OAuth)) => ("oauth_token", None),
        Some(Choice::ServerDefault) => ("server_default", None),
        Some(Choice::PassThrough) => ("pass_through", None),
        Some(Choice::Nothing) => ("no_credential", None),
        Some(Choice::Missing(reason)) => ("missing", Some(reason.as_str())),
    };
    Ok(Json(DecisionView {
        decision,
        reason,
        steps: decided.steps,
    }))
}
