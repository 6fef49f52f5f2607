//! What a change of a server does to the overrides that are there (S50-S62, D03, D04, D06, D08, D09).

use std::collections::BTreeMap;

use domain::actor::SubjectRef;
use domain::id::{OverrideId, UserId};
use domain::overrides::{Condition, Kind};
use serde_json::{Value, json};
use server::seal::Sealed;
use server::store::OverrideRow;

use crate::support::world::{
    authorization_code, client_credentials, individual, no_auth, passthrough, shared, whole_header,
};
use crate::support::{World, on_every_database};

on_every_database!(
    s50_to_s57_changes_of_mode,
    s60_b6_d03_d04_changes_of_template,
    s61_d08_changes_of_the_oauth_client,
    d06_changes_of_the_url,
    d09_deleting_people_accounts_and_servers,
);

async fn list(world: &World, server: &str) -> Vec<Value> {
    let list = world
        .app
        .get(&world.mia, &format!("/servers/{server}/overrides"))
        .await
        .expect(200);
    list["items"].as_array().unwrap().clone()
}

async fn state(world: &World, server: &str) -> String {
    let items = list(world, server).await;
    assert_eq!(items.len(), 1, "{items:?}");
    items[0]["state"].as_str().unwrap().to_owned()
}

async fn s50_to_s57_changes_of_mode(world: &World) {
    let key = [("individual", individual()), ("shared", shared("Bearer x"))];
    let oauth = [("code", authorization_code()), ("machine", client_credentials())];
    let none = [("relay", passthrough()), ("open", no_auth())];
    let all: Vec<_> = key.iter().chain(&oauth).chain(&none).cloned().collect();
    for (row, (from, before)) in all.iter().enumerate() {
        for (column, (to, after)) in all.iter().enumerate().filter(|(column, _)| *column != row) {
            let name = format!("m-{row}-{column}");
            world.server(&name, before.clone()).await;
            let had = matches!(*from, "individual" | "code");
            if had {
                world
                    .put_override(&world.mia, &name, &world.bob, "Bearer b")
                    .await
                    .expect(201);
            }
            let effect = world.change_auth(&name, after.clone()).await;
            // S50, S52-S54, S56: deleted; S51, S55, S57: none existed.
            let expected =
                json!({"deleted": u8::from(had), "kept": 0, "invalidated": 0, "suspended": 0, "needs_update": 0});
            assert_eq!(effect["effect"], expected, "{from} to {to}");
            assert_eq!(list(world, &name).await, Vec::<Value>::new(), "{from} to {to}");
        }
    }
    // S62: they add them again.
    world.server("again", individual()).await;
    world.set(&world.bob, "again", "sk-1").await;
    world.change_auth("again", shared("Bearer x")).await;
    world.change_auth("again", individual()).await;
    world
        .put_override(&world.bob, "again", &world.bob, "sk-2")
        .await
        .expect(201);
}

async fn s60_b6_d03_d04_changes_of_template(world: &World) {
    let template = |text: Value| json!({"mode": "api_key_individual", "headers": {"Authorization": text}});
    let mask = "••••••••3456";
    for (number, (before, after, effect, expected)) in [
        // S60: one name gone, one new, all else equal.
        (json!("Bearer {{API_KEY}}"), json!("Bearer {{TOKEN}}"), "kept", "active"),
        (
            json!("Bearer {{API_KEY}}"),
            json!("Bearer {{ API_KEY }}"),
            "kept",
            "active",
        ),
        (
            json!("Bearer {{API_KEY}}"),
            json!("Token {{API_KEY}}"),
            "kept",
            "active",
        ),
        // D03: renamed and something else changed too.
        (
            json!("Bearer {{API_KEY}}"),
            json!("Token {{TOKEN}}"),
            "needs_update",
            "needs_update",
        ),
        (
            json!("Bearer {{API_KEY}}"),
            json!("Bearer {{API_KEY}}{{MORE}}"),
            "needs_update",
            "needs_update",
        ),
        // D04: another meaning of the stored text.
        (json!("Bearer {{API_KEY}}"), Value::Null, "needs_update", "needs_update"),
        (Value::Null, json!("Bearer {{API_KEY}}"), "needs_update", "needs_update"),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("t-{number}");
        world.server(&name, template(before.clone())).await;
        world.set(&world.bob, &name, "sk-1234567890123456").await;
        let changed = world.change_auth(&name, template(after.clone())).await;
        assert_eq!(changed["effect"][effect], 1, "{before} to {after}: {changed}");
        assert_eq!(state(world, &name).await, expected, "{before} to {after}");
        if expected == "active" {
            assert_eq!(list(world, &name).await[0]["masked"], mask);
        }
    }
}

