//! People and virtual accounts: an admin's business.

use serde_json::json;

use crate::support::{World, on_every_database};

on_every_database!(
    people_are_made_changed_and_deleted_by_admins,
    what_is_wrong_with_a_person_is_told_at_the_field,
    nobody_locks_themselves_out,
    two_admins_who_demote_each_other_leave_one,
    d09_somebodys_tokens_are_seen_and_revoked_by_admins,
    virtual_accounts_are_made_and_deleted_by_admins,
);

async fn people_are_made_changed_and_deleted_by_admins(world: &World) {
    let new = json!({"email": "Zoe@Demo.test", "name": "Zoe", "platform_role": "member"});
    let zoe = world.app.post(&world.ada, "/users", new.clone()).await.expect(201);
    assert_eq!(zoe["email"], "zoe@demo.test");
    assert!(zoe.get("password").is_none() && zoe.get("password_hash").is_none());
    world
        .app
        .post(&world.ada, "/users", new.clone())
        .await
        .problem(409, "conflict");
    let by_address = world.app.get(&world.ada, "/users/ZOE@demo.test").await.expect(200);
    assert_eq!(by_address["id"], zoe["id"]);
    let path = format!("/users/{}", zoe["id"].as_str().unwrap());
    let patch = json!({"name": "Zoé", "platform_role": "admin"});
    let changed = world.app.patch(&world.ada, &path, patch.clone()).await.expect(200);
    assert_eq!(
        (&changed["name"], &changed["platform_role"]),
        (&json!("Zoé"), &json!("admin"))
    );
    for other in [&world.mia, &world.bob, &world.ci_bot] {
        world
            .app
            .post(other, "/users", new.clone())
            .await
            .problem(403, "forbidden");
        world
            .app
            .patch(other, &path, patch.clone())
            .await
            .problem(403, "forbidden");
        world.app.delete(other, &path).await.problem(403, "forbidden");
    }
    // Not even their own role.
    let own = format!("/users/{}", world.bob.id);
    world
        .app
        .patch(&world.bob, &own, json!({"platform_role": "admin"}))
        .await
        .problem(403, "forbidden");
    world.app.delete(&world.ada, &path).await.expect(204);
    world.app.get(&world.ada, &path).await.problem(404, "not-found");
    world.app.delete(&world.ada, &path).await.problem(404, "not-found");
}

async fn what_is_wrong_with_a_person_is_told_at_the_field(world: &World) {
    let long = "x".repeat(101);
    for (field, bad, status) in [
        ("email", json!("bob"), 422),
        ("email", json!(""), 422),
        ("email", json!("a b@demo.test"), 422),
        ("email", json!("a@b@c"), 422),
        ("password", json!("short"), 422),
        ("password", json!("password1"), 422),
        ("password", json!("x".repeat(1_025)), 422),
        ("platform_role", json!("owner"), 422),
        ("name", json!(long), 422),
        ("name", json!("a\nb"), 422),
        ("id", json!("mine"), 400),
        ("email", json!(1), 400),
    ] {
        let mut new = json!({"email": "zoe@demo.test"});
        new[field] = bad.clone();
        let kind = if status == 400 { "malformed" } else { "invalid" };
        let answer = world.app.post(&world.ada, "/users", new).await;
        assert_eq!(answer.wrong_fields(status, kind), [field], "{bad}");
    }
    let missing = world.app.post(&world.ada, "/users", json!({})).await;
    assert_eq!(missing.wrong_fields(400, "malformed"), ["email"]);
    world
        .app
        .get(&world.ada, "/users/zoe@demo.test")
        .await
        .problem(404, "not-found");
}

async fn nobody_locks_themselves_out(world: &World) {
    let own = format!("/users/{}", world.ada.id);
    world.app.delete(&world.ada, &own).await.problem(409, "conflict");
    for patch in [json!({"disabled": true}), json!({"platform_role": "member"})] {
        world.app.patch(&world.ada, &own, patch).await.problem(409, "conflict");
    }
    world.app.get(&world.ada, "/users").await.expect(200);
}

async fn two_admins_who_demote_each_other_leave_one(world: &World) {
    let [ada, mia] = [&world.ada, &world.mia].map(|who| format!("/users/{}", who.id));
    let (promote, demote) = (json!({"platform_role": "admin"}), json!({"platform_role": "member"}));
    world.app.patch(&world.ada, &mia, promote).await.expect(200);
    let (one, two) = tokio::join!(
        world.app.patch(&world.ada, &mia, demote.clone()),
        world.app.patch(&world.mia, &ada, demote)
    );
    // Whoever came second is no admin any more, or finds the first to be the last one.
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert!(matches!(statuses, [200, 403 | 409]), "{one:?} {two:?}");
    let admin = if one.status == 200 { &world.ada } else { &world.mia };
    let people = world.app.get(admin, "/users").await.expect(200);
    let admins = people["items"].as_array().unwrap().iter();
    assert_eq!(admins.filter(|one| one["platform_role"] == "admin").count(), 1);
}

async fn d09_somebodys_tokens_are_seen_and_revoked_by_admins(world: &World) {
    let path = format!("/users/{}/tokens", world.bob.id);
    let list = world.app.get(&world.ada, &path).await.expect(200);
    let token = list["items"][0]["id"].as_str().unwrap();
    let one = format!("{path}/{token}");
    for other in [&world.mia, &world.bob] {
        world.app.get(other, &path).await.problem(403, "forbidden");
        world.app.delete(other, &one).await.problem(403, "forbidden");
    }
    let eves = format!("/users/{}/tokens/{token}", world.eve.id);
    world.app.delete(&world.ada, &eves).await.problem(404, "not-found");
    world.app.get(&world.bob, "/me").await.expect(200);
    world.app.delete(&world.ada, &one).await.expect(204);
    world.app.get(&world.bob, "/me").await.problem(401, "unauthorized");
}

async fn virtual_accounts_are_made_and_deleted_by_admins(world: &World) {
    let new = json!({"name": "night-bot", "description": "Checks", "expires": "30d"});
    let made = world
        .app
        .post(&world.ada, "/virtual-accounts", new.clone())
        .await
        .expect(201);
    assert_eq!((&made["id"], &made["name"]), (&json!("night-bot"), &json!("night-bot")));
    assert!(made["token"].as_str().unwrap().starts_with("ok_va_"));
    world
        .app
        .post(&world.ada, "/virtual-accounts", new.clone())
        .await
        .problem(409, "conflict");
    let seen = world
        .app
        .get(&world.ada, "/virtual-accounts/night-bot")
        .await
        .expect(200);
    assert!(seen.get("token").is_none());
    for bad in ["", "Night", "a b", "a/b", &"x".repeat(64)] {
        let answer = world
            .app
            .post(&world.ada, "/virtual-accounts", json!({"name": bad}))
            .await;
        assert_eq!(answer.wrong_fields(422, "invalid"), ["name"], "{bad}");
    }
    for other in [&world.mia, &world.bob, &world.ci_bot] {
        world
            .app
            .post(other, "/virtual-accounts", new.clone())
            .await
            .problem(403, "forbidden");
        world
            .app
            .delete(other, "/virtual-accounts/night-bot")
            .await
            .problem(403, "forbidden");
    }
    world
        .app
        .delete(&world.ada, "/virtual-accounts/night-bot")
        .await
        .expect(204);
    world
        .app
        .get(&world.ada, "/virtual-accounts/night-bot")
        .await
        .problem(404, "not-found");
}
