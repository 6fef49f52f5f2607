//! `/servers/{name}/overrides`: who has a credential of their own there.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::header::{IF_NONE_MATCH, LOCATION};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use domain::actor::SubjectKind;
use domain::field::FieldError;
use domain::overrides::{Kind, State as Health};
use domain::secret::Secret;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::moment::Moment;
use super::openapi::Problems;
use super::paging::{self, Items};
use super::problem::Problem;
use super::request::{Body, Params, SecretText, Segments, given, subject};
use super::subject::SubjectView;
use crate::services::entered::Entered;
use crate::services::override_list::ListQuery;
use crate::services::overrides::SeenOverride;
use crate::services::set_override::SetOverride;
use crate::services::{ServiceError, Services};
use crate::store::OverrideSort;

/// What stands where nothing of a secret is known.
const MASK: &str = "••••••••";

#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "019a2b3c-0000-7000-8000-00000000000b",
    "subject": {"type": "user", "id": "019a2b3c-0000-7000-8000-000000000001", "name": "Bob"},
    "auth": "api_key_individual", "kind": "manual", "state": "active", "masked": "••••••••1234",
    "updated_by": {"type": "user", "id": "019a2b3c-0000-7000-8000-000000000002", "name": "Mia"},
    "updated_at": "2026-11-23T03:00:00Z", "last_used_at": null, "last_verified_at": null, "expires_at": null
}))]
pub(super) struct OverrideView {
    id: String,
    subject: SubjectView,
    /// The server's outbound auth: what is overridden.
    auth: &'static str,
    /// `manual` or `oauth`.
    kind: &'static str,
    /// `active`, `needs_update`, `rejected`, `suspended`, `reconnect`, `no_access` or `expired`.
    state: &'static str,
    /// Eight dots and, of long values, the last four characters; with several values, each after its name.
    masked: String,
    updated_by: SubjectView,
    updated_at: Moment,
    last_used_at: Option<Moment>,
    last_verified_at: Option<Moment>,
    expires_at: Option<Moment>,
}

/// `credential` where the server asks for one value, `credentials` by name otherwise. Values that are left out stay as they are.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"credential": "sk-abc123"}))]
pub(super) struct OverrideInput {
    credential: Option<SecretText>,
    credentials: Option<BTreeMap<String, SecretText>>,
    /// True: one real call is made with it first, and nothing is stored that the upstream does not accept.
    verify: Option<bool>,
    /// Null takes an expiry away; absent, it stays.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Moment>)]
    expires_at: Option<Option<Moment>>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct OverrideParams {
    /// How many at once, 1 to 200; 50 when not given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// `next_cursor` of the page before, with the same other parameters.
    cursor: Option<String>,
    /// Found anywhere in the subject's name, e-mail address or id, without regard to case.
    search: Option<String>,
    /// `user`, `virtual_account` or `external_identity`.
    r#type: Option<String>,
    /// `active`, `needs_update`, `rejected`, `suspended`, `reconnect`, `no_access` or `expired`.
    state: Option<String>,
    /// `entity`, `kind`, `updated_at` or `last_used_at`; with `-` before it, from last to first.
    #[param(example = "-updated_at")]
    sort: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct KindParams {
    /// `manual` (when not given) or `oauth`.
    #[param(example = "manual")]
    kind: Option<String>,
}

pub(super) type Place = (String, String, String);

/// Lists overrides: managers see all, everybody else their own.
#[utoipa::path(get, path = "/servers/{name}/overrides", tag = "overrides",
    params(("name" = String, Path, example = "notes"), OverrideParams),
    responses((status = 200, body = Items<OverrideView>), Problems))]
pub(super) async fn list(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments(name): Segments<String>,
    Params(params): Params<OverrideParams>,
) -> Result<Json<Items<OverrideView>>, Problem> {
    let listed = services.overrides.list(&actor, &name, &params.query()?).await?;
    let views = listed.items.into_iter().map(view).collect();
    Ok(Json(Items::new(views, listed.next)))
}

