//! Client Credentials: one token per server, renewed ahead, never another server's (S23, S54, S55, B01).

use futures_util::future::join_all;
use serde_json::{Value, json};
use server::demo::authorization_server::controls::Failure;
use server::demo::authorization_server::{MACHINE_CLIENT, MACHINE_SECRET};

use super::stage::{LIFETIME, Stage};
use crate::support::{World, on_every_database, soon};

on_every_database!(
    every_caller_uses_the_servers_one_token,
    it_is_renewed_ahead_and_once,
    servers_never_share_a_token,
    a_refused_token_is_replaced_once,
    trouble_is_told_and_ends_with_the_trouble,
    other_settings_get_another_token,
    s23_b01_an_override_wins_only_where_the_server_allows_it,
);

fn settings(stage: &Stage<'_>) -> Value {
    json!({
        "mode": "oauth2_client_credentials", "token_url": stage.provider.token_url(), "client_id": MACHINE_CLIENT,
        "client_secret": MACHINE_SECRET, "scopes": ["read"]
    })
}

async fn stage_with_robot(world: &World) -> Stage<'_> {
    let stage = Stage::on(world).await;
    world.server("robot", settings(&stage)).await;
    stage
}

fn requests(stage: &Stage<'_>) -> u64 {
    stage.provider.counts().client_credentials
}

async fn every_caller_uses_the_servers_one_token(world: &World) {
    let stage = stage_with_robot(world).await;
    let calls = (0..200).map(|number| world.call([&world.bob, &world.eve, &world.ci_bot][number % 3], "robot"));
    let mut tokens: Vec<String> = join_all(calls)
        .await
        .iter()
        .map(|answer| answer.expect(200)["result"]["authorization"][0].to_string())
        .collect();
    tokens.dedup();
    assert_eq!(tokens.len(), 1);
    assert_eq!(requests(&stage), 1);
}

async fn it_is_renewed_ahead_and_once(world: &World) {
    let stage = stage_with_robot(world).await;
    let first = world.sent_authorization(&world.bob, "robot").await;
    world.app.clock.advance(LIFETIME - 10);
    let held = stage.provider.hold().await;
    assert_eq!(
        world.sent_authorization(&world.bob, "robot").await,
        first,
        "good for ten seconds more"
    );
    soon(
        "the renewal",
        stage.provider.counted(|counts| counts.client_credentials == 2),
    )
    .await;
    assert_eq!(world.sent_authorization(&world.eve, "robot").await, first);
    drop(held);
    world.app.clock.advance(10);
    assert_ne!(world.sent_authorization(&world.bob, "robot").await, first);
    assert_eq!(requests(&stage), 2);
}

async fn servers_never_share_a_token(world: &World) {
    let stage = stage_with_robot(world).await;
    world.server("twin", settings(&stage)).await;
    let one = world.sent_authorization(&world.bob, "robot").await;
    let other = world.sent_authorization(&world.bob, "twin").await;
    assert_ne!(one, other);
    assert_eq!(requests(&stage), 2);
}

async fn a_refused_token_is_replaced_once(world: &World) {
    let stage = stage_with_robot(world).await;
    world.upstream.answer(401, &[], "");
    let answer = world.call(&world.bob, "robot").await;
    let (refused, taken) = (world.upstream.next().await, world.upstream.next().await);
    assert_ne!(refused.only("authorization"), taken.only("authorization"));
    answer.expect(200);
    assert_eq!(requests(&stage), 2);
    world.upstream.answer(401, &[], "");
    world.upstream.answer(401, &[], "");
    let error = world.call(&world.bob, "robot").await.expect(200)["error"].clone();
    assert_eq!(error["code"], 4403, "{error}");
    world.upstream.next().await;
    world.upstream.next().await;
    world.upstream.assert_untouched();
}

async fn trouble_is_told_and_ends_with_the_trouble(world: &World) {
    let stage = stage_with_robot(world).await;
    stage.provider.switch(|switches| {
        switches
            .fail_next
            .extend([Failure::ServerError, Failure::InvalidClient, Failure::InvalidClient]);
    });
    assert_eq!(
        world.call(&world.bob, "robot").await.expect(503)["error"]["code"],
        -32603
    );
    assert_eq!(world.call(&world.bob, "robot").await.expect(200)["error"]["code"], 4403);
    world.upstream.assert_untouched();
    assert!(world.sent_authorization(&world.bob, "robot").await.is_some());
    // The secret was sent in both ways that there are.
    assert_eq!(requests(&stage), 4);
    // A token that is still good is used through a trouble.
    world.app.clock.advance(LIFETIME - 5);
    stage
        .provider
        .switch(|switches| switches.fail_next.push_back(Failure::ServerError));
    assert!(world.sent_authorization(&world.bob, "robot").await.is_some());
}

async fn other_settings_get_another_token(world: &World) {
    let stage = stage_with_robot(world).await;
    let first = world.sent_authorization(&world.bob, "robot").await;
    let mut other = settings(&stage);
    other["scopes"] = json!(["read", "write"]);
    world.change_auth("robot", other).await;
    assert_ne!(world.sent_authorization(&world.bob, "robot").await, first);
    assert_eq!(requests(&stage), 2);
}

async fn s23_b01_an_override_wins_only_where_the_server_allows_it(world: &World) {
    let stage = stage_with_robot(world).await;
    world
        .put_override(&world.mia, "robot", &world.bob, "Bearer own")
        .await
        .problem(422, "overrides-unsupported");
    let allow = json!({"allow_overrides": true});
    world.app.patch(&world.mia, "/servers/robot", allow).await.expect(200);
    world
        .put_override(&world.mia, "robot", &world.bob, "Bearer own")
        .await
        .expect(201);
    assert_eq!(
        world.sent_authorization(&world.bob, "robot").await.as_deref(),
        Some("Bearer own")
    );
    assert_ne!(
        world.sent_authorization(&world.eve, "robot").await.as_deref(),
        Some("Bearer own")
    );
    assert_eq!(requests(&stage), 1);
}
