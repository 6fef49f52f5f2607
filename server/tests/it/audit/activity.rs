//! A server's calls counted and listed, and its changes: managers see all, users their own (B07, D11).

use serde_json::{Value, json};

use super::{items, on_a_file, written};
use crate::support::world::no_auth;
use crate::support::{Answer, Caller, World};

on_a_file!(
    b07_calls_are_counted_by_time_tool_and_subject,
    b07_users_see_their_own_and_managers_all,
    b07_calls_are_filtered,
    b07_another_server_of_the_name_begins_with_nothing,
    b07_ones_own_calls_on_every_server,
);

async fn call_tool(world: &World, caller: &Caller, server: &str, tool: &str) {
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool}});
    Answer::of(world.mcp(caller, server).body(call.to_string())).await;
}

async fn summary(world: &World, caller: &Caller, query: &str) -> Value {
    written(world).await;
    world
        .app
        .get(caller, &format!("/servers/notes/activity?{query}"))
        .await
        .expect(200)
}

/// Bob: echo twice, count once with an error. Eve: refused once. ci-bot: echo once.
async fn calls(world: &World) {
    world.set(&world.bob, "notes", "sk-1").await;
    world
        .put_override(&world.mia, "notes", &world.ci_bot, "sk-2")
        .await
        .expect(201);
    call_tool(world, &world.bob, "notes", "echo").await;
    call_tool(world, &world.bob, "notes", "echo").await;
    world.upstream.answer(500, &[], "");
    call_tool(world, &world.bob, "notes", "count").await;
    call_tool(world, &world.eve, "notes", "echo").await;
    call_tool(world, &world.ci_bot, "notes", "echo").await;
}

