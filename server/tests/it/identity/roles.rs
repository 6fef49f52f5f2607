//! The role matrix over HTTP, with roles through a team and those of external identities beside one's own (S10-S14, S30-S32, D11,
//! B02): the same role has the same answers, however one came by it.

use serde_json::json;

use super::callers::on_both;
use super::stage::Stage;
use crate::support::{Answer, Caller};

on_both!(s10_to_s14_s32_d11_b02_a_role_is_worth_the_same_to_everybody_who_holds_it);

async fn s10_to_s14_s32_d11_b02_a_role_is_worth_the_same_to_everybody_who_holds_it(stage: &Stage) {
    let world = &stage.world;
    let app = &world.app;
    for (team, role) in [("readers", "user"), ("keepers", "manager")] {
        app.post(&world.ada, "/teams", json!({"name": team})).await.expect(201);
        let path = format!("/servers/notes/access/team/{team}");
        app.put(&world.ada, &path, json!({"role": role})).await.expect(201);
    }
    let member = async |name: &str, team: &str| {
        let new = json!({"email": format!("{name}@demo.test"), "name": name});
        let id = app.post(&world.ada, "/users", new).await.expect(201)["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let path = format!("/teams/{team}/members/{id}");
        app.put(&world.ada, &path, json!({})).await.expect(201);
        Caller::user(&id, app.token_of(&id).await)
    };
    let (reader, keeper) = (member("reader", "readers").await, member("keeper", "keepers").await);
    let mut external = Vec::new();
    for (subject, role) in [
        ("build-1", Some("user")),
        ("build-2", Some("manager")),
        ("build-3", None),
    ] {
        let caller = stage.caller(&stage.idp, subject).await;
        if let Some(role) = role {
            world.grant("notes", &caller, role).await;
        }
        external.push(caller);
    }
    let [build, boss, nobody] = &external[..] else {
        unreachable!()
    };

    //                  list, see another's, add own, edit own, add another's, delete another's, why own, why another's, access, settings, delete own
    let user = "200 403 201 200 403 403 200 403 403 403 204";
    let manager = "200 200 201 200 200 204 200 200 200 200 204";
    let stranger = "404 404 404 404 404 404 404 404 404 404 404";
    for (who, caller, expected) in [
        ("user", &world.bob, user),
        ("user through a team", &reader, user),
        ("external user", build, user),
        ("manager", &world.mia, manager),
        ("manager through a team", &keeper, manager),
        ("external manager", boss, manager),
        ("stranger", &world.sue, stranger),
        ("external stranger", nobody, stranger),
    ] {
        assert_eq!(answers(stage, caller).await, expected, "{who}");
    }
    // Their own and nobody else's: one external identity is to the other what one user is to the other.
    let path = format!("/servers/notes/overrides/{}", boss.path());
    let set = world.put_override(build, "notes", boss, "sk-1").await;
    set.problem(403, "forbidden");
    app.get(build, &path).await.problem(403, "forbidden");
}

/// The status of each action in turn, with Eve as the other one.
async fn answers(stage: &Stage, caller: &Caller) -> String {
    let world = &stage.world;
    let (app, eve) = (&world.app, &world.eve);
    world.put_override(&world.ada, "notes", eve, "sk-eve").await;
    let of = |whose: &Caller| format!("/servers/notes/overrides/{}", whose.path());
    let why = |whose: &Caller| format!("/servers/notes/resolve/{}", whose.path());
    let described = json!({"description": "Notes"});
    let all: [Answer; 11] = [
        app.get(caller, "/servers/notes/overrides").await,
        app.get(caller, &of(eve)).await,
        world.put_override(caller, "notes", caller, "sk-own").await,
        world.put_override(caller, "notes", caller, "sk-own-2").await,
        world.put_override(caller, "notes", eve, "sk-eve-2").await,
        app.delete(caller, &of(eve)).await,
        app.get(caller, &why(caller)).await,
        app.get(caller, &why(eve)).await,
        app.get(caller, "/servers/notes/access").await,
        app.patch(caller, "/servers/notes", described).await,
        app.delete(caller, &of(caller)).await,
    ];
    all.map(|answer| answer.status.to_string()).join(" ")
}
