//! Which credential a call carries (S40-S43, S04-S06, D03, D12).

use serde_json::json;

use crate::support::World;
use crate::support::world::{authorization_code, individual, no_auth, shared, whole_header};

#[tokio::test]
async fn s04_c1_a_templated_header_gets_the_value_inside() {
    let world = World::new().await;
    world.set(&world.bob, "notes", "sk-abc123").await;
    let sent = world.sent_authorization(&world.bob, "notes").await;
    assert_eq!(sent.as_deref(), Some("Bearer sk-abc123"));
}

#[tokio::test]
async fn s05_c2_a_header_without_template_gets_the_value_as_it_is() {
    let world = World::new().await;
    world.server("raw", whole_header()).await;
    world.set(&world.bob, "raw", "Bearer sk-abc123").await;
    let sent = world.sent_authorization(&world.bob, "raw").await;
    assert_eq!(sent.as_deref(), Some("Bearer sk-abc123"));
}

#[tokio::test]
async fn s06_s43_the_very_next_call_follows_every_change_of_the_override() {
    let world = World::new().await;
    assert_eq!(world.missing(&world.bob, "notes").await, "override_missing");
    world.set(&world.bob, "notes", "sk-first").await;
    let sent = world.sent_authorization(&world.bob, "notes").await;
    assert_eq!(sent.as_deref(), Some("Bearer sk-first"));
    world.set(&world.bob, "notes", "sk-second").await;
    let sent = world.sent_authorization(&world.bob, "notes").await;
    assert_eq!(sent.as_deref(), Some("Bearer sk-second"));
    let path = format!("/servers/notes/overrides/{}", world.bob.path());
    world.app.delete(&world.bob, &path).await.expect(204);
    assert_eq!(world.missing(&world.bob, "notes").await, "override_missing");
}

#[tokio::test]
async fn s31_s41_a_virtual_account_calls_with_what_a_manager_set_for_it() {
    let world = World::new().await;
    world
        .put_override(&world.mia, "notes", &world.ci_bot, "sk-ci")
        .await
        .expect(201);
    let sent = world.sent_authorization(&world.ci_bot, "notes").await;
    assert_eq!(sent.as_deref(), Some("Bearer sk-ci"));
    assert_eq!(world.missing(&world.bob, "notes").await, "override_missing");
}

#[tokio::test]
async fn d12_s43_shared_is_the_default_and_an_own_override_comes_first_where_allowed() {
    let world = World::new().await;
    world.server("shared", shared("Bearer sk-shared")).await;
    let sent = world.sent_authorization(&world.bob, "shared").await;
    assert_eq!(sent.as_deref(), Some("Bearer sk-shared"));
    // B01: only with the server's own switch.
    world
        .put_override(&world.mia, "shared", &world.bob, "Bearer sk-bob")
        .await
        .problem(422, "overrides-unsupported");
    let allow = json!({"allow_overrides": true});
    world.app.patch(&world.mia, "/servers/shared", allow).await.expect(200);
    world
        .put_override(&world.mia, "shared", &world.bob, "Bearer sk-bob")
        .await
        .expect(201);
    let sent = world.sent_authorization(&world.bob, "shared").await;
    assert_eq!(sent.as_deref(), Some("Bearer sk-bob"));
    let sent = world.sent_authorization(&world.eve, "shared").await;
    assert_eq!(sent.as_deref(), Some("Bearer sk-shared"));
}

#[tokio::test]
async fn s25_no_auth_sends_no_credential() {
    let world = World::new().await;
    world.server("open", no_auth()).await;
    assert_eq!(world.sent_authorization(&world.bob, "open").await, None);
}

#[tokio::test]
async fn s22_s42_d08_a_manual_override_on_oauth_is_the_whole_header_and_outlives_the_client() {
    let world = World::new().await;
    world.server("tracker", authorization_code()).await;
    assert_eq!(world.missing(&world.bob, "tracker").await, "oauth_consent_required");
    world
        .put_override(&world.mia, "tracker", &world.bob, "token abc")
        .await
        .expect(201);
    let sent = world.sent_authorization(&world.bob, "tracker").await;
    assert_eq!(sent.as_deref(), Some("token abc"));
    let mut other_client = authorization_code();
    other_client["client_id"] = json!("another");
    world.change_auth("tracker", other_client).await;
    let sent = world.sent_authorization(&world.bob, "tracker").await;
    assert_eq!(sent.as_deref(), Some("token abc"));
}

