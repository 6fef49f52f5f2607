//! Bodies too large, requests malformed on the wire, names that look like paths (E1, E4).

use std::convert::Infallible;

use crate::support::app::BODY_LIMIT;
use crate::support::{Answer, World, raw};

async fn ready() -> World {
    let world = World::new().await;
    world.set(&world.bob, "notes", "sk-bob").await;
    world
}

fn chunked(length: usize) -> reqwest::Body {
    let chunks = vec![b'x'; length]
        .chunks(10_000)
        .map(<[u8]>::to_vec)
        .collect::<Vec<_>>();
    reqwest::Body::wrap_stream(futures_util::stream::iter(chunks.into_iter().map(Ok::<_, Infallible>)))
}

#[tokio::test]
async fn e4_one_byte_over_the_limit_is_413_with_and_without_a_length() {
    let world = ready().await;
    let send = |body: reqwest::Body| Answer::of(world.mcp(&world.bob, "notes").body(body));
    send("x".repeat(BODY_LIMIT + 1).into()).await.expect(413);
    send(chunked(BODY_LIMIT + 1)).await.expect(413);
    world.upstream.assert_untouched();
    send("x".repeat(BODY_LIMIT).into()).await.expect(200);
    assert_eq!(world.upstream.next().await.body.len(), BODY_LIMIT);
    send(chunked(BODY_LIMIT)).await.expect(200);
    let seen = world.upstream.next().await;
    assert_eq!(seen.body.len(), BODY_LIMIT);
    assert_eq!(seen.only("transfer-encoding"), None, "framed anew");
}

/// In pieces it would cost everybody more, and clients could not tell a whole answer from half of one.
#[tokio::test]
async fn an_answer_of_known_length_says_it() {
    let world = ready().await;
    world
        .upstream
        .answer(200, &[("content-type", "application/json")], "0123456789");
    let answer = world.call(&world.bob, "notes").await;
    assert_eq!(answer.headers["content-length"], "10", "{answer:?}");
    assert!(!answer.headers.contains_key("transfer-encoding"), "{answer:?}");
}

#[tokio::test]
async fn e4_a_stranger_s_body_is_not_even_read() {
    let world = ready().await;
    let request = world
        .app
        .http
        .post(world.app.at("/mcp/notes"))
        .body(chunked(BODY_LIMIT + 1));
    Answer::of(request).await.expect(401);
}

#[tokio::test]
async fn e4_hundreds_of_headers_are_431() {
    let world = ready().await;
    let mut request = format!("POST /mcp/notes HTTP/1.1\r\nHost: {}\r\n", world.app.url.authority());
    for number in 0..1_000 {
        request += &format!("x-{number}: 1\r\n");
    }
    let answer = raw::exchange(&world.app, request + "\r\n").await;
    assert_eq!(raw::status(&answer), 431);
    world.upstream.assert_untouched();
}

fn head(world: &World, extra: &str) -> String {
    format!(
        "POST /mcp/notes HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n{extra}\r\n\r\n",
        world.app.url.authority(),
        world.bob.token
    )
}

#[tokio::test]
async fn e1_two_framings_at_once_reach_the_upstream_as_one() {
    let world = ready().await;
    let request = head(&world, "Content-Length: 30\r\nTransfer-Encoding: chunked") + "2\r\n{}\r\n0\r\n\r\n";
    let answer = raw::exchange(&world.app, &request).await;
    if raw::status(&answer) == 200 {
        let seen = world.upstream.next().await;
        assert_eq!(seen.body, "{}");
        assert_eq!(seen.only("content-length"), Some("2"));
        assert_eq!(seen.only("transfer-encoding"), None);
    } else {
        assert_eq!(raw::status(&answer), 400, "{answer}");
    }
    world.upstream.assert_untouched();
}

#[tokio::test]
async fn e1_ambiguous_requests_are_400_and_go_nowhere() {
    let world = ready().await;
    for (what, request) in [
        (
            "two lengths",
            head(&world, "Content-Length: 2\r\nContent-Length: 3") + "{}",
        ),
        (
            "unknown coding",
            head(&world, "Transfer-Encoding: xchunked") + "2\r\n{}\r\n0\r\n\r\n",
        ),
        (
            "folded header",
            head(&world, "X-A: b\r\n c: d\r\nContent-Length: 2") + "{}",
        ),
        ("space before the colon", head(&world, "Content-Length : 2") + "{}"),
        ("NUL", head(&world, "X-A: b\0c\r\nContent-Length: 2") + "{}"),
        ("negative length", head(&world, "Content-Length: -2") + "{}"),
    ] {
        let answer = raw::exchange(&world.app, &request).await;
        assert_eq!(raw::status(&answer), 400, "{what}: {answer}");
        world.upstream.assert_untouched();
    }
}

#[tokio::test]
async fn e1_an_absolute_address_of_another_host_is_not_taken_for_ours() {
    let world = ready().await;
    let absolute = |authority: &str| {
        let request = head(&world, "Content-Length: 2") + "{}";
        request.replace("POST /", &format!("POST http://{authority}/"))
    };
    let answer = raw::exchange(&world.app, absolute("evil.example")).await;
    assert!(matches!(raw::status(&answer), 400 | 421), "{answer}");
    world.upstream.assert_untouched();
    let answer = raw::exchange(&world.app, absolute(world.app.url.authority())).await;
    assert_eq!(raw::status(&answer), 200, "{answer}");
}

#[tokio::test]
async fn e1_names_that_look_like_paths_lead_nowhere() {
    let world = ready().await;
    for path in [
        "//evil.example/mcp",
        "/mcp/..%2fnotes",
        "/mcp/notes%2f",
        "/mcp/notes%00",
        "/mcp/%6eotes%2e",
        "/mcp/NOTES",
        "/mcp/",
        "/mcp/notes/",
        "/mcp/notes/sse/../../notes",
    ] {
        let request = head(&world, "Content-Length: 2").replace("/mcp/notes ", &format!("{path} ")) + "{}";
        let answer = raw::exchange(&world.app, &request).await;
        assert!(matches!(raw::status(&answer), 400 | 404), "{path}: {answer}");
        world.upstream.assert_untouched();
    }
}
