//! Who may do what to whose override (S03, S10-S14, S30, S31, D01, B1-B3).

use serde_json::{Value, json};

use crate::support::{Caller, World, on_every_database};

on_every_database!(
    s11_b3_managers_see_all_and_users_their_own,
    s12_s30_s31_managers_add_for_anybody_and_users_for_themselves,
    s03_b1_a_forged_subject_is_403_and_nothing_is_stored,
    s13_s14_d01_b2_everybody_edits_and_deletes_their_own_only,
    d01_b4_on_oauth_a_user_may_delete_what_a_manager_set_but_not_edit_it,
    strangers_meet_404_everywhere,
    b03_why_a_call_carries_what_it_carries_is_for_managers_and_oneself,
);

fn overrides_of(caller: &Caller) -> String {
    format!("/servers/notes/overrides/{}", caller.path())
}

fn subjects(list: &Value) -> Vec<String> {
    let subject = |item: &Value| {
        format!(
            "{}/{}",
            item["subject"]["type"].as_str().unwrap(),
            item["subject"]["id"].as_str().unwrap()
        )
    };
    let mut found: Vec<String> = list["items"].as_array().unwrap().iter().map(subject).collect();
    found.sort();
    found
}

/// Everything that is stored on `notes`, as its manager sees it.
async fn stored(world: &World) -> Value {
    world.app.get(&world.mia, "/servers/notes/overrides").await.expect(200)
}

async fn s11_b3_managers_see_all_and_users_their_own(world: &World) {
    for caller in [&world.bob, &world.eve, &world.ci_bot] {
        world
            .put_override(&world.mia, "notes", caller, "sk-1234567890123456")
            .await
            .expect(201);
    }
    let mut all = [world.bob.path(), world.eve.path(), world.ci_bot.path()];
    all.sort();
    for manager in [&world.ada, &world.mia] {
        let list = world.app.get(manager, "/servers/notes/overrides").await.expect(200);
        assert_eq!(subjects(&list), all);
    }
    for user in [&world.bob, &world.eve, &world.ci_bot] {
        let list = world.app.get(user, "/servers/notes/overrides").await.expect(200);
        assert_eq!(subjects(&list), [user.path()]);
        assert_eq!(list["next_cursor"], Value::Null);
    }
    let named = world
        .app
        .get(&world.bob, "/servers/notes/overrides?search=eve")
        .await
        .expect(200);
    assert_eq!(subjects(&named), Vec::<String>::new());
    world
        .app
        .get(&world.bob, &overrides_of(&world.eve))
        .await
        .problem(403, "forbidden");
    // S07: what the table shows.
    let item = &world.app.get(&world.bob, &overrides_of(&world.bob)).await.expect(200);
    assert_eq!(item["auth"], "api_key_individual");
    assert_eq!(item["kind"], "manual");
    assert_eq!(item["state"], "active");
    assert_eq!(item["subject"]["name"], "bob");
    assert_eq!(item["updated_by"]["id"], world.mia.id);
    assert_eq!(item["masked"], "••••••••3456");
}

async fn s12_s30_s31_managers_add_for_anybody_and_users_for_themselves(world: &World) {
    world
        .put_override(&world.ada, "notes", &world.eve, "sk-1")
        .await
        .expect(201);
    world
        .put_override(&world.mia, "notes", &world.ci_bot, "sk-2")
        .await
        .expect(201);
    world
        .put_override(&world.bob, "notes", &world.bob, "sk-3")
        .await
        .expect(201);
    // S31: not even a virtual account for itself.
    world
        .put_override(&world.ci_bot, "notes", &world.ci_bot, "sk-4")
        .await
        .problem(403, "forbidden");
    // Whoever a manager names, with access or without.
    world
        .put_override(&world.mia, "notes", &world.sue, "sk-5")
        .await
        .expect(201);
    let by_address = "/servers/notes/overrides/user/BOB@demo.test";
    let seen = world.app.get(&world.bob, by_address).await.expect(200);
    assert_eq!(seen["subject"]["id"], world.bob.id);
}

