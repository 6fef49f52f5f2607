//! Teams, and what a role through one is worth (D09, D11, B1).

use serde_json::{Value, json};

use crate::support::{Caller, World, on_every_database};

on_every_database!(
    teams_are_made_changed_and_deleted_by_admins,
    what_is_wrong_with_a_team_is_told_at_the_field,
    members_come_and_go,
    a_user_through_a_team_is_a_user,
    a_manager_through_a_team_works_like_a_manager,
    d09_an_override_sleeps_while_its_owner_is_out_of_the_team,
    a_deleted_team_takes_its_access_along,
    d11_who_may_not_know_a_team_learns_nothing_of_it,
    effective_access_tells_where_each_role_comes_from,
);

/// A team with this role on notes, and Sue, who has nothing else, in it.
async fn platform(world: &World, role: &str) {
    world
        .app
        .post(&world.ada, "/teams", json!({"name": "platform"}))
        .await
        .expect(201);
    let path = format!("/teams/platform/members/{}", world.sue.id);
    world.app.put(&world.ada, &path, json!({})).await.expect(201);
    let path = "/servers/notes/access/team/platform";
    world.app.put(&world.mia, path, json!({"role": role})).await.expect(201);
}

async fn leave(world: &World) {
    let path = "/teams/platform/members/sue@demo.test";
    world.app.delete(&world.ada, path).await.expect(204);
}

async fn teams_are_made_changed_and_deleted_by_admins(world: &World) {
    let new = json!({"name": "platform", "description": "Keeps the lights on"});
    let made = world.app.post(&world.ada, "/teams", new.clone()).await;
    let team = made.expect(201);
    let id = team["id"].as_str().unwrap();
    assert_eq!(made.header("location"), format!("/api/v1/teams/{id}"));
    assert_eq!((&team["members"], &team["servers"]), (&json!(0), &json!(0)));
    for name in ["platform", id] {
        assert_eq!(
            world.app.get(&world.ada, &format!("/teams/{name}")).await.expect(200),
            team
        );
    }
    world
        .app
        .post(&world.ada, "/teams", new.clone())
        .await
        .problem(409, "conflict");
    world
        .app
        .post(&world.ada, "/teams", json!({"name": "data"}))
        .await
        .expect(201);
    let taken = json!({"name": "data"});
    world
        .app
        .patch(&world.ada, "/teams/platform", taken)
        .await
        .problem(409, "conflict");
    let renamed = world
        .app
        .patch(&world.ada, "/teams/platform", json!({"name": "infra"}))
        .await
        .expect(200);
    assert_eq!((&renamed["id"], &renamed["name"]), (&team["id"], &json!("infra")));
    assert_eq!(renamed["description"], "Keeps the lights on");
    for other in [&world.mia, &world.bob, &world.ci_bot] {
        world
            .app
            .post(other, "/teams", new.clone())
            .await
            .problem(403, "forbidden");
        for path in ["/teams", "/teams/infra", "/teams/absent", "/teams/infra/members"] {
            world.app.get(other, path).await.problem(403, "forbidden");
        }
        world
            .app
            .patch(other, "/teams/infra", json!({}))
            .await
            .problem(403, "forbidden");
        let join = format!("/teams/infra/members/{}", world.bob.id);
        world.app.put(other, &join, json!({})).await.problem(403, "forbidden");
        world.app.delete(other, &join).await.problem(403, "forbidden");
        world.app.delete(other, "/teams/infra").await.problem(403, "forbidden");
    }
    world.app.delete(&world.ada, "/teams/infra").await.expect(204);
    world
        .app
        .delete(&world.ada, "/teams/infra")
        .await
        .problem(404, "not-found");
    world
        .app
        .get(&world.ada, "/teams/infra")
        .await
        .problem(404, "not-found");
    let trail = world
        .app
        .get(&world.ada, "/audit?action=team.deleted")
        .await
        .expect(200);
    assert_eq!(trail["items"][0]["detail"]["team"], "infra");
}

