//! Calls while a server's settings change: what began goes on with what it began with, what begins after the change's answer never
//! carries what the change deleted (B5, S50).

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde_json::json;

use crate::support::world::{individual, shared};
use crate::support::{Answer, World, on_every_database, soon};

on_every_database!(
    b5_a_call_in_flight_finishes_with_the_credential_it_began_with,
    b5_no_call_that_begins_after_the_change_carries_what_it_deleted,
    b01_b5_nor_after_overrides_were_switched_off,
);

async fn b5_a_call_in_flight_finishes_with_the_credential_it_began_with(world: &World) {
    world.set(&world.bob, "notes", "sk-bob").await;
    let stream = world.upstream.stream(&[]);
    let call = world.mcp(&world.bob, "notes").send();
    let (response, ()) = tokio::join!(call, stream.send("data: 1\n\n"));
    let began_with = world.upstream.next().await;
    assert_eq!(began_with.only("authorization"), Some("Bearer sk-bob"));
    world.change_auth("notes", shared("Bearer sk-shared")).await;
    stream.send("data: 2\n\n").await;
    let mut body = response.unwrap().bytes_stream();
    let mut received = String::new();
    while !received.contains("data: 2") {
        let piece = soon("the stream to go on", body.next()).await.unwrap().unwrap();
        received.push_str(std::str::from_utf8(&piece).unwrap());
    }
    // Nothing was sent anew meanwhile, and the next call is another one.
    world.upstream.assert_untouched();
    let sent = world.sent_authorization(&world.bob, "notes").await;
    assert_eq!(sent.as_deref(), Some("Bearer sk-shared"));
}

async fn b5_no_call_that_begins_after_the_change_carries_what_it_deleted(world: &World) {
    for round in 0..10 {
        let own = format!("sk-bob-{round}");
        world.set(&world.bob, "notes", &own).await;
        let sent = during(world, world.change_auth("notes", shared("Bearer sk-shared"))).await;
        let known = [format!("Bearer {own}"), "Bearer sk-shared".to_owned()];
        assert!(sent.iter().all(|value| known.contains(value)), "{sent:?}");
        for _ in 0..3 {
            let sent = world.sent_authorization(&world.bob, "notes").await;
            assert_eq!(sent.as_deref(), Some("Bearer sk-shared"));
        }
        world.change_auth("notes", individual()).await;
        assert_eq!(world.missing(&world.bob, "notes").await, "override_missing");
    }
}

async fn b01_b5_nor_after_overrides_were_switched_off(world: &World) {
    world.server("search", shared("Bearer sk-shared")).await;
    let path = "/servers/search";
    for round in 0..10 {
        let patch = json!({"allow_overrides": true});
        world.app.patch(&world.mia, path, patch).await.expect(200);
        let own = format!("Bearer sk-bob-{round}");
        world
            .put_override(&world.mia, "search", &world.bob, &own)
            .await
            .expect(201);
        let sent = world.sent_authorization(&world.bob, "search").await;
        assert_eq!(sent, Some(own));
        let off = json!({"allow_overrides": false});
        let preview = world
            .app
            .patch(&world.mia, &format!("{path}?dry_run=true"), off.clone())
            .await;
        let request = world.app.request(&world.mia, reqwest::Method::PATCH, path);
        let save = async {
            let request = request.header("if-match", preview.header("etag")).json(&off);
            Answer::of(request).await.expect(200);
        };
        let server = "search";
        during_on(world, server, save).await;
        let sent = world.sent_authorization(&world.bob, "search").await;
        assert_eq!(sent.as_deref(), Some("Bearer sk-shared"));
    }
}

async fn during<T>(world: &World, change: impl Future<Output = T>) -> Vec<String> {
    during_on(world, "notes", change).await
}

/// What Bob's calls carried, of which some run at every moment of the change.
async fn during_on<T>(world: &World, server: &str, change: impl Future<Output = T>) -> Vec<String> {
    let (mut calls, mut sent) = (FuturesUnordered::new(), Vec::new());
    let mut change = std::pin::pin!(change);
    loop {
        while calls.len() < 4 {
            calls.push(world.call(&world.bob, server));
        }
        tokio::select! {
            _ = &mut change => break,
            Some(answer) = calls.next() => sent.push(answer),
        }
    }
    sent.extend(calls.collect::<Vec<_>>().await);
    while world.upstream.seen().is_some() {}
    sent.iter()
        .map(|answer| {
            answer.expect(200)["result"]["authorization"][0]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        })
        .collect()
}
