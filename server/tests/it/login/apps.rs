//! The apps that act for a person: listed and ended by that person alone, and in the trail (B07, B10).

use serde_json::Value;

use super::stage::*;
use crate::support::{Caller, World, on_every_database};

on_every_database!(
    b10_everybody_sees_and_ends_their_own_apps_only,
    b07_what_is_allowed_issued_and_ended_is_in_the_trail_without_a_secret,
);

async fn apps(world: &World, caller: &Caller) -> Vec<Value> {
    let list = world.app.get(caller, "/connected-apps").await.expect(200);
    list["items"].as_array().unwrap().clone()
}

async fn b10_everybody_sees_and_ends_their_own_apps_only(world: &World) {
    world.set(&world.bob, "notes", "sk-bob").await;
    let bobs = browser(world, &world.bob).await;
    let first = sign_in(world, &bobs, &world.bob, "notes").await;
    let second = sign_in(world, &bobs, &world.bob, "notes").await;
    assert!(apps(world, &world.eve).await.is_empty() && apps(world, &world.ada).await.is_empty());
    let all = apps(world, &world.bob).await;
    assert_eq!(all.len(), 2, "{all:?}");
    assert_eq!(
        (&all[1]["client_id"], &all[1]["server"]),
        (&first.client.clone().into(), &"notes".into())
    );
    assert_eq!(
        (&all[1]["name"], &all[1]["redirect_place"]),
        (&"Test client".into(), &"127.0.0.1:7777".into())
    );
    assert_eq!(all[1]["last_used_at"], Value::Null);
    world.call(&first.caller, "notes").await.expect(200);
    world.app.settle().await;
    assert!(apps(world, &world.bob).await[1]["last_used_at"].is_string());
    let path = format!("/connected-apps/{}", all[1]["id"].as_str().unwrap());
    for stranger in [&world.eve, &world.ada] {
        world.app.delete(stranger, &path).await.problem(404, "not-found");
    }
    world
        .app
        .get(&world.ci_bot, "/connected-apps")
        .await
        .problem(403, "forbidden");
    world.app.delete(&world.bob, &path).await.expect(204);
    world.app.delete(&world.bob, &path).await.problem(404, "not-found");
    unauthorized(&world.call(&first.caller, "notes").await);
    refused(&renew(world, &first.client, &first.refresh).await, "invalid_grant");
    world.call(&second.caller, "notes").await.expect(200);
    assert_eq!(apps(world, &world.bob).await.len(), 1);
}

async fn b07_what_is_allowed_issued_and_ended_is_in_the_trail_without_a_secret(world: &World) {
    world.set(&world.bob, "notes", "sk-bob").await;
    let bobs = browser(world, &world.bob).await;
    let app = sign_in(world, &bobs, &world.bob, "notes").await;
    world.call(&app.caller, "notes").await.expect(200);
    let id = apps(world, &world.bob).await[0]["id"].as_str().unwrap().to_owned();
    world
        .app
        .delete(&world.bob, &format!("/connected-apps/{id}"))
        .await
        .expect(204);
    for action in ["app.allowed", "app.connected", "app.disconnected"] {
        let found = crate::audit::trail(world, &format!("action={action}")).await;
        assert_eq!(found.len(), 1, "{action}: {found:?}");
        assert_eq!(
            (&found[0]["actor"]["id"], &found[0]["server"]),
            (&world.bob.id.clone().into(), &"notes".into())
        );
        assert_eq!(found[0]["detail"]["client"], app.client.as_str());
    }
    let all = serde_json::to_string(&crate::audit::trail(world, "").await).unwrap();
    assert!(all.contains(&id), "the call names the app that it came by");
    for secret in [&app.caller.token, &app.refresh, VERIFIER] {
        assert!(!all.contains(secret), "{secret}");
    }
}
