//! Many calls at once with a token that has ended: one token request, in one process and in several.

use domain::actor::SubjectRef;
use domain::id::UserId;
use domain::overrides::Kind;
use futures_util::future::join_all;
use server::clock::Clock;
use server::config::Config;

use super::stage::{LIFETIME, Stage};
use crate::support::database::Postgres;
use crate::support::{Answer, App, PATIENCE, World, app};

const CALLS: usize = 1_000;

/// A thousand calls at once, of one person, take longer than a test's calls may, and are more than one person's usual bound.
fn patiently(config: &mut Config) {
    config.first_byte_timeout = PATIENCE.as_secs();
    for most in [
        &mut config.limits.calls.per_subject,
        &mut config.limits.calls.per_server,
    ] {
        *most = 2 * CALLS;
    }
}

mod sqlite {
    #[tokio::test]
    async fn a_thousand_calls_with_a_token_that_ended_make_one_token_request() {
        let world = crate::support::World::with(super::patiently).await;
        super::a_thousand_calls_with_a_token_that_ended_make_one_token_request(&world).await;
    }
}

mod postgres {
    #[tokio::test]
    async fn a_thousand_calls_with_a_token_that_ended_make_one_token_request() {
        let database = crate::support::database::Postgres::create().await;
        let url = database.url.clone();
        let world = crate::support::World::with(move |config| {
            super::patiently(config);
            config.database_url = url;
        })
        .await;
        super::a_thousand_calls_with_a_token_that_ended_make_one_token_request(&world).await;
        drop(world);
        database.remove().await;
    }
}

async fn a_thousand_calls_with_a_token_that_ended_make_one_token_request(world: &World) {
    let stage = Stage::on(world).await;
    stage.connect(&world.bob, "echo", "bob").await;
    world.app.clock.advance(LIFETIME);
    // The provider answers only once the others have had time to come: more than one request would be seen.
    let held = stage.provider.hold().await;
    let release = async {
        stage.provider.counted(|counts| counts.refresh_token > 0).await;
        for _ in 0..CALLS {
            world.app.http.get(world.app.at("/healthz")).send().await.unwrap();
        }
        drop(held);
    };
    let calls = join_all((0..CALLS).map(|_| world.call(&world.bob, "echo")));
    let (calls, ()) = tokio::join!(calls, release);
    let sent: std::collections::BTreeSet<String> = calls
        .iter()
        .map(|answer| answer.expect(200)["result"]["authorization"][0].to_string())
        .collect();
    assert_eq!(sent.len(), 1, "all carry the one new token");
    assert_eq!(stage.provider.counts().refresh_token, 1);
    assert_eq!(stage.provider.counts().reuses, 0);
}

/// No Redis: the claim is on the row.
#[tokio::test]
async fn b12_replicas_renew_a_token_once_between_them() {
    let database = Postgres::create().await;
    let url = database.url.clone();
    let world = World::with(move |config| {
        patiently(config);
        config.database_url = url;
    })
    .await;
    let stage = Stage::on(&world).await;
    stage.connect(&world.bob, "echo", "bob").await;
    let mut replicas = Vec::new();
    for _ in 0..2 {
        let mut config = app::config();
        patiently(&mut config);
        config.database_url = database.url.clone();
        config.public_url = Some(world.app.url.clone());
        let replica = App::start(config).await;
        let behind = world.app.clock.now().0 - replica.clock.now().0;
        replica.clock.advance(behind + LIFETIME);
        replicas.push(replica);
    }
    world.app.clock.advance(LIFETIME);
    for round in 1..=5 {
        let call = |app: &App| Answer::of(World::mcp_at(app, &world.bob, "echo"));
        let apps = [&world.app, &replicas[0], &replicas[1]];
        let calls = (0..90).map(|number| call(apps[number % apps.len()]));
        for answer in join_all(calls).await {
            answer.expect(200);
        }
        assert_eq!(stage.provider.counts().refresh_token, round);
        for app in apps {
            app.clock.advance(LIFETIME);
        }
    }
    assert_eq!(stage.provider.counts().reuses, 0);
    drop((replicas, stage));
    drop(world);
    database.remove().await;
}

/// A replica that died while it renewed stops the others for half a minute at most.
#[tokio::test]
async fn a_claim_that_nobody_ends_ends_by_itself() {
    let world = World::new().await;
    let stage = Stage::on(&world).await;
    stage.connect(&world.bob, "echo", "bob").await;
    let core = &world.app.overkey.core;
    let now = core.now();
    let mut work = core.store.begin().await.unwrap();
    let server = work.servers().find("echo").await.unwrap().unwrap();
    let bob = SubjectRef::user(&UserId::new(world.bob.id.clone()));
    let row = work
        .overrides()
        .find_for(&server.id, &bob, Kind::OAuth)
        .await
        .unwrap()
        .unwrap();
    let until = now.plus(LIFETIME + 30);
    assert!(work.renewals().claim(&row.id, row.version, now, until).await.unwrap());
    work.save().await.unwrap();
    world.app.clock.advance(LIFETIME + 30);
    assert!(world.sent_authorization(&world.bob, "echo").await.is_some());
    assert_eq!(stage.provider.counts().refresh_token, 1);
}

/// The caller went away, and what the provider gave is kept all the same.
#[tokio::test]
async fn a_renewal_ends_well_when_its_caller_goes_away() {
    let world = World::new().await;
    let stage = Stage::on(&world).await;
    stage.connect(&world.bob, "tracker", "bob").await;
    world.app.clock.advance(LIFETIME);
    let held = stage.provider.hold().await;
    {
        let call = world.call(&world.bob, "tracker");
        tokio::select! {
            _ = call => panic!("the provider does not answer"),
            () = stage.provider.counted(|counts| counts.refresh_token == 1) => {}
        }
    }
    drop(held);
    // The refresh token was rotated: had the new one been lost, this would be a reuse.
    assert_eq!(stage.whoami(&world.bob, "tracker").await, "bob");
    world.app.clock.advance(LIFETIME);
    assert_eq!(stage.whoami(&world.bob, "tracker").await, "bob");
    assert_eq!(stage.provider.counts().reuses, 0);
}
