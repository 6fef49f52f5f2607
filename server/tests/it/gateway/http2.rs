//! Calls through upstreams that offer HTTP/2: whose credential goes over a connection that all callers share.

use futures_util::future::join_all;
use reqwest::{Method, Version};
use serde_json::json;

use crate::support::tls::TlsUpstream;
use crate::support::world::individual;
use crate::support::{World, piece};

/// Of four calls, all at once: fewer than go over HTTP/1.1 because there are too many.
const ROUNDS: usize = 15;

async fn world(upstream: &TlsUpstream) -> World {
    let world = World::with(|config| config.trust.push(upstream.certificate.clone())).await;
    world.server_at("tls", &upstream.url("/mcp"), individual()).await;
    world
}

#[tokio::test]
async fn b9_callers_who_share_a_connection_share_no_credential() {
    let upstream = TlsUpstream::http2(100).await;
    let world = world(&upstream).await;
    let callers = [&world.mia, &world.bob, &world.eve, &world.ci_bot];
    for (number, caller) in callers.iter().enumerate() {
        let own = format!("sk-{number}");
        world.put_override(&world.ada, "tls", caller, &own).await.expect(201);
    }
    world.call(&world.bob, "tls").await.expect(200);
    let calls = (0..ROUNDS).flat_map(|_| callers.iter().enumerate());
    let calls = calls.map(async |(number, caller)| {
        let answer = world.call(caller, "tls").await.expect(200);
        assert_eq!(answer["result"]["authorization"], format!("Bearer sk-{number}"));
    });
    join_all(calls).await;
    let seen = upstream.seen();
    assert_eq!(seen.len(), 1 + ROUNDS * callers.len());
    assert!(seen.iter().all(|call| call.version == Version::HTTP_2), "{seen:?}");
    assert_eq!(upstream.connections(), 1);
}

#[tokio::test]
async fn without_http2_the_same_goes_over_http1() {
    let upstream = TlsUpstream::http1().await;
    let world = world(&upstream).await;
    world.set(&world.bob, "tls", "sk-bob").await;
    let answer = world.call(&world.bob, "tls").await.expect(200);
    assert_eq!(answer["result"]["authorization"], "Bearer sk-bob");
    assert_eq!(upstream.seen().last().unwrap().version, Version::HTTP_11);
}

#[tokio::test]
async fn calls_are_answered_while_many_listen() {
    let upstream = TlsUpstream::http2(4).await;
    let world = world(&upstream).await;
    world.set(&world.bob, "tls", "sk-bob").await;
    let mut listening = Vec::new();
    for modern in [false, false, false, false, true, true, true, true] {
        let request = if modern {
            world
                .mcp(&world.bob, "tls")
                .header("mcp-method", "subscriptions/listen")
        } else {
            let listen = world.app.http.request(Method::GET, world.app.at("/mcp/tls"));
            listen
                .bearer_auth(&world.bob.token)
                .header("accept", "text/event-stream")
        };
        listening.push(request.send().await.unwrap());
    }
    assert_eq!(piece(&mut listening[0]).await.as_deref(), Some("data: 1\n\n"));
    world.call(&world.bob, "tls").await.expect(200);
    let seen = upstream.seen();
    let over = |version| seen.iter().filter(|call| call.version == version).count();
    assert_eq!((over(Version::HTTP_11), over(Version::HTTP_2)), (8, 1), "{seen:?}");
}

/// HPACK keeps what it has sent, to send it shorter again, unless it is told never to (RFC 7541 section 7.1).
#[tokio::test]
async fn credentials_stay_out_of_what_a_connection_remembers() {
    let upstream = TlsUpstream::http2(100).await;
    let world = world(&upstream).await;
    world.set(&world.bob, "tls", "sk-bob").await;
    let key = json!({"mode": "api_key_individual", "headers": {"X-Api-Key": "{{API_KEY}}"}});
    world.server_at("key", &upstream.url("/mcp"), key).await;
    world.set(&world.bob, "key", "sk-bob").await;
    let pass = json!({"mode": "token_passthrough"});
    world.server_at("pass", &upstream.url("/mcp"), pass).await;
    // "Never indexed" with the name `authorization` of the static table, and with a new name of nine letters, compressed to seven.
    for (server, sign) in [("tls", [0x1f, 0x08]), ("key", [0x10, 0x87]), ("pass", [0x1f, 0x08])] {
        let before = upstream.heard().len();
        let call = world.mcp(&world.bob, server);
        let call = call.header("x-upstream-authorization", "Bearer theirs").send();
        assert_eq!(call.await.unwrap().status(), 200);
        let heard = upstream.heard().split_off(before);
        assert!(heard.windows(2).any(|bytes| bytes == sign), "{server}");
    }
}
