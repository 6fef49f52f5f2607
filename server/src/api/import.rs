//! `/servers/{name}/overrides:import`: many overrides at once (B08).

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, header};
use domain::field::FieldError;
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::openapi::Problems;
use super::outbound_auth::{DryRun, etag, if_match};
use super::problem::{FieldProblem, Kind, Problem};
use super::request::{Params, Segments};
use super::subject::SubjectView;
use crate::services::import::{self, Fate, Format, Imported, MOST_BYTES, Told};
use crate::services::outbound_change::Expected;
use crate::services::{ServiceError, Services};

/// What an import does, or did.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "applied": false, "revision": "7", "new": 1, "replaced": 0, "refused": 1,
    "lines": [
        {"line": 2, "subject": {"type": "virtual_account", "id": "ci-bot", "name": "ci-bot"}, "result": "new", "errors": []},
        {"line": 3, "subject": null, "result": "refused", "errors": [{"field": "credential", "message": "Enter the credential."}]}
    ]
}))]
pub(super) struct ImportView {
    /// Whether the overrides were stored.
    applied: bool,
    /// The server's revision before; quoted, it goes into If-Match.
    revision: String,
    new: u64,
    replaced: u64,
    refused: u64,
    lines: Vec<ImportLine>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ImportLine {
    line: u64,
    /// Null where nobody is there by that name, or the line was not understood.
    subject: Option<SubjectView>,
    /// `new`, `replaced` or `refused`.
    result: &'static str,
    #[schema(value_type = Vec<FieldProblem>)]
    errors: Vec<FieldError>,
}

/// One line of the file; in CSV these are the columns, with `credentials.NAME` for each of several values.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what services::import reads")]
#[schema(example = json!({"subject_type": "user", "subject_id": "bob@demo.test", "credential": "sk-bob"}))]
pub(super) struct ImportItem {
    /// `user` (when not given), `virtual_account` or `external_identity`.
    subject_type: Option<String>,
    /// A user's id or e-mail address, a virtual account's name, an external identity's id.
    subject_id: String,
    #[schema(write_only)]
    credential: Option<String>,
    #[schema(write_only)]
    credentials: Option<std::collections::BTreeMap<String, String>>,
    /// Left out, an expiry stays.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

/// Adds or replaces many overrides, all or none. Managers only; at most 5,000, in 4 MiB. With `dry_run=true` each line is looked at
/// and nothing is stored; without, a line that is refused refuses them all (422, with `lines.N.FIELD` for each).
#[utoipa::path(post, path = "/servers/{name}/overrides:import", tag = "overrides",
    request_body(
        content(
            (String = "text/csv", example = "subject_type,subject_id,credential\nuser,bob@demo.test,sk-bob\n"),
            (Vec<ImportItem> = "application/json"),
            (String = "application/jsonl", example = "{\"subject_id\": \"bob@demo.test\", \"credential\": \"sk-bob\"}\n"),
        )
    ),
    params(
        ("name" = String, Path, example = "notes"),
        DryRun,
        ("If-Match" = Option<String>, Header, description = "The revision that a dry run told, quoted: 409 if something changed since.", example = "\"7\"")
    ),
    responses((status = 200, body = ImportView), Problems))]
pub(super) async fn import(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments(name): Segments<String>,
    Params(params): Params<DryRun>,
    headers: HeaderMap,
    body: Body,
) -> Result<([(HeaderName, String); 1], Json<ImportView>), Problem> {
    let format = format(&headers)?;
    let seen = if_match(&headers)?.and_then(|expected| match expected {
        Expected::Previewed(revision) => Some(revision),
        Expected::Harmless | Expected::Anything => None,
    });
    let lines = import::parse(&text(body).await?, format).map_err(|error| Problem::malformed("body", error.message))?;
    let imported = if params.wanted()? {
        services.overrides.preview_import(&actor, &name, lines).await?
    } else {
        let imported = services.overrides.import(&actor, &name, lines, seen).await?;
        if !imported.applied {
            return Err(refused(imported).into());
        }
        imported
    };
    let tag = [(header::ETAG, etag(imported.revision))];
    Ok((tag, Json(view(imported))))
}

fn format(headers: &HeaderMap) -> Result<Format, Problem> {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = given.unwrap_or_default().split(';').next().unwrap_or_default();
    match essence.trim().to_ascii_lowercase().as_str() {
        "text/csv" => Ok(Format::Csv),
        "application/json" | "application/jsonl" | "application/x-ndjson" => Ok(Format::Json),
        _ => Err(Problem::new(
            Kind::UnsupportedMediaType,
            "Send the overrides as text/csv, application/json or application/jsonl.",
        )),
    }
}

async fn text(body: Body) -> Result<String, Problem> {
    let bytes = to_bytes(body, MOST_BYTES).await.map_err(|_| {
        Problem::new(
            Kind::TooLarge,
            "The body is larger than 4 MiB, or did not arrive whole.",
        )
    })?;
    String::from_utf8(bytes.into()).map_err(|_| Problem::malformed("body", "The body is not UTF-8."))
}

fn refused(imported: Imported) -> ServiceError {
    let errors = imported.lines.into_iter().flat_map(|told| match told.fate {
        Fate::New | Fate::Replaced => Vec::new(),
        Fate::Refused(errors) => errors
            .into_iter()
            .map(|error| FieldError::new(format!("lines.{}.{}", told.line, error.field), error.message))
            .collect(),
    });
    ServiceError::Invalid(errors.collect())
}

fn view(imported: Imported) -> ImportView {
    let count = |wanted: fn(&Fate) -> bool| imported.count(wanted) as u64;
    ImportView {
        applied: imported.applied,
        revision: imported.revision.to_string(),
        new: count(|fate| *fate == Fate::New),
        replaced: count(|fate| *fate == Fate::Replaced),
        refused: count(|fate| matches!(fate, Fate::Refused(_))),
        lines: imported.lines.into_iter().map(line).collect(),
    }
}

fn line(told: Told) -> ImportLine {
    let (result, errors) = match told.fate {
        Fate::New => ("new", Vec::new()),
        Fate::Replaced => ("replaced", Vec::new()),
        Fate::Refused(errors) => ("refused", errors),
    };
    ImportLine {
        line: told.line,
        subject: told.subject.map(|(subject, name)| SubjectView::new(subject, name)),
        result,
        errors,
    }
}