/// One subject's override.
#[utoipa::path(get, path = "/servers/{name}/overrides/{subject_type}/{subject_id}", tag = "overrides",
    params(
        ("name" = String, Path, example = "notes"),
        ("subject_type" = String, Path, example = "user"),
        ("subject_id" = String, Path, description = "A user's id or e-mail address, a virtual account's name.", example = "bob@example.com"),
        KindParams
    ),
    responses((status = 200, body = OverrideView), Problems))]
pub(super) async fn get(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments((name, kind, id)): Segments<Place>,
    Params(params): Params<KindParams>,
) -> Result<Json<OverrideView>, Problem> {
    let subject = subject(&kind, id)?;
    let found = services.overrides.find(&actor, &name, &subject, params.kind()?).await?;
    Ok(Json(view(found)))
}

/// Adds or replaces a subject's manual override. With `If-None-Match: *` it is only added, and one that is there answers 409. With
/// `verify`, a credential that the upstream rejects is 422 at the credential, and an upstream that cannot say is 422 at `verify`.
#[utoipa::path(put, path = "/servers/{name}/overrides/{subject_type}/{subject_id}", tag = "overrides",
    request_body = OverrideInput,
    params(
        ("name" = String, Path, example = "notes"),
        ("subject_type" = String, Path, example = "user"),
        ("subject_id" = String, Path, description = "A user's id or e-mail address, a virtual account's name.", example = "bob@example.com"),
        ("If-None-Match" = Option<String>, Header, description = "`*`: replace nothing.", example = "*")
    ),
    responses(
        (status = 201, body = OverrideView, description = "Added"),
        (status = 200, body = OverrideView, description = "Replaced"),
        Problems
    ))]
pub(super) async fn put(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments((name, kind, id)): Segments<Place>,
    headers: HeaderMap,
    Body(input): Body<OverrideInput>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<OverrideView>), Problem> {
    let set = SetOverride {
        subject: subject(&kind, id)?,
        replace: replaces(&headers)?,
        verify: input.verify == Some(true),
        expires_at: input.expires_at.map(|expiry| expiry.map(|moment| moment.0)),
        entered: input.entered()?,
    };
    let stored = services.overrides.set(&actor, &name, set).await?;
    let location = format!("/api/v1/servers/{name}/overrides/{}", stored.seen.row.subject);
    let status = if stored.added {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, [(LOCATION, location)], Json(view(stored.seen))))
}

/// Deletes a subject's override.
#[utoipa::path(delete, path = "/servers/{name}/overrides/{subject_type}/{subject_id}", tag = "overrides",
    params(
        ("name" = String, Path, example = "notes"),
        ("subject_type" = String, Path, example = "user"),
        ("subject_id" = String, Path, description = "A user's id or e-mail address, a virtual account's name.", example = "bob@example.com"),
        KindParams
    ),
    responses((status = 204, description = "Deleted"), Problems))]
