//! Calls that go by what an earlier call looked up: whatever changes, the call after the change's answer goes by the change (B12, A8).

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::world::{individual, shared};
use crate::support::{Answer, Caller, World, on_every_database};

on_every_database!(
    b12_a_call_after_a_change_goes_by_the_change,
    b12_a_call_after_the_end_of_a_right_goes_by_the_end,
    b12_an_admin_who_is_none_any_more_reaches_what_their_grants_reach,
    b12_time_passes_for_warm_calls_too,
    b12_one_callers_copy_is_never_anothers,
);

/// What Bob's call carries now; twice, so that the second goes by what the first looked up.
async fn carries(world: &World, expected: &str) {
    for _ in 0..2 {
        let sent = world.sent_authorization(&world.bob, "notes").await;
        assert_eq!(sent.as_deref(), Some(expected));
    }
}

async fn ends(world: &World, caller: &Caller, server: &str, status: u16) {
    for _ in 0..2 {
        world.call(caller, server).await.expect(status);
    }
    world.upstream.assert_untouched();
}

async fn b12_a_call_after_a_change_goes_by_the_change(world: &World) {
    assert_eq!(world.missing(&world.bob, "notes").await, "override_missing");
    world.set(&world.bob, "notes", "sk-1").await;
    carries(world, "Bearer sk-1").await;
    world
        .put_override(&world.mia, "notes", &world.bob, "sk-2")
        .await
        .expect(200);
    carries(world, "Bearer sk-2").await;
    let template = json!({"mode": "api_key_individual", "headers": {"Authorization": "Token {{API_KEY}}"}});
    world.change_auth("notes", template).await;
    carries(world, "Token sk-2").await;
    world.change_auth("notes", individual()).await;
    carries(world, "Bearer sk-2").await;
    let path = format!("/servers/notes/overrides/{}", world.bob.path());
    world.app.delete(&world.mia, &path).await.expect(204);
    assert_eq!(world.missing(&world.bob, "notes").await, "override_missing");
    world.change_auth("notes", shared("Bearer sk-shared")).await;
    carries(world, "Bearer sk-shared").await;
    world.change_auth("notes", shared("Bearer sk-shared-2")).await;
    carries(world, "Bearer sk-shared-2").await;
    // Its own override at a shared server, and away again (B01).
    let patch = async |allow: bool| {
        let body = json!({"allow_overrides": allow});
        let preview = world
            .app
            .patch(&world.mia, "/servers/notes?dry_run=true", body.clone())
            .await;
        let request = world.app.request(&world.mia, Method::PATCH, "/servers/notes");
        let request = request.header("if-match", preview.header("etag")).json(&body);
        Answer::of(request).await.expect(200);
    };
    patch(true).await;
    world
        .put_override(&world.mia, "notes", &world.bob, "Bearer sk-3")
        .await
        .expect(201);
    carries(world, "Bearer sk-3").await;
    patch(false).await;
    carries(world, "Bearer sk-shared-2").await;
}

