//! Session ids are sealed for one server, one subject and one credential (D9).

use reqwest::Method;

use crate::support::world::individual;
use crate::support::{Answer, Caller, World};

const SESSION: &str = "mcp-session-id";

/// Bob's session on `notes`, as he sees it; the upstream calls it `up-1`.
async fn open(world: &World) -> String {
    world.set(&world.bob, "notes", "sk-bob").await;
    world.upstream.answer(200, &[(SESSION, "up-1")], "{}");
    let answer = world.call(&world.bob, "notes").await;
    answer.expect(200);
    assert_eq!(world.upstream.next().await.only(SESSION), None);
    answer.header(SESSION).to_owned()
}

async fn with(world: &World, caller: &Caller, server: &str, session: &str) -> Answer {
    Answer::of(world.mcp(caller, server).header(SESSION, session)).await
}

/// 404 makes a client initialise again.
#[track_caller]
fn refused(world: &World, answer: &Answer) {
    let body = answer.expect(404);
    assert_eq!(body["error"]["code"], -32001, "{body}");
    assert_eq!(body["id"], 1, "{body}");
    world.upstream.assert_untouched();
}

#[tokio::test]
async fn d9_the_caller_sees_a_sealed_id_and_the_upstream_its_own() {
    let world = World::new().await;
    let session = open(&world).await;
    assert!(!session.is_empty() && !session.contains("up-1"));
    assert!(session.bytes().all(|byte| (0x21..0x7f).contains(&byte)), "{session}");
    for method in [Method::POST, Method::GET, Method::DELETE] {
        let request = world.app.http.request(method, world.app.at("/mcp/notes"));
        let request = request.bearer_auth(&world.bob.token).header(SESSION, &session);
        Answer::of(request).await.expect(200);
        assert_eq!(world.upstream.next().await.only(SESSION), Some("up-1"));
    }
}

#[tokio::test]
async fn d9_nobody_else_nor_another_server_takes_it() {
    let world = World::new().await;
    let session = open(&world).await;
    world.set(&world.eve, "notes", "sk-eve").await;
    refused(&world, &with(&world, &world.eve, "notes", &session).await);
    world.server("second", individual()).await;
    world.set(&world.bob, "second", "sk-bob").await;
    refused(&world, &with(&world, &world.bob, "second", &session).await);
    with(&world, &world.bob, "notes", &session).await.expect(200);
}

#[tokio::test]
async fn d9_it_ends_when_the_credential_changes() {
    let world = World::new().await;
    let session = open(&world).await;
    world.set(&world.eve, "notes", "sk-eve").await;
    with(&world, &world.bob, "notes", &session).await.expect(200);
    world.upstream.next().await;
    world.set(&world.bob, "notes", "sk-bob-2").await;
    refused(&world, &with(&world, &world.bob, "notes", &session).await);
}

#[tokio::test]
async fn d9_it_ends_with_an_override_that_was_deleted_and_added_again() {
    let world = World::new().await;
    let session = open(&world).await;
    let path = format!("/servers/notes/overrides/{}", world.bob.path());
    world.app.delete(&world.bob, &path).await.expect(204);
    world.set(&world.bob, "notes", "sk-bob").await;
    refused(&world, &with(&world, &world.bob, "notes", &session).await);
}

#[tokio::test]
async fn d9_made_up_and_damaged_ids_are_like_unknown_ones() {
    let world = World::new().await;
    let session = open(&world).await;
    let damaged = format!("A{}", &session[1..]);
    for bad in ["up-1", "x", damaged.as_str(), &session[..session.len() - 4]] {
        refused(&world, &with(&world, &world.bob, "notes", bad).await);
    }
}

#[tokio::test]
async fn d9_shared_sessions_end_when_the_shared_credential_changes() {
    let world = World::new().await;
    world
        .server("shared", crate::support::world::shared("Bearer one"))
        .await;
    world.upstream.answer(200, &[(SESSION, "up-1")], "{}");
    let session = world.call(&world.bob, "shared").await.header(SESSION).to_owned();
    world.upstream.next().await;
    with(&world, &world.bob, "shared", &session).await.expect(200);
    world.upstream.next().await;
    refused(&world, &with(&world, &world.eve, "shared", &session).await);
    world
        .change_auth("shared", crate::support::world::shared("Bearer two"))
        .await;
    refused(&world, &with(&world, &world.bob, "shared", &session).await);
}

#[tokio::test]
async fn an_upstream_that_forgot_the_session_says_so_itself() {
    let world = World::new().await;
    let session = open(&world).await;
    world
        .upstream
        .answer(404, &[("content-type", "application/json")], r#"{"gone":true}"#);
    let answer = with(&world, &world.bob, "notes", &session).await;
    assert_eq!((answer.status, answer.text.as_str()), (404, r#"{"gone":true}"#));
}

#[tokio::test]
async fn d9_servers_without_credential_do_not_share_sessions() {
    let world = World::new().await;
    for name in ["open", "other"] {
        world.server(name, crate::support::world::no_auth()).await;
    }
    world.upstream.answer(200, &[(SESSION, "up-1")], "{}");
    let session = world.call(&world.bob, "open").await.header(SESSION).to_owned();
    world.upstream.next().await;
    refused(&world, &with(&world, &world.bob, "other", &session).await);
    refused(&world, &with(&world, &world.eve, "open", &session).await);
    with(&world, &world.bob, "open", &session).await.expect(200);
}
