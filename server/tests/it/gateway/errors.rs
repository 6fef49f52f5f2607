//! McpAuthRequiredError and the upstream's own refusals (B05, B09, protocol-security 1.6, D10).

use serde_json::{Value, json};

use crate::support::world::{no_auth, passthrough, shared};
use crate::support::{Answer, World};

#[tokio::test]
async fn b09_a_missing_credential_is_told_with_a_link_that_opens_the_form() {
    let world = World::new().await;
    let answer = world.call(&world.bob, "notes").await.expect(200);
    assert_eq!(answer["jsonrpc"], "2.0");
    assert_eq!(answer["id"], 1);
    let error = &answer["error"];
    assert_eq!(error["code"], 4401);
    let data = &error["data"];
    assert_eq!(data["type"], "McpAuthRequiredError");
    assert_eq!(data["reason"], "override_missing");
    assert_eq!(data["server"], "notes");
    assert_eq!(data["subject"], world.bob.path());
    let url = url::Url::parse(data["url"].as_str().unwrap()).unwrap();
    assert_eq!(url.origin(), world.app.url.origin());
    assert_eq!(url.path(), "/connect/notes");
    let message = error["message"].as_str().unwrap();
    assert!(
        message.starts_with("McpAuthRequiredError: ") && message.contains(url.as_str()),
        "{message}"
    );
}

#[tokio::test]
async fn b09_the_link_leads_to_the_configured_public_address() {
    let world = World::with(|config| config.public_url = Some("https://mcp.example.com".parse().unwrap())).await;
    let answer = world.call(&world.ci_bot, "notes").await.expect(200);
    let url = answer["error"]["data"]["url"].as_str().unwrap();
    assert!(
        url.starts_with("https://mcp.example.com/servers/notes/overrides/new"),
        "{url}"
    );
}

#[tokio::test]
async fn b09_every_request_of_a_message_is_answered_under_its_own_id() {
    let world = World::new().await;
    let send = |body: &'static str| Answer::of(world.mcp(&world.bob, "notes").body(body));
    let one = send(r#"{"jsonrpc":"2.0","id":"s-\u0041","method":"initialize"}"#).await;
    assert!(one.text.contains(r#""id":"s-\u0041""#), "{}", one.text);
    let big = send(r#"{"jsonrpc":"2.0","id":123456789012345678901234567890,"method":"x"}"#).await;
    assert!(
        big.text.contains(r#""id":123456789012345678901234567890"#),
        "{}",
        big.text
    );
    let batch = send(r#"[{"jsonrpc":"2.0","id":1,"method":"a"},{"jsonrpc":"2.0","method":"n"},{"jsonrpc":"2.0","id":2,"method":"b"}]"#).await;
    let ids: Vec<Value> = batch
        .expect(200)
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].clone())
        .collect();
    assert_eq!(ids, [json!(1), json!(2)]);
    let note = send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
    assert_eq!((note.status, note.text.as_str()), (202, ""));
    let nonsense = send("nonsense").await.expect(200);
    assert_eq!(nonsense["id"], Value::Null);
    world.upstream.assert_untouched();
}

#[tokio::test]
async fn b09_streams_without_credential_are_405_which_clients_take_for_no_stream() {
    let world = World::new().await;
    for method in [reqwest::Method::GET, reqwest::Method::DELETE] {
        let request = world.app.http.request(method, world.app.at("/mcp/notes"));
        let answer = Answer::of(request.bearer_auth(&world.bob.token)).await;
        answer.expect(405);
        assert_eq!(answer.header("allow"), "POST");
    }
}

#[tokio::test]
async fn b05_an_upstream_401_marks_the_override_rejected_until_it_is_accepted_again() {
    let world = World::new().await;
    world.set(&world.bob, "notes", "sk-bob").await;
    let path = format!("/servers/notes/overrides/{}", world.bob.path());
    let state = async || {
        world.app.overkey.services.calls.flush().await;
        world.app.get(&world.bob, &path).await.expect(200)
    };
    assert_eq!(state().await["last_used_at"], Value::Null);
    let challenge = [("www-authenticate", "Bearer resource_metadata=\"https://up.example\"")];
    world.upstream.answer(401, &challenge, "who are you?");
    let answer = world.call(&world.bob, "notes").await;
    assert_eq!(answer.header("www-authenticate"), "");
    assert!(!answer.text.contains("who are you?"));
    let error = &answer.expect(200)["error"];
    assert_eq!(
        (&error["code"], &error["data"]["reason"]),
        (&json!(4401), &json!("override_rejected"))
    );
    let seen = state().await;
    assert_eq!(seen["state"], "rejected", "{seen}");
    assert_ne!(seen["last_used_at"], Value::Null, "{seen}");
    // The upstream has the last word: it is tried again, and a success clears it.
    world.upstream.next().await;
    let sent = world.sent_authorization(&world.bob, "notes").await;
    assert_eq!(sent.as_deref(), Some("Bearer sk-bob"));
    assert_eq!(state().await["state"], "active");
}

#[tokio::test]
async fn b05_a_new_value_is_not_blamed_for_the_old_one() {
    let world = World::new().await;
    world.set(&world.bob, "notes", "sk-bob").await;
    world.upstream.answer(401, &[], "");
    world.call(&world.bob, "notes").await.expect(200);
    world.set(&world.bob, "notes", "sk-bob-2").await;
    world.app.overkey.services.calls.flush().await;
    let path = format!("/servers/notes/overrides/{}", world.bob.path());
    let seen = world.app.get(&world.bob, &path).await.expect(200);
    assert_eq!(seen["state"], "active", "{seen}");
}

#[tokio::test]
async fn an_upstream_401_to_a_credential_that_is_not_the_callers_names_the_manager() {
    let world = World::new().await;
    world.server("shared", shared("Bearer sk-shared")).await;
    world.server("open", no_auth()).await;
    world.server("relay", passthrough()).await;
    for server in ["shared", "open", "relay"] {
        world.upstream.answer(401, &[("www-authenticate", "Bearer")], "");
        let answer = world.call(&world.bob, server).await;
        assert_eq!(answer.header("www-authenticate"), "");
        assert_eq!(answer.expect(200)["error"]["code"], 4403, "{server}");
    }
}
