//! `/tokens`: my personal access tokens. A value appears once, in the answer that makes it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::id::TokenId;
use domain::secret::Secret;
use domain::timestamp::Timestamp;
use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;

use super::caller::Caller;
use super::moment::Moment;
use super::openapi::Problems;
use super::paging::{Items, Paging};
use super::problem::Problem;
use super::request::{Body, Params, Segments};
use crate::services::tokens::{NewToken, TokenRequest, parse_lifetime};
use crate::services::{ServiceError, Services};
use crate::store::TokenRow;

#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "019a2b3c-0000-7000-8000-00000000000c", "name": "laptop", "hint": "ok_pat_Xy12_",
    "created_at": "2026-11-23T03:00:00Z", "expires_at": null, "last_used_at": null, "replaced_at": null
}))]
pub(super) struct TokenView {
    id: String,
    name: String,
    /// Its first characters, to recognise it by.
    hint: String,
    created_at: Moment,
    expires_at: Option<Moment>,
    last_used_at: Option<Moment>,
    /// When another one took its place; it works until it expires.
    replaced_at: Option<Moment>,
}

/// `expires_at` or `expires`; neither: it does not expire.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "laptop", "expires": "30d"}))]
pub(super) struct TokenInput {
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) expires_at: Option<Moment>,
    /// From now: days, hours or minutes.
    #[serde(default)]
    #[schema(example = "30d")]
    pub(super) expires: Option<String>,
}

/// A new token. The only answer that holds its value.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "019a2b3c-0000-7000-8000-00000000000c", "name": "laptop",
    "token": "ok_pat_…", "expires_at": "2026-12-23T03:00:00Z"
}))]
pub(super) struct NewTokenView {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(serialize_with = "shown_once")]
    #[schema(value_type = String)]
    pub(super) token: Secret,
    pub(super) expires_at: Option<Moment>,
}

/// Lists my personal access tokens, newest first.
#[utoipa::path(get, path = "/tokens", tag = "tokens", params(Paging),
    responses((status = 200, body = Items<TokenView>), Problems))]
pub(super) async fn list(
    State(services): State<Services>,
    Caller(actor): Caller,
    Params(paging): Params<Paging>,
) -> Result<Json<Items<TokenView>>, Problem> {
    Ok(Json(page(services.tokens.list(&actor).await?, paging)?))
}

/// Makes a personal access token. People only.
#[utoipa::path(post, path = "/tokens", tag = "tokens", request_body = TokenInput,
    responses((status = 201, body = NewTokenView), Problems))]
pub(super) async fn create(
    State(services): State<Services>,
    Caller(actor): Caller,
    Body(input): Body<TokenInput>,
) -> Result<(StatusCode, Json<NewTokenView>), Problem> {
    let request = input.request(services.calls.now())?;
    let new = services.tokens.create(&actor, request).await?;
    Ok((StatusCode::CREATED, Json(NewTokenView::new(new))))
}

/// Revokes one of my tokens, at once.
#[utoipa::path(delete, path = "/tokens/{id}", tag = "tokens",
    params(("id" = String, Path, example = "019a2b3c-0000-7000-8000-00000000000c")),
    responses((status = 204, description = "Revoked"), Problems))]
pub(super) async fn delete(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments(id): Segments<String>,
) -> Result<StatusCode, Problem> {
    services.tokens.revoke(&actor, &TokenId::new(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn page(rows: Vec<TokenRow>, paging: Paging) -> Result<Items<TokenView>, Problem> {
    let views = rows.into_iter().map(TokenView::new).collect();
    paging.cut(views, |one: &TokenView| &one.name, |one| one.id.clone())
}

impl TokenInput {
    pub(super) fn request(self, now: Timestamp) -> Result<TokenRequest, ServiceError> {
        let expires_at = match (self.expires_at, self.expires) {
            (None, None) => None,
            (Some(Moment(at)), None) => Some(at),
            (None, Some(text)) => {
                let at = parse_lifetime(&text).map(|seconds| now.plus(seconds));
                let writable = at.filter(|at| Moment(*at).text().is_some());
                let message = "Write how long it is valid as days, hours or minutes: 30d, 12h, 90m.";
                Some(writable.ok_or_else(|| ServiceError::invalid("expires", message))?)
            }
            (Some(_), Some(_)) => {
                return Err(ServiceError::invalid(
                    "expires",
                    "Send expires_at or expires, not both.",
                ));
            }
        };
        Ok(TokenRequest {
            name: self.name.unwrap_or_default(),
            expires_at,
        })
    }
}

impl TokenView {
    fn new(row: TokenRow) -> Self {
        Self {
            id: row.id.to_string(),
            name: row.name,
            hint: row.hint,
            created_at: Moment(row.created_at),
            expires_at: row.expires_at.map(Moment),
            last_used_at: row.last_used_at.map(Moment),
            replaced_at: row.replaced_at.map(Moment),
        }
    }
}

impl NewTokenView {
    pub(super) fn new(new: NewToken) -> Self {
        Self {
            id: new.row.id.to_string(),
            name: new.row.name,
            token: new.value,
            expires_at: new.row.expires_at.map(Moment),
        }
    }
}

/// Secrets that become JSON in the one answer that makes them.
pub(super) fn shown_once<S: Serializer>(token: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(token.expose())
}
