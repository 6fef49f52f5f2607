//! Virtual accounts: who answers for one, and tokens that are replaced without a gap.

use serde_json::{Value, json};

use crate::support::{Caller, World, on_every_database};

on_every_database!(
    an_account_has_an_owner,
    an_owner_sees_rotates_and_revokes_and_no_more,
    a_rotated_token_works_through_its_grace_period,
    a_new_token_lives_as_long_as_the_old_one_was_meant_to,
    what_cannot_be_rotated_is_told,
    of_two_rotations_at_once_one_counts,
    when_an_account_was_used_last,
);

const HOUR: i64 = 3_600;

/// The account night-bot of Bob's, and its token's id and value.
async fn night_bot(world: &World, expires: Option<&str>) -> (String, Caller) {
    let mut new = json!({"name": "night-bot", "owner": "bob@demo.test"});
    if let Some(expires) = expires {
        new["expires"] = json!(expires);
    }
    let made = world.app.post(&world.ada, "/virtual-accounts", new).await.expect(201);
    let caller = Caller::virtual_account("night-bot", made["token"].as_str().unwrap());
    let list = tokens(world).await;
    (list[0]["id"].as_str().unwrap().to_owned(), caller)
}

/// Newest first.
async fn tokens(world: &World) -> Vec<Value> {
    let path = "/virtual-accounts/night-bot/tokens";
    let list = world.app.get(&world.ada, path).await.expect(200);
    list["items"].as_array().unwrap().clone()
}

fn rotation(id: &str) -> String {
    format!("/virtual-accounts/night-bot/tokens/{id}/rotate")
}

async fn an_account_has_an_owner(world: &World) {
    night_bot(world, None).await;
    let path = "/virtual-accounts/night-bot";
    let owner = async || world.app.get(&world.ada, path).await.expect(200)["owner"].clone();
    assert_eq!(
        owner().await,
        json!({"type": "user", "id": world.bob.id, "name": "bob"})
    );
    let given = world
        .app
        .patch(
            &world.ada,
            path,
            json!({"owner": world.eve.id, "description": "Checks"}),
        )
        .await
        .expect(200);
    assert_eq!(
        (&given["owner"]["name"], &given["description"]),
        (&json!("eve"), &json!("Checks"))
    );
    let kept = world.app.patch(&world.ada, path, json!({})).await.expect(200);
    assert_eq!(kept, given);
    for (field, bad) in [("owner", json!("nobody@demo.test")), ("description", json!("\u{1}"))] {
        let mut patch = json!({});
        patch[field] = bad;
        let answer = world.app.patch(&world.ada, path, patch).await;
        assert_eq!(answer.wrong_fields(422, "invalid"), [field]);
    }
    let none = world
        .app
        .patch(&world.ada, path, json!({"owner": null}))
        .await
        .expect(200);
    assert_eq!(none["owner"], Value::Null);
    // Without a word it is whoever makes it.
    world
        .app
        .post(&world.ada, "/virtual-accounts", json!({"name": "day-bot"}))
        .await
        .expect(201);
    let made = world.app.get(&world.ada, "/virtual-accounts/day-bot").await.expect(200);
    assert_eq!(made["owner"]["id"], world.ada.id);
    let bad = json!({"name": "Bad", "owner": "nobody"});
    let answer = world.app.post(&world.ada, "/virtual-accounts", bad).await;
    assert_eq!(answer.wrong_fields(422, "invalid"), ["owner", "name"]);
    let reserved = world
        .app
        .post(&world.ada, "/virtual-accounts", json!({"name": "new"}))
        .await;
    assert_eq!(reserved.wrong_fields(422, "invalid"), ["name"]);
    // D09: an account outlives its owner.
    world
        .app
        .patch(&world.ada, path, json!({"owner": "eve@demo.test"}))
        .await
        .expect(200);
    let eve = format!("/users/{}", world.eve.id);
    world.app.delete(&world.ada, &eve).await.expect(204);
    assert_eq!(owner().await, Value::Null);
}

