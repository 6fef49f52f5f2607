//! Gateway tokens: shown once, stored as a hash, gone at once (interface.md; B8).

use domain::secret::Secret;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{Caller, World, on_every_database};

on_every_database!(
    a_token_is_shown_once_and_stored_as_a_hash,
    everybody_has_their_own_tokens_only,
    virtual_accounts_tokens_are_an_admins_business,
    lifetimes_and_names_of_tokens,
);

async fn a_token_is_shown_once_and_stored_as_a_hash(world: &World) {
    let made = world
        .app
        .post(&world.bob, "/tokens", json!({"name": "laptop"}))
        .await
        .expect(201);
    let value = made["token"].as_str().unwrap().to_owned();
    assert!(value.starts_with("ok_pat_"), "{value}");
    let (body, sum) = value.split_at(value.len() - 8);
    assert_eq!(
        format!("{:08x}", crc32fast::hash(body.as_bytes())),
        sum,
        "ends with a checksum"
    );
    let list = world.app.get(&world.bob, "/tokens").await;
    let listed = list.expect(200);
    assert!(
        !list.text.contains(&value) && listed["items"][0].get("token").is_none(),
        "{listed}"
    );
    assert_eq!(listed["items"][0]["name"], "laptop");
    assert!(value.starts_with(listed["items"][0]["hint"].as_str().unwrap()));

    let mut work = world.app.overkey.core.store.read().await.unwrap();
    let hash = Sha256::digest(value.as_bytes());
    let row = work.tokens().find_by_hash(&hash).await.unwrap().unwrap();
    assert_eq!(row.id.as_str(), made["id"].as_str().unwrap());
    assert!(!format!("{row:?}").contains(&value));
    assert_eq!(format!("{:?}", Secret::new(value)), "Secret(…)");
}

async fn everybody_has_their_own_tokens_only(world: &World) {
    let made = world.app.post(&world.bob, "/tokens", json!({})).await.expect(201);
    let path = format!("/tokens/{}", made["id"].as_str().unwrap());
    for other in [&world.eve, &world.mia, &world.ada] {
        world.app.delete(other, &path).await.problem(404, "not-found");
        let list = world.app.get(other, "/tokens").await;
        assert!(!list.text.contains(made["id"].as_str().unwrap()));
    }
    for (method, path) in [("POST", "/tokens"), ("GET", "/tokens")] {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = world.app.request(&world.ci_bot, method, path).json(&json!({}));
        crate::support::Answer::of(request).await.problem(403, "forbidden");
    }
    let laptop = Caller::user(&world.bob.id, made["token"].as_str().unwrap());
    world.app.get(&laptop, "/me").await.expect(200);
    world.app.overkey.services.calls.flush().await;
    let list = world.app.get(&world.bob, "/tokens").await.expect(200);
    let used = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["id"] == made["id"])
        .unwrap();
    assert_ne!(used["last_used_at"], Value::Null);
    world.app.delete(&world.bob, &path).await.expect(204);
    world.app.get(&laptop, "/me").await.problem(401, "unauthorized");
}

async fn virtual_accounts_tokens_are_an_admins_business(world: &World) {
    let path = "/virtual-accounts/ci-bot/tokens";
    let made = world
        .app
        .post(&world.ada, path, json!({"name": "second"}))
        .await
        .expect(201);
    let value = made["token"].as_str().unwrap();
    assert!(value.starts_with("ok_va_"), "{value}");
    let second = Caller::virtual_account("ci-bot", value);
    assert_eq!(
        world.app.get(&second, "/me").await.expect(200)["subject"]["id"],
        "ci-bot"
    );
    for other in [&world.mia, &world.bob, &world.ci_bot] {
        world.app.post(other, path, json!({})).await.problem(403, "forbidden");
    }
    let one = format!("{path}/{}", made["id"].as_str().unwrap());
    world.app.delete(&world.ada, &one).await.expect(204);
    world.app.delete(&world.ada, &one).await.problem(404, "not-found");
    world.app.get(&second, "/me").await.problem(401, "unauthorized");
    world.app.get(&world.ci_bot, "/me").await.expect(200);
    world
        .app
        .post(&world.ada, "/virtual-accounts/nobody/tokens", json!({}))
        .await
        .problem(404, "not-found");
}

async fn lifetimes_and_names_of_tokens(world: &World) {
    for (body, status, field) in [
        (json!({"expires": "soon"}), 422, "expires"),
        (json!({"expires": "0d"}), 422, "expires"),
        (json!({"expires": "-1d"}), 422, "expires"),
        (json!({"expires": "4294967295d"}), 422, "expires"),
        (
            json!({"expires": "30d", "expires_at": "2099-01-01T00:00:00Z"}),
            422,
            "expires",
        ),
        (json!({"expires_at": "2001-01-01T00:00:00Z"}), 422, "expires_at"),
        (json!({"expires_at": "tomorrow"}), 400, "expires_at"),
        (json!({"name": "x".repeat(101)}), 422, "name"),
        (json!({"scope": "all"}), 400, "scope"),
    ] {
        let kind = if status == 400 { "malformed" } else { "invalid" };
        let answer = world.app.post(&world.bob, "/tokens", body.clone()).await;
        assert_eq!(answer.wrong_fields(status, kind), [field], "{body}");
    }
    let made = world
        .app
        .post(&world.bob, "/tokens", json!({"expires": "12h"}))
        .await
        .expect(201);
    let expected = world.app.overkey.core.now().0 + 12 * 3_600;
    let written = made["expires_at"].as_str().unwrap();
    let parsed = time::OffsetDateTime::parse(written, &time::format_description::well_known::Rfc3339).unwrap();
    assert_eq!(parsed.unix_timestamp(), expected);
}
