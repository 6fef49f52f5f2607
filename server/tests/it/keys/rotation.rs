//! What a rotation does where something is missing, damaged, or was there before it.

use std::time::Duration;

use serde_json::json;
use server::services::master_key::RotateError;

use super::{fill, on_a_database, operator, put_row, replica, rotate, rotate_within, row, whole, world, wrapped};
use crate::audit::by_hand;
use crate::support::world::authorization_code;
use crate::support::{Answer, App, World, soon};

const SESSION: &str = "mcp-session-id";

on_a_database!(
    b06_h2_a_value_whose_key_is_gone_fails_closed_for_its_own_row_only,
    b06_h2_a_value_that_was_moved_is_left_as_it_is_and_told_of,
    b06_b12_a_replica_without_the_current_key_is_not_ready_and_what_it_seals_still_opens,
    b06_there_is_no_rotation_without_a_newer_key,
    b06_sessions_from_before_there_was_a_root_go_on,
    b06_every_kind_of_value_is_rewrapped,
);

async fn ready(app: &App) -> Answer {
    Answer::of(app.http.get(app.at("/readyz"))).await
}

async fn two(database: &str, keys: &[u8]) -> World {
    let world = world(database, keys).await;
    world.set(&world.bob, "notes", "sk-bob").await;
    world.set(&world.eve, "notes", "sk-eve").await;
    world
}

async fn b06_h2_a_value_whose_key_is_gone_fails_closed_for_its_own_row_only(database: &str) {
    let world = two(database, &[1, 2]).await;
    let old = row(&world.app, &world.bob).await;
    rotate(&world.app).await;
    put_row(&world.app, &old).await;
    let without = replica(database, &[2]).await;
    ready(&without).await.expect_status(200);
    let refused = Answer::of(World::mcp_at(&without, &world.bob, "notes")).await;
    let body = refused.expect(502);
    assert_eq!(
        (&body["id"], &body["error"]["code"]),
        (&json!(1), &json!(-32603)),
        "{body}"
    );
    assert!(!refused.text.contains("sk-"), "{refused:?}");
    world.upstream.assert_untouched();
    let sent = Answer::of(World::mcp_at(&without, &world.eve, "notes"))
        .await
        .expect(200);
    assert_eq!(sent["result"]["authorization"], json!(["Bearer sk-eve"]));
    let status = without.overkey.services.master_keys.status(&operator()).await.unwrap();
    assert_eq!((status.current, status.missing()), (2, vec![1]));
    // Whoever has both finishes it, and then it opens there, too.
    let done = rotate(&world.app).await;
    assert_eq!((done.rewrapped["overrides"], done.left()), (1, 0));
    let sent = Answer::of(World::mcp_at(&replica(database, &[2]).await, &world.bob, "notes")).await;
    assert_eq!(sent.expect(200)["result"]["authorization"], json!(["Bearer sk-bob"]));
}

async fn b06_h2_a_value_that_was_moved_is_left_as_it_is_and_told_of(database: &str) {
    let world = two(database, &[1, 2]).await;
    let mut bobs = row(&world.app, &world.bob).await;
    bobs.sealed = row(&world.app, &world.eve).await.sealed;
    put_row(&world.app, &bobs).await;
    let done = rotate(&world.app).await;
    assert_eq!(
        (done.closed, done.left(), done.rewrapped["overrides"]),
        (1, 1, 1),
        "{done:?}"
    );
    assert_eq!(row(&world.app, &world.bob).await.sealed, bobs.sealed);
    world.call(&world.bob, "notes").await.expect(502);
    assert_eq!(
        world.sent_authorization(&world.eve, "notes").await.as_deref(),
        Some("Bearer sk-eve")
    );
}

