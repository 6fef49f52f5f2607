//! Which servers take overrides, and whose (S20-S25, S30, B01, B4).

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::world::{authorization_code, client_credentials, individual, no_auth, passthrough, shared};
use crate::support::{Answer, World, on_every_database};

on_every_database!(
    s20_to_s25_b4_which_servers_take_overrides_and_from_whom,
    s21_s23_b01_the_switch_of_a_shared_server,
    b01_d07_switching_it_off_is_previewed_and_deletes,
);

/// 201 as it is, everything else by its problem type.
fn outcome(answer: &Answer) -> String {
    match answer.status {
        201 => "added".to_owned(),
        _ => answer.json()["type"]
            .as_str()
            .unwrap()
            .trim_start_matches("/problems/")
            .to_owned(),
    }
}

async fn s20_to_s25_b4_which_servers_take_overrides_and_from_whom(world: &World) {
    const NO: &str = "overrides-unsupported";
    let rows: [(&str, Value, &str, &str); 6] = [
        ("s20", individual(), "added", "added"),
        ("s21", shared("Bearer x"), NO, NO),
        ("s22", authorization_code(), "added", "forbidden"),
        ("s23", client_credentials(), NO, NO),
        ("s24", passthrough(), NO, NO),
        ("s25", no_auth(), NO, NO),
    ];
    for (name, auth, manager, user) in rows {
        world.server(name, auth).await;
        let by_manager = world.put_override(&world.mia, name, &world.ci_bot, "sk-1").await;
        let by_user = world.put_override(&world.bob, name, &world.bob, "sk-1").await;
        assert_eq!(
            (outcome(&by_manager).as_str(), outcome(&by_user).as_str()),
            (manager, user),
            "{name}"
        );
        if manager == NO {
            // It says why, and nothing is stored.
            assert!(
                by_manager.json()["detail"].as_str().unwrap().len() > 20,
                "{by_manager:?}"
            );
            let list = world
                .app
                .get(&world.mia, &format!("/servers/{name}/overrides"))
                .await
                .expect(200);
            assert_eq!(list["items"], json!([]), "{name}");
        }
    }
}

async fn s21_s23_b01_the_switch_of_a_shared_server(world: &World) {
    for (name, auth) in [("shared", shared("Bearer x")), ("machine", client_credentials())] {
        world.server(name, auth).await;
        let path = format!("/servers/{name}");
        assert_eq!(
            world.app.get(&world.mia, &path).await.expect(200)["allow_overrides"],
            false
        );
        assert_eq!(allow(world, name, true).await.expect(200)["allow_overrides"], true);
        world
            .put_override(&world.mia, name, &world.bob, "Bearer b")
            .await
            .expect(201);
        world
            .put_override(&world.bob, name, &world.bob, "Bearer b")
            .await
            .problem(403, "forbidden");
        world
            .app
            .delete(&world.mia, &format!("{path}/overrides/{}", world.bob.path()))
            .await
            .expect(204);
        // Nothing is there that it would delete.
        allow(world, name, false).await.expect(200);
        world
            .put_override(&world.mia, name, &world.eve, "Bearer b")
            .await
            .problem(422, "overrides-unsupported");
    }
    // Where there is no credential to override, the switch changes nothing.
    world.server("open", no_auth()).await;
    let patch = json!({"allow_overrides": true});
    world.app.patch(&world.mia, "/servers/open", patch).await.expect(200);
    world
        .put_override(&world.mia, "open", &world.bob, "x")
        .await
        .problem(422, "overrides-unsupported");
}

async fn allow(world: &World, server: &str, allowed: bool) -> Answer {
    let patch = json!({"allow_overrides": allowed});
    world.app.patch(&world.mia, &format!("/servers/{server}"), patch).await
}

async fn b01_d07_switching_it_off_is_previewed_and_deletes(world: &World) {
    let of = |name: &str| format!("/servers/{name}/overrides");
    for (name, auth) in [("shared", shared("Bearer x")), ("machine", client_credentials())] {
        world.server(name, auth).await;
        allow(world, name, true).await.expect(200);
        for whose in [&world.bob, &world.ci_bot] {
            world
                .put_override(&world.mia, name, whose, "Bearer b")
                .await
                .expect(201);
        }
        allow(world, name, false).await.problem(409, "stale-preview");
        let path = format!("/servers/{name}");
        let off = json!({"allow_overrides": false});
        let dry = world
            .app
            .patch(&world.mia, &format!("{path}?dry_run=true"), off.clone())
            .await;
        let preview = dry.expect(200);
        assert_eq!(
            (&preview["effect"]["deleted"], &preview["effect"]["kept"]),
            (&json!(2), &json!(0))
        );
        let whose: Vec<_> = preview["affected"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| &one["subject"]["name"])
            .collect();
        assert_eq!(whose, ["bob", "ci-bot"]);
        let save = async |revision: &str| {
            let request = world.app.request(&world.mia, Method::PATCH, &path);
            Answer::of(request.header("if-match", revision).json(&off)).await
        };
        let seen = dry.header("etag").to_owned();
        world
            .put_override(&world.mia, name, &world.eve, "Bearer e")
            .await
            .expect(201);
        save(&seen).await.problem(409, "stale-preview");
        let list = world.app.get(&world.mia, &of(name)).await.expect(200);
        assert_eq!(list["items"].as_array().unwrap().len(), 3, "nothing was deleted");
        let again = world
            .app
            .patch(&world.mia, &format!("{path}?dry_run=true"), off.clone())
            .await;
        save(again.header("etag")).await.expect(200);
        let list = world.app.get(&world.mia, &of(name)).await.expect(200);
        assert_eq!(list["items"], json!([]));
        // Nothing sleeps there and wakes up when it is switched on again.
        allow(world, name, true).await.expect(200);
        let list = world.app.get(&world.mia, &of(name)).await.expect(200);
        assert_eq!(list["items"], json!([]));
    }
    let deleted = world
        .app
        .get(&world.ada, "/audit?action=override.deleted&server=shared")
        .await
        .expect(200);
    assert_eq!(deleted["items"].as_array().unwrap().len(), 3, "{deleted}");
    let changed = world
        .app
        .get(&world.ada, "/audit?action=server.outbound_changed&server=shared")
        .await
        .expect(200);
    let told: Vec<_> = changed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let detail = |name: &str| one["detail"][name].as_str().unwrap().to_owned();
            format!("{}: {} deleted", detail("allow_overrides"), detail("deleted"))
        })
        .collect();
    assert_eq!(
        told,
        ["true: 0 deleted", "false: 3 deleted", "true: 0 deleted"],
        "newest first"
    );
}