async fn what_is_wrong_with_a_team_is_told_at_the_field(world: &World) {
    let id = world.bob.id.clone();
    for (field, bad) in [
        ("name", json!("")),
        ("name", json!("Platform")),
        ("name", json!("a/b")),
        ("name", json!("..")),
        ("name", json!("new")),
        ("name", json!(id)),
        ("name", json!("x".repeat(64))),
        ("description", json!("x".repeat(501))),
        ("description", json!("a\u{7}b")),
    ] {
        let mut new = json!({"name": "platform"});
        new[field] = bad.clone();
        let answer = world.app.post(&world.ada, "/teams", new).await;
        assert_eq!(answer.wrong_fields(422, "invalid"), [field], "{bad}");
    }
    let both = json!({"name": "A b", "description": "\u{1}"});
    let answer = world.app.post(&world.ada, "/teams", both).await;
    assert_eq!(answer.wrong_fields(422, "invalid"), ["name", "description"]);
    assert_eq!(
        world.app.get(&world.ada, "/teams").await.expect(200)["items"],
        json!([])
    );
}

async fn members_come_and_go(world: &World) {
    platform(world, "user").await;
    let by_address = "/teams/platform/members/BOB@demo.test";
    let bob = world.app.put(&world.ada, by_address, json!({})).await.expect(201);
    assert_eq!(
        (&bob["id"], &bob["email"]),
        (&json!(world.bob.id), &json!("bob@demo.test"))
    );
    assert_eq!(world.app.put(&world.ada, by_address, json!({})).await.expect(200), bob);
    let nobody = world
        .app
        .put(&world.ada, "/teams/platform/members/nobody", json!({}))
        .await;
    assert_eq!(nobody.wrong_fields(422, "invalid"), ["user"]);
    world
        .app
        .put(&world.ada, "/teams/absent/members/bob@demo.test", json!({}))
        .await
        .problem(404, "not-found");
    let names = async |path: &str| -> Vec<String> {
        let page = world.app.get(&world.ada, path).await.expect(200);
        let items = page["items"].as_array().unwrap();
        items
            .iter()
            .map(|item| item["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names("/teams/platform/members").await, ["bob", "sue"]);
    assert_eq!(names("/teams/platform/members?search=SUE").await, ["sue"]);
    assert_eq!(
        world.app.get(&world.ada, "/teams/platform").await.expect(200)["members"],
        2
    );
    world.app.delete(&world.ada, by_address).await.expect(204);
    world.app.delete(&world.ada, by_address).await.problem(404, "not-found");
    // D09: who goes leaves every team.
    let sue = format!("/users/{}", world.sue.id);
    world.app.delete(&world.ada, &sue).await.expect(204);
    assert_eq!(names("/teams/platform/members").await, Vec::<String>::new());
}

/// The servers that somebody sees.
async fn seen(world: &World, caller: &Caller) -> Vec<String> {
    let page = world.app.get(caller, "/servers").await.expect(200);
    let items = page["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["name"].as_str().unwrap().to_owned())
        .collect()
}

async fn a_user_through_a_team_is_a_user(world: &World) {
    world
        .app
        .get(&world.sue, "/servers/notes")
        .await
        .problem(404, "not-found");
    world.call(&world.sue, "notes").await.expect(404);
    platform(world, "user").await;
    assert_eq!(seen(world, &world.sue).await, ["notes"]);
    assert_eq!(
        world.app.get(&world.sue, "/servers/notes").await.expect(200)["my_role"],
        "user"
    );
    // S12, S30: their own override and nobody else's.
    world.set(&world.sue, "notes", "sk-sue").await;
    assert_eq!(
        world.sent_authorization(&world.sue, "notes").await.as_deref(),
        Some("Bearer sk-sue")
    );
    world
        .put_override(&world.sue, "notes", &world.bob, "sk-forged")
        .await
        .problem(403, "forbidden");
    world
        .app
        .get(&world.sue, "/servers/notes/access")
        .await
        .problem(403, "forbidden");
    leave(world).await;
    assert_eq!(seen(world, &world.sue).await, Vec::<String>::new());
    world.call(&world.sue, "notes").await.expect(404);
    world.upstream.assert_untouched();
}

async fn a_manager_through_a_team_works_like_a_manager(world: &World) {
    platform(world, "manager").await;
    assert_eq!(
        world.app.get(&world.sue, "/servers/notes").await.expect(200)["my_role"],
        "manager"
    );
    // S11-S14: everybody's overrides; S31: a virtual account's.
    for whose in [&world.bob, &world.ci_bot] {
        world.put_override(&world.sue, "notes", whose, "sk-1").await.expect(201);
    }
    let list = world.app.get(&world.sue, "/servers/notes/overrides").await.expect(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    let described = json!({"description": "Sue's"});
    world
        .app
        .patch(&world.sue, "/servers/notes", described.clone())
        .await
        .expect(200);
    world.app.get(&world.sue, "/servers/notes/access").await.expect(200);
    let bobs = format!("/servers/notes/access/{}", world.bob.path());
    world
        .app
        .put(&world.sue, &bobs, json!({"role": "manager"}))
        .await
        .expect(200);
    // The strongest role counts: a weaker one of her own takes nothing away.
    world.grant("notes", &world.sue, "user").await;
    world
        .app
        .patch(&world.sue, "/servers/notes", described.clone())
        .await
        .expect(200);
    leave(world).await;
    world
        .app
        .patch(&world.sue, "/servers/notes", described)
        .await
        .problem(403, "forbidden");
}

async fn d09_an_override_sleeps_while_its_owner_is_out_of_the_team(world: &World) {
    platform(world, "user").await;
    world.set(&world.sue, "notes", "sk-sue").await;
    let path = format!("/servers/notes/overrides/{}", world.sue.path());
    let state = async || world.app.get(&world.mia, &path).await.expect(200)["state"].clone();
    assert_eq!(state().await, "active");
    let listed = async |state: &str| {
        let path = format!("/servers/notes/overrides?state={state}");
        world.app.get(&world.mia, &path).await.expect(200)["items"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!((listed("active").await, listed("no_access").await), (1, 0));
    leave(world).await;
    assert_eq!(state().await, "no_access");
    assert_eq!((listed("active").await, listed("no_access").await), (0, 1));
    world.call(&world.sue, "notes").await.expect(404);
    let join = format!("/teams/platform/members/{}", world.sue.id);
    world.app.put(&world.ada, &join, json!({})).await.expect(201);
    assert_eq!(state().await, "active");
    assert_eq!(
        world.sent_authorization(&world.sue, "notes").await.as_deref(),
        Some("Bearer sk-sue")
    );
}

async fn a_deleted_team_takes_its_access_along(world: &World) {
    platform(world, "manager").await;
    let grants = async || {
        let list = world.app.get(&world.mia, "/servers/notes/access").await.expect(200);
        let items = list["items"].as_array().unwrap().clone();
        items
            .into_iter()
            .filter(|item| item["grantee"]["type"] == "team")
            .map(|item| item["grantee"]["name"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(grants().await, [json!("platform")]);
    // A rename changes nothing but the name.
    world
        .app
        .patch(&world.ada, "/teams/platform", json!({"name": "infra"}))
        .await
        .expect(200);
    assert_eq!(grants().await, [json!("infra")]);
    assert_eq!(seen(world, &world.sue).await, ["notes"]);
    world.app.delete(&world.ada, "/teams/infra").await.expect(204);
    assert_eq!(grants().await, Vec::<Value>::new());
    assert_eq!(seen(world, &world.sue).await, Vec::<String>::new());
    // A new team of that name has nothing of the old one's.
    world
        .app
        .post(&world.ada, "/teams", json!({"name": "infra"}))
        .await
        .expect(201);
    let join = format!("/teams/infra/members/{}", world.sue.id);
    world.app.put(&world.ada, &join, json!({})).await.expect(201);
    assert_eq!(seen(world, &world.sue).await, Vec::<String>::new());
}

async fn d11_who_may_not_know_a_team_learns_nothing_of_it(world: &World) {
    platform(world, "user").await;
    // Bob is a user of notes: he may give nothing, whether the team is there or not.
    let there = "/servers/notes/access/team/platform";
    let absent = "/servers/notes/access/team/absent";
    let role = json!({"role": "user"});
    for path in [there, absent] {
        world
            .app
            .put(&world.bob, path, role.clone())
            .await
            .problem(403, "forbidden");
        world.app.delete(&world.bob, path).await.problem(403, "forbidden");
    }
    // Sue does not see raw at all, and neither does anybody through a team that has nothing there.
    world.empty_server("raw", crate::support::world::individual()).await;
    let hidden = world.app.get(&world.sue, "/servers/raw").await;
    let nowhere = world.app.get(&world.sue, "/servers/nowhere").await;
    hidden.problem(404, "not-found");
    assert_eq!(hidden.text, nowhere.text);
    let unknown = world.app.put(&world.mia, absent, role).await;
    assert_eq!(unknown.wrong_fields(422, "invalid"), ["grantee"]);
    world.app.delete(&world.mia, absent).await.problem(404, "not-found");
    world.app.delete(&world.mia, there).await.expect(204);
    world.app.delete(&world.mia, there).await.problem(404, "not-found");
}

async fn effective_access_tells_where_each_role_comes_from(world: &World) {
    platform(world, "manager").await;
    let join = format!("/teams/platform/members/{}", world.bob.id);
    world.app.put(&world.ada, &join, json!({})).await.expect(201);
    let list = async |query: &str| {
        let path = format!("/servers/notes/effective-access{query}");
        world.app.get(&world.mia, &path).await.expect(200)["items"].clone()
    };
    let role = |name: &str, role: &str, from: Value| json!([name, role, from]);
    let short = |items: &Value| {
        let rows = items.as_array().unwrap().iter().map(|item| {
            let from = item["from"].as_array().unwrap().iter().map(|given| {
                let team = given["team"].as_str().unwrap_or_default();
                format!(
                    "{} {team} {}",
                    given["source"].as_str().unwrap(),
                    given["role"].as_str().unwrap()
                )
            });
            json!([item["subject"]["name"], item["role"], from.collect::<Vec<_>>()])
        });
        rows.collect::<Vec<_>>()
    };
    assert_eq!(
        short(&list("").await),
        [
            // Who registered it is its manager besides.
            role("ada", "manager", json!(["platform_admin  manager", "direct  manager"])),
            role("bob", "manager", json!(["team platform manager", "direct  user"])),
            role("ci-bot", "user", json!(["direct  user"])),
            role("eve", "user", json!(["direct  user"])),
            role("mia", "manager", json!(["direct  manager"])),
            role("sue", "manager", json!(["team platform manager"])),
        ]
    );
    assert_eq!(short(&list("?search=SUE").await).len(), 1);
    world
        .app
        .put(
            &world.mia,
            "/servers/notes/access/everyone/all",
            json!({"role": "user"}),
        )
        .await
        .expect(201);
    let bob = &short(&list("?search=bob").await)[0];
    assert_eq!(
        bob[2],
        json!(["team platform manager", "direct  user", "everyone  user"])
    );
    let off = json!({"disabled": true});
    let path = format!("/users/{}", world.sue.id);
    world.app.patch(&world.ada, &path, off).await.expect(200);
    assert_eq!(list("?search=sue").await[0]["disabled"], true);
    for other in [&world.bob, &world.ci_bot] {
        let path = "/servers/notes/effective-access";
        let expected = if other.id == world.bob.id { 200 } else { 403 };
        world.app.get(other, path).await.expect(expected);
    }
    leave(world).await;
}
