//! Which servers take overrides, and whose (S20-S25, S30, B01, B4).

use serde_json::{Value, json};

use crate::support::world::{authorization_code, client_credentials, individual, no_auth, passthrough, shared};
use crate::support::{Answer, World, on_every_database};

on_every_database!(
    s20_to_s25_which_servers_take_overrides_and_from_whom,
    s21_s23_b01_the_switch_of_a_shared_server
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

async fn s20_to_s25_which_servers_take_overrides_and_from_whom(world: &World) {
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
        let allow = async |allowed: bool| {
            let patch = json!({"allow_overrides": allowed});
            world.app.patch(&world.mia, &path, patch).await.expect(200)
        };
        assert_eq!(
            world.app.get(&world.mia, &path).await.expect(200)["allow_overrides"],
            false
        );
        assert_eq!(allow(true).await["allow_overrides"], true);
        world
            .put_override(&world.mia, name, &world.bob, "Bearer b")
            .await
            .expect(201);
        world
            .put_override(&world.bob, name, &world.bob, "Bearer b")
            .await
            .problem(403, "forbidden");
        allow(false).await;
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
