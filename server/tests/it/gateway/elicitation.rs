//! A missing credential reaches the person of a client of 2026-07-28 (B09, protocol-security 1.6 row 2a, I2, I4).

use serde_json::{Value, json};

use crate::support::modern::{answering, asked, call, declaring, plain, post, request, send};
use crate::support::world::individual;
use crate::support::{Answer, Caller, World, on_every_database};

on_every_database!(b09_the_person_is_asked_and_the_call_goes_on);

/// Without waiting for anybody.
async fn impatient() -> World {
    World::with(|config| config.credential_wait = 0).await
}

/// -32602, and nothing reached the upstream.
#[track_caller]
fn refused(world: &World, answer: &Answer) {
    let error = &answer.expect(200)["error"];
    assert_eq!(error["code"], -32602, "{answer:?}");
    assert!(
        error["message"].as_str().unwrap().contains("requestState"),
        "{answer:?}"
    );
    world.upstream.assert_untouched();
}

async fn b09_the_person_is_asked_and_the_call_goes_on(world: &World) {
    let question = asked(&world.app, &world.bob, "notes", &call()).await;
    world.upstream.assert_untouched();
    world.set(&world.bob, "notes", "sk-bob").await;
    let again = answering(&call(), &question, "accept");
    let answer = send(&world.app, &world.bob, "notes", &again).await.expect(200);
    assert_eq!(answer["result"]["authorization"], json!(["Bearer sk-bob"]));
    let seen = world.upstream.next().await;
    let mut expected = call();
    expected["id"] = json!(2);
    expected["params"]["_meta"]["progressToken"] = json!(2);
    assert_eq!(serde_json::from_slice::<Value>(&seen.body).unwrap(), expected);
}

#[tokio::test]
async fn b09_the_question_is_a_link_and_a_state_without_a_secret() {
    let world = World::new().await;
    let mut first = call();
    first["id"] = json!("s-1");
    let answer = send(&world.app, &world.bob, "notes", &first).await;
    assert_eq!(answer.header("content-type"), "application/json");
    let body = answer.expect(200);
    assert_eq!((&body["jsonrpc"], &body["id"]), (&json!("2.0"), &json!("s-1")));
    let plain = world.call(&world.bob, "notes").await.expect(200);
    let params = &body["result"]["inputRequests"]["credential"]["params"];
    assert_eq!(params["mode"], "url");
    assert_eq!(params["url"], plain["error"]["data"]["url"]);
    assert!(params["message"].as_str().unwrap().contains("'notes'"), "{body}");
    assert_eq!(
        params.as_object().unwrap().len(),
        3,
        "2026-07-28 has no elicitationId: {body}"
    );
    let state = body["result"]["requestState"].as_str().unwrap();
    assert!(state.bytes().all(|byte| (0x21..0x7f).contains(&byte)), "{state}");
    assert!(!state.contains(&world.bob.id) && !answer.text.contains(&world.bob.token));
}

#[tokio::test]
async fn b09_a_virtual_accounts_link_leads_to_where_its_managers_add_one() {
    let world = World::new().await;
    let question = asked(&world.app, &world.ci_bot, "notes", &call()).await;
    let url = &question["result"]["inputRequests"]["credential"]["params"]["url"];
    assert!(url.as_str().unwrap().contains("/servers/notes/overrides/new"), "{url}");
}

#[tokio::test]
async fn b09_i4_only_three_methods_ask_and_only_clients_that_declared_it_are_asked() {
    let world = World::new().await;
    for (method, params) in [
        ("resources/read", json!({"uri": "file:///a"})),
        ("prompts/get", json!({"name": "greet"})),
    ] {
        asked(&world.app, &world.bob, "notes", &request(method, params)).await;
    }
    for method in [
        "tools/list",
        "server/discover",
        "resources/list",
        "subscriptions/listen",
    ] {
        let answer = send(&world.app, &world.bob, "notes", &request(method, json!({}))).await;
        assert_eq!(plain(&answer), "override_missing", "{method}");
    }
    for undeclared in [
        json!({}),
        json!({"elicitation": {}}),
        json!({"elicitation": {"form": {}}}),
    ] {
        let answer = send(&world.app, &world.bob, "notes", &declaring(call(), undeclared)).await;
        assert_eq!(plain(&answer), "override_missing");
    }
    // What the header does not call 2026-07-28 is not, whatever the body says.
    let body = call().to_string();
    plain(&Answer::of(world.mcp(&world.bob, "notes").body(body.clone())).await);
    let legacy = world
        .mcp(&world.bob, "notes")
        .header("mcp-protocol-version", "2025-11-25");
    plain(&Answer::of(legacy.body(body)).await);
    world.upstream.assert_untouched();
}

#[tokio::test]
async fn b09_our_members_are_cut_out_and_every_other_byte_passes() {
    let world = World::new().await;
    let meta = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"elicitation":{"url":{}}}}"#;
    let arguments = r#""arguments" : {"big":123456789012345678901234567890,"e":1e400,"requestState":"mine","a":1,"a":2}, "name":"wh\u006fami""#;
    let first = format!(r#"{{ "id":1,"params":{{{meta},{arguments}}},"method":"tools/call","jsonrpc":"2.0"}}"#);
    let question = Answer::of(post(&world.app, &world.bob, "notes", &first))
        .await
        .expect(200);
    let state = &question["result"]["requestState"];
    world.set(&world.bob, "notes", "sk-bob").await;
    let again = format!(
        r#"{{ "id":1,"params":{{"inputResponses":{{"credential":{{"action":"accept"}}}}, {meta},{arguments}, "requestState" : {state}}},"method":"tools/call","jsonrpc":"2.0"}}"#
    );
    Answer::of(post(&world.app, &world.bob, "notes", &again))
        .await
        .expect(200);
    let seen = world.upstream.next().await;
    assert_eq!(String::from_utf8(seen.body.to_vec()).unwrap(), first);
    assert_eq!(seen.only("content-length"), Some(first.len().to_string().as_str()));
}

