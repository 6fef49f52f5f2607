//! The description lists every route, and every route it lists is there.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;

use crate::support::{Answer, World};

/// Of the public interface, as far as it is built.
const ROUTES: &[&str] = &[
    "get /me",
    "post /servers",
    "get /servers",
    "get /servers/{name}",
    "patch /servers/{name}",
    "delete /servers/{name}",
    "put /servers/{name}/outbound-auth",
    "get /servers/{name}/overrides",
    "put /servers/{name}/overrides/{subject_type}/{subject_id}",
    "delete /servers/{name}/overrides/{subject_type}/{subject_id}",
    "post /servers/{name}/overrides/{subject_type}/{subject_id}/verify",
    "get /servers/{name}/resolve/{subject_type}/{subject_id}",
    "post /servers/{name}/overrides:import",
    "get /servers/{name}/access",
    "put /servers/{name}/access/{grantee_type}/{grantee_id}",
    "delete /servers/{name}/access/{grantee_type}/{grantee_id}",
    "get /users",
    "post /users",
    "get /users/{id}",
    "patch /users/{id}",
    "delete /users/{id}",
    "post /users/{id}/invitation",
    "get /teams",
    "post /teams",
    "get /teams/{team}",
    "patch /teams/{team}",
    "delete /teams/{team}",
    "get /teams/{team}/members",
    "put /teams/{team}/members/{user}",
    "delete /teams/{team}/members/{user}",
    "get /virtual-accounts",
    "post /virtual-accounts",
    "get /virtual-accounts/{name}",
    "delete /virtual-accounts/{name}",
    "get /virtual-accounts/{name}/tokens",
    "post /virtual-accounts/{name}/tokens",
    "get /tokens",
    "post /tokens",
    "delete /tokens/{id}",
    "get /audit",
    "get /audit/export",
    "get /activity",
    "get /servers/{name}/activity",
    "get /servers/{name}/activity/calls",
    "get /servers/{name}/activity/calls/export",
    "get /servers/{name}/activity/changes",
];

async fn described(world: &World) -> (Value, BTreeSet<String>) {
    let answer = Answer::of(world.app.http.get(world.app.at("/api/v1/openapi.json"))).await;
    let document = answer.expect(200);
    let mut routes = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys().filter(|key| *key != "parameters") {
            routes.insert(format!("{method} {path}"));
        }
    }
    (document, routes)
}

#[tokio::test]
async fn the_whole_interface_is_described() {
    let world = World::new().await;
    let (document, routes) = described(&world).await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    assert_eq!(document["servers"][0]["url"], "/api/v1");
    for route in ROUTES {
        assert!(routes.contains(*route), "{route} is not described");
    }
}

#[tokio::test]
async fn every_described_route_is_there_and_closed_to_strangers() {
    let world = World::new().await;
    let (document, routes) = described(&world).await;
    for route in &routes {
        let (method, path) = route.split_once(' ').unwrap();
        let concrete = path
            .split('/')
            .map(|part| if part.starts_with('{') { "x" } else { part })
            .collect::<Vec<_>>()
            .join("/");
        let verb = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
        let url = world.app.at(&format!("/api/v1{concrete}"));
        Answer::of(world.app.http.request(verb, url))
            .await
            .problem(401, "unauthorized");
        let answers = &document["paths"][path][method]["responses"];
        for status in ["401", "403", "404", "422"] {
            assert!(
                answers[status]["content"]["application/problem+json"].is_object(),
                "{route} {status}"
            );
        }
    }
}

#[tokio::test]
async fn unknown_routes_and_methods_are_problems_too() {
    let world = World::new().await;
    world
        .app
        .get(&world.ada, "/nothing")
        .await
        .problem(404, "no-such-route");
    world
        .app
        .get(&world.ada, "/servers/notes/nothing")
        .await
        .problem(404, "no-such-route");
    let wrong = world.app.delete(&world.ada, "/servers").await;
    wrong.problem(405, "method-not-allowed");
    assert!(wrong.header("allow").contains("GET"), "{wrong:?}");
    for path in ["/servers/a%00b", "/users/%0a"] {
        world.app.get(&world.ada, path).await.problem(400, "malformed");
    }
    world
        .app
        .get(&world.ada, "/servers/%ff")
        .await
        .problem(400, "malformed");
    let me = world.app.get(&world.ada, "/me").await;
    assert_eq!(me.header("cache-control"), "no-store");
}
