//! Event streams, cancellation and what happens when the upstream is slow, cut or gone (D4-D7, D10, D11).

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Answer, Caller, World, piece, raw, soon};

async fn ready() -> World {
    let world = World::new().await;
    world.set(&world.bob, "notes", "sk-bob").await;
    world
}

#[tokio::test]
async fn d6_each_event_arrives_before_the_next_is_sent() {
    let world = ready().await;
    let stream = world.upstream.stream(&[("x-accel-buffering", "no")]);
    let mut response = world.mcp(&world.bob, "notes").send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    for event in [
        ": hello\n\n",
        "id: 1\r\nevent: message\r\ndata: {\"a\":\r\ndata: 1}\r\n\r\n",
        "retry: 10\ndata:x\n\n",
    ] {
        stream.send(event).await;
        assert_eq!(piece(&mut response).await.as_deref(), Some(event));
    }
    drop(stream);
    assert_eq!(piece(&mut response).await, None);
}

#[tokio::test]
async fn d6_half_an_event_is_not_held_back() {
    let world = ready().await;
    let stream = world.upstream.stream(&[]);
    let mut response = world.mcp(&world.bob, "notes").send().await.unwrap();
    stream.send("data: ha").await;
    assert_eq!(piece(&mut response).await.as_deref(), Some("data: ha"));
}

#[tokio::test]
async fn d4_a_caller_who_leaves_a_stream_takes_the_upstreams_connection_along() {
    let world = ready().await;
    let stream = world.upstream.stream(&[]);
    let mut response = world.mcp(&world.bob, "notes").send().await.unwrap();
    stream.send("data: 1\n\n").await;
    piece(&mut response).await;
    let left = Instant::now();
    drop(response);
    stream.closed().await;
    assert!(left.elapsed().as_secs() < 1, "{:?}", left.elapsed());
}

#[tokio::test]
async fn d4_a_caller_who_leaves_before_the_answer_cancels_too() {
    let world = World::with(|config| config.first_byte_timeout = 60).await;
    world.set(&world.bob, "notes", "sk-bob").await;
    let gone = world.upstream.hang();
    let request = tokio::spawn(world.mcp(&world.bob, "notes").send());
    world.upstream.next().await;
    request.abort();
    gone.await;
}

#[tokio::test]
async fn d5_a_stream_cut_upstream_is_cut_for_the_caller_and_nothing_is_made_up() {
    let world = ready().await;
    let stream = world.upstream.stream(&[]);
    let mut response = world.mcp(&world.bob, "notes").send().await.unwrap();
    stream.send("data: 1\n\ndata: ha").await;
    assert_eq!(piece(&mut response).await.as_deref(), Some("data: 1\n\ndata: ha"));
    stream.cut().await;
    assert!(soon("the end", response.chunk()).await.is_err(), "a cut is not an end");
}

#[tokio::test]
async fn a8_an_open_stream_ends_soon_after_its_caller_lost_the_right_to_it() {
    let world = ready().await;
    let user = format!("/users/{}", world.bob.id);
    for lost in ["nothing", "access", "token", "person"] {
        let new = world
            .app
            .post(&world.bob, "/tokens", json!({"expires": "1d"}))
            .await
            .expect(201);
        let caller = Caller::user(&world.bob.id, new["token"].as_str().unwrap());
        let stream = world.upstream.stream(&[]);
        let mut response = world.mcp(&caller, "notes").send().await.unwrap();
        stream.send("data: 1\n\n").await;
        assert_eq!(piece(&mut response).await.as_deref(), Some("data: 1\n\n"));
        match lost {
            "access" => world.revoke("notes", &world.bob).await,
            "token" => {
                let path = format!("/tokens/{}", new["id"].as_str().unwrap());
                world.app.delete(&world.bob, &path).await.expect(204);
            }
            "person" => {
                let off = json!({"disabled": true});
                world.app.patch(&world.ada, &user, off).await.expect(200);
            }
            _ => {}
        }
        world.app.clock.advance(15);
        stream.send("data: 2\n\n").await;
        let expected = (lost == "nothing").then_some("data: 2\n\n");
        assert_eq!(piece(&mut response).await.as_deref(), expected, "{lost}");
        if lost != "nothing" {
            stream.closed().await;
        }
        world.grant("notes", &world.bob, "user").await;
    }
}