#[tokio::test]
async fn b09_an_upstreams_own_state_and_answers_pass_byte_for_byte() {
    let world = World::new().await;
    let mut own = call();
    own["params"]["requestState"] = json!("v1.the-upstreams");
    own["params"]["inputResponses"] = json!({"credential": {"action": "decline"}});
    // Without a credential the person is asked, and the upstream's answers count as part of no call.
    let question = asked(&world.app, &world.bob, "notes", &own).await;
    world.set(&world.bob, "notes", "sk-bob").await;
    send(&world.app, &world.bob, "notes", &own).await.expect(200);
    assert_eq!(world.upstream.next().await.body, own.to_string());
    let again = answering(&call(), &question, "accept");
    send(&world.app, &world.bob, "notes", &again).await.expect(200);
    let seen: Value = serde_json::from_slice(&world.upstream.next().await.body).unwrap();
    assert!(seen["params"].get("requestState").is_none(), "{seen}");
}

#[tokio::test]
async fn b09_whoever_declines_gets_the_plain_error_and_the_call_does_not_go_on() {
    let world = World::new().await;
    for action in ["decline", "cancel"] {
        let question = asked(&world.app, &world.bob, "notes", &call()).await;
        let no = answering(&call(), &question, action);
        assert_eq!(
            plain(&send(&world.app, &world.bob, "notes", &no).await),
            "override_missing"
        );
    }
    let question = asked(&world.app, &world.bob, "notes", &call()).await;
    world.set(&world.bob, "notes", "sk-bob").await;
    let no = answering(&call(), &question, "decline");
    plain(&send(&world.app, &world.bob, "notes", &no).await);
    world.upstream.assert_untouched();
    world.revoke("notes", &world.bob).await;
    send(&world.app, &world.bob, "notes", &no).await.expect(404);
}

#[tokio::test]
async fn i2_the_person_is_asked_three_times_and_then_told() {
    let world = impatient().await;
    let mut message = call();
    for round in 1..=3 {
        let question = asked(&world.app, &world.bob, "notes", &message).await;
        assert!(question["result"]["inputRequests"]["credential"].is_object(), "{round}");
        message = answering(&call(), &question, "accept");
    }
    let end = send(&world.app, &world.bob, "notes", &message).await;
    assert_eq!(plain(&end), "override_missing");
    // A new call begins anew.
    asked(&world.app, &world.bob, "notes", &call()).await;
    world.upstream.assert_untouched();
}

#[tokio::test]
async fn i2_an_answer_that_says_nothing_is_asked_for_again_at_once() {
    let world = World::new().await;
    let mut message = call();
    for _ in 1..=3 {
        let question = asked(&world.app, &world.bob, "notes", &message).await;
        message = answering(&call(), &question, "accept");
        message["params"]["inputResponses"] = json!({"other": {"action": "accept"}});
    }
    plain(&send(&world.app, &world.bob, "notes", &message).await);
}

#[tokio::test]
async fn g9_a_state_of_another_subject_server_or_call_is_refused() {
    let world = World::new().await;
    world.server("second", individual()).await;
    let question = asked(&world.app, &world.bob, "notes", &call()).await;
    let again = answering(&call(), &question, "accept");
    let elsewhere = async |caller: &Caller, server: &str, message: &Value| {
        refused(&world, &send(&world.app, caller, server, message).await);
    };
    let refused_all = async || {
        elsewhere(&world.eve, "notes", &again).await;
        elsewhere(&world.bob, "second", &again).await;
        for (name, value) in [
            ("name", json!("delete_everything")),
            ("arguments", json!({"n": 2})),
            ("uri", json!("a")),
        ] {
            let mut altered = again.clone();
            altered["params"][name] = value;
            elsewhere(&world.bob, "notes", &altered).await;
        }
        let mut altered = again.clone();
        altered["method"] = json!("prompts/get");
        elsewhere(&world.bob, "notes", &altered).await;
    };
    refused_all().await;
    for (caller, server) in [(&world.bob, "notes"), (&world.eve, "notes"), (&world.bob, "second")] {
        world.set(caller, server, "sk-there").await;
    }
    refused_all().await;
    send(&world.app, &world.bob, "notes", &again).await.expect(200);
    world.upstream.next().await;
}

#[tokio::test]
async fn g9_a_state_is_good_for_ten_minutes() {
    let world = World::new().await;
    let question = asked(&world.app, &world.bob, "notes", &call()).await;
    let again = answering(&call(), &question, "accept");
    world.set(&world.bob, "notes", "sk-bob").await;
    world.app.clock.advance(599);
    send(&world.app, &world.bob, "notes", &again).await.expect(200);
    world.upstream.next().await;
    world.app.clock.advance(1);
    refused(&world, &send(&world.app, &world.bob, "notes", &again).await);
}

#[tokio::test]
async fn b09_a_key_that_the_upstream_rejects_is_told_not_asked_for() {
    let world = World::new().await;
    world.set(&world.bob, "notes", "sk-bob").await;
    world.upstream.answer(401, &[], "");
    let answer = send(&world.app, &world.bob, "notes", &call()).await;
    assert_eq!(plain(&answer), "override_rejected");
}
