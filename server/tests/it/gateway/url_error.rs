//! A missing credential reaches the person of a client of 2025-11-25: the error -32042 (B09, protocol-security 1.6 row 2b, I4).

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::modern::{self, plain};
use crate::support::world::{CALL, individual};
use crate::support::{Answer, Caller, World};

const SESSION: &str = "mcp-session-id";
const VERSION: &str = "mcp-protocol-version";
const REVISION: &str = "2025-11-25";

fn initialize(version: &str, capabilities: &Value) -> String {
    let client = json!({"name": "client", "version": "1"});
    let params = json!({"protocolVersion": version, "capabilities": capabilities, "clientInfo": client});
    json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}).to_string()
}

/// Bob's session on `notes` with a client of these capabilities; the upstream calls it `up-1`, or keeps none. His override is gone
/// again afterwards.
async fn session(world: &World, upstream: Option<&str>, capabilities: &Value) -> String {
    world.set(&world.bob, "notes", "sk-bob").await;
    let headers: Vec<_> = upstream.map(|id| (SESSION, id)).into_iter().collect();
    world.upstream.answer(200, &headers, "{}");
    let answer = Answer::of(world.mcp(&world.bob, "notes").body(initialize(REVISION, capabilities))).await;
    answer.expect(200);
    let seen = world.upstream.next().await;
    assert_eq!(seen.body, initialize(REVISION, capabilities));
    answer.header(SESSION).to_owned()
}

async fn forget(world: &World, caller: &Caller) {
    let path = format!("/servers/notes/overrides/{}", caller.path());
    world.app.delete(caller, &path).await.expect(204);
}

async fn with(world: &World, caller: &Caller, session: &str, body: &'static str) -> Answer {
    let request = world
        .mcp(caller, "notes")
        .header(SESSION, session)
        .header(VERSION, REVISION);
    Answer::of(request.body(body)).await
}

fn declared() -> Value {
    json!({"elicitation": {"form": {}, "url": {}}})
}

#[tokio::test]
async fn b09_a_tool_call_is_answered_with_the_link_as_2025_11_25_has_it() {
    let world = World::new().await;
    let session = session(&world, Some("up-1"), &declared()).await;
    forget(&world, &world.bob).await;
    let body = with(&world, &world.bob, &session, CALL).await.expect(200);
    world.upstream.assert_untouched();
    let error = &body["error"];
    assert_eq!((&body["id"], &error["code"]), (&json!(1), &json!(-32042)));
    let url = error["data"]["url"].as_str().unwrap();
    assert!(error["message"].as_str().unwrap().ends_with(url), "{body}");
    let [elicitation] = error["data"]["elicitations"].as_array().unwrap().as_slice() else {
        panic!("{body}");
    };
    assert_eq!(
        (&elicitation["mode"], &elicitation["url"]),
        (&json!("url"), &json!(url))
    );
    assert!(elicitation["message"].as_str().unwrap().contains("'notes'"), "{body}");
    let again = with(&world, &world.bob, &session, CALL).await.expect(200);
    let id = |body: &Value| body["error"]["data"]["elicitations"][0]["elicitationId"].clone();
    assert!(
        id(&body).is_string() && id(&body) != id(&again),
        "one per question: {again}"
    );
}

#[tokio::test]
async fn b09_i4_nobody_else_and_no_other_request_gets_it() {
    let world = World::new().await;
    for undeclared in [
        json!({}),
        json!({"elicitation": {}}),
        json!({"elicitation": {"form": {}}}),
    ] {
        let session = session(&world, Some("up-1"), &undeclared).await;
        forget(&world, &world.bob).await;
        plain(&with(&world, &world.bob, &session, CALL).await);
    }
    let session = session(&world, Some("up-1"), &declared()).await;
    forget(&world, &world.bob).await;
    for other in [
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"a"}}"#,
    ] {
        plain(&with(&world, &world.bob, &session, other).await);
    }
    let old = world.mcp(&world.bob, "notes").header(SESSION, &session);
    plain(&Answer::of(old).await);
    let old = world
        .mcp(&world.bob, "notes")
        .header(SESSION, &session)
        .header(VERSION, "2025-06-18");
    plain(&Answer::of(old).await);
    plain(&with(&world, &world.eve, &session, CALL).await);
    world.server("second", individual()).await;
    let elsewhere = world
        .mcp(&world.bob, "second")
        .header(SESSION, &session)
        .header(VERSION, REVISION);
    plain(&Answer::of(elsewhere).await);
    let made_up = format!("{}.AAAA", session.split('.').next().unwrap());
    plain(&with(&world, &world.bob, &made_up, CALL).await);
}

