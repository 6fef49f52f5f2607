//! Why a subject's calls carry what they carry, told by what the calls then do (B03).

use serde_json::{Value, json};

use crate::support::world::{authorization_code, individual, no_auth, passthrough, shared, whole_header};
use crate::support::{Caller, World, on_every_database};

on_every_database!(
    b03_the_decision_is_what_the_next_call_does,
    b03_d09_who_may_not_call_gets_no_credential,
);

async fn resolve(world: &World, server: &str, whose: &Caller) -> Value {
    let path = format!("/servers/{server}/resolve/{}", whose.path());
    world.app.get(&world.mia, &path).await.expect(200)
}

async fn b03_the_decision_is_what_the_next_call_does(world: &World) {
    for (name, auth) in [
        ("own", individual()),
        ("none", individual()),
        ("code", authorization_code()),
        ("shared", shared("Bearer sk-shared")),
        ("relay", passthrough()),
        ("open", no_auth()),
    ] {
        world.server(name, auth).await;
    }
    world.set(&world.bob, "own", "sk-bob").await;
    let patch = json!({"allow_overrides": true});
    world.server("mixed", shared("Bearer sk-shared")).await;
    world.app.patch(&world.mia, "/servers/mixed", patch).await.expect(200);
    world
        .put_override(&world.mia, "mixed", &world.bob, "Bearer sk-bob")
        .await
        .expect(201);
    for (server, decision, sent) in [
        ("own", "manual_override", Some("Bearer sk-bob")),
        ("shared", "server_default", Some("Bearer sk-shared")),
        ("relay", "pass_through", None),
        ("open", "no_credential", None),
        ("mixed", "manual_override", Some("Bearer sk-bob")),
    ] {
        let told = resolve(world, server, &world.bob).await;
        assert_eq!(
            (&told["decision"], &told["reason"]),
            (&json!(decision), &Value::Null),
            "{told}"
        );
        let carried = world.sent_authorization(&world.bob, server).await;
        assert_eq!(carried.as_deref(), sent, "{server}");
    }
    world.change_auth("own", whole_header()).await;
    for server in ["own", "none", "code"] {
        let told = resolve(world, server, &world.bob).await;
        assert_eq!(told["decision"], "missing", "{told}");
        assert_eq!(told["reason"], world.missing(&world.bob, server).await, "{told}");
    }
}

async fn b03_d09_who_may_not_call_gets_no_credential(world: &World) {
    for whose in [&world.bob, &world.eve] {
        world.set(whose, "notes", "sk-1").await;
        assert_eq!(resolve(world, "notes", whose).await["decision"], "manual_override");
    }
    world.revoke("notes", &world.bob).await;
    let disabled = json!({"disabled": true});
    let path = format!("/users/{}", world.eve.id);
    world.app.patch(&world.ada, &path, disabled).await.expect(200);
    for (whose, status) in [(&world.bob, 404), (&world.eve, 401)] {
        let told = resolve(world, "notes", whose).await;
        assert_eq!(told["decision"], "no_access", "{told}");
        let last = told["steps"].as_array().unwrap().last().unwrap()["text"].clone();
        assert!(last.as_str().unwrap().contains(&status.to_string()), "{told}");
        assert_eq!(world.call(whose, "notes").await.status, status);
    }
    world.upstream.assert_untouched();
}
