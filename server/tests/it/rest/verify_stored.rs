//! `POST .../verify`: trying what is stored (B04, B05).

use serde_json::{Value, json};

use super::verify::{GOOD, server_at};
use crate::support::checking::{Behaviour, Checking};
use crate::support::world::individual;
use crate::support::{Answer, Caller, World, on_every_database};

on_every_database!(
    b05_verifying_says_what_came_of_it_and_remembers_it,
    b05_what_calls_do_not_carry_is_not_sent,
    b04_who_may_edit_may_verify_and_nobody_else,
    b04_what_changed_meanwhile_is_not_written_down,
    b05_another_address_or_template_is_not_verified,
);

async fn world_with(world: &World, behaviour: Behaviour) -> Checking {
    let upstream = Checking::start(behaviour).await;
    server_at(world, "wiki", upstream.url("/mcp"), individual()).await;
    upstream
}

async fn verify(world: &World, by: &Caller, whose: &Caller) -> Answer {
    let path = format!("/servers/wiki/overrides/{}/verify", whose.path());
    world.app.post(by, &path, json!({})).await
}

async fn status(world: &World, whose: &Caller) -> String {
    let told = verify(world, &world.mia, whose).await.expect(200);
    let detail = told["detail"].as_str().unwrap();
    assert!(detail.len() > 20 && !detail.contains("sk-"), "{told}");
    let status = told["status"].as_str().unwrap();
    assert_eq!(told["ok"], matches!(status, "accepted" | "unchecked"), "{told}");
    status.to_owned()
}

async fn stored(world: &World, whose: &Caller) -> Value {
    let path = format!("/servers/wiki/overrides/{}", whose.path());
    world.app.get(&world.mia, &path).await.expect(200)
}

