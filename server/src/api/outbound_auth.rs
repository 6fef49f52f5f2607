//! `PUT /servers/{name}/outbound-auth`: previewed with `dry_run`, applied with the preview's revision (D07).

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::header::{ETAG, IF_MATCH};
use axum::http::{HeaderMap, HeaderName};
use domain::change::EffectCounts;
use domain::outbound_input::OutboundInput;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::openapi::Problems;
use super::problem::Problem;
use super::request::{Body, Params, Segments};
use super::subject::SubjectView;
use crate::services::Services;
use crate::services::outbound_change::{Expected, Preview, ServerChange};

/// How the gateway authenticates to a server: the shape of `domain::outbound_input::OutboundInput`, for OpenAPI.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "mode", deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "describes domain::outbound_input::OutboundInput, which knows nothing of OpenAPI"
)]
pub(super) enum OutboundAuthShape {
    #[serde(rename = "none")]
    NoAuth {},
    #[serde(rename = "token_passthrough")]
    TokenPassthrough {},
    /// Every caller shares these header values.
    #[serde(rename = "api_key_shared")]
    #[schema(example = json!({"mode": "api_key_shared", "headers": {"Authorization": "Bearer sk-shared"}}))]
    ApiKeyShared { headers: BTreeMap<String, String> },
    /// Each caller has their own values: a template with placeholders, or null for the whole header.
    #[serde(rename = "api_key_individual")]
    #[schema(example = json!({"mode": "api_key_individual", "headers": {"Authorization": "Bearer {{API_KEY}}"}}))]
    ApiKeyIndividual { headers: BTreeMap<String, Option<String>> },
    #[serde(rename = "oauth2_authorization_code")]
    #[schema(example = json!({"mode": "oauth2_authorization_code", "discover": true}))]
    AuthorizationCode {
        discover: Option<bool>,
        authorization_url: Option<String>,
        token_url: Option<String>,
        registration_url: Option<String>,
        client_id: Option<String>,
        client_secret: Option<String>,
        scopes: Option<Vec<String>>,
    },
    #[serde(rename = "oauth2_client_credentials")]
    ClientCredentials {
        token_url: String,
        client_id: String,
        client_secret: String,
        scopes: Option<Vec<String>>,
    },
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct DryRun {
    /// `true`: tell what the change would do, and change nothing.
    #[param(value_type = Option<bool>)]
    dry_run: Option<String>,
}

impl DryRun {
    pub(super) fn wanted(&self) -> Result<bool, Problem> {
        flag("dry_run", self.dry_run.as_deref())
    }
}

/// What a change does, or did, to the overrides that are there.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "revision": "7", "effect": {"deleted": 1, "kept": 0, "invalidated": 0, "suspended": 0, "needs_update": 0},
    "affected": [{"subject": {"type": "virtual_account", "id": "ci-bot", "name": "ci-bot"}, "effect": "deleted"}],
    "unchanged": false
}))]
pub(super) struct EffectView {
    /// The server's revision; quoted, it goes into If-Match.
    revision: String,
    #[schema(value_type = EffectCountsShape)]
    effect: EffectCounts,
    affected: Vec<AffectedView>,
    /// The settings are the same: saving them does nothing.
    unchanged: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AffectedView {
    subject: SubjectView,
    /// `deleted`, `kept`, `invalidated`, `suspended` or `needs_update`.
    #[schema(example = "deleted")]
    effect: &'static str,
}

/// How many overrides meet which effect: `domain::change::EffectCounts`.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "describes domain::change::EffectCounts, which knows nothing of OpenAPI"
)]
pub(super) struct EffectCountsShape {
    deleted: u64,
    kept: u64,
    invalidated: u64,
    suspended: u64,
    needs_update: u64,
}

/// Changes how the gateway authenticates to a server. Its managers only.
///
/// With `dry_run=true` nothing changes, and the answer's revision goes into If-Match of the change. Without If-Match only a change
/// that leaves every override as it is goes through.
#[utoipa::path(put, path = "/servers/{name}/outbound-auth", tag = "servers", request_body = OutboundAuthShape,
    params(
        ("name" = String, Path, example = "notes"),
        DryRun,
        ("If-Match" = Option<String>, Header, description = "The preview's revision, quoted.", example = "\"7\"")
    ),
    responses((status = 200, body = EffectView), Problems))]