async fn b12_a_call_after_the_end_of_a_right_goes_by_the_end(world: &World) {
    let (app, ada) = (&world.app, &world.ada);
    world.server("open", json!({"mode": "none"})).await;
    let fine = async |caller: &Caller| {
        for _ in 0..2 {
            world.sent_authorization(caller, "open").await;
        }
    };
    // A grant, of one's own and through a team.
    fine(&world.bob).await;
    world.revoke("open", &world.bob).await;
    ends(world, &world.bob, "open", 404).await;
    app.post(ada, "/teams", json!({"name": "makers"})).await.expect(201);
    let member = format!("/teams/makers/members/{}", world.bob.id);
    app.put(ada, &member, Value::Null).await;
    let access = "/servers/open/access/team/makers";
    app.put(ada, access, json!({"role": "user"})).await.expect(201);
    fine(&world.bob).await;
    app.delete(ada, &member).await.expect(204);
    ends(world, &world.bob, "open", 404).await;
    app.put(ada, &member, Value::Null).await;
    fine(&world.bob).await;
    app.delete(ada, access).await.expect(204);
    ends(world, &world.bob, "open", 404).await;
    app.put(ada, access, json!({"role": "user"})).await.expect(201);
    fine(&world.bob).await;
    app.delete(ada, "/teams/makers").await.expect(204);
    ends(world, &world.bob, "open", 404).await;
    // Everyone's.
    app.put(ada, "/servers/open/access/everyone/all", json!({"role": "user"}))
        .await
        .expect(201);
    fine(&world.bob).await;
    fine(&world.sue).await;
    app.delete(ada, "/servers/open/access/everyone/all").await.expect(204);
    ends(world, &world.sue, "open", 404).await;
    // A token, a person, an account.
    let extra = app.post(&world.eve, "/tokens", json!({})).await.expect(201);
    let laptop = Caller::user(&world.eve.id, extra["token"].as_str().unwrap());
    fine(&laptop).await;
    let token = format!("/tokens/{}", extra["id"].as_str().unwrap());
    app.delete(&world.eve, &token).await.expect(204);
    ends(world, &laptop, "open", 401).await;
    fine(&world.eve).await;
    let eve = format!("/users/{}", world.eve.id);
    app.patch(ada, &eve, json!({"disabled": true})).await.expect(200);
    ends(world, &world.eve, "open", 401).await;
    app.patch(ada, &eve, json!({"disabled": false})).await.expect(200);
    fine(&world.eve).await;
    app.delete(ada, &eve).await.expect(204);
    ends(world, &world.eve, "open", 401).await;
    fine(&world.ci_bot).await;
    app.delete(ada, "/virtual-accounts/ci-bot").await.expect(204);
    ends(world, &world.ci_bot, "open", 401).await;
    // The server, and another one in its place.
    fine(&world.mia).await;
    app.delete(ada, "/servers/open").await.expect(204);
    ends(world, &world.mia, "open", 404).await;
    world.empty_server("open", json!({"mode": "none"})).await;
    ends(world, &world.mia, "open", 404).await;
}

async fn b12_an_admin_who_is_none_any_more_reaches_what_their_grants_reach(world: &World) {
    world.empty_server("open", json!({"mode": "none"})).await;
    let sue = format!("/users/{}", world.sue.id);
    let role = async |role: &str| {
        let patch = json!({"platform_role": role});
        world.app.patch(&world.ada, &sue, patch).await.expect(200);
    };
    ends(world, &world.sue, "open", 404).await;
    role("admin").await;
    for _ in 0..2 {
        world.sent_authorization(&world.sue, "open").await;
    }
    role("member").await;
    ends(world, &world.sue, "open", 404).await;
}

async fn b12_time_passes_for_warm_calls_too(world: &World) {
    let in_an_hour = |seconds: i64| {
        let at = time::OffsetDateTime::from_unix_timestamp(world.app.overkey.core.now().0 + seconds).unwrap();
        at.format(&time::format_description::well_known::Rfc3339).unwrap()
    };
    let path = format!("/servers/notes/overrides/{}", world.bob.path());
    let body = json!({"credential": "sk-1", "expires_at": in_an_hour(3_600)});
    world.app.put(&world.bob, &path, body).await.expect(201);
    let body = json!({"expires_at": in_an_hour(7_200)});
    let token = world.app.post(&world.bob, "/tokens", body).await.expect(201);
    let laptop = Caller::user(&world.bob.id, token["token"].as_str().unwrap());
    for _ in 0..2 {
        let sent = world.sent_authorization(&laptop, "notes").await;
        assert_eq!(sent.as_deref(), Some("Bearer sk-1"));
    }
    world.app.clock.advance(3_600);
    assert_eq!(world.missing(&laptop, "notes").await, "override_needs_update");
    world.app.clock.advance(3_600);
    ends(world, &laptop, "notes", 401).await;
}

async fn b12_one_callers_copy_is_never_anothers(world: &World) {
    world.server("search", individual()).await;
    for (caller, key) in [(&world.bob, "bob"), (&world.eve, "eve"), (&world.ci_bot, "ci")] {
        for server in ["notes", "search"] {
            world
                .put_override(&world.mia, server, caller, &format!("sk-{key}-{server}"))
                .await
                .expect(201);
        }
    }
    for _ in 0..3 {
        for (caller, key) in [(&world.bob, "bob"), (&world.eve, "eve"), (&world.ci_bot, "ci")] {
            for server in ["notes", "search"] {
                let sent = world.sent_authorization(caller, server).await;
                assert_eq!(sent, Some(format!("Bearer sk-{key}-{server}")));
            }
        }
    }
}