/// How long an open stream may outlive its caller's right to it.
const BOUND: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a8_an_open_stream_ends_within_five_seconds_even_when_nothing_is_sent() {
    let world = ready().await;
    let app = &world.app;
    world.set(&world.eve, "notes", "sk-eve").await;
    world.server("open", crate::support::world::no_auth()).await;
    app.post(&world.ada, "/teams", json!({"name": "platform"}))
        .await
        .expect(201);
    app.put(
        &world.ada,
        "/servers/open/access/team/platform",
        json!({"role": "user"}),
    )
    .await
    .expect(201);
    let sues = format!("/teams/platform/members/{}", world.sue.id);
    app.put(&world.ada, &sues, json!({})).await.expect(201);
    let laptop = app.post(&world.mia, "/tokens", json!({})).await.expect(201);
    let mias_laptop = Caller::user(&world.mia.id, laptop["token"].as_str().unwrap());

    let mut open = Vec::new();
    for (name, caller, server) in [
        ("a disabled person", &world.bob, "notes"),
        ("a revoked token", &mias_laptop, "open"),
        ("taken access", &world.eve, "notes"),
        ("out of the team", &world.sue, "open"),
        ("a deleted account", &world.ci_bot, "open"),
        ("nothing", &world.mia, "open"),
    ] {
        let stream = world.upstream.stream(&[]);
        let mut response = world.mcp(caller, server).send().await.unwrap();
        stream.send("data: 1\n\n").await;
        assert_eq!(piece(&mut response).await.as_deref(), Some("data: 1\n\n"), "{name}");
        open.push((name, stream, response));
    }
    let lost = Instant::now();
    let off = json!({"disabled": true});
    app.patch(&world.ada, &format!("/users/{}", world.bob.id), off)
        .await
        .expect(200);
    let token = format!("/tokens/{}", laptop["id"].as_str().unwrap());
    app.delete(&world.mia, &token).await.expect(204);
    world.revoke("notes", &world.eve).await;
    app.delete(&world.ada, &sues).await.expect(204);
    app.delete(&world.ada, "/virtual-accounts/ci-bot").await.expect(204);
    let (_, mias_stream, mut mias) = open.pop().unwrap();
    for (name, stream, mut response) in open {
        // The clock of the program stands still: it is not the fifteen seconds that end it.
        assert_eq!(piece(&mut response).await, None, "{name}");
        assert!(lost.elapsed() < BOUND, "{name}: {:?}", lost.elapsed());
        stream.closed().await;
    }
    mias_stream.send("data: 2\n\n").await;
    assert_eq!(piece(&mut mias).await.as_deref(), Some("data: 2\n\n"), "others go on");
}

#[tokio::test]
async fn d7_a_large_event_passes_whole() {
    let world = ready().await;
    let stream = world.upstream.stream(&[]);
    let mut response = world.mcp(&world.bob, "notes").send().await.unwrap();
    let event = format!("data: {}\n\n", "x".repeat(3 * 1024 * 1024));
    let length = event.len();
    let sending = async move {
        stream.send(event).await;
    };
    let reading = async {
        let mut read = 0;
        while let Some(chunk) = soon("a piece", response.chunk()).await.unwrap() {
            read += chunk.len();
        }
        read
    };
    let ((), read) = tokio::join!(sending, reading);
    assert_eq!(read, length);
}

/// Our own trouble is never 4xx: dual-era clients would take it for an old server (protocol-security 1.2).
fn our_trouble(answer: &Answer, status: u16) {
    let body = answer.expect(status);
    assert_eq!(body["error"]["code"], -32603, "{body}");
    assert_eq!(body["id"], 1, "{body}");
    assert_eq!(body["jsonrpc"], "2.0", "{body}");
    assert!(
        !answer.text.contains("sk-bob") && !answer.text.contains("127.0.0.1"),
        "{answer:?}"
    );
}

#[tokio::test]
async fn an_upstream_that_does_not_answer_is_504() {
    let world = ready().await;
    let gone = world.upstream.hang();
    our_trouble(&world.call(&world.bob, "notes").await, 504);
    gone.await;
}

#[tokio::test]
async fn an_upstream_that_hangs_up_or_is_not_there_is_502() {
    let world = World::new().await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    for (name, url) in [
        ("closing", raw::closing_upstream().await),
        ("nobody", format!("http://{nobody}/mcp")),
    ] {
        let new = json!({"name": name, "url": url, "outbound_auth": {"mode": "none"}});
        world.app.post(&world.ada, "/servers", new).await.expect(201);
        our_trouble(&world.call(&world.ada, name).await, 502);
    }
}

#[tokio::test]
async fn d11_f4_a_redirect_is_not_followed_nor_relayed() {
    let world = ready().await;
    let elsewhere = crate::support::Upstream::start().await;
    for status in [301, 302, 303, 307, 308] {
        world
            .upstream
            .answer(status, &[("location", &elsewhere.url("/steal"))], "");
        let answer = world.call(&world.bob, "notes").await;
        our_trouble(&answer, 502);
        assert_eq!(answer.header("location"), "");
    }
    elsewhere.assert_untouched();
}
