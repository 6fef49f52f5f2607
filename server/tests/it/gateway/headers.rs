//! What passes, what stays and what is put in, in both directions (protocol-security 1.3; C5, C6, D2, D8, D10).

use crate::support::{Answer, World};

async fn ready() -> World {
    let world = World::new().await;
    world.set(&world.bob, "notes", "sk-bob").await;
    world
}

#[tokio::test]
async fn both_eras_headers_reach_the_upstream_as_they_are() {
    let world = ready().await;
    let eras: [&[(&str, &str)]; 2] = [
        &[
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", "tools/call"),
            ("mcp-name", "=?base64?Y2Fmw6k=?="),
            ("mcp-param-region", "eu"),
            ("mcp-param-unheard-of", "x"),
            ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
            ("tracestate", "a=b"),
            ("baggage", "c=d"),
            ("user-agent", "client/1"),
        ],
        &[
            ("mcp-protocol-version", "2025-11-25"),
            ("last-event-id", "7"),
            ("x-unknown", "stays"),
        ],
    ];
    for headers in eras {
        let mut request = world.mcp(&world.bob, "notes");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(request).await.expect(200);
        let seen = world.upstream.next().await;
        for (name, value) in headers {
            assert_eq!(seen.only(name), Some(*value), "{name}");
        }
        assert_eq!(seen.only("accept"), Some("application/json, text/event-stream"));
        assert_eq!(seen.only("content-type"), Some("application/json"));
        assert_eq!(seen.only("host"), Some(world.upstream.authority.as_str()));
        assert_eq!(seen.path, "/notes/mcp");
    }
}

#[tokio::test]
async fn c5_what_the_caller_sends_never_stands_beside_or_instead_of_the_injected() {
    let world = World::new().await;
    let auth = serde_json::json!({"mode": "api_key_individual", "headers": {"X-Api-Key": "{{KEY}}"}});
    world.server("keyed", auth).await;
    world.set(&world.bob, "keyed", "sk-bob").await;
    let request = world
        .mcp(&world.bob, "keyed")
        .header("x-api-key", "mine")
        .header("X-API-KEY", "mine too");
    Answer::of(request).await.expect(200);
    let seen = world.upstream.next().await;
    assert_eq!(seen.only("x-api-key"), Some("sk-bob"));
    assert_eq!(seen.only("authorization"), None, "the gateway token stays here");
    assert!(!format!("{seen:?}").contains(&world.bob.token));
}

#[tokio::test]
async fn c6_connection_cannot_name_the_injected_header_away() {
    let world = ready().await;
    let request = world
        .mcp(&world.bob, "notes")
        .header("connection", "keep-alive, Authorization, x-drop-me")
        .header("x-drop-me", "1")
        .header("keep-alive", "timeout=5");
    Answer::of(request).await.expect(200);
    let seen = world.upstream.next().await;
    assert_eq!(seen.only("authorization"), Some("Bearer sk-bob"));
    for name in ["x-drop-me", "keep-alive", "connection"] {
        assert_eq!(seen.only(name), None, "{name}");
    }
}

#[tokio::test]
async fn what_a_browser_or_a_proxy_says_about_the_caller_stays_here() {
    let world = ready().await;
    let stays = [
        ("cookie", "overkey=1"),
        ("referer", "http://127.0.0.1/servers"),
        ("sec-fetch-site", "same-origin"),
        ("proxy-authorization", "Basic eA=="),
        ("forwarded", "for=1.2.3.4"),
        ("x-forwarded-for", "1.2.3.4"),
        ("x-forwarded-host", "evil.example"),
        ("x-real-ip", "1.2.3.4"),
        ("via", "1.1 x"),
        ("te", "trailers"),
        ("upgrade", "h2c"),
        ("accept-encoding", "gzip"),
    ];
    let mut request = world.mcp(&world.bob, "notes");
    for (name, value) in stays {
        request = request.header(name, value);
    }
    Answer::of(request).await.expect(200);
    let seen = world.upstream.next().await;
    for (name, _) in stays {
        assert_eq!(seen.only(name), None, "{name}");
    }
}

