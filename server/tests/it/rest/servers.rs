//! Servers and who may use them.

use serde_json::json;

use crate::support::world::{individual, no_auth};
use crate::support::{World, on_every_database};

on_every_database!(
    admins_register_servers_and_manage_them,
    managers_change_servers_and_users_only_see_them,
    access_is_given_and_taken_by_managers,
    everyone_is_a_grantee,
    a_patch_with_an_old_revision_is_409,
);

async fn admins_register_servers_and_manage_them(world: &World) {
    let new = json!({"name": "mine", "url": "https://mcp.example.com/mcp", "description": " For all ", "outbound_auth": individual()});
    for other in [&world.mia, &world.bob, &world.ci_bot] {
        world
            .app
            .post(other, "/servers", new.clone())
            .await
            .problem(403, "forbidden");
    }
    let answer = world.app.post(&world.ada, "/servers", new).await;
    let made = answer.expect(201);
    assert_eq!(answer.header("location"), "/api/v1/servers/mine");
    assert_eq!(made["description"], "For all");
    assert_eq!(made["my_role"], "manager");
    assert_eq!(made["allow_overrides"], false);
    assert_eq!(made["gateway_url"], world.app.at("/mcp/mine").as_str());
    assert_eq!(made["outbound_auth"], individual());
    let grants = world.app.get(&world.ada, "/servers/mine/access").await.expect(200);
    assert_eq!(grants["items"][0]["grantee"]["id"], world.ada.id);
    assert_eq!(grants["items"][0]["role"], "manager");
}

async fn managers_change_servers_and_users_only_see_them(world: &World) {
    let seen = world.app.get(&world.bob, "/servers/notes").await.expect(200);
    assert_eq!(seen["my_role"], "user");
    for user in [&world.bob, &world.ci_bot] {
        world
            .app
            .patch(user, "/servers/notes", json!({"description": "x"}))
            .await
            .problem(403, "forbidden");
        world.app.delete(user, "/servers/notes").await.problem(403, "forbidden");
        world
            .app
            .get(user, "/servers/notes/access")
            .await
            .problem(403, "forbidden");
    }
    let patch = json!({"name": "renamed", "description": "Ours", "url": null});
    let changed = world.app.patch(&world.mia, "/servers/notes", patch).await.expect(200);
    assert_eq!(
        (&changed["name"], &changed["description"]),
        (&json!("renamed"), &json!("Ours"))
    );
    assert_eq!(changed["url"], seen["url"]);
    world
        .app
        .get(&world.mia, "/servers/notes")
        .await
        .problem(404, "not-found");
    world.app.delete(&world.mia, "/servers/renamed").await.expect(204);
    world
        .app
        .get(&world.ada, "/servers/renamed")
        .await
        .problem(404, "not-found");
}

async fn access_is_given_and_taken_by_managers(world: &World) {
    let sue = format!("/servers/notes/access/{}", world.sue.path());
    world
        .app
        .put(&world.bob, &sue, json!({"role": "user"}))
        .await
        .problem(403, "forbidden");
    world
        .app
        .put(
            &world.bob,
            &format!("/servers/notes/access/{}", world.bob.path()),
            json!({"role": "manager"}),
        )
        .await
        .problem(403, "forbidden");
    world
        .app
        .get(&world.sue, "/servers/notes")
        .await
        .problem(404, "not-found");
    let grant = world
        .app
        .put(&world.mia, &sue, json!({"role": "user"}))
        .await
        .expect(201);
    assert_eq!(grant["grantee"]["name"], "sue (sue@demo.test)");
    assert_eq!(
        world.app.get(&world.sue, "/servers/notes").await.expect(200)["my_role"],
        "user"
    );
    world
        .app
        .put(&world.mia, &sue, json!({"role": "manager"}))
        .await
        .expect(200);
    assert_eq!(
        world.app.get(&world.sue, "/servers/notes").await.expect(200)["my_role"],
        "manager"
    );
    world.app.delete(&world.mia, &sue).await.expect(204);
    world.app.delete(&world.mia, &sue).await.problem(404, "not-found");
    world
        .app
        .get(&world.sue, "/servers/notes")
        .await
        .problem(404, "not-found");
    for (who, role, status, field) in [
        ("user/nobody", "user", 422, "grantee"),
        ("virtual_account/nobody", "user", 422, "grantee"),
        ("team/nobody", "user", 422, "grantee"),
        ("user/sue@demo.test", "owner", 422, "role"),
        ("robot/x", "user", 400, "grantee_type"),
        ("everyone/some", "user", 400, "grantee_id"),
    ] {
        let kind = if status == 400 { "malformed" } else { "invalid" };
        let answer = world
            .app
            .put(
                &world.mia,
                &format!("/servers/notes/access/{who}"),
                json!({"role": role}),
            )
            .await;
        assert_eq!(answer.wrong_fields(status, kind), [field], "{who}");
    }
}

async fn everyone_is_a_grantee(world: &World) {
    world.server("open", no_auth()).await;
    let path = "/servers/open/access/everyone/all";
    world
        .app
        .put(&world.mia, path, json!({"role": "user"}))
        .await
        .expect(201);
    world.call(&world.sue, "open").await.expect(200);
    let list = world.app.get(&world.sue, "/servers").await.expect(200);
    assert_eq!(list["items"][0]["name"], "open");
    // The strongest role counts.
    assert_eq!(
        world.app.get(&world.mia, "/servers/open").await.expect(200)["my_role"],
        "manager"
    );
    world.app.delete(&world.mia, path).await.expect(204);
    world.call(&world.sue, "open").await.expect(404);
}

async fn a_patch_with_an_old_revision_is_409(world: &World) {
    let seen = world.app.get(&world.mia, "/servers/notes").await;
    let revision = seen.header("etag").to_owned();
    assert_eq!(revision, format!("\"{}\"", seen.json()["revision"].as_str().unwrap()));
    let patch = async |text: &str| {
        let request = world.app.request(&world.mia, reqwest::Method::PATCH, "/servers/notes");
        let request = request
            .header("if-match", &revision)
            .json(&json!({"description": text}));
        crate::support::Answer::of(request).await
    };
    patch("first").await.expect(200);
    patch("second").await.problem(409, "stale-preview");
    assert_eq!(
        world.app.get(&world.mia, "/servers/notes").await.json()["description"],
        "first"
    );
}
