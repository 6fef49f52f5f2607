//! Each limit on calls, streams and bodies: it refuses what is too much, nobody else, and has its places back in the end (E6).

use reqwest::{Method, Response};
use serde_json::json;
use server::config::{AtMost, Config};

use crate::support::app::BODY_LIMIT;
use crate::support::world::{CALL, no_auth};
use crate::support::{Answer, App, Caller, Upstream, World, piece, soon};

const PLENTY: AtMost = AtMost {
    in_all: 100,
    per_subject: 100,
    per_server: 100,
};

/// With `notes` open to everybody, and limits that a test can reach.
async fn limited(change: impl FnOnce(&mut Config)) -> World {
    let world = World::with(|config| {
        config.first_byte_timeout = 60;
        (config.limits.calls, config.limits.streams) = (PLENTY, PLENTY);
        change(config);
    })
    .await;
    for name in ["open", "other"] {
        world.server(name, no_auth()).await;
    }
    world
}

/// Somebody's GET, on which they listen.
fn listen(world: &World, caller: &Caller, server: &str) -> reqwest::RequestBuilder {
    let request = world
        .app
        .http
        .request(Method::GET, world.app.at(&format!("/mcp/{server}")));
    request.bearer_auth(&caller.token).header("accept", "text/event-stream")
}

/// A call that its upstream has and does not answer, until it is aborted.
async fn waiting(upstream: &Upstream, call: reqwest::RequestBuilder) -> Waiting<'_> {
    let gone = upstream.hang();
    let call = tokio::spawn(call.send());
    upstream.next().await;
    Waiting {
        call,
        gone: Box::pin(gone),
    }
}

struct Waiting<'a> {
    call: tokio::task::JoinHandle<reqwest::Result<Response>>,
    gone: std::pin::Pin<Box<dyn Future<Output = ()> + 'a>>,
}

impl Waiting<'_> {
    /// Its client hangs up. Returns when the upstream has noticed.
    async fn hang_up(self) {
        self.call.abort();
        self.gone.await;
    }
}

/// Our own trouble: never 4xx, even if it is the caller's own limit (protocol-security 1.2).
#[track_caller]
fn assert_refused(answer: &Answer, id: &serde_json::Value) {
    let body = answer.expect(503);
    assert_eq!((&body["error"]["code"], &body["id"]), (&json!(-32603), id), "{body}");
    assert_eq!(answer.header("retry-after"), "5");
}

async fn stands(app: &App, limit: &str) -> u64 {
    let metrics = Answer::of(app.http.get(app.at("/metrics"))).await.text;
    let line = format!("overkey_limit_refusals_total{{limit=\"{limit}\"}} ");
    let found = metrics.lines().find_map(|text| text.strip_prefix(&line));
    found
        .unwrap_or_else(|| panic!("{limit} is not in {metrics}"))
        .parse()
        .unwrap()
}