async fn s61_d08_changes_of_the_oauth_client(world: &World) {
    world.server("tracker", authorization_code()).await;
    world
        .put_override(&world.mia, "tracker", &world.eve, "Bearer e")
        .await
        .expect(201);
    for (field, value) in [
        ("client_id", "another"),
        ("client_secret", "another-secret"),
        ("authorization_url", "https://id.example/another"),
        ("token_url", "https://id.example/another"),
        ("registration_url", "https://id.example/register"),
    ] {
        let token = oauth_token(world).await;
        let mut after = authorization_code();
        after[field] = json!(value);
        let changed = world.change_auth("tracker", after).await;
        assert_eq!(
            (&changed["effect"]["invalidated"], &changed["effect"]["kept"]),
            (&json!(1), &json!(1)),
            "{field}"
        );
        assert_eq!(
            world.missing(&world.bob, "tracker").await,
            "oauth_invalidated",
            "{field}"
        );
        let path = format!("/servers/tracker/overrides/{}?kind=oauth", world.bob.path());
        let seen = world.app.get(&world.bob, &path).await.expect(200);
        assert_eq!(
            (&seen["id"], &seen["state"]),
            (&json!(token), &json!("reconnect")),
            "preserved, {field}"
        );
        world.app.delete(&world.bob, &path).await.expect(204);
        world.change_auth("tracker", authorization_code()).await;
    }
    let mut scopes = authorization_code();
    scopes["scopes"] = json!(["more"]);
    oauth_token(world).await;
    let changed = world.change_auth("tracker", scopes).await;
    assert_eq!(changed["effect"]["kept"], 2, "{changed}");
}

/// Bob's token on `tracker`, as a consent would leave it.
async fn oauth_token(world: &World) -> String {
    let store = &world.app.overkey.core.store;
    let mut work = store.begin().await.unwrap();
    let server = work.servers().find("tracker").await.unwrap().unwrap();
    let (subject, now) = (
        SubjectRef::user(&UserId::new(world.bob.id.clone())),
        world.app.overkey.core.now(),
    );
    let id = uuid::Uuid::now_v7().to_string();
    let row = OverrideRow {
        id: OverrideId::new(id.clone()),
        server: server.id,
        subject: subject.clone(),
        subject_name: String::new(),
        subject_detail: None,
        kind: Kind::OAuth,
        condition: Condition::Good,
        sealed: Sealed::from_bytes(vec![1; 100]),
        origin: server.url.origin(),
        masks: BTreeMap::new(),
        updated_by: subject,
        updated_by_name: "bob".to_owned(),
        created_at: now,
        updated_at: now,
        last_used_at: None,
        last_verified_at: None,
        expires_at: None,
        version: 1,
        consent: None,
    };
    work.overrides().insert(&row).await.unwrap();
    work.save().await.unwrap();
    id
}

async fn d06_changes_of_the_url(world: &World) {
    world.set(&world.bob, "notes", "sk-1").await;
    let to = async |url: String| {
        let patch = json!({"url": url});
        world.app.patch(&world.mia, "/servers/notes", patch).await.expect(200);
        state(world, "notes").await
    };
    assert_eq!(to(world.upstream.url("/another/path")).await, "active");
    assert_eq!(to("https://other.example/mcp".to_owned()).await, "suspended");
    // The value for the new origin has to be entered; an expiry alone is no confirmation.
    let path = format!("/servers/notes/overrides/{}", world.bob.path());
    let without_value = json!({"expires_at": null});
    world
        .app
        .put(&world.bob, &path, without_value)
        .await
        .problem(422, "invalid");
    assert_eq!(state(world, "notes").await, "suspended");
    world.set(&world.bob, "notes", "sk-2").await;
    assert_eq!(state(world, "notes").await, "active");
}

async fn d09_deleting_people_accounts_and_servers(world: &World) {
    world.server("raw", whole_header()).await;
    for server in ["notes", "raw"] {
        for caller in [&world.bob, &world.eve, &world.ci_bot] {
            world.put_override(&world.mia, server, caller, "sk-1").await.expect(201);
        }
    }
    world.revoke("notes", &world.bob).await;
    let states: Vec<_> = list(world, "notes")
        .await
        .iter()
        .map(|item| item["state"].clone())
        .collect();
    assert!(
        states.contains(&json!("no_access")) && states.contains(&json!("active")),
        "{states:?}"
    );
    world
        .app
        .delete(&world.ada, &format!("/users/{}", world.bob.id))
        .await
        .expect(204);
    world
        .app
        .delete(&world.ada, "/virtual-accounts/ci-bot")
        .await
        .expect(204);
    for server in ["notes", "raw"] {
        let left = list(world, server).await;
        assert_eq!(left.len(), 1, "{left:?}");
        assert_eq!(left[0]["subject"]["id"], world.eve.id);
    }
    world.app.delete(&world.mia, "/servers/raw").await.expect(204);
    world.empty_server("raw", whole_header()).await;
    world.grant("raw", &world.mia, "manager").await;
    assert_eq!(list(world, "raw").await, Vec::<Value>::new());
}
