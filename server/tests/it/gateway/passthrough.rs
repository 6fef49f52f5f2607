//! Token Passthrough: opt-in per server, by a header of its own, never the gateway token (protocol-security 4.1).

use crate::support::world::{individual, passthrough};
use crate::support::{Answer, World};

const HEADER: &str = "x-upstream-authorization";

#[tokio::test]
async fn only_x_upstream_authorization_is_passed_on_and_as_authorization() {
    let world = World::new().await;
    world.server("relay", passthrough()).await;
    let request = world.mcp(&world.bob, "relay").header(HEADER, "Bearer up-1");
    Answer::of(request).await.expect(200);
    let seen = world.upstream.next().await;
    assert_eq!(seen.only("authorization"), Some("Bearer up-1"));
    assert_eq!(seen.only(HEADER), None);
    assert!(!format!("{seen:?}").contains(&world.bob.token));
}

#[tokio::test]
async fn without_it_the_upstream_gets_no_authorization_at_all() {
    let world = World::new().await;
    world.server("relay", passthrough()).await;
    assert_eq!(world.sent_authorization(&world.bob, "relay").await, None);
}

#[tokio::test]
async fn two_of_them_are_refused() {
    let world = World::new().await;
    world.server("relay", passthrough()).await;
    let request = world
        .mcp(&world.bob, "relay")
        .header(HEADER, "Bearer a")
        .header(HEADER, "Bearer b");
    Answer::of(request).await.expect(400);
    world.upstream.assert_untouched();
}

#[tokio::test]
async fn on_any_other_server_it_is_dropped() {
    let world = World::new().await;
    world.server("other", individual()).await;
    world.set(&world.bob, "other", "sk-bob").await;
    let request = world.mcp(&world.bob, "other").header(HEADER, "Bearer up-1");
    Answer::of(request).await.expect(200);
    let seen = world.upstream.next().await;
    assert_eq!(seen.only("authorization"), Some("Bearer sk-bob"));
    assert_eq!(seen.only(HEADER), None);
}

#[tokio::test]
async fn d9_a_session_belongs_to_the_token_it_was_opened_with() {
    let world = World::new().await;
    world.server("relay", passthrough()).await;
    world.upstream.answer(200, &[("mcp-session-id", "up-1")], "{}");
    let opened = Answer::of(world.mcp(&world.bob, "relay").header(HEADER, "Bearer a")).await;
    let session = opened.header("mcp-session-id");
    world.upstream.next().await;
    let with = |token: &'static str| {
        let request = world.mcp(&world.bob, "relay").header(HEADER, token);
        Answer::of(request.header("mcp-session-id", session))
    };
    with("Bearer b").await.expect(404);
    world.upstream.assert_untouched();
    with("Bearer a").await.expect(200);
    assert_eq!(world.upstream.next().await.only("mcp-session-id"), Some("up-1"));
}