#[tokio::test]
async fn i4_a_session_id_changes_nothing_on_2026_07_28() {
    let world = World::new().await;
    let session = session(&world, Some("up-1"), &declared()).await;
    forget(&world, &world.bob).await;
    let now = |message: Value| {
        let request = modern::post(&world.app, &world.bob, "notes", &message.to_string());
        Answer::of(request.header(SESSION, &session))
    };
    plain(&now(modern::declaring(modern::call(), json!({}))).await);
    let answer = now(modern::call()).await.expect(200);
    assert_eq!(answer["result"]["resultType"], "input_required", "{answer}");
}

#[tokio::test]
async fn b09_what_a_client_declared_changes_nothing_about_its_session() {
    let world = World::new().await;
    let session = session(&world, Some("up-1"), &declared()).await;
    assert!(session.bytes().all(|byte| (0x21..0x7f).contains(&byte)) && !session.contains("up-1"));
    for method in [Method::POST, Method::GET, Method::DELETE] {
        let request = world.app.http.request(method, world.app.at("/mcp/notes"));
        let request = request.bearer_auth(&world.bob.token).header(SESSION, &session);
        Answer::of(request).await.expect(200);
        assert_eq!(world.upstream.next().await.only(SESSION), Some("up-1"));
    }
    // D9: another credential, another session.
    world.set(&world.bob, "notes", "sk-bob-2").await;
    let answer = with(&world, &world.bob, &session, CALL).await;
    assert_eq!(answer.expect(404)["error"]["code"], -32001);
    world.upstream.assert_untouched();
}

/// FastMCP does, and the TypeScript SDK takes the newest.
#[tokio::test]
async fn b09_an_upstream_that_repeats_its_session_id_takes_nothing_back() {
    let world = World::new().await;
    for (declares, code) in [(declared(), -32042), (json!({}), 4401)] {
        let mut session = session(&world, Some("up-1"), &declares).await;
        for _ in 1..=2 {
            world.upstream.answer(200, &[(SESSION, "up-1")], "{}");
            let answer = with(&world, &world.bob, &session, CALL).await;
            answer.expect(200);
            assert_eq!(world.upstream.next().await.only(SESSION), Some("up-1"));
            session = answer.header(SESSION).to_owned();
        }
        forget(&world, &world.bob).await;
        let body = with(&world, &world.bob, &session, CALL).await.expect(200);
        assert_eq!(body["error"]["code"], code, "{body}");
    }
}

#[tokio::test]
async fn b09_where_the_upstream_keeps_no_sessions_the_id_says_only_what_was_declared() {
    let world = World::new().await;
    assert_eq!(session(&world, None, &json!({})).await, "");
    let session = session(&world, None, &declared()).await;
    assert!(!session.is_empty());
    with(&world, &world.bob, &session, CALL).await.expect(200);
    assert_eq!(
        world.upstream.next().await.only(SESSION),
        None,
        "the upstream knows of no session"
    );
    forget(&world, &world.bob).await;
    let body = with(&world, &world.bob, &session, CALL).await.expect(200);
    assert_eq!(body["error"]["code"], -32042, "{body}");
    world.set(&world.bob, "notes", "sk-bob-2").await;
    with(&world, &world.bob, &session, CALL).await.expect(200);
    assert_eq!(
        world.upstream.next().await.only("authorization"),
        Some("Bearer sk-bob-2")
    );
}

#[tokio::test]
async fn b09_an_initialize_that_failed_begins_no_session() {
    let world = World::new().await;
    world.set(&world.bob, "notes", "sk-bob").await;
    world.upstream.answer(503, &[], "");
    let answer = Answer::of(world.mcp(&world.bob, "notes").body(initialize(REVISION, &declared()))).await;
    assert_eq!((answer.status, answer.header(SESSION)), (503, ""));
}
