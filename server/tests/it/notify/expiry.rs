//! Expiries are told two weeks and three days before, and when they are there; each once.

use serde_json::{Value, json};
use server::config::Config;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::receivers::{Receiver, Relay};
use crate::support::database::Postgres;
use crate::support::{App, Caller, World, app};

const DAY: i64 = 86_400;

async fn ends_in(world: &World, whose: &Caller, seconds: i64) {
    let at = OffsetDateTime::from_unix_timestamp(world.app.overkey.core.now().0 + seconds).unwrap();
    let body = json!({"credential": "sk-own-1234567890123456", "expires_at": at.format(&Rfc3339).unwrap()});
    let path = format!("/servers/notes/overrides/{}", whose.path());
    let put = world.app.put(whose, &path, body).await;
    assert!(matches!(put.status, 200 | 201), "{put:?}");
}

/// What is told when the hour strikes.
async fn hour(world: &World, receiver: &Receiver) -> Vec<(String, Value)> {
    let notifier = world.app.overkey.notifier();
    notifier.remind().await.unwrap();
    notifier.deliver().await.unwrap();
    let told = |body: &Value| {
        (
            body["type"].as_str().unwrap().to_owned(),
            body["data"]["days_left"].clone(),
        )
    };
    receiver.hooks().iter().map(|hook| told(&hook.body)).collect()
}

async fn each_step_is_told_once(world: &World, receiver: &Receiver) {
    ends_in(world, &world.bob, 20 * DAY).await;
    assert_eq!(hour(world, receiver).await, []);
    world.app.clock.advance(6 * DAY);
    assert_eq!(
        hour(world, receiver).await,
        [("override.expiring".to_owned(), json!(14))]
    );
    for _ in 0..3 {
        world.app.clock.advance(3_600);
        assert_eq!(hour(world, receiver).await, [], "told already");
    }
    world.app.clock.advance(11 * DAY - 3 * 3_600);
    assert_eq!(
        hour(world, receiver).await,
        [("override.expiring".to_owned(), json!(3))]
    );
    assert_eq!(hour(world, receiver).await, []);
    world.app.clock.advance(3 * DAY);
    assert_eq!(hour(world, receiver).await, [("override.expired".to_owned(), json!(0))]);
    assert_eq!(hour(world, receiver).await, []);
    // A new end is another one.
    ends_in(world, &world.bob, 2 * DAY).await;
    assert_eq!(
        hour(world, receiver).await,
        [("override.expiring".to_owned(), json!(2))],
        "and not the step before"
    );
    // One without an end is never told of.
    world.set(&world.eve, "notes", "sk-eve").await;
    assert_eq!(hour(world, receiver).await, []);
}

#[tokio::test]
async fn b05_sqlite_each_step_is_told_once() {
    let receiver = Receiver::start().await;
    let world = World::with(|config| receiver.configure(config)).await;
    each_step_is_told_once(&world, &receiver).await;
}

#[tokio::test]
async fn b05_postgres_each_step_is_told_once() {
    let receiver = Receiver::start().await;
    let database = Postgres::create().await;
    let configure = |config: &mut Config| {
        config.database_url.clone_from(&database.url);
        receiver.configure(config);
    };
    let world = World::with(configure).await;
    each_step_is_told_once(&world, &receiver).await;
    world.app.settle().await;
    drop(world);
    database.remove().await;
}

#[tokio::test]
async fn b05_two_replicas_remind_once_and_mail_names_the_day() {
    let (receiver, relay) = (Receiver::start().await, Relay::start().await);
    let database = Postgres::create().await;
    let configure = |config: &mut Config| {
        config.database_url.clone_from(&database.url);
        receiver.configure(config);
        relay.configure(config);
    };
    let world = World::with(configure).await;
    let mut config = app::config();
    configure(&mut config);
    let other = App::start(config).await;
    ends_in(&world, &world.bob, 2 * DAY).await;
    let (ours, theirs) = (world.app.overkey.notifier(), other.overkey.notifier());
    let (first, second) = tokio::join!(ours.remind(), theirs.remind());
    first.and(second).unwrap();
    // Its clock is not behind, so what either put there is due.
    theirs.deliver().await.unwrap();
    let mails = relay.mails();
    assert_eq!((receiver.hooks().len(), mails.len()), (1, 1));
    assert!(
        mails[0]
            .data
            .contains("Subject: Your credential for notes ends in 2 days"),
        "{}",
        mails[0].data
    );
    world.app.settle().await;
    drop((world, other));
    database.remove().await;
}

#[tokio::test]
async fn more_than_a_page_of_ends_is_told_whole() {
    let receiver = Receiver::start().await;
    let world = World::with(|config| receiver.configure(config)).await;
    let at = OffsetDateTime::from_unix_timestamp(world.app.overkey.core.now().0 + DAY).unwrap();
    let at = at.format(&Rfc3339).unwrap();
    for number in 0..103 {
        let name = format!("bot-{number}");
        world
            .app
            .post(&world.ada, "/virtual-accounts", json!({"name": name}))
            .await
            .expect(201);
        let path = format!("/servers/notes/overrides/virtual_account/{name}");
        let body = json!({"credential": "sk-x", "expires_at": at});
        world.app.put(&world.mia, &path, body).await.expect(201);
    }
    world.app.overkey.notifier().deliver().await.unwrap();
    receiver.hooks();
    assert_eq!(hour(&world, &receiver).await.len(), 103);
}
