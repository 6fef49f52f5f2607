//! What happens to credentials when a server moves, or access goes (D06, D09).

use serde_json::json;

use crate::support::world::{individual, shared};
use crate::support::{Upstream, World};

async fn move_to(world: &World, url: String) {
    let patch = json!({"url": url});
    world.app.patch(&world.mia, "/servers/notes", patch).await.expect(200);
}

#[tokio::test]
async fn d06_a_credential_is_not_sent_to_another_origin_before_it_is_entered_again() {
    let world = World::new().await;
    world.set(&world.bob, "notes", "sk-bob").await;
    let other = Upstream::start().await;
    move_to(&world, other.url("/notes/mcp")).await;
    assert_eq!(world.missing(&world.bob, "notes").await, "override_suspended");
    other.assert_untouched();
    world.set(&world.bob, "notes", "sk-bob-2").await;
    world.call(&world.bob, "notes").await.expect(200);
    assert_eq!(other.next().await.only("authorization"), Some("Bearer sk-bob-2"));
    world.upstream.assert_untouched();
}

#[tokio::test]
async fn d06_moving_back_does_not_wake_a_suspended_credential_by_itself() {
    let world = World::new().await;
    world.set(&world.bob, "notes", "sk-bob").await;
    let other = Upstream::start().await;
    move_to(&world, other.url("/notes/mcp")).await;
    move_to(&world, world.upstream.url("/notes/mcp")).await;
    assert_eq!(world.missing(&world.bob, "notes").await, "override_suspended");
}

#[tokio::test]
async fn d06_another_path_of_the_same_origin_suspends_nothing() {
    let world = World::new().await;
    world.set(&world.bob, "notes", "sk-bob").await;
    move_to(&world, world.upstream.url("/elsewhere?team=red")).await;
    world.call(&world.bob, "notes").await.expect(200);
    let seen = world.upstream.next().await;
    assert_eq!(seen.path, "/elsewhere?team=red");
    assert_eq!(seen.only("authorization"), Some("Bearer sk-bob"));
}

#[tokio::test]
async fn d09_an_override_sleeps_while_access_is_gone() {
    let world = World::new().await;
    world.set(&world.bob, "notes", "sk-bob").await;
    world.revoke("notes", &world.bob).await;
    world.call(&world.bob, "notes").await.expect(404);
    world.upstream.assert_untouched();
    let list = world.app.get(&world.mia, "/servers/notes/overrides").await.expect(200);
    assert_eq!(list["items"][0]["state"], "no_access", "{list}");
    world.grant("notes", &world.bob, "user").await;
    let sent = world.sent_authorization(&world.bob, "notes").await;
    assert_eq!(sent.as_deref(), Some("Bearer sk-bob"));
}

#[tokio::test]
async fn d09_a_new_server_of_the_same_name_has_nothing_of_the_old_one() {
    let world = World::new().await;
    world.set(&world.bob, "notes", "sk-bob").await;
    world.app.delete(&world.mia, "/servers/notes").await.expect(204);
    world.call(&world.bob, "notes").await.expect(404);
    world.server("notes", individual()).await;
    assert_eq!(world.missing(&world.bob, "notes").await, "override_missing");
}

#[tokio::test]
async fn s50_s51_b5_no_call_carries_what_a_change_of_mode_deleted() {
    let world = World::new().await;
    world.set(&world.bob, "notes", "sk-bob").await;
    let shared = crate::support::world::shared("Bearer sk-shared");
    world.change_auth("notes", shared).await;
    let sent = world.sent_authorization(&world.bob, "notes").await;
    assert_eq!(sent.as_deref(), Some("Bearer sk-shared"));
    world.change_auth("notes", individual()).await;
    assert_eq!(world.missing(&world.bob, "notes").await, "override_missing");
}

#[tokio::test]
async fn d06_a_servers_own_credential_is_entered_again_when_the_server_moves() {
    let world = World::new().await;
    world.server("search", shared("Bearer sk-shared-0123456789")).await;
    let other = Upstream::start().await;
    let url = other.url("/search/mcp");
    let kept = world.app.get(&world.mia, "/servers/search").await.expect(200)["outbound_auth"].clone();
    for patch in [json!({"url": url}), json!({"url": url, "outbound_auth": kept})] {
        let answer = world.app.patch(&world.mia, "/servers/search", patch).await;
        let fields = answer.wrong_fields(422, "invalid");
        assert!(
            fields.iter().all(|field| field.starts_with("outbound_auth")),
            "{fields:?}"
        );
    }
    other.assert_untouched();
    let patch = json!({"url": url, "outbound_auth": shared("Bearer sk-shared-for-the-new-place")});
    world.app.patch(&world.mia, "/servers/search", patch).await.expect(200);
    world.call(&world.bob, "search").await.expect(200);
    assert_eq!(
        other.next().await.only("authorization"),
        Some("Bearer sk-shared-for-the-new-place")
    );
    world.upstream.assert_untouched();
}