#[tokio::test]
async fn d03_several_headers_and_placeholders_are_filled_by_name() {
    let world = World::new().await;
    let headers = json!({"Authorization": "Basic {{USER}}:{{ KEY }}", "X-Team": "team-{{TEAM}}", "X-Again": "{{KEY}}"});
    let auth = json!({"mode": "api_key_individual", "headers": headers});
    world.server("multi", auth).await;
    let path = format!("/servers/multi/overrides/{}", world.bob.path());
    let values = json!({"credentials": {"USER": "bob", "KEY": "k-1", "TEAM": "red"}});
    world.app.put(&world.bob, &path, values).await.expect(201);
    world.call(&world.bob, "multi").await.expect(200);
    let seen = world.upstream.next().await;
    assert_eq!(seen.only("authorization"), Some("Basic bob:k-1"));
    assert_eq!(seen.only("x-team"), Some("team-red"));
    assert_eq!(seen.only("x-again"), Some("k-1"));
}

#[tokio::test]
async fn d03_an_override_that_lacks_a_value_is_not_used_until_the_rest_is_entered() {
    let world = World::new().await;
    world.set(&world.bob, "notes", "sk-bob").await;
    let headers = json!({"Authorization": "Bearer {{API_KEY}}", "X-Team": "{{TEAM}}"});
    let effect = world
        .change_auth("notes", json!({"mode": "api_key_individual", "headers": headers}))
        .await;
    assert_eq!(effect["effect"]["needs_update"], 1, "{effect}");
    assert_eq!(world.missing(&world.bob, "notes").await, "override_needs_update");
    let path = format!("/servers/notes/overrides/{}", world.bob.path());
    let rest = json!({"credentials": {"TEAM": "red"}});
    world.app.put(&world.bob, &path, rest).await.expect(200);
    world.call(&world.bob, "notes").await.expect(200);
    let seen = world.upstream.next().await;
    assert_eq!(seen.only("authorization"), Some("Bearer sk-bob"));
    assert_eq!(seen.only("x-team"), Some("red"));
}

#[tokio::test]
async fn s60_b6_a_renamed_placeholder_keeps_the_value() {
    let world = World::new().await;
    world.set(&world.bob, "notes", "sk-bob").await;
    let renamed = json!({"mode": "api_key_individual", "headers": {"Authorization": "Bearer {{TOKEN}}"}});
    world.change_auth("notes", renamed).await;
    let sent = world.sent_authorization(&world.bob, "notes").await;
    assert_eq!(sent.as_deref(), Some("Bearer sk-bob"));
}

#[tokio::test]
async fn d04_adding_the_template_to_a_bare_header_asks_again() {
    let world = World::new().await;
    world.server("raw", whole_header()).await;
    world.set(&world.bob, "raw", "Bearer sk-bob").await;
    world.change_auth("raw", individual()).await;
    assert_eq!(world.missing(&world.bob, "raw").await, "override_needs_update");
}

#[tokio::test]
async fn c4_a_value_that_looks_like_a_placeholder_stays_as_it_is() {
    let world = World::new().await;
    for value in ["{{API_KEY}}", "$1", r"\0", "%s", "{{ OTHER }}"] {
        world.set(&world.bob, "notes", value).await;
        let sent = world.sent_authorization(&world.bob, "notes").await;
        assert_eq!(sent, Some(format!("Bearer {value}")));
    }
}

#[tokio::test]
async fn b05_an_expired_override_is_not_sent() {
    let world = World::new().await;
    let path = format!("/servers/notes/overrides/{}", world.bob.path());
    let soon = time::OffsetDateTime::from_unix_timestamp(world.app.overkey.core.now().0 + 60).unwrap();
    let soon = soon.format(&time::format_description::well_known::Rfc3339).unwrap();
    let expiring = json!({"credential": "sk-bob", "expires_at": soon});
    world.app.put(&world.bob, &path, expiring).await.expect(201);
    let sent = world.sent_authorization(&world.bob, "notes").await;
    assert_eq!(sent.as_deref(), Some("Bearer sk-bob"));
    world.app.clock.advance(60);
    assert_eq!(world.missing(&world.bob, "notes").await, "override_needs_update");
}
