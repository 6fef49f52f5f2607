//! How it gets there: later and later until given up, by one of several replicas, and after a restart.

use std::collections::BTreeSet;

use serde_json::json;
use server::config::Config;

use super::receivers::{Receiver, Relay};
use crate::support::database::Postgres;
use crate::support::{App, World, app};

async fn set_for_bob(world: &World) {
    world.put_override(&world.mia, "notes", &world.bob, "sk-bob").await;
}

#[tokio::test]
async fn what_is_not_taken_is_tried_later_under_the_same_id_and_given_up_in_the_end() {
    let receiver = Receiver::start().await;
    let world = World::with(|config| receiver.configure(config)).await;
    let notifier = world.app.overkey.notifier();
    set_for_bob(&world).await;
    let mut ids = BTreeSet::new();
    let mut times = BTreeSet::new();
    for pause in [10, 60, 5 * 60, 30 * 60, 2 * 3_600, 10 * 3_600, 86_400] {
        receiver.answer(503);
        assert_eq!(notifier.deliver().await.unwrap(), 1);
        let hooks = receiver.hooks();
        times.insert(hooks[0].at);
        ids.extend(hooks.into_iter().map(|hook| hook.id));
        let waiting = world.app.get(&world.ada, "/notifications").await.expect(200);
        assert_eq!(waiting["latest"][0]["problem"], "the receiver answered 503");
        world.app.clock.advance(pause - 1);
        assert_eq!(notifier.deliver().await.unwrap(), 0, "too soon");
        world.app.clock.advance(1);
    }
    assert_eq!((ids.len(), times.len()), (1, 7), "one id, a time for each try");
    receiver.answer(503);
    notifier.deliver().await.unwrap();
    world.app.clock.advance(7 * 86_400);
    assert_eq!(notifier.deliver().await.unwrap(), 0, "given up");
    let seen = world.app.get(&world.ada, "/notifications").await.expect(200);
    assert_eq!((&seen["waiting"], &seen["failed"]), (&json!(0), &json!(1)));
    assert_eq!(seen["latest"][0]["state"], "failed");
    assert_eq!(seen["latest"][0]["attempts"], 8);
}

#[tokio::test]
async fn a_receiver_that_is_gone_and_a_mailbox_that_is_not_there_are_not_asked_again() {
    let (receiver, relay) = (Receiver::start().await, Relay::start().await);
    let configure = |config: &mut Config| {
        receiver.configure(config);
        relay.configure(config);
    };
    let world = World::with(configure).await;
    let notifier = world.app.overkey.notifier();
    receiver.answer(410);
    relay.refuse("550 no such user");
    set_for_bob(&world).await;
    assert_eq!(notifier.deliver().await.unwrap(), 2);
    let seen = world.app.get(&world.ada, "/notifications").await.expect(200);
    assert_eq!((&seen["waiting"], &seen["failed"]), (&json!(0), &json!(2)), "{seen}");
    // A full one may be emptied.
    relay.refuse("452 mailbox full");
    world.put_override(&world.mia, "notes", &world.eve, "sk-eve").await;
    notifier.deliver().await.unwrap();
    assert!(relay.mails().is_empty());
    world.app.clock.advance(10);
    assert_eq!(notifier.deliver().await.unwrap(), 1);
    assert_eq!(relay.mails()[0].to, "eve@demo.test");
}

#[tokio::test]
async fn mail_goes_to_a_relay_that_a_private_authority_vouches_for() {
    for trusted in [true, false] {
        let (relay, certificate) = Relay::with_tls().await;
        let configure = |config: &mut Config| {
            relay.configure(config);
            config.trust.extend(trusted.then_some(certificate));
        };
        let world = World::with(configure).await;
        set_for_bob(&world).await;
        assert_eq!(world.app.overkey.notifier().deliver().await.unwrap(), 1);
        assert_eq!(relay.mails().len(), usize::from(trusted));
        let seen = world.app.get(&world.ada, "/notifications").await.expect(200);
        assert_eq!(seen["waiting"], json!(i64::from(!trusted)), "{seen}");
    }
}

#[tokio::test]
async fn what_was_not_sent_before_a_restart_is_sent_after_it() {
    let receiver = Receiver::start().await;
    let folder = tempfile::tempdir().unwrap();
    let configure = |config: &mut Config| {
        config.database_url = format!("sqlite:{}", folder.path().join("overkey.db").display());
        receiver.configure(config);
    };
    let world = World::with(configure).await;
    set_for_bob(&world).await;
    // Taken up, and then the process dies before it says what came of it.
    let taken = world.app.overkey.services.outbox.take().await.unwrap().unwrap();
    let later = world.app.overkey.core.now().0;
    drop(world);
    let mut config = app::config();
    configure(&mut config);
    let again = App::start(config).await;
    let notifier = again.overkey.notifier();
    assert!(again.overkey.core.now().0 < later + 60);
    assert_eq!(notifier.deliver().await.unwrap(), 0, "it may still be on its way");
    again.clock.advance(60);
    assert_eq!(notifier.deliver().await.unwrap(), 1);
    assert_eq!(receiver.hooks()[0].id, format!("msg_{}", taken.id));
    // And if the one that was thought dead speaks up after all, it has no say.
    let tried = server::services::notices::outbox::Tried::Later("late".to_owned());
    again.overkey.services.outbox.settle(taken, tried).await.unwrap();
    again.clock.advance(86_400);
    assert_eq!(notifier.deliver().await.unwrap(), 0);
}

#[tokio::test]
async fn of_two_replicas_one_sends_each() {
    let receiver = Receiver::start().await;
    let database = Postgres::create().await;
    let configure = |config: &mut Config| {
        config.database_url.clone_from(&database.url);
        receiver.configure(config);
    };
    let world = World::with(configure).await;
    let mut config = app::config();
    configure(&mut config);
    let other = App::start(config).await;
    for number in 0..12 {
        let account = format!("bot-{number}");
        world
            .app
            .post(&world.ada, "/virtual-accounts", json!({"name": account}))
            .await
            .expect(201);
        let path = format!("/servers/notes/overrides/virtual_account/{account}");
        world
            .app
            .put(&world.mia, &path, json!({"credential": "sk-x"}))
            .await
            .expect(201);
    }
    let (ours, theirs) = (world.app.overkey.notifier(), other.overkey.notifier());
    let (first, second) = tokio::join!(ours.deliver(), theirs.deliver());
    assert_eq!(first.unwrap() + second.unwrap(), 12);
    let hooks = receiver.hooks();
    let ids: BTreeSet<_> = hooks.iter().map(|hook| hook.id.as_str()).collect();
    assert_eq!((hooks.len(), ids.len()), (12, 12));
    world.app.settle().await;
    drop((world, other));
    database.remove().await;
}

#[tokio::test]
async fn neither_the_webhooks_key_nor_the_relays_password_is_shown() {
    let (receiver, relay) = (Receiver::start().await, Relay::start().await);
    let mut config = app::config();
    receiver.configure(&mut config);
    relay.configure(&mut config);
    let shown = format!("{config:?}");
    for secret in ["relay-canary", "[9, 9", "hook\""] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
