//! A credential that is tried at its upstream before it is stored (B04).

use serde_json::{Value, json};

use crate::support::checking::{Behaviour, Checking, Era};
use crate::support::world::{authorization_code, individual, shared};
use crate::support::{Answer, Caller, World, on_every_database};

on_every_database!(
    b04_what_the_upstream_accepts_is_stored_as_verified,
    b04_what_it_rejects_is_refused_at_the_credential_and_not_stored,
    b04_an_upstream_that_cannot_say_stores_nothing,
    b04_it_is_asked_in_the_era_it_speaks,
    b04_an_upstream_that_does_not_look_verifies_nothing,
    b04_a_replaced_credential_is_not_verified_any_more,
    b04_values_that_stay_are_tried_with_those_entered,
    b04_only_who_may_save_may_try,
    b04_nobody_may_try_without_end,
    b04_what_changed_meanwhile_does_not_count,
);

pub const GOOD: &str = "Bearer sk-good";

/// Registered at this upstream, with the people of `World::server`.
pub async fn server_at(world: &World, name: &str, url: String, outbound_auth: Value) {
    world.server(name, outbound_auth.clone()).await;
    let patch = json!({"url": url, "outbound_auth": outbound_auth});
    world
        .app
        .patch(&world.mia, &format!("/servers/{name}"), patch)
        .await
        .expect(200);
}

async fn checking(world: &World, behaviour: Behaviour) -> Checking {
    let upstream = Checking::start(behaviour).await;
    server_at(world, "wiki", upstream.url("/mcp"), individual()).await;
    upstream
}

async fn try_out(world: &World, by: &Caller, whose: &Caller, body: Value) -> Answer {
    let path = format!("/servers/wiki/overrides/{}", whose.path());
    world.app.put(by, &path, body).await
}

fn key(value: &str) -> Value {
    json!({"credential": value, "verify": true})
}

async fn stored(world: &World, whose: &Caller) -> Option<Value> {
    let path = format!("/servers/wiki/overrides/{}", whose.path());
    let answer = world.app.get(&world.mia, &path).await;
    (answer.status == 200).then(|| answer.json())
}

async fn b04_what_the_upstream_accepts_is_stored_as_verified(world: &World) {
    let upstream = checking(world, Behaviour::taking(GOOD)).await;
    let stored = try_out(world, &world.bob, &world.bob, key(" sk-good "))
        .await
        .expect(201);
    assert_eq!(stored["state"], "active");
    assert_eq!(stored["last_verified_at"], stored["updated_at"]);
    assert_eq!(stored["last_used_at"], Value::Null, "trying is not using");
    // What only who was let in is told, the session closed behind it; and whether everybody is told.
    assert_eq!(
        upstream.seen(),
        [
            "POST initialize Bearer sk-good",
            "POST notifications/initialized Bearer sk-good",
            "POST tools/list Bearer sk-good",
            "DELETE Bearer sk-good",
            "POST initialize -",
        ]
    );
    let told = world
        .app
        .get(&world.ada, "/audit?action=override.added&server=wiki")
        .await
        .expect(200);
    assert_eq!(told["items"][0]["detail"], json!({"verified": "accepted"}));
}

async fn b04_what_it_rejects_is_refused_at_the_credential_and_not_stored(world: &World) {
    let upstream = checking(world, Behaviour::taking(GOOD)).await;
    for (refuses, open_handshake) in [(401, false), (403, false), (401, true), (403, true)] {
        upstream.behave(Behaviour {
            refuses,
            open_handshake,
            ..Behaviour::taking(GOOD)
        });
        let answer = try_out(world, &world.bob, &world.bob, key("sk-canary-1234567890")).await;
        assert_eq!(
            answer.wrong_fields(422, "invalid"),
            ["credential"],
            "{refuses}, {open_handshake}"
        );
        assert!(answer.text.contains(&refuses.to_string()), "{answer:?}");
        // S08: what the upstream wrote is not passed on; it may hold the key.
        assert!(
            !answer.text.contains("canary") && !answer.text.contains("unknown key"),
            "{answer:?}"
        );
        assert_eq!(stored(world, &world.bob).await, None);
    }
    // One that is there stays as it is.
    let first = try_out(world, &world.bob, &world.bob, key("sk-good")).await.expect(201);
    try_out(world, &world.bob, &world.bob, key("sk-bad"))
        .await
        .wrong_fields(422, "invalid");
    assert_eq!(stored(world, &world.bob).await, Some(first));
    assert_eq!(
        world.call(&world.bob, "wiki").await.status,
        400,
        "the key still opens; this is no session"
    );
}

