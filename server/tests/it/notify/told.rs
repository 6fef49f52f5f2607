//! What is told to whom, on both databases: a row of the outbox comes and goes with the change it tells of.

use serde_json::json;

use super::receivers::{Hook, Received, Receiver, Relay};
use crate::support::database::Postgres;
use crate::support::world::shared;
use crate::support::{Answer, World};

/// A world that tells, and who listens.
struct Stage {
    world: World,
    receiver: Receiver,
    relay: Relay,
}

impl Stage {
    async fn new(database: Option<String>) -> Self {
        let (receiver, relay) = (Receiver::start().await, Relay::start().await);
        let configure = |config: &mut server::config::Config| {
            if let Some(url) = database {
                config.database_url = url;
            }
            receiver.configure(config);
            relay.configure(config);
        };
        let world = World::with(configure).await;
        Self { world, receiver, relay }
    }

    async fn deliver(&self) -> (Vec<Hook>, Vec<Received>) {
        self.world.app.overkey.notifier().deliver().await.unwrap();
        (self.receiver.hooks(), self.relay.mails())
    }
}

macro_rules! told_on_every_database {
    ($($case:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $case() {
                super::$case(&super::Stage::new(None).await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test]
            async fn $case() {
                let database = super::Postgres::create().await;
                let stage = super::Stage::new(Some(database.url.clone())).await;
                super::$case(&stage).await;
                stage.world.app.settle().await;
                drop(stage);
                database.remove().await;
            })*
        }
    };
}

told_on_every_database!(
    b05_what_a_manager_sets_is_told_its_subject_and_what_one_sets_oneself_is_not,
    b05_what_is_refused_or_undone_is_not_told,
    b05_an_account_s_owner_is_told_for_it,
    b05_what_an_upstream_rejects_is_told_once,
    s50_what_a_change_of_mode_deletes_is_told_each_subject,
    s61_who_has_to_consent_again_is_told,
    settings_are_shown_to_admins_alone_and_a_test_goes_out,
);

async fn b05_what_a_manager_sets_is_told_its_subject_and_what_one_sets_oneself_is_not(stage: &Stage) {
    let world = &stage.world;
    world.set(&world.eve, "notes", "sk-eve-canary-1234567890").await;
    assert_eq!(stage.deliver().await.0.len(), 0);
    let by_mia = world.put_override(&world.mia, "notes", &world.bob, "sk-bob-canary-1234567890");
    by_mia.await.expect(201);
    let (hooks, mails) = stage.deliver().await;
    assert_eq!((hooks.len(), mails.len()), (1, 1), "{hooks:?} {mails:?}");
    let body = &hooks[0].body;
    assert_eq!(body["type"], "override.set");
    assert_eq!(body["data"]["server"], "notes");
    assert_eq!(
        body["data"]["subject"],
        json!({"type": "user", "id": world.bob.id, "name": "bob"})
    );
    assert_eq!(body["data"]["by"]["name"], "mia");
    assert_eq!(body["data"]["url"], world.app.at("/connections").as_str());
    assert_eq!(hooks[0].at, world.app.overkey.core.now().0);
    let mail = &mails[0];
    assert_eq!(
        (mail.to.as_str(), mail.from.as_str()),
        ("bob@demo.test", "overkey@example.com")
    );
    for part in [
        "Subject: A credential was set for you on notes",
        "From: Overkey <overkey@example.com>",
        "Auto-Submitted: auto-generated",
        "mia set your credential for the MCP server \"notes\"",
        "/connections",
    ] {
        assert!(mail.data.contains(part), "{part} is not in {}", mail.data);
    }
    let everything = format!("{body} {}", mail.data);
    for secret in ["canary", "7890", "whsec", "ok_pat"] {
        assert!(!everything.contains(secret), "{secret} is in {everything}");
    }
    assert_eq!(stage.deliver().await.0.len(), 0, "once");
}

async fn b05_what_is_refused_or_undone_is_not_told(stage: &Stage) {
    let world = &stage.world;
    // Eve may not; a bad value is refused; the same transaction would have held the notice.
    let by_eve = world.put_override(&world.eve, "notes", &world.bob, "sk-x");
    by_eve.await.problem(403, "forbidden");
    let empty = world.put_override(&world.mia, "notes", &world.bob, " ").await;
    assert_eq!(empty.status, 422, "{empty:?}");
    assert_eq!(stage.deliver().await.0.len(), 0);
}

async fn b05_an_account_s_owner_is_told_for_it(stage: &Stage) {
    let world = &stage.world;
    // Ada made ci-bot, so she owns it.
    let by_mia = world.put_override(&world.mia, "notes", &world.ci_bot, "sk-ci");
    by_mia.await.expect(201);
    let (hooks, mails) = stage.deliver().await;
    assert_eq!(hooks[0].body["data"]["subject"]["id"], "ci-bot");
    assert_eq!(mails[0].to, "ada@demo.test");
    assert!(
        mails[0].data.contains("ci-bot's calls there carry it"),
        "{}",
        mails[0].data
    );
    // Her own doing is not mailed to her, but a program that listens hears of it.
    let by_ada = world.put_override(&world.ada, "notes", &world.ci_bot, "sk-ci-2");
    by_ada.await.expect(200);
    let (hooks, mails) = stage.deliver().await;
    assert_eq!((hooks.len(), mails.len()), (1, 0));
}

