//! Each entry says from where and with what: a token, a session, the command line, behind trusted proxies (B07).

use reqwest::Method;
use serde_json::{Value, json};

use super::{on_a_file, trail};
use crate::support::process::Home;
use crate::support::{Answer, World};

on_a_file!(
    b07_a_change_names_actor_token_address_and_request,
    b07_a_change_by_a_session_names_the_session,
    b07_a_refused_sign_in_is_written_down_without_what_was_typed,
);

async fn b07_a_change_names_actor_token_address_and_request(world: &World, _: &str) {
    let made = world
        .app
        .post(&world.bob, "/tokens", json!({"name": "laptop"}))
        .await
        .expect(201);
    let laptop = crate::support::Caller::user(&world.bob.id, made["token"].as_str().unwrap());
    world.set(&laptop, "notes", "sk-bob").await;
    world
        .put_override(&world.mia, "notes", &world.bob, "sk-bob-2")
        .await
        .expect(200);
    let entries = trail(world, "search=override.").await;
    let [replaced, added] = entries.as_slice() else {
        panic!("{entries:?}")
    };
    assert_eq!(added["via"], json!({"type": "token", "id": made["id"]}), "{added}");
    assert_eq!(
        added["actor"],
        json!({"type": "user", "id": world.bob.id, "name": "bob"})
    );
    for entry in [added, replaced] {
        assert_eq!(entry["server"], "notes");
        assert_eq!(entry["subject"], json!({"type": "user", "id": world.bob.id}));
        assert_eq!(entry["address"], "127.0.0.1");
    }
    assert_eq!(replaced["actor"]["id"], world.mia.id);
    assert_ne!(replaced["via"]["id"], added["via"]["id"]);
    let requests = [&added["request_id"], &replaced["request_id"]];
    assert!(requests[0].is_string() && requests[0] != requests[1], "{entries:?}");
}

async fn b07_a_change_by_a_session_names_the_session(world: &World, _: &str) {
    let password = "a long enough one";
    let path = format!("/users/{}", world.bob.id);
    world
        .app
        .patch(&world.ada, &path, json!({"password": password}))
        .await
        .expect(200);
    let mut named = Vec::new();
    for _ in 0..2 {
        let cookie = sign_in(world, password)
            .await
            .header("set-cookie")
            .split(';')
            .next()
            .unwrap()
            .to_owned();
        let request = world
            .app
            .http
            .post(world.app.at("/api/v1/tokens"))
            .header("cookie", &cookie)
            .json(&json!({}));
        Answer::of(request.header("origin", world.app.url.as_str().trim_end_matches('/')))
            .await
            .expect(201);
        let entry = trail(world, "action=token.created&actor=bob").await.swap_remove(0);
        assert_eq!(entry["via"]["type"], "session", "{entry}");
        assert_eq!(entry["address"], "127.0.0.1");
        let id = entry["via"]["id"].as_str().unwrap().to_owned();
        assert!(id.len() == 16 && !cookie.contains(&id), "{entry}");
        named.push(id);
    }
    assert_ne!(named[0], named[1], "each session has a name of its own");
    let entry = trail(world, "action=session.started").await.swap_remove(0);
    assert_eq!(
        (&entry["actor"]["id"], &entry["address"]),
        (&json!(world.bob.id), &json!("127.0.0.1"))
    );
}

async fn sign_in(world: &World, password: &str) -> Answer {
    let body = format!("email=bob%40demo.test&password={}", password.replace(' ', "+"));
    let request = world.app.http.post(world.app.at("/sign-in")).body(body);
    Answer::of(request.header("content-type", "application/x-www-form-urlencoded")).await
}

async fn b07_a_refused_sign_in_is_written_down_without_what_was_typed(world: &World, _: &str) {
    sign_in(world, "canary password").await;
    let request = world
        .app
        .http
        .post(world.app.at("/sign-in"))
        .body("email=canary-typed-here&password=x");
    Answer::of(request.header("content-type", "application/x-www-form-urlencoded")).await;
    let entries = trail(world, "action=session.refused").await;
    let subjects: Vec<_> = entries.iter().map(|entry| entry["subject"]["id"].clone()).collect();
    assert_eq!(subjects, [Value::Null, json!(world.bob.id)]);
    assert!(
        entries
            .iter()
            .all(|entry| entry["address"] == "127.0.0.1" && entry["actor"].is_null()),
        "{entries:?}"
    );
    assert!(!format!("{entries:?}").contains("canary"));
}

#[tokio::test]
async fn b07_behind_a_trusted_proxy_the_clients_address_counts_and_nobody_elses() {
    for (trusted, expected) in [("127.0.0.0/8", "203.0.113.7"), ("10.0.0.0/8", "127.0.0.1")] {
        let world = World::with(|config| config.trusted_proxies = vec![trusted.parse().unwrap()]).await;
        let request = world.app.request(&world.bob, Method::POST, "/tokens").json(&json!({}));
        Answer::of(request.header("x-forwarded-for", "6.6.6.6, 203.0.113.7"))
            .await
            .expect(201);
        let call = world.mcp(&world.bob, "notes").header("x-forwarded-for", "203.0.113.7");
        Answer::of(call).await.expect(200);
        for query in ["action=token.created&actor=bob", "kind=call"] {
            let entry = trail(&world, query).await.swap_remove(0);
            assert_eq!(entry["address"], expected, "{entry}");
        }
    }
}

#[test]
fn b07_the_command_line_is_named_and_the_trail_is_whole() {
    let home = Home::new();
    home.run(&["user", "add", "--email", "ada@demo.test", "--admin"]).ok();
    home.run(&["token", "create", "--user", "ada@demo.test"]).ok();
    let told = home.run(&["audit", "verify"]).ok();
    assert!(
        told.starts_with("changes: 3 entries, whole; newest changes:3:"),
        "{told}"
    );
    assert!(told.contains("\ncalls: 0 entries, whole"), "{told}");
    let newest = told.lines().next().unwrap().split("newest ").nth(1).unwrap();
    home.run(&["audit", "verify", "--noted", newest]).ok();
    let other = format!("changes:3:{}", "0".repeat(64));
    let complaint = home.run(&["audit", "verify", "--noted", &other]);
    assert!(
        !complaint.success && complaint.stdout.contains("is not the one that was noted"),
        "{complaint:?}"
    );
    let complaint = home.run(&["audit", "verify", "--noted", "changes:4:00000000"]);
    assert!(
        !complaint.success && complaint.stdout.contains("entry 4 is missing"),
        "{complaint:?}"
    );
    assert!(
        home.run(&["audit", "verify", "--noted", "nonsense"])
            .complaint()
            .contains("--noted")
    );
}