async fn b06_b12_a_replica_without_the_current_key_is_not_ready_and_what_it_seals_still_opens(database: &str) {
    let world = two(database, &[1]).await;
    ready(&world.app).await.expect_status(200);
    let other = replica(database, &[1, 2]).await;
    rotate(&other).await;
    soon("the replica to notice", async {
        while ready(&world.app).await.status == 200 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let told = ready(&world.app).await;
    assert_eq!(
        (told.status, told.text.contains("master key 2")),
        (503, true),
        "{told:?}"
    );
    ready(&other).await.expect_status(200);
    // What is entered there is wrapped with key 1: everybody who has the ring opens it, and the next rotation takes it along.
    world.set(&world.bob, "notes", "sk-bob-2").await;
    assert_eq!(row(&world.app, &world.bob).await.sealed.key_id(), Some(1));
    let sent = Answer::of(World::mcp_at(&other, &world.bob, "notes")).await.expect(200);
    assert_eq!(sent["result"]["authorization"], json!(["Bearer sk-bob-2"]));
    rotate(&other).await;
    assert_eq!(row(&other, &world.bob).await.sealed.key_id(), Some(2));
    // Another key of the same number is not that key.
    let mut wrong = super::config(database, &[1]);
    wrong.key = server::config::KeySource::Value(domain::secret::Secret::new(super::ring(&[1, 3]).replace("3:", "2:")));
    let url = url::Url::parse("http://localhost").unwrap();
    let clock = std::sync::Arc::new(server::clock::SystemClock);
    let refused = server::startup::Overkey::open(wrong, url, clock).await;
    let text = refused.err().map(|error| format!("{error:#}")).unwrap_or_default();
    assert!(text.contains("does not fit this database"), "{text}");
}

async fn b06_there_is_no_rotation_without_a_newer_key(database: &str) {
    let world = two(database, &[1]).await;
    assert!(matches!(
        rotate_within(&world.app, Duration::ZERO).await,
        Err(RotateError::NoNewerKey(1))
    ));
    drop(replica(database, &[1, 2]).await);
    assert_eq!(
        world.sent_authorization(&world.bob, "notes").await.as_deref(),
        Some("Bearer sk-bob")
    );
    let trail = world
        .app
        .get(&world.ada, "/audit?action=master_key.changed")
        .await
        .expect(200);
    assert_eq!(trail["items"], json!([]));
}

async fn b06_sessions_from_before_there_was_a_root_go_on(database: &str) {
    let key = zeroize::Zeroizing::new([7; 32]);
    let before = server::seal::Seal::new(1, &key).derive("sessions");
    let new = replica(database, &[1]).await;
    assert_ne!(
        new.overkey.core.seal.derive("sessions"),
        before,
        "a new root comes from no key"
    );
    drop(new);
    // As it was before: keys of other purposes came from key 1 itself.
    by_hand(database, "DELETE FROM settings WHERE name = 'key_root'").await;
    let upgraded = replica(database, &[1, 2]).await;
    assert_eq!(upgraded.overkey.core.seal.derive("sessions"), before);
    rotate(&upgraded).await;
    let without = replica(database, &[2]).await;
    assert_eq!(without.overkey.core.seal.derive("sessions"), before);
}

async fn b06_every_kind_of_value_is_rewrapped(database: &str) {
    let world = two(database, &[1, 2]).await;
    let stage = crate::oauth::stage::Stage::on(&world).await;
    let browser = stage.connect(&world.bob, "tracker", "bob").await;
    // One that waits for its answer, and a server with a secret of its own.
    let departure = stage.consent(&browser, "echo", "bob").await;
    world.server("typed", authorization_code()).await;
    world.upstream.answer(200, &[(SESSION, "up-1")], "{}");
    let session = world.call(&world.bob, "notes").await.header(SESSION).to_owned();
    world.upstream.next().await;
    fill(&world.app, &world.eve, 70).await;
    let done = rotate(&world.app).await;
    for (kind, number) in [
        ("settings", 2),
        ("servers", 2),
        ("overrides", 73),
        ("oauth_clients", 1),
        ("consents", 1),
    ] {
        assert_eq!(done.rewrapped.get(kind), Some(&number), "{kind}: {done:?}");
    }
    assert_eq!(wrapped(&world.app).await.len(), 1);
    // Each is used without the old key.
    let without = replica(database, &[2]).await;
    let session = World::mcp_at(&without, &world.bob, "notes").header(SESSION, &session);
    Answer::of(session).await.expect(200);
    assert_eq!(world.upstream.next().await.only(SESSION), Some("up-1"));
    let tracked = Answer::of(World::mcp_at(&without, &world.bob, "tracker")).await;
    tracked.expect(200);
    assert!(tracked.text.contains("bob"), "{tracked:?}");
    assert_eq!(browser.come_back(&departure).await, "/connect/echo?done=authorized");
    stage.connect(&world.eve, "tracker", "eve").await;
    assert_eq!(stage.whoami(&world.eve, "tracker").await, "eve");
    whole(&without).await;
}