async fn b05_verifying_says_what_came_of_it_and_remembers_it(world: &World) {
    let upstream = world_with(world, Behaviour::taking(GOOD)).await;
    world.set(&world.bob, "wiki", "sk-good").await;
    let before = stored(world, &world.bob).await;
    assert_eq!(before["last_verified_at"], Value::Null);
    world.app.clock.advance(60);
    assert_eq!(status(world, &world.bob).await, "accepted");
    let after = stored(world, &world.bob).await;
    assert_ne!(after["last_verified_at"], Value::Null);
    let unchanged = |row: &Value| {
        (
            row["updated_at"].clone(),
            row["last_used_at"].clone(),
            row["updated_by"].clone(),
        )
    };
    assert_eq!(
        unchanged(&after),
        unchanged(&before),
        "nobody changed it, and no call used it"
    );
    // It is taken no more, and then again.
    upstream.behave(Behaviour::taking("Bearer sk-new"));
    assert_eq!(status(world, &world.bob).await, "rejected");
    let row = stored(world, &world.bob).await;
    assert_eq!(
        (&row["state"], &row["last_verified_at"]),
        (&json!("rejected"), &after["last_verified_at"])
    );
    upstream.behave(Behaviour::taking(GOOD));
    world.app.clock.advance(60);
    assert_eq!(status(world, &world.bob).await, "accepted");
    let row = stored(world, &world.bob).await;
    assert_eq!(row["state"], "active");
    assert_ne!(row["last_verified_at"], after["last_verified_at"]);
    // What says nothing changes nothing.
    for behaviour in [
        Behaviour {
            takes: None,
            ..Behaviour::taking(GOOD)
        },
        Behaviour {
            always: Some((500, "text/html", "")),
            ..Behaviour::taking(GOOD)
        },
    ] {
        upstream.behave(behaviour);
        let said = status(world, &world.bob).await;
        assert!(matches!(said.as_str(), "unchecked" | "failed"), "{said}");
        assert_eq!(stored(world, &world.bob).await, row);
    }
    let told = world
        .app
        .get(&world.ada, "/audit?action=override.verified&server=wiki")
        .await
        .expect(200);
    let verdicts: Vec<_> = told["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["detail"]["verdict"].clone())
        .collect();
    assert_eq!(verdicts, ["failed", "unchecked", "accepted", "rejected", "accepted"]);
}

async fn b05_what_calls_do_not_carry_is_not_sent(world: &World) {
    let upstream = world_with(world, Behaviour::taking(GOOD)).await;
    for whose in [&world.bob, &world.eve, &world.ci_bot] {
        world
            .put_override(&world.mia, "wiki", whose, "sk-good")
            .await
            .expect(201);
    }
    let soon = json!({"credential": "sk-good", "expires_at": "2099-01-01T00:00:00Z"});
    let path = format!("/servers/wiki/overrides/{}", world.eve.path());
    world.app.put(&world.mia, &path, soon).await.expect(200);
    world.revoke("wiki", &world.ci_bot).await;
    assert_eq!(status(world, &world.ci_bot).await, "not_sent", "D09");
    world.app.clock.advance(100 * 366 * 86_400);
    assert_eq!(status(world, &world.eve).await, "not_sent", "expired");
    let two = json!({"mode": "api_key_individual", "headers": {"Authorization": "Bearer {{API_KEY}}{{MORE}}"}});
    world.change_auth("wiki", two).await;
    assert_eq!(status(world, &world.bob).await, "not_sent", "D03");
    let elsewhere = Checking::start(Behaviour::taking(GOOD)).await;
    let patch = json!({"url": elsewhere.url("/mcp")});
    world.app.patch(&world.mia, "/servers/wiki", patch).await.expect(200);
    assert_eq!(status(world, &world.bob).await, "not_sent", "D06");
    assert_eq!((upstream.seen(), elsewhere.seen()), (Vec::new(), Vec::new()));
    let none = verify(world, &world.mia, &world.mia).await;
    none.problem(404, "not-found");
    let token = format!("/servers/wiki/overrides/{}/verify?kind=oauth", world.bob.path());
    world
        .app
        .post(&world.mia, &token, json!({}))
        .await
        .problem(404, "not-found");
}

async fn b04_who_may_edit_may_verify_and_nobody_else(world: &World) {
    let upstream = world_with(world, Behaviour::taking(GOOD)).await;
    for whose in [&world.bob, &world.eve, &world.ci_bot] {
        world
            .put_override(&world.mia, "wiki", whose, "sk-good")
            .await
            .expect(201);
    }
    for (by, whose, status) in [
        (&world.bob, &world.eve, 403),
        (&world.bob, &world.ci_bot, 403),
        (&world.ci_bot, &world.ci_bot, 403),
        (&world.sue, &world.bob, 404),
    ] {
        verify(world, by, whose).await.expect(status);
    }
    assert_eq!(upstream.seen(), Vec::<String>::new());
    for (by, whose) in [
        (&world.bob, &world.bob),
        (&world.mia, &world.ci_bot),
        (&world.ada, &world.eve),
    ] {
        assert_eq!(verify(world, by, whose).await.expect(200)["ok"], true);
    }
}

async fn b04_what_changed_meanwhile_is_not_written_down(world: &World) {
    let upstream = world_with(world, Behaviour::taking(GOOD)).await;
    world.set(&world.bob, "wiki", "sk-good").await;
    let template = json!({"mode": "api_key_individual", "headers": {"Authorization": "Token {{API_KEY}}"}});
    for number in 0..3 {
        upstream.hold();
        let meanwhile = async {
            upstream.came().await;
            match number {
                0 => {
                    let patch = json!({"url": upstream.url("/other")});
                    world.app.patch(&world.mia, "/servers/wiki", patch).await.expect(200);
                }
                1 => world.set(&world.bob, "wiki", "sk-other").await,
                _ => drop(
                    world
                        .app
                        .put(&world.mia, "/servers/wiki/outbound-auth", template.clone())
                        .await
                        .expect(200),
                ),
            }
            upstream.release();
        };
        let (tried, ()) = tokio::join!(verify(world, &world.bob, &world.bob), meanwhile);
        tried.problem(409, "conflict");
        let row = stored(world, &world.bob).await;
        assert_eq!(
            (&row["last_verified_at"], &row["state"]),
            (&Value::Null, &json!("active")),
            "{number}"
        );
    }
}

async fn b05_another_address_or_template_is_not_verified(world: &World) {
    let upstream = world_with(world, Behaviour::taking(GOOD)).await;
    let template = json!({"mode": "api_key_individual", "headers": {"Authorization": "Token {{API_KEY}}"}});
    world.set(&world.bob, "wiki", "sk-good").await;
    for patch in [
        json!({"description": "The wiki"}),
        json!({"url": upstream.url("/other")}),
        json!({"outbound_auth": template}),
    ] {
        upstream.behave(Behaviour::taking(GOOD));
        assert_eq!(status(world, &world.bob).await, "accepted");
        world
            .app
            .patch(&world.mia, "/servers/wiki", patch.clone())
            .await
            .expect(200);
        let verified = stored(world, &world.bob).await["last_verified_at"].clone();
        assert_eq!(verified.is_null(), patch.get("description").is_none(), "{patch}");
    }
}