async fn s03_b1_a_forged_subject_is_403_and_nothing_is_stored(world: &World) {
    let before = stored(world).await;
    for victim in [&world.eve, &world.mia, &world.ada, &world.ci_bot] {
        world
            .put_override(&world.bob, "notes", victim, "sk-forged")
            .await
            .problem(403, "forbidden");
        world
            .put_override(&world.ci_bot, "notes", victim, "sk-forged")
            .await
            .problem(403, "forbidden");
    }
    // Who is not there is refused like who is: no list of people to be had by trying.
    let nobody = Caller::user("nobody", "");
    let absent = world.put_override(&world.bob, "notes", &nobody, "sk-forged").await;
    let present = world.put_override(&world.bob, "notes", &world.eve, "sk-forged").await;
    assert_eq!((absent.status, absent.text), (present.status, present.text));
    // A subject in the body is no way around.
    let forged = json!({"credential": "sk-forged", "subject": {"type": "user", "id": world.eve.id}});
    world
        .app
        .put(&world.bob, &overrides_of(&world.bob), forged)
        .await
        .problem(400, "malformed");
    assert_eq!(stored(world).await, before);
    for server in ["shared", "relay", "tracker"] {
        let auth = match server {
            "shared" => crate::support::world::shared("Bearer x"),
            "relay" => crate::support::world::passthrough(),
            _ => crate::support::world::authorization_code(),
        };
        world.server(server, auth).await;
        world
            .put_override(&world.bob, server, &world.eve, "sk-forged")
            .await
            .problem(403, "forbidden");
    }
}

async fn s13_s14_d01_b2_everybody_edits_and_deletes_their_own_only(world: &World) {
    for caller in [&world.bob, &world.eve] {
        world
            .put_override(&world.mia, "notes", caller, "sk-1")
            .await
            .expect(201);
    }
    world
        .put_override(&world.bob, "notes", &world.eve, "sk-2")
        .await
        .problem(403, "forbidden");
    world
        .app
        .delete(&world.bob, &overrides_of(&world.eve))
        .await
        .problem(403, "forbidden");
    // D01: Mia typed it in, it is still Bob's.
    let edited = world
        .put_override(&world.bob, "notes", &world.bob, "sk-2")
        .await
        .expect(200);
    assert_eq!(edited["updated_by"]["id"], world.bob.id);
    world
        .app
        .delete(&world.bob, &overrides_of(&world.bob))
        .await
        .expect(204);
    world
        .app
        .delete(&world.bob, &overrides_of(&world.bob))
        .await
        .problem(404, "not-found");
    let edited = world
        .put_override(&world.mia, "notes", &world.eve, "sk-3")
        .await
        .expect(200);
    assert_eq!(edited["updated_by"]["id"], world.mia.id);
    world
        .app
        .delete(&world.mia, &overrides_of(&world.eve))
        .await
        .expect(204);
    assert_eq!(stored(world).await["items"], json!([]));
}

async fn d01_b4_on_oauth_a_user_may_delete_what_a_manager_set_but_not_edit_it(world: &World) {
    world
        .server("tracker", crate::support::world::authorization_code())
        .await;
    world
        .put_override(&world.bob, "tracker", &world.bob, "Bearer x")
        .await
        .problem(403, "forbidden");
    world
        .put_override(&world.mia, "tracker", &world.bob, "Bearer x")
        .await
        .expect(201);
    world
        .put_override(&world.bob, "tracker", &world.bob, "Bearer y")
        .await
        .problem(403, "forbidden");
    let path = format!("/servers/tracker/overrides/{}", world.bob.path());
    world.app.delete(&world.bob, &path).await.expect(204);
}

async fn strangers_meet_404_everywhere(world: &World) {
    world
        .put_override(&world.mia, "notes", &world.sue, "sk-1")
        .await
        .expect(201);
    let own = overrides_of(&world.sue);
    world
        .app
        .get(&world.sue, "/servers/notes/overrides")
        .await
        .problem(404, "not-found");
    world.app.get(&world.sue, &own).await.problem(404, "not-found");
    world
        .put_override(&world.sue, "notes", &world.sue, "sk-2")
        .await
        .problem(404, "not-found");
    world.app.delete(&world.sue, &own).await.problem(404, "not-found");
    assert_eq!(stored(world).await["items"].as_array().unwrap().len(), 1);
}

async fn b03_why_a_call_carries_what_it_carries_is_for_managers_and_oneself(world: &World) {
    let resolve = async |by: &Caller, whose: &Caller| {
        let path = format!("/servers/notes/resolve/{}", whose.path());
        world.app.get(by, &path).await
    };
    let missing = resolve(&world.bob, &world.bob).await.expect(200);
    assert_eq!(
        (&missing["decision"], &missing["reason"]),
        (&json!("missing"), &json!("override_missing"))
    );
    world.set(&world.bob, "notes", "sk-canary-1234567890").await;
    for by in [&world.bob, &world.mia, &world.ada] {
        let answer = resolve(by, &world.bob).await;
        let decided = answer.expect(200);
        assert_eq!(decided["decision"], "manual_override");
        assert!(!decided["steps"].as_array().unwrap().is_empty());
        assert!(!answer.text.contains("canary"));
    }
    resolve(&world.bob, &world.eve).await.problem(403, "forbidden");
    resolve(&world.sue, &world.sue).await.problem(404, "not-found");
}