async fn b07_calls_are_counted_by_time_tool_and_subject(world: &World, _: &str) {
    calls(world).await;
    world.app.clock.advance(3_600);
    call_tool(world, &world.ci_bot, "notes", "echo").await;
    let told = summary(world, &world.mia, "").await;
    assert_eq!(
        (&told["span"], &told["total"]["calls"], &told["total"]["errors"]),
        (&json!("24h"), &json!(6), &json!(2))
    );
    let latency = &told["total"]["latency_ms"];
    let [p50, p95, p99] = ["p50", "p95", "p99"].map(|name| latency[name].as_f64().unwrap());
    assert!(0.0 < p50 && p50 <= p95 && p95 <= p99, "{latency}");
    let hours = told["over_time"].as_array().unwrap();
    let counts: Vec<_> = hours.iter().rev().map(|hour| hour["calls"].as_u64().unwrap()).collect();
    assert_eq!((hours.len(), &counts[..3]), (24, &[1, 5, 0][..]));
    assert_eq!(hours[0]["latency_ms"]["p50"], Value::Null);
    let tools: Vec<_> = told["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| json!([one["method"], one["tool"], one["calls"], one["errors"]]))
        .collect();
    assert_eq!(
        tools,
        [
            json!(["tools/call", "echo", 5, 1]),
            json!(["tools/call", "count", 1, 1])
        ]
    );
    let subjects: Vec<_> = told["subjects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| json!([one["subject"]["name"], one["calls"]]))
        .collect();
    assert_eq!(subjects, [json!(["bob", 3]), json!(["ci-bot", 2]), json!(["eve", 1])]);
    for (span, pieces) in [("7d", 28), ("30d", 30)] {
        let told = summary(world, &world.mia, &format!("span={span}")).await;
        assert_eq!(
            (told["over_time"].as_array().unwrap().len(), &told["total"]["calls"]),
            (pieces, &json!(6))
        );
    }
    let of_bob = summary(world, &world.mia, "subject=user/bob@demo.test").await;
    assert_eq!(
        (&of_bob["total"]["calls"], &of_bob["subjects"]),
        (&json!(3), &json!([]))
    );
    let refused = world.app.get(&world.mia, "/servers/notes/activity?span=1y").await;
    assert_eq!(refused.wrong_fields(400, "malformed"), ["span"]);
    let refused = world.app.get(&world.mia, "/servers/notes/activity?subject=bob").await;
    assert_eq!(refused.wrong_fields(400, "malformed"), ["subject"]);
    let refused = world
        .app
        .get(&world.mia, "/servers/notes/activity?subject=user/no@demo.test")
        .await;
    assert_eq!(refused.wrong_fields(422, "invalid"), ["subject"]);
    world.app.clock.advance(40 * 86_400);
    assert_eq!(summary(world, &world.mia, "span=30d").await["total"]["calls"], 0);
}

async fn b07_users_see_their_own_and_managers_all(world: &World, _: &str) {
    calls(world).await;
    let told = summary(world, &world.bob, "").await;
    assert_eq!((&told["total"]["calls"], &told["subjects"]), (&json!(3), &json!([])));
    let path = "/servers/notes/activity/calls";
    assert_eq!(items(world, &world.mia, path).await.len(), 5);
    let own = items(world, &world.bob, path).await;
    assert!(
        own.len() == 3 && own.iter().all(|call| call["subject"]["id"] == world.bob.id),
        "{own:?}"
    );
    assert_eq!(
        items(world, &world.bob, &format!("{path}?subject=user/{}", world.bob.id)).await,
        own
    );
    // A stranger's name is refused like a colleague's: nothing is learnt about who exists.
    for other in [
        format!("user/{}", world.eve.id),
        "user/no@demo.test".to_owned(),
        "virtual_account/ci-bot".to_owned(),
    ] {
        for path in ["/servers/notes/activity", path, "/servers/notes/activity/calls/export"] {
            let answer = world.app.get(&world.bob, &format!("{path}?subject={other}")).await;
            answer.problem(403, "forbidden");
        }
    }
    let changes = |caller| items(world, caller, "/servers/notes/activity/changes?search=override");
    let (all, own, bots) = (
        changes(&world.mia).await,
        changes(&world.bob).await,
        changes(&world.ci_bot).await,
    );
    assert_eq!((all.len(), own.len(), bots.len()), (2, 1, 1));
    assert_eq!(
        bots[0]["actor"]["id"], world.mia.id,
        "what was done to me is mine to see"
    );
    for entry in [&all[0], &own[0]] {
        assert!(
            entry["address"].is_null() && entry["via"].is_null() && entry["request_id"].is_null(),
            "{entry}"
        );
    }
}

async fn b07_calls_are_filtered(world: &World, _: &str) {
    calls(world).await;
    written(world).await;
    let found = async |query: &str| {
        items(world, &world.mia, &format!("/servers/notes/activity/calls?{query}"))
            .await
            .len()
    };
    assert_eq!(found("tool=echo").await, 4);
    assert_eq!(found("tool=tools/call").await, 5);
    assert_eq!(found("error=true").await, 2);
    assert_eq!(found("error=false&subject=virtual_account/ci-bot").await, 1);
    assert_eq!(found("since=2099-01-01T00:00:00Z").await, 0);
    assert_eq!(found("until=2099-01-01T00:00:00Z").await, 5);
    for query in ["tool=%00", "subject=virtual_account/%00", "subject=user/%00"] {
        assert_eq!(found(query).await, 0, "{query}");
    }
    let newest = &items(world, &world.mia, "/servers/notes/activity/calls?limit=1").await[0];
    assert_eq!(
        (&newest["credential"], &newest["tool"], &newest["error"]),
        (&json!("override"), &json!("echo"), &json!(false))
    );
    assert!(newest["fingerprint"].is_string() && newest["latency_ms"].as_f64().unwrap() > 0.0);
    for (query, field) in [
        ("error=maybe", "error"),
        ("since=yesterday", "since"),
        ("limit=0", "limit"),
        ("cursor=*", "cursor"),
    ] {
        let answer = world
            .app
            .get(&world.mia, &format!("/servers/notes/activity/calls?{query}"))
            .await;
        assert_eq!(answer.wrong_fields(400, "malformed"), [field]);
    }
}

async fn b07_another_server_of_the_name_begins_with_nothing(world: &World, _: &str) {
    calls(world).await;
    world.app.delete(&world.mia, "/servers/notes").await.expect(204);
    world.app.clock.advance(1);
    world.server("notes", no_auth()).await;
    assert_eq!(summary(world, &world.mia, "").await["total"]["calls"], 0);
    assert_eq!(
        items(world, &world.mia, "/servers/notes/activity/calls").await,
        Vec::<Value>::new()
    );
    let changes = items(world, &world.mia, "/servers/notes/activity/changes").await;
    assert_eq!(changes.last().unwrap()["action"], "server.created");
}

async fn b07_ones_own_calls_on_every_server(world: &World, _: &str) {
    calls(world).await;
    world.server("open", no_auth()).await;
    call_tool(world, &world.bob, "open", "echo").await;
    written(world).await;
    let told = world.app.get(&world.bob, "/activity").await.expect(200);
    let servers: Vec<_> = told["servers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| json!([one["server"], one["calls"]]))
        .collect();
    assert_eq!(
        (servers, &told["total"]["calls"]),
        (vec![json!(["notes", 3]), json!(["open", 1])], &json!(4))
    );
    assert_eq!(
        world.app.get(&world.ada, "/activity").await.expect(200)["total"]["calls"],
        6
    );
    let of_bot = world
        .app
        .get(&world.ada, "/activity?subject=virtual_account/ci-bot")
        .await
        .expect(200);
    assert_eq!(of_bot["total"]["calls"], 1);
    let others = world
        .app
        .get(&world.mia, &format!("/activity?subject=user/{}", world.bob.id))
        .await;
    others.problem(403, "forbidden");
}