async fn an_owner_sees_rotates_and_revokes_and_no_more(world: &World) {
    let (id, _) = night_bot(world, Some("30d")).await;
    let (path, list) = ("/virtual-accounts/night-bot", "/virtual-accounts/night-bot/tokens");
    let seen = async |caller: &Caller| -> Vec<String> {
        let page = world.app.get(caller, "/virtual-accounts").await.expect(200);
        let items = page["items"].as_array().unwrap();
        items
            .iter()
            .map(|item| item["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(seen(&world.bob).await, ["night-bot"]);
    assert_eq!(seen(&world.eve).await, Vec::<String>::new());
    assert_eq!(seen(&world.ada).await, ["ci-bot", "night-bot"]);
    world.app.get(&world.bob, path).await.expect(200);
    assert_eq!(
        world.app.get(&world.bob, list).await.expect(200)["items"][0]["id"],
        id.as_str()
    );
    // To others it is not there, nor is one that does not exist.
    for other in [&world.eve, &world.mia, &world.ci_bot] {
        for (there, absent) in [
            (path.to_owned(), "/virtual-accounts/absent".to_owned()),
            (list.to_owned(), "/virtual-accounts/absent/tokens".to_owned()),
        ] {
            let hidden = world.app.get(other, &there).await;
            hidden.problem(404, "not-found");
            assert_eq!(hidden.text, world.app.get(other, &absent).await.text);
        }
        world
            .app
            .post(other, &rotation(&id), json!({}))
            .await
            .problem(404, "not-found");
        world
            .app
            .delete(other, &format!("{list}/{id}"))
            .await
            .problem(404, "not-found");
    }
    // What makes something new is the admins'.
    for other in [&world.bob, &world.eve, &world.ci_bot] {
        world.app.post(other, list, json!({})).await.problem(403, "forbidden");
        let grab = json!({"owner": other.id});
        world.app.patch(other, path, grab).await.problem(403, "forbidden");
        world.app.delete(other, path).await.problem(403, "forbidden");
    }
    let new = world.app.post(&world.bob, &rotation(&id), json!({})).await.expect(201);
    assert!(new["token"].as_str().unwrap().starts_with("ok_va_"));
    world.app.delete(&world.bob, &format!("{list}/{id}")).await.expect(204);
    // A disabled owner is nobody; a former one, too.
    let to_eve = json!({"owner": "eve@demo.test"});
    world.app.patch(&world.ada, path, to_eve).await.expect(200);
    world.app.get(&world.bob, path).await.problem(404, "not-found");
    world.app.get(&world.eve, path).await.expect(200);
}

async fn a_rotated_token_works_through_its_grace_period(world: &World) {
    let (id, old) = night_bot(world, None).await;
    let rotated = world
        .app
        .post(&world.ada, &rotation(&id), json!({"grace_hours": 2}))
        .await
        .expect(201);
    let new = Caller::virtual_account("night-bot", rotated["token"].as_str().unwrap());
    assert_ne!(new.token, old.token);
    assert_eq!(rotated["replaces"]["id"], id.as_str());
    assert_eq!(rotated["expires_at"], Value::Null);
    let list = tokens(world).await;
    assert_eq!(
        (&list[0]["id"], &list[0]["replaced_at"]),
        (&rotated["id"], &Value::Null)
    );
    assert_eq!(
        (&list[1]["id"], &list[1]["expires_at"]),
        (&json!(id), &rotated["replaces"]["ends_at"])
    );
    assert!(list[1]["replaced_at"].is_string());
    world.app.clock.advance(2 * HOUR - 1);
    for caller in [&old, &new] {
        world.app.get(caller, "/me").await.expect(200);
    }
    world.app.clock.advance(1);
    world.app.get(&old, "/me").await.problem(401, "unauthorized");
    world.app.get(&new, "/me").await.expect(200);
    // Without grace it ends at once.
    let second = tokens(world).await[0]["id"].as_str().unwrap().to_owned();
    world
        .app
        .post(&world.ada, &rotation(&second), json!({"grace_hours": 0}))
        .await
        .expect(201);
    world.app.get(&new, "/me").await.problem(401, "unauthorized");
    let trail = world
        .app
        .get(&world.ada, "/audit?action=token.rotated")
        .await
        .expect(200);
    assert_eq!(trail["items"][1]["detail"]["replaces"], id.as_str());
}

async fn a_new_token_lives_as_long_as_the_old_one_was_meant_to(world: &World) {
    let (id, old) = night_bot(world, Some("30d")).await;
    let first = tokens(world).await[0]["expires_at"].clone();
    world.app.clock.advance(29 * 24 * HOUR);
    let rotated = world
        .app
        .post(&world.ada, &rotation(&id), json!({"grace_hours": 720}))
        .await
        .expect(201);
    // The old one does not live longer for being replaced.
    assert_eq!(rotated["replaces"]["ends_at"], first);
    let new = Caller::virtual_account("night-bot", rotated["token"].as_str().unwrap());
    world.app.clock.advance(24 * HOUR);
    world.app.get(&old, "/me").await.problem(401, "unauthorized");
    world.app.clock.advance(29 * 24 * HOUR - 1);
    world.app.get(&new, "/me").await.expect(200);
    world.app.clock.advance(1);
    world.app.get(&new, "/me").await.problem(401, "unauthorized");
}

async fn what_cannot_be_rotated_is_told(world: &World) {
    let (id, _) = night_bot(world, Some("1h")).await;
    for bad in [-1, 721, i64::MAX] {
        let answer = world
            .app
            .post(&world.ada, &rotation(&id), json!({"grace_hours": bad}))
            .await;
        assert_eq!(answer.wrong_fields(422, "invalid"), ["grace_hours"], "{bad}");
    }
    let malformed = world
        .app
        .post(&world.ada, &rotation(&id), json!({"grace_hours": "1"}))
        .await;
    assert_eq!(malformed.wrong_fields(400, "malformed"), ["grace_hours"]);
    world
        .app
        .post(&world.ada, &rotation("absent"), json!({}))
        .await
        .problem(404, "not-found");
    // Another account's token is none of this one's.
    let other = world
        .app
        .get(&world.ada, "/virtual-accounts/ci-bot/tokens")
        .await
        .expect(200);
    let other = other["items"][0]["id"].as_str().unwrap();
    world
        .app
        .post(&world.ada, &rotation(other), json!({}))
        .await
        .problem(404, "not-found");
    world.app.post(&world.ada, &rotation(&id), json!({})).await.expect(201);
    world
        .app
        .post(&world.ada, &rotation(&id), json!({}))
        .await
        .problem(409, "conflict");
    world.app.clock.advance(2 * HOUR);
    let expired = tokens(world).await[0]["id"].as_str().unwrap().to_owned();
    world
        .app
        .post(&world.ada, &rotation(&expired), json!({}))
        .await
        .problem(409, "conflict");
}

async fn of_two_rotations_at_once_one_counts(world: &World) {
    let (id, _) = night_bot(world, None).await;
    let path = rotation(&id);
    let rotate = |by| world.app.post(by, &path, json!({}));
    let (one, two) = tokio::join!(rotate(&world.ada), rotate(&world.bob));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409], "{one:?} {two:?}");
    assert_eq!(tokens(world).await.len(), 2);
}

async fn when_an_account_was_used_last(world: &World) {
    let (_, caller) = night_bot(world, None).await;
    let used = async || {
        let account = world
            .app
            .get(&world.ada, "/virtual-accounts/night-bot")
            .await
            .expect(200);
        account["last_used_at"].clone()
    };
    assert_eq!(used().await, Value::Null);
    world.app.get(&caller, "/me").await.expect(200);
    world.app.overkey.services.calls.flush().await;
    assert_eq!(used().await, tokens(world).await[0]["last_used_at"]);
    assert!(used().await.is_string());
}