async fn b04_an_upstream_that_cannot_say_stores_nothing(world: &World) {
    let upstream = checking(world, Behaviour::taking(GOOD)).await;
    let page = "text/html";
    let error = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"database is down"}}"#;
    let answers = [
        (500, page, "<h1>oops</h1>"),
        (503, "application/json", error),
        (404, page, "<h1>not here</h1>"),
        (429, page, "slow down"),
        (302, page, ""),
        (200, page, "<h1>welcome</h1>"),
        (200, "application/json", error),
    ];
    let mut told = Vec::new();
    for always in answers {
        upstream.behave(Behaviour {
            always: Some(always),
            ..Behaviour::taking(GOOD)
        });
        told.push(try_out(world, &world.bob, &world.bob, key("sk-good")).await);
    }
    let gone = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/mcp", gone.local_addr().unwrap());
    drop(gone);
    let silent = world.upstream.hang();
    for url in [url, world.upstream.url("/mcp"), "http://10.1.2.3/mcp".to_owned()] {
        world
            .app
            .patch(&world.mia, "/servers/wiki", json!({"url": url}))
            .await
            .expect(200);
        told.push(try_out(world, &world.bob, &world.bob, key("sk-good")).await);
    }
    silent.await;
    let mut messages = std::collections::BTreeSet::new();
    for answer in told {
        assert_eq!(answer.wrong_fields(422, "invalid"), ["verify"], "{answer:?}");
        let message = answer.json()["errors"][0]["message"].as_str().unwrap().to_owned();
        assert!(
            message.ends_with("Nothing was stored.") && !message.contains("down"),
            "{message}"
        );
        messages.insert(message);
    }
    assert_eq!(messages.len(), 9, "two could not be reached: {messages:?}");
    assert_eq!(stored(world, &world.bob).await, None);
    // Without asking for it, it is stored as it is.
    let unverified = json!({"credential": "sk-good", "verify": false});
    let stored = try_out(world, &world.bob, &world.bob, unverified).await.expect(201);
    assert_eq!(stored["last_verified_at"], Value::Null);
}

async fn b04_it_is_asked_in_the_era_it_speaks(world: &World) {
    let upstream = checking(world, Behaviour::taking(GOOD)).await;
    for (era, last) in [
        (Era::LegacyEvents, "POST tools/list"),
        (Era::Modern, "POST prompts/list"),
        (Era::Sse, "GET"),
    ] {
        for open_handshake in [false, true] {
            upstream.behave(Behaviour {
                era,
                open_handshake,
                ..Behaviour::taking(GOOD)
            });
            let bad = try_out(world, &world.eve, &world.eve, key("sk-bad")).await;
            assert_eq!(bad.wrong_fields(422, "invalid"), ["credential"], "{era:?} {bad:?}");
            upstream.seen();
            let good = try_out(world, &world.bob, &world.bob, key("sk-good")).await;
            assert_ne!(good.json()["last_verified_at"], Value::Null, "{era:?} {good:?}");
            let seen = upstream.seen();
            assert!(seen.contains(&format!("{last} {GOOD}")), "{era:?}: {seen:?}");
        }
    }
}

async fn b04_an_upstream_that_does_not_look_verifies_nothing(world: &World) {
    let anybody = Behaviour {
        takes: None,
        ..Behaviour::taking(GOOD)
    };
    let upstream = checking(world, anybody).await;
    let stored = try_out(world, &world.bob, &world.bob, key("sk-anything"))
        .await
        .expect(201);
    assert_eq!(stored["last_verified_at"], Value::Null);
    let seen = upstream.seen();
    assert!(seen.contains(&"POST tools/list -".to_owned()), "{seen:?}");
}

async fn b04_a_replaced_credential_is_not_verified_any_more(world: &World) {
    let _upstream = checking(world, Behaviour::taking(GOOD)).await;
    let first = try_out(world, &world.bob, &world.bob, key("sk-good")).await.expect(201);
    assert_ne!(first["last_verified_at"], Value::Null);
    let second = json!({"credential": "sk-other"});
    let second = try_out(world, &world.bob, &world.bob, second).await.expect(200);
    assert_eq!(second["last_verified_at"], Value::Null);
}

async fn b04_values_that_stay_are_tried_with_those_entered(world: &World) {
    let upstream = checking(world, Behaviour::taking("Basic bob:k1")).await;
    let two = json!({"mode": "api_key_individual", "headers": {"Authorization": "Basic {{USER}}:{{KEY}}"}});
    world.change_auth("wiki", two).await;
    let both = json!({"credentials": {"USER": "bob", "KEY": "k0"}, "verify": true});
    let refused = try_out(world, &world.bob, &world.bob, both).await;
    assert_eq!(
        refused.wrong_fields(422, "invalid"),
        ["credentials.USER", "credentials.KEY"]
    );
    let both = json!({"credentials": {"USER": "bob", "KEY": "k1"}});
    try_out(world, &world.bob, &world.bob, both).await.expect(201);
    upstream.behave(Behaviour::taking("Basic bob:k2"));
    let one = |value: &str| json!({"credentials": {"KEY": value}, "verify": true});
    try_out(world, &world.bob, &world.bob, one("k3"))
        .await
        .wrong_fields(422, "invalid");
    let stored = try_out(world, &world.bob, &world.bob, one("k2")).await.expect(200);
    assert_ne!(stored["last_verified_at"], Value::Null);
    upstream.seen();
    // Nothing but the expiry: what is stored is tried.
    let later = json!({"expires_at": "2099-01-01T00:00:00Z", "verify": true});
    try_out(world, &world.bob, &world.bob, later).await.expect(200);
    assert_eq!(upstream.seen()[0], "POST initialize Basic bob:k2");
}

