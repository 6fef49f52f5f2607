//! The routes and their description, from the same functions: `/openapi.json` cannot know a route that is not mounted, nor miss
//! one that is.

use std::collections::BTreeMap;

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use serde_json::json;
use utoipa::openapi::response::Response;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{ContentBuilder, OpenApi as Document, Ref, RefOr, ResponseBuilder};
use utoipa::{IntoResponses, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::{FieldProblem, Kind, MEDIA_TYPE, ProblemBody};
use super::{
    access, activity, audit, connected_apps, effective_access, external_identities, import, invitations, me,
    notifications, outbound_auth, overrides, resolve, servers, teams, tokens, user_tokens, users, verify,
    virtual_accounts,
};
use crate::services::Services;

#[derive(OpenApi)]
#[openapi(
    info(title = "Overkey", description = "Everything the pages can do, for programs.", license(name = "Apache-2.0", identifier = "Apache-2.0")),
    servers((url = "/api/v1")),
    components(schemas(ProblemBody, FieldProblem))
)]
struct Api;

/// Every failure that a route may answer; they all look alike.
pub(super) struct Problems;

impl IntoResponses for Problems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut statuses: BTreeMap<String, ContentBuilder> = BTreeMap::new();
        let mut titles: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for kind in Kind::ALL {
            let (status, r#type, title) = kind.spec();
            let example = json!({"type": r#type, "title": title, "status": status.as_u16(), "detail": title});
            let content = statuses
                .remove(status.as_str())
                .unwrap_or_else(|| ContentBuilder::new().schema(Some(Ref::from_schema_name("ProblemBody"))));
            let named = utoipa::openapi::example::ExampleBuilder::new()
                .value(Some(example))
                .build();
            let content = content.examples_from_iter([(r#type.trim_start_matches("/problems/"), named)]);
            statuses.insert(status.as_str().to_owned(), content);
            titles.entry(status.as_str().to_owned()).or_default().push(title);
        }
        let response = |(status, content): (String, ContentBuilder)| {
            let title = titles.get(&status).map(|titles| titles.join("; ")).unwrap_or_default();
            let response = ResponseBuilder::new()
                .description(title)
                .content(MEDIA_TYPE, content.build());
            (status, response.build().into())
        };
        statuses.into_iter().map(response).collect()
    }
}

/// All routes, described.
pub(super) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::with_openapi(document())
        .routes(routes!(me::me))
        .routes(routes!(servers::list, servers::create))
        .routes(routes!(servers::get, servers::change, servers::delete))
        .routes(routes!(outbound_auth::put))
        .routes(routes!(overrides::list))
        .routes(routes!(overrides::get, overrides::put, overrides::delete))
        .routes(routes!(import::import))
        .routes(routes!(verify::verify))
        .routes(routes!(resolve::resolve))
        .routes(routes!(access::list))
        .routes(routes!(access::put, access::delete))
        .routes(routes!(effective_access::list))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::get, users::change, users::delete))
        .routes(routes!(invitations::create, invitations::delete))
        .routes(routes!(user_tokens::list))
        .routes(routes!(user_tokens::delete))
        .routes(routes!(teams::list, teams::create))
        .routes(routes!(teams::get, teams::change, teams::delete))
        .routes(routes!(teams::members))
        .routes(routes!(teams::add_member, teams::remove_member))
        .routes(routes!(notifications::overview))
        .routes(routes!(notifications::test))
        .routes(routes!(external_identities::list, external_identities::create))
        .routes(routes!(external_identities::get, external_identities::delete))
        .routes(routes!(virtual_accounts::list, virtual_accounts::create))
        .routes(routes!(
            virtual_accounts::get,
            virtual_accounts::change,
            virtual_accounts::delete
        ))
        .routes(routes!(virtual_accounts::tokens, virtual_accounts::create_token))
        .routes(routes!(virtual_accounts::delete_token))
        .routes(routes!(virtual_accounts::rotate_token))
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::delete))
        .routes(routes!(connected_apps::list))
        .routes(routes!(connected_apps::delete))
        .routes(routes!(audit::list))
        .routes(routes!(audit::export))
        .routes(routes!(activity::everywhere))
        .routes(routes!(activity::summary))
        .routes(routes!(activity::calls))
        .routes(routes!(activity::export_calls))
        .routes(routes!(activity::changes))
}

fn document() -> Document {
    let mut document = Api::openapi();
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A gateway token: `ok_pat_...` or `ok_va_...`."))
        .build();
    let cookie = ApiKeyValue::with_description("__Host-overkey", "The session of somebody signed in to the pages.");
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("gateway_token", SecurityScheme::Http(token));
    components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    let none: [String; 0] = [];
    document.security = Some(vec![
        SecurityRequirement::new("gateway_token", none.clone()),
        SecurityRequirement::new("session", none),
    ]);
    document
}

/// Adds `/openapi.json`, open to everybody: it says nothing of this installation.
pub(super) fn serve(routes: Router<Services>, document: Document) -> Router<Services> {
    routes.route(
        "/openapi.json",
        get(move || {
            let answer = axum::Json(document.clone()).into_response();
            async move { answer }
        }),
    )
}
