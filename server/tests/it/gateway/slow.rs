//! Clients and upstreams that stop in the middle: they end, and with them what they held (E5, protocol-security 4.1).

use axum::body::Body;
use futures_util::{StreamExt, stream};
use server::config::Config;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::world::no_auth;
use crate::support::{World, piece, raw, soon};

/// One call at a time: whether a place came back shows at once.
async fn one_at_a_time(change: impl FnOnce(&mut Config)) -> World {
    let world = World::with(|config| {
        config.limits.calls.per_subject = 1;
        config.limits.calls.per_server = 1;
        change(config);
    })
    .await;
    world.server("open", no_auth()).await;
    world
}

fn begun(world: &World) -> String {
    format!(
        "POST /mcp/open HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Length: 1000\r\n\r\n{{\"jsonrpc\"",
        world.app.url.authority(),
        world.bob.token
    )
}

#[tokio::test]
async fn e5_a_body_that_never_ends_is_408_and_its_place_is_free() {
    let world = one_at_a_time(|config| config.body_timeout = 1).await;
    let mut socket = raw::connect(&world.app.url).await;
    socket.write_all(begun(&world).as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let ended = soon("the connection to close", socket.read_to_end(&mut answer)).await;
    ended.unwrap();
    assert_eq!(raw::status(&String::from_utf8_lossy(&answer)), 408);
    world.call(&world.bob, "open").await.expect(200);
}

#[tokio::test]
async fn e5_a_client_that_leaves_in_the_middle_of_its_body_gives_its_place_back() {
    let world = one_at_a_time(|_| ()).await;
    let mut socket = raw::connect(&world.app.url).await;
    // Said once the body is waited for, and so has its place (RFC 9110 section 10.1.1).
    let begun = begun(&world).replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n");
    socket.write_all(begun.as_bytes()).await.unwrap();
    let mut said = [0; 64];
    let length = soon("the body to be waited for", socket.read(&mut said)).await.unwrap();
    assert_eq!(raw::status(&String::from_utf8_lossy(&said[..length])), 100);
    world.call(&world.bob, "open").await.expect(503);
    drop(socket);
    let answered = async { while world.call(&world.bob, "open").await.status != 200 {} };
    soon("the place to be free", answered).await;
}

#[tokio::test]
async fn an_answer_that_stops_in_the_middle_is_cut_and_a_stream_may_be_silent() {
    let world = one_at_a_time(|config| config.idle_timeout = 1).await;
    let silent = world.upstream.stream(&[]);
    let listening = world
        .app
        .http
        .get(world.app.at("/mcp/open"))
        .bearer_auth(&world.eve.token);
    let mut listening = listening.send().await.unwrap();
    silent.send("data: 1\n\n").await;
    assert_eq!(piece(&mut listening).await.as_deref(), Some("data: 1\n\n"));
    let begun = stream::iter([Ok::<_, std::io::Error>("{\"jsonrpc\"")]).chain(stream::pending());
    let kind = [("content-type", "application/json")];
    world.upstream.answer(200, &kind, Body::from_stream(begun));
    let mut response = world.mcp(&world.bob, "open").send().await.unwrap();
    assert_eq!(piece(&mut response).await.as_deref(), Some("{\"jsonrpc\""));
    world.call(&world.bob, "open").await.expect(503);
    assert!(soon("the cut", response.chunk()).await.is_err(), "a cut is not an end");
    world.call(&world.bob, "open").await.expect(200);
    // It has been silent for longer.
    silent.send("data: 2\n\n").await;
    assert_eq!(piece(&mut listening).await.as_deref(), Some("data: 2\n\n"));
}

#[tokio::test]
async fn an_upstream_that_never_answers_gives_its_place_back() {
    let world = one_at_a_time(|_| ()).await;
    let gone = world.upstream.hang();
    world.call(&world.bob, "open").await.expect(504);
    gone.await;
    world.call(&world.bob, "open").await.expect(200);
}