async fn b05_what_an_upstream_rejects_is_told_once(stage: &Stage) {
    let world = &stage.world;
    world.set(&world.bob, "notes", "sk-bob").await;
    for _ in 0..2 {
        world.upstream.answer(401, &[], "");
        world.call(&world.bob, "notes").await;
        world.app.settle().await;
    }
    let (hooks, mails) = stage.deliver().await;
    assert_eq!((hooks.len(), mails.len()), (1, 1), "{hooks:?}");
    assert_eq!(hooks[0].body["type"], "override.rejected");
    assert_eq!(mails[0].to, "bob@demo.test");
    assert!(
        mails[0].data.contains("does not accept your credential"),
        "{}",
        mails[0].data
    );
    // Taken again, and refused again the same day: that is flapping, and was told.
    world.call(&world.bob, "notes").await.expect(200);
    world.app.settle().await;
    world.upstream.answer(401, &[], "");
    world.call(&world.bob, "notes").await;
    world.app.settle().await;
    assert_eq!(stage.deliver().await.0.len(), 0);
    // The next day it is news.
    world.call(&world.bob, "notes").await.expect(200);
    world.app.settle().await;
    world.app.clock.advance(86_400);
    world.upstream.answer(401, &[], "");
    world.call(&world.bob, "notes").await;
    world.app.settle().await;
    assert_eq!(stage.deliver().await.0.len(), 1);
}

async fn s50_what_a_change_of_mode_deletes_is_told_each_subject(stage: &Stage) {
    let world = &stage.world;
    for caller in [&world.bob, &world.eve, &world.mia] {
        world.set(caller, "notes", "sk-own").await;
    }
    world.change_auth("notes", shared("Bearer sk-shared")).await;
    let (hooks, mails) = stage.deliver().await;
    // Mia did it herself.
    let mut told: Vec<_> = hooks
        .iter()
        .map(|hook| hook.body["data"]["subject"]["name"].as_str().unwrap())
        .collect();
    told.sort_unstable();
    assert_eq!(told, ["bob", "eve"]);
    assert!(hooks.iter().all(|hook| hook.body["type"] == "override.deleted"));
    let mut to: Vec<_> = mails.iter().map(|mail| mail.to.as_str()).collect();
    to.sort_unstable();
    assert_eq!(to, ["bob@demo.test", "eve@demo.test"]);
}

async fn s61_who_has_to_consent_again_is_told(stage: &Stage) {
    let world = &stage.world;
    let provider = crate::oauth::stage::Stage::on(world).await;
    provider.connect(&world.bob, "echo", "bob").await;
    let mut changed = provider.typed_in();
    changed["client_secret"] = json!("another-secret-0002");
    world.change_auth("echo", changed).await;
    let (hooks, mails) = stage.deliver().await;
    assert_eq!(hooks.len(), 1, "{hooks:?}");
    assert_eq!(hooks[0].body["type"], "override.reconnect");
    assert!(
        mails[0].data.contains("Subject: Please connect to echo again"),
        "{}",
        mails[0].data
    );
}

async fn settings_are_shown_to_admins_alone_and_a_test_goes_out(stage: &Stage) {
    let world = &stage.world;
    let app = &world.app;
    app.get(&world.mia, "/notifications").await.problem(403, "forbidden");
    app.post(&world.mia, "/notifications/test", json!({}))
        .await
        .problem(403, "forbidden");
    app.post(&world.ada, "/notifications/test", json!({}))
        .await
        .expect_status(202);
    let seen = app.get(&world.ada, "/notifications").await.expect(200);
    assert_eq!(
        (&seen["webhook"], &seen["mail"], &seen["waiting"]),
        (&json!(true), &json!(true), &json!(2))
    );
    let (hooks, mails) = stage.deliver().await;
    assert_eq!(hooks[0].body["type"], "notification.test");
    assert_eq!(mails[0].to, "ada@demo.test");
    let seen = app.get(&world.ada, "/notifications").await.expect(200);
    assert_eq!(seen["waiting"], 0);
    assert!(
        seen["latest"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["state"] == "sent"),
        "{seen}"
    );
}

#[tokio::test]
async fn without_a_channel_nothing_is_kept() {
    let world = World::new().await;
    let by_mia = world.put_override(&world.mia, "notes", &world.bob, "sk-bob");
    by_mia.await.expect(201);
    let seen: Answer = world.app.get(&world.ada, "/notifications").await;
    let seen = seen.expect(200);
    assert_eq!((&seen["webhook"], &seen["latest"]), (&json!(false), &json!([])));
    let test = world.app.post(&world.ada, "/notifications/test", json!({})).await;
    assert_eq!(test.status, 422, "{test:?}");
}