pub(super) async fn put(
    State(services): State<Services>,
    Caller(actor): Caller,
    Segments(name): Segments<String>,
    Params(params): Params<DryRun>,
    headers: HeaderMap,
    Body(input): Body<OutboundInput>,
) -> Result<([(HeaderName, String); 1], Json<EffectView>), Problem> {
    let dry_run = params.wanted()?;
    let expected = if_match(&headers)?.unwrap_or(Expected::Harmless);
    let change = ServerChange {
        outbound_auth: Some(input),
        ..ServerChange::default()
    };
    let preview = if dry_run {
        services.catalog.preview(&actor, &name, &change).await?
    } else {
        services.catalog.change(&actor, &name, &change, expected).await?.1
    };
    Ok(([(ETAG, etag(preview.revision))], Json(view(preview))))
}

pub(super) fn view(preview: Preview) -> EffectView {
    let affected = preview.affected.into_iter().map(|one| AffectedView {
        subject: SubjectView::new(one.subject, one.name),
        effect: one.effect.as_str(),
    });
    EffectView {
        revision: preview.revision.to_string(),
        effect: preview.effect,
        affected: affected.collect(),
        unchanged: preview.unchanged,
    }
}

pub(super) fn etag(revision: i64) -> String {
    format!("\"{revision}\"")
}

/// One quoted revision (RFC 9110 section 13.1.1). A tag that is well-formed and not one of ours was never seen: stale. Weak tags
/// and `*` say nothing about which preview was looked at.
pub(super) fn if_match(headers: &HeaderMap) -> Result<Option<Expected>, Problem> {
    let mut given = headers.get_all(IF_MATCH).iter();
    let Some(first) = given.next() else { return Ok(None) };
    let quoted = first
        .to_str()
        .ok()
        .filter(|_| given.next().is_none())
        .and_then(|text| text.trim().strip_prefix('"')?.strip_suffix('"'))
        .filter(|tag| !tag.contains('"'))
        .ok_or_else(|| Problem::malformed("If-Match", "Send one revision in quotes, such as \"7\"."))?;
    const NEVER: i64 = -1;
    Ok(Some(Expected::Previewed(quoted.parse().unwrap_or(NEVER))))
}

pub(super) fn flag(name: &str, text: Option<&str>) -> Result<bool, Problem> {
    match text {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(Problem::malformed(name, "Choose true or false.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    /// The examples of the public interface, word for word.
    #[test]
    fn the_described_shape_is_the_one_that_is_parsed() {
        for json in [
            r#"{"mode":"none"}"#,
            r#"{"mode":"token_passthrough"}"#,
            r#"{"mode":"api_key_shared","headers":{"Authorization":"Bearer sk-shared"}}"#,
            r#"{"mode":"api_key_individual","headers":{"Authorization":"Bearer {{API_KEY}}"}}"#,
            r#"{"mode":"api_key_individual","headers":{"Authorization":null}}"#,
            r#"{"mode":"oauth2_authorization_code","authorization_url":"https://a.example/a","token_url":"https://a.example/t","client_id":"c","client_secret":"s","scopes":["x"]}"#,
            r#"{"mode":"oauth2_authorization_code","discover":true}"#,
            r#"{"mode":"oauth2_client_credentials","token_url":"https://a.example/t","client_id":"c","client_secret":"s","scopes":["x"]}"#,
        ] {
            serde_json::from_str::<OutboundAuthShape>(json).unwrap();
            serde_json::from_str::<OutboundInput>(json)
                .unwrap()
                .parse(None)
                .unwrap();
        }
    }

    #[test]
    fn d07_if_match_is_one_quoted_revision() {
        let parsed = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(IF_MATCH, HeaderValue::from_static(text));
            if_match(&headers).ok()
        };
        assert_eq!(parsed("\"7\""), Some(Some(Expected::Previewed(7))));
        assert_eq!(parsed("\"other\""), Some(Some(Expected::Previewed(-1))));
        for bad in ["7", "", "*", "W/\"7\"", "\"7\", \"8\"", "\"", "\"7"] {
            assert_eq!(parsed(bad), None, "{bad}");
        }
        assert_eq!(if_match(&HeaderMap::new()).unwrap(), None);
    }
}