#[tokio::test]
async fn e6_a_subject_s_streams_are_bounded_and_others_listen_on() {
    let world = limited(|config| {
        config.limits.streams = AtMost {
            in_all: 3,
            per_subject: 2,
            per_server: 3,
        };
    })
    .await;
    let mut open = Vec::new();
    for caller in [&world.bob, &world.bob, &world.eve] {
        let stream = world.upstream.stream(&[]);
        let response = listen(&world, caller, "open").send().await.unwrap();
        assert_eq!(response.status(), 200);
        world.upstream.next().await;
        open.push((stream, response));
    }
    // A fourth in all; then one that is Bob's third and not a fourth.
    assert_refused(&Answer::of(listen(&world, &world.mia, "open")).await, &json!(null));
    assert_eq!(stands(&world.app, "streams").await, 1);
    let (eves, response) = open.pop().unwrap();
    drop(response);
    eves.closed().await;
    assert_refused(&Answer::of(listen(&world, &world.bob, "open")).await, &json!(null));
    assert_eq!(stands(&world.app, "streams_per_subject").await, 1);
    world.upstream.assert_untouched();
    // Calls have places of their own.
    world.call(&world.bob, "open").await.expect(200);
    // The upstream ends one: its place is free when the client has seen the end.
    let (bobs, mut response) = open.pop().unwrap();
    drop(bobs);
    assert_eq!(piece(&mut response).await, None);
    let _stream = world.upstream.stream(&[]);
    assert_eq!(listen(&world, &world.bob, "open").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn e6_a_subject_s_calls_are_bounded_however_they_end() {
    let world = limited(|config| config.limits.calls.per_subject = 1).await;
    let running = waiting(&world.upstream, world.mcp(&world.bob, "open")).await;
    for server in ["open", "other"] {
        assert_refused(&world.call(&world.bob, server).await, &json!(null));
    }
    world.upstream.assert_untouched();
    world.call(&world.eve, "open").await.expect(200);
    running.hang_up().await;
    for (status, body) in [(200, "{}"), (500, "{}"), (302, "")] {
        world
            .upstream
            .answer(status, &[("content-type", "application/json")], body);
        let answer = world.call(&world.bob, "open").await;
        assert_ne!(answer.status, 503, "before {status}: {answer:?}");
    }
    world.call(&world.bob, "no-such-server").await.expect(404);
    world.call(&world.bob, "open").await.expect(200);
    assert_eq!(stands(&world.app, "calls_per_subject").await, 2);
}

#[tokio::test]
async fn one_slow_upstream_does_not_slow_another() {
    let world = limited(|config| config.limits.calls.per_server = 3).await;
    let slow = Upstream::start().await;
    let new = json!({"name": "slow", "url": slow.url("/mcp"), "outbound_auth": {"mode": "none"}});
    world.app.post(&world.ada, "/servers", new).await.expect(201);
    let mut running = Vec::new();
    for _ in 0..3 {
        running.push(waiting(&slow, world.mcp(&world.ada, "slow")).await);
    }
    // Refused once it is known that the caller may call it at all, so under the request's own id.
    assert_refused(&world.call(&world.ada, "slow").await, &json!(1));
    world.call(&world.eve, "slow").await.expect(404);
    slow.assert_untouched();
    for caller in [&world.ada, &world.bob, &world.eve] {
        world.call(caller, "open").await.expect(200);
    }
    running.pop().unwrap().hang_up().await;
    world.call(&world.ada, "slow").await.expect(200);
    assert_eq!(stands(&world.app, "calls_per_server").await, 1);
}

#[tokio::test]
async fn what_is_too_much_in_all_is_refused_before_anybody_is_asked_who_they_are() {
    let world = limited(|config| config.limits.calls.in_all = 1).await;
    let running = waiting(&world.upstream, world.mcp(&world.bob, "open")).await;
    let strange = || world.app.http.post(world.app.at("/mcp/open")).body(CALL);
    assert_refused(&Answer::of(strange()).await, &json!(null));
    assert_refused(&world.call(&world.eve, "open").await, &json!(null));
    running.hang_up().await;
    Answer::of(strange()).await.expect(401);
    world.call(&world.eve, "open").await.expect(200);
    assert_eq!(stands(&world.app, "calls").await, 2);
}

/// `bytes` of a call, padded.
fn long(bytes: usize) -> String {
    format!("{CALL}{}", " ".repeat(bytes - CALL.len()))
}

#[tokio::test]
async fn bodies_are_bounded_in_bytes_until_their_answers_begin() {
    // A subject gets one body's worth, a server two.
    let world = limited(|config| {
        config.limits.bodies = AtMost {
            in_all: 4 * BODY_LIMIT,
            per_subject: BODY_LIMIT,
            per_server: 2 * BODY_LIMIT,
        };
    })
    .await;
    let of = |caller: &Caller, server: &str, bytes| world.mcp(caller, server).body(long(bytes));
    let mut running = Vec::new();
    for caller in [&world.bob, &world.eve] {
        let call = of(caller, "open", BODY_LIMIT);
        running.push(waiting(&world.upstream, call).await);
    }
    assert_refused(&Answer::of(of(&world.bob, "other", 20_000)).await, &json!(null));
    assert_eq!(stands(&world.app, "bodies_per_subject").await, 1);
    assert_refused(&Answer::of(of(&world.mia, "open", 20_000)).await, &json!(1));
    assert_eq!(stands(&world.app, "bodies_per_server").await, 1);
    world.upstream.assert_untouched();
    // Short ones pass, and long ones of others elsewhere.
    Answer::of(of(&world.bob, "open", 10_000)).await.expect(200);
    Answer::of(of(&world.mia, "other", BODY_LIMIT)).await.expect(200);
    running.remove(0).hang_up().await;
    while world.upstream.seen().is_some() {}
    // Once its answer has begun, a body is not held, though the answer goes on.
    let stream = world.upstream.stream(&[]);
    let mut response = of(&world.bob, "open", BODY_LIMIT).send().await.unwrap();
    stream.send("data: 1\n\n").await;
    assert_eq!(piece(&mut response).await.as_deref(), Some("data: 1\n\n"));
    Answer::of(of(&world.bob, "open", BODY_LIMIT)).await.expect(200);
}

#[tokio::test]
async fn b07_a_refused_call_is_in_the_trail_like_any_other() {
    let world = limited(|config| config.limits.calls.per_server = 1).await;
    let running = waiting(&world.upstream, world.mcp(&world.bob, "open")).await;
    world.call(&world.eve, "open").await.expect(503);
    running.hang_up().await;
    world.app.settle().await;
    let trail = world
        .app
        .get(&world.mia, "/servers/open/activity/calls")
        .await
        .expect(200);
    let calls = trail["items"].as_array().unwrap();
    let refused = calls.iter().find(|call| call["outcome"] == "server_full");
    assert_eq!(refused.map(|call| &call["status"]), Some(&json!(503)), "{trail}");
}

#[tokio::test]
async fn a_flood_of_sign_ins_does_not_keep_calls_from_being_answered() {
    let world = limited(|config| config.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()]).await;
    let (told, mut refused) = tokio::sync::mpsc::unbounded_channel();
    let flood: Vec<_> = (0..200)
        .map(|number| {
            let form = format!("email=nobody-{number}%40demo.test&password=wrong");
            let request = world.app.http.post(world.app.at("/sign-in")).body(form);
            let request = request
                .header("content-type", "application/x-www-form-urlencoded")
                .header("x-forwarded-for", format!("192.0.2.{number}"));
            let told = told.clone();
            tokio::spawn(async move {
                let answer = Answer::of(request).await;
                if answer.status == 503 {
                    told.send(answer.header("retry-after").to_owned()).unwrap();
                }
                answer.status
            })
        })
        .collect();
    // Every slot is taken and the queue is full.
    assert_eq!(soon("a refusal", refused.recv()).await.as_deref(), Some("5"));
    world.call(&world.bob, "open").await.expect(200);
    for answer in flood {
        let status = answer.await.unwrap();
        assert!(matches!(status, 303 | 503), "{status}");
    }
    assert!(stands(&world.app, "passwords").await > 0);
}
