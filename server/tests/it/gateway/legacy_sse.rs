//! HTTP+SSE of 2024-11-05 at `/mcp/{server}/sse` (D12 of the attack list).

use crate::support::upstream::Stream;
use crate::support::world::CALL;
use crate::support::{Answer, Caller, World, soon};

/// Opens a stream whose endpoint is named as given.
async fn open(world: &World, caller: &Caller, endpoint: &str) -> (Stream, reqwest::Response) {
    let stream = world.upstream.stream(&[]);
    let request = world
        .app
        .http
        .get(world.app.at("/mcp/notes/sse"))
        .bearer_auth(&caller.token);
    let event = format!(": hi\r\n\r\nevent: endpoint\r\ndata: {endpoint}\r\n\r\n");
    let (response, ()) = tokio::join!(soon("the stream", request.send()), stream.send(event));
    world.upstream.next().await;
    (stream, response.unwrap())
}

async fn ready() -> World {
    let world = World::new().await;
    world.set(&world.bob, "notes", "sk-bob").await;
    world.set(&world.eve, "notes", "sk-eve").await;
    world
}

/// Our own endpoint, as the caller reads it.
async fn endpoint(response: &mut reqwest::Response) -> String {
    let text = String::from_utf8(response.chunk().await.unwrap().unwrap().to_vec()).unwrap();
    let data = text.strip_prefix(": hi\r\n\r\nevent: endpoint\r\ndata: ").unwrap();
    data.strip_suffix("\r\n\r\n").unwrap().to_owned()
}

async fn post(world: &World, caller: &Caller, path: &str) -> Answer {
    let request = world.app.http.post(world.app.at(path)).bearer_auth(&caller.token);
    Answer::of(request.header("content-type", "application/json").body(CALL)).await
}

#[tokio::test]
async fn the_endpoint_is_ours_and_leads_to_the_upstreams_with_the_credential() {
    let world = ready().await;
    let (stream, mut response) = open(&world, &world.bob, "/messages/?session_id=1").await;
    let path = endpoint(&mut response).await;
    assert!(
        path.starts_with("/mcp/notes/sse/message?to=") && !path.contains("session_id"),
        "{path}"
    );
    world.upstream.answer(202, &[], "");
    assert_eq!(post(&world, &world.bob, &path).await.status, 202);
    let seen = world.upstream.next().await;
    assert_eq!(seen.path, "/messages/?session_id=1");
    assert_eq!(seen.only("authorization"), Some("Bearer sk-bob"));
    assert_eq!(seen.body, CALL);
    stream.send("event: message\ndata: {}\n\n").await;
    let next = response.chunk().await.unwrap().unwrap();
    assert_eq!(next, "event: message\ndata: {}\n\n", "all else passes untouched");
}

#[tokio::test]
async fn the_endpoint_is_its_callers_only() {
    let world = ready().await;
    let (_stream, mut response) = open(&world, &world.bob, "/messages").await;
    let path = endpoint(&mut response).await;
    post(&world, &world.eve, &path).await.expect(404);
    post(&world, &world.bob, "/mcp/notes/sse/message?to=x")
        .await
        .expect(404);
    post(&world, &world.bob, "/mcp/notes/sse/message").await.expect(404);
    world.set(&world.bob, "notes", "sk-bob-2").await;
    post(&world, &world.bob, &path).await.expect(404);
    world.upstream.assert_untouched();
}

#[tokio::test]
async fn d12_an_endpoint_of_another_origin_is_refused() {
    let world = ready().await;
    let elsewhere = crate::support::Upstream::start().await;
    let port = elsewhere.authority.rsplit(':').next().unwrap().to_owned();
    for bad in [
        elsewhere.url("/steal"),
        format!("//127.0.0.1:{port}/steal"),
        "https://evil.example/x".to_owned(),
    ] {
        let (_stream, response) = open(&world, &world.bob, &bad).await;
        let answer = Answer::from(response).await;
        assert_eq!(answer.status, 502, "{bad}");
        assert!(!answer.text.contains("steal"), "{answer:?}");
    }
    elsewhere.assert_untouched();
    let (_stream, mut response) = open(&world, &world.bob, &world.upstream.url("/absolute?x=1")).await;
    let path = endpoint(&mut response).await;
    post(&world, &world.bob, &path).await.expect(200);
    assert_eq!(world.upstream.next().await.path, "/absolute?x=1");
}

#[tokio::test]
async fn a_stream_that_names_no_endpoint_is_502() {
    let world = ready().await;
    for body in ["", "event: message\ndata: {}\n\n", "event: endpoint\ndata: /half\n"] {
        world
            .upstream
            .answer(200, &[("content-type", "text/event-stream")], body);
        let request = world
            .app
            .http
            .get(world.app.at("/mcp/notes/sse"))
            .bearer_auth(&world.bob.token);
        Answer::of(request).await.expect(502);
    }
}

#[tokio::test]
async fn d15_the_stream_is_read_and_the_endpoint_posted_to() {
    let world = ready().await;
    let request = world
        .app
        .http
        .post(world.app.at("/mcp/notes/sse"))
        .bearer_auth(&world.bob.token);
    let answer = Answer::of(request).await;
    assert_eq!((answer.status, answer.header("allow")), (405, "GET, OPTIONS"));
    let request = world
        .app
        .http
        .get(world.app.at("/mcp/notes/sse/message"))
        .bearer_auth(&world.bob.token);
    let answer = Answer::of(request).await;
    assert_eq!((answer.status, answer.header("allow")), (405, "POST, OPTIONS"));
}