#[tokio::test]
async fn d2_bodies_pass_byte_for_byte_both_ways() {
    let world = ready().await;
    let sent = "{ \"jsonrpc\":\"2.0\",\"id\":\"a\\u0041\",  \"method\":\"tools/call\",\"params\":{\"n\":1e400,\
                \"big\":123456789012345678901234567890,\"n\":2,\"u\":\"\\u00e9é\"}}\n";
    let back = "{\"id\":\"a\\u0041\",\"result\":{\"x\":1E+2 ,\"x\":-0.0}}\r\n";
    world
        .upstream
        .answer(200, &[("content-type", "application/json; charset=utf-8")], back);
    let answer = Answer::of(world.mcp(&world.bob, "notes").body(sent)).await;
    assert_eq!(world.upstream.next().await.body, sent.as_bytes());
    assert_eq!(answer.text, back);
    assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
}

#[tokio::test]
async fn d10_statuses_and_bodies_of_the_upstream_come_back_without_what_concerns_only_us() {
    let world = ready().await;
    let stays_here = [
        ("set-cookie", "a=b"),
        ("www-authenticate", "Bearer resource_metadata=\"https://evil.example\""),
        ("server", "up/1"),
        ("access-control-allow-origin", "*"),
        ("strict-transport-security", "max-age=1"),
        ("clear-site-data", "\"cookies\""),
        ("refresh", "0; url=https://evil.example"),
        ("alt-svc", "h3=\":1\""),
        ("location", "https://evil.example"),
        ("content-security-policy", "default-src *"),
        ("keep-alive", "timeout=1"),
        ("connection", "x-hop"),
        ("x-hop", "1"),
    ];
    let comes_back = [
        ("retry-after", "7"),
        ("x-accel-buffering", "no"),
        ("mcp-protocol-version", "2025-11-25"),
    ];
    for status in [400, 403, 404, 405, 409, 429, 500, 503] {
        let headers: Vec<_> = stays_here.iter().chain(&comes_back).copied().collect();
        world.upstream.answer(status, &headers, format!("answer {status}"));
        let answer = world.call(&world.bob, "notes").await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (status, format!("answer {status}").as_str())
        );
        for (name, value) in stays_here {
            assert_ne!(answer.header(name), value, "{name}");
        }
        for (name, value) in comes_back {
            assert_eq!(answer.header(name), value);
        }
        assert_eq!(answer.header("www-authenticate"), "", "{status}");
        assert_eq!(answer.header("set-cookie"), "", "{status}");
    }
}

#[tokio::test]
async fn d1_an_accepted_notification_and_an_empty_answer_stay_empty() {
    let world = ready().await;
    world.upstream.answer(202, &[], "");
    let note = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    let answer = Answer::of(world.mcp(&world.bob, "notes").body(note)).await;
    assert_eq!((answer.status, answer.text.as_str()), (202, ""));
}

#[tokio::test]
async fn the_callers_query_never_reaches_the_upstream() {
    let world = ready().await;
    let url = world.app.at("/mcp/notes?team=blue&access_token=x");
    let request = world.app.http.post(url).bearer_auth(&world.bob.token).body("{}");
    Answer::of(request).await.expect(200);
    assert_eq!(world.upstream.next().await.path, "/notes/mcp");
}

#[tokio::test]
async fn get_and_delete_are_forwarded_as_such() {
    let world = ready().await;
    for method in [reqwest::Method::GET, reqwest::Method::DELETE] {
        let request = world.app.http.request(method.clone(), world.app.at("/mcp/notes"));
        Answer::of(request.bearer_auth(&world.bob.token)).await.expect(200);
        let seen = world.upstream.next().await;
        assert_eq!(seen.method, method);
        assert_eq!(seen.only("authorization"), Some("Bearer sk-bob"));
        assert!(seen.body.is_empty());
    }
}