pub(super) async fn delete(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments((name, kind, id)): Segments<Place>,
    Params(params): Params<KindParams>,
) -> Result<StatusCode, Problem> {
    let subject = subject(&kind, id)?;
    services
        .overrides
        .delete(&actor, &name, &subject, params.kind()?)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

impl OverrideParams {
    fn query(self) -> Result<ListQuery, Problem> {
        let (descending, name) = match self.sort.as_deref() {
            None => (false, "entity"),
            Some(text) => text.strip_prefix('-').map_or((false, text), |name| (true, name)),
        };
        Ok(ListQuery {
            counted: false,
            limit: paging::limit(self.limit.as_deref())?,
            sort: match name {
                "entity" => OverrideSort::Entity,
                "kind" => OverrideSort::Kind,
                "updated_at" => OverrideSort::UpdatedAt,
                "last_used_at" => OverrideSort::LastUsed,
                _ => {
                    let known =
                        "Choose one of: entity, kind, updated_at, last_used_at; with - before it, from last to first.";
                    return Err(Problem::malformed("sort", known));
                }
            },
            descending,
            subject_kind: one_of("type", self.r#type.as_deref(), SubjectKind::parse)?,
            state: one_of("state", self.state.as_deref(), Health::parse)?,
            search: self.search.filter(|text| !text.trim().is_empty()),
            cursor: self.cursor,
        })
    }
}

impl KindParams {
    pub(super) fn kind(&self) -> Result<Kind, Problem> {
        Ok(one_of("kind", self.kind.as_deref(), Kind::parse)?.unwrap_or(Kind::Manual))
    }
}

fn one_of<T>(name: &str, text: Option<&str>, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Problem> {
    text.map(|text| {
        parse(text).ok_or_else(|| Problem::malformed(name, "There is no such value; the API's description lists them."))
    })
    .transpose()
}

impl OverrideInput {
    fn entered(self) -> Result<Entered, ServiceError> {
        let blank = |secret: &Secret| secret.expose().trim().is_empty();
        match (self.credential, self.credentials) {
            (Some(_), Some(_)) => Err(ServiceError::invalid(
                "credential",
                "Send credential or credentials, not both.",
            )),
            (Some(SecretText(one)), None) if blank(&one) => {
                Err(ServiceError::invalid("credential", "Enter the credential."))
            }
            (Some(SecretText(one)), None) => Ok(Entered::One(one)),
            (None, Some(named)) => {
                let errors: Vec<_> = named
                    .iter()
                    .filter(|(_, secret)| blank(&secret.0))
                    .map(|(name, _)| FieldError::new(format!("credentials.{name}"), "Enter the credential."))
                    .collect();
                if errors.is_empty() {
                    Ok(Entered::Many(
                        named.into_iter().map(|(name, secret)| (name, secret.0)).collect(),
                    ))
                } else {
                    Err(ServiceError::Invalid(errors))
                }
            }
            (None, None) if self.expires_at.is_some() => Ok(Entered::Many(BTreeMap::new())),
            (None, None) => Err(ServiceError::invalid("credential", "Enter the credential.")),
        }
    }
}

/// PUT replaces, unless `If-None-Match: *` says that nothing may be there (RFC 9110 section 13.1.2).
fn replaces(headers: &HeaderMap) -> Result<bool, Problem> {
    match headers.get(IF_NONE_MATCH).map(|value| value.as_bytes().trim_ascii()) {
        None => Ok(true),
        Some(b"*") => Ok(false),
        Some(_) => Err(Problem::malformed("If-None-Match", "Only * is understood here.")),
    }
}

fn view(seen: SeenOverride) -> OverrideView {
    let row = seen.row;
    OverrideView {
        id: row.id.to_string(),
        masked: masked(&row.masks),
        subject: SubjectView::new(row.subject, row.subject_name),
        auth: seen.mode.as_str(),
        kind: row.kind.as_str(),
        state: seen.state.as_str(),
        updated_by: SubjectView::new(row.updated_by, row.updated_by_name),
        updated_at: Moment(row.updated_at),
        last_used_at: row.last_used_at.map(Moment),
        last_verified_at: row.last_verified_at.map(Moment),
        expires_at: row.expires_at.map(Moment),
    }
}

/// `••••••••1234`, or `USER ••••••••, KEY ••••••••1234`.
fn masked(masks: &BTreeMap<String, String>) -> String {
    let mut values = masks.iter();
    match (values.next(), values.next()) {
        (None, _) => MASK.to_owned(),
        (Some((_, only)), None) => only.clone(),
        (Some(_), Some(_)) => {
            let named = masks
                .iter()
                .map(|(key, mask)| format!("{} {mask}", key.strip_prefix("header:").unwrap_or(key)));
            named.collect::<Vec<_>>().join(", ")
        }
    }
}