async fn b04_only_who_may_save_may_try(world: &World) {
    let upstream = checking(world, Behaviour::taking(GOOD)).await;
    let attempts: [(&Caller, &Caller, u16, &str); 4] = [
        (&world.bob, &world.eve, 403, "forbidden"),
        (&world.bob, &world.ci_bot, 403, "forbidden"),
        (&world.ci_bot, &world.ci_bot, 403, "forbidden"),
        (&world.sue, &world.sue, 404, "not-found"),
    ];
    for (by, whose, status, kind) in attempts {
        try_out(world, by, whose, key("sk-good")).await.problem(status, kind);
    }
    for (auth, status, kind) in [
        (shared("Bearer x"), 422, "overrides-unsupported"),
        (authorization_code(), 403, "forbidden"),
    ] {
        world.change_auth("wiki", auth).await;
        try_out(world, &world.bob, &world.bob, key("sk-good"))
            .await
            .problem(status, kind);
    }
    assert_eq!(upstream.seen(), Vec::<String>::new());
    // A manager for anybody, where nobody else may: the whole header there.
    try_out(world, &world.mia, &world.ci_bot, key(GOOD)).await.expect(201);
}

async fn b04_nobody_may_try_without_end(world: &World) {
    let upstream = checking(world, Behaviour::taking(GOOD)).await;
    // What cannot be stored anyway is not counted.
    for _ in 0..5 {
        try_out(
            world,
            &world.bob,
            &world.bob,
            json!({"credential": "a\nb", "verify": true}),
        )
        .await
        .wrong_fields(422, "invalid");
    }
    for guess in 0..20 {
        try_out(world, &world.bob, &world.bob, key(&format!("sk-{guess}")))
            .await
            .wrong_fields(422, "invalid");
    }
    upstream.seen();
    let refused = try_out(world, &world.bob, &world.bob, key("sk-good")).await;
    refused.problem(429, "too-many-tries");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1);
    assert_eq!(upstream.seen(), Vec::<String>::new());
    assert_eq!(stored(world, &world.bob).await, None);
    // Everybody counts for themselves, and storing without trying is not limited.
    try_out(world, &world.eve, &world.eve, key("sk-good")).await.expect(201);
    try_out(world, &world.bob, &world.bob, json!({"credential": "sk-good"}))
        .await
        .expect(201);
}

/// Also: no transaction is open meanwhile, or on SQLite the changes would wait for it in vain.
async fn b04_what_changed_meanwhile_does_not_count(world: &World) {
    let upstream = checking(world, Behaviour::taking(GOOD)).await;
    let template = json!({"mode": "api_key_individual", "headers": {"Authorization": "Token {{API_KEY}}"}});
    type Meanwhile<'a> = futures_util::future::BoxFuture<'a, Answer>;
    let changes: [Meanwhile<'_>; 4] = [
        Box::pin(
            world
                .app
                .patch(&world.mia, "/servers/wiki", json!({"url": upstream.url("/other")})),
        ),
        Box::pin(world.app.put(&world.mia, "/servers/wiki/outbound-auth", template)),
        Box::pin(world.put_override(&world.mia, "wiki", &world.bob, "sk-other")),
        Box::pin(world.app.delete(&world.ada, "/servers/wiki")),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        upstream.hold();
        let trying = try_out(world, &world.bob, &world.bob, key("sk-good"));
        let meanwhile = async {
            upstream.came().await;
            let changed = change.await;
            assert!(matches!(changed.status, 200 | 201 | 204), "{number}: {changed:?}");
            upstream.release();
        };
        let (tried, ()) = tokio::join!(trying, meanwhile);
        match number {
            3 => drop(tried.problem(404, "not-found")),
            _ => drop(tried.problem(409, "conflict")),
        }
        if number < 2 {
            assert_eq!(stored(world, &world.bob).await, None, "{number}");
        }
        upstream.seen();
        upstream.behave(Behaviour::taking(if number == 0 { GOOD } else { "Token sk-good" }));
    }
    // What is unchanged although somebody else's override was added: that is no matter.
    let upstream = Checking::start(Behaviour::taking(GOOD)).await;
    server_at(world, "wiki", upstream.url("/mcp"), individual()).await;
    upstream.hold();
    let trying = try_out(world, &world.bob, &world.bob, key("sk-good"));
    let meanwhile = async {
        upstream.came().await;
        world.set(&world.eve, "wiki", "sk-eve").await;
        upstream.release();
    };
    let (tried, ()) = tokio::join!(trying, meanwhile);
    assert_ne!(tried.expect(201)["last_verified_at"], Value::Null);
}
