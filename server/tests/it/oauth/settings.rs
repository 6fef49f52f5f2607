//! What a change of a server does to tokens (S52-S55, S61, D06, D08, D12, S22), from outside.

use serde_json::json;

use super::stage::Stage;
use crate::support::world::{client_credentials, individual, no_auth, passthrough, shared};
use crate::support::{World, on_every_database};

on_every_database!(
    s61_d08_b7_another_client_invalidates_tokens_until_the_next_consent_and_leaves_manual_overrides,
    s52_to_s56_another_mode_deletes_tokens,
    d06_another_origin_suspends_tokens_until_the_next_consent,
    d12_s22_a_manual_override_wins_over_a_token,
    d07_the_preview_names_who_has_to_consent_again,
);

async fn s61_d08_b7_another_client_invalidates_tokens_until_the_next_consent_and_leaves_manual_overrides(
    world: &World,
) {
    let stage = Stage::on(world).await;
    let browser = stage.connect(&world.bob, "echo", "bob").await;
    world
        .put_override(&world.mia, "echo", &world.eve, "Bearer eves own")
        .await
        .expect(201);
    stage.provider.add_client(server::demo::authorization_server::Client {
        redirect_uris: vec![world.app.at("/oauth/callback").to_string()],
        ..server::demo::authorization_server::Client::named("another-client")
    });
    for (name, value) in [
        ("client_secret", json!("another-secret-0002")),
        ("client_id", json!("another-client")),
    ] {
        let mut changed = stage.typed_in();
        changed[name] = value;
        if name == "client_id" {
            changed.as_object_mut().unwrap().remove("client_secret");
        } else {
            stage
                .provider
                .change_secret(super::stage::CLIENT, "another-secret-0002");
        }
        let effect = world.change_auth("echo", changed).await["effect"].clone();
        assert_eq!(
            (&effect["invalidated"], &effect["kept"]),
            (&1.into(), &1.into()),
            "{effect}"
        );
        assert_eq!(world.missing(&world.bob, "echo").await, "oauth_invalidated");
        assert_eq!(
            world.sent_authorization(&world.eve, "echo").await.as_deref(),
            Some("Bearer eves own")
        );
        let back = stage.consent(&browser, "echo", "bob").await;
        assert_eq!(browser.come_back(&back).await, "/connect/echo?done=authorized");
        assert!(world.sent_authorization(&world.bob, "echo").await.is_some());
    }
}

async fn s52_to_s56_another_mode_deletes_tokens(world: &World) {
    let stage = Stage::on(world).await;
    let browser = stage.browser(&world.bob).await;
    for other in [
        individual(),
        shared("Bearer x"),
        client_credentials(),
        passthrough(),
        no_auth(),
    ] {
        let back = stage.consent(&browser, "echo", "bob").await;
        assert_eq!(browser.come_back(&back).await, "/connect/echo?done=authorized");
        let effect = world.change_auth("echo", other.clone()).await["effect"].clone();
        assert_eq!(effect["deleted"], 1, "{other}");
        assert_eq!(stage.overrides("echo").await, Vec::<serde_json::Value>::new());
        // S53, S55, S57: back again, each consents anew.
        world.change_auth("echo", stage.typed_in()).await;
        assert_eq!(world.missing(&world.bob, "echo").await, "oauth_consent_required");
    }
}

async fn d06_another_origin_suspends_tokens_until_the_next_consent(world: &World) {
    let stage = Stage::on(world).await;
    let browser = stage.connect(&world.bob, "echo", "bob").await;
    let moved = world.upstream.url("/echo/mcp").replace("127.0.0.1", "127.0.0.2");
    // The client secret was given for the old place, too.
    let change = json!({"url": moved, "outbound_auth": stage.typed_in()});
    let preview = world
        .app
        .put(&world.mia, "/servers/echo/outbound-auth?dry_run=true", stage.typed_in());
    let revision = format!("\"{}\"", preview.await.expect(200)["revision"].as_str().unwrap());
    let request = world.app.request(&world.mia, reqwest::Method::PATCH, "/servers/echo");
    let request = request.header("if-match", revision).json(&change);
    crate::support::Answer::of(request).await.expect(200);
    assert_eq!(stage.only("echo").await.1, "suspended");
    assert_eq!(world.missing(&world.bob, "echo").await, "override_suspended");
    let back = stage.consent(&browser, "echo", "bob").await;
    assert_eq!(browser.come_back(&back).await, "/connect/echo?done=authorized");
    assert_eq!(stage.only("echo").await.1, "active");
}

async fn d12_s22_a_manual_override_wins_over_a_token(world: &World) {
    let stage = Stage::on(world).await;
    stage.connect(&world.bob, "echo", "bob").await;
    let token = world.sent_authorization(&world.bob, "echo").await.unwrap();
    // S22: managers for anybody, users for nobody.
    world
        .put_override(&world.bob, "echo", &world.bob, "Bearer own")
        .await
        .problem(403, "forbidden");
    world
        .put_override(&world.mia, "echo", &world.bob, "Bearer typed in")
        .await
        .expect(201);
    world
        .put_override(&world.mia, "echo", &world.ci_bot, "Bearer of ci")
        .await
        .expect(201);
    assert_eq!(
        world.sent_authorization(&world.bob, "echo").await.as_deref(),
        Some("Bearer typed in")
    );
    assert_eq!(
        world.sent_authorization(&world.ci_bot, "echo").await.as_deref(),
        Some("Bearer of ci")
    );
    assert_eq!(stage.overrides("echo").await.len(), 3, "the token is still there");
    let path = format!("/servers/echo/overrides/{}", world.bob.path());
    world.app.delete(&world.mia, &path).await.expect(204);
    assert_eq!(world.sent_authorization(&world.bob, "echo").await, Some(token));
}

async fn d07_the_preview_names_who_has_to_consent_again(world: &World) {
    let stage = Stage::on(world).await;
    stage.connect(&world.bob, "echo", "bob").await;
    let mut changed = stage.typed_in();
    changed["client_secret"] = json!("another-secret-0002");
    let path = "/servers/echo/outbound-auth";
    let dry_run = format!("{path}?dry_run=true");
    let preview = world.app.put(&world.mia, &dry_run, changed.clone()).await.expect(200);
    assert_eq!(preview["affected"][0]["subject"]["name"], "bob", "{preview}");
    assert_eq!(preview["affected"][0]["effect"], "invalidated");
    // Unseen, it is refused; and nothing has changed.
    world
        .app
        .put(&world.mia, path, changed)
        .await
        .problem(409, "stale-preview");
    assert!(world.sent_authorization(&world.bob, "echo").await.is_some());
}
