//! The master key's rotation (B06): under load, interrupted, with replicas that know less, and by the command line.

mod command;
mod installed;
mod load;
mod rotation;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::actor::{Actor, SubjectKind, SubjectRef};
use domain::id::{OverrideId, VirtualAccountId};
use domain::overrides::Kind;
use domain::role::PlatformRole;
use domain::secret::Secret;
use domain::via::By;
use server::config::{Config, KeySource};
use server::services::master_key::{Done, Progress, RotateError};
use server::services::vault::{Values, seal_override};
use server::store::{OverrideRow, VirtualAccountRow};

use crate::support::{App, Caller, World, app};

/// `on_a_database!(a, b)` makes the tests `sqlite::a`, `postgres::a`, ... of `async fn a(database: &str)`, which gets a URL that
/// more than one process can open.
macro_rules! on_a_database {
    ($($case:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let folder = tempfile::tempdir().unwrap();
                let url = format!("sqlite:{}", folder.path().join("overkey.db").display());
                super::$case(&url).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let database = crate::support::database::Postgres::create().await;
                super::$case(&database.url).await;
                database.remove().await;
            })*
        }
    };
}
use on_a_database;

/// The same id is always the same key.
fn ring(keys: &[u8]) -> String {
    let entries = keys.iter().map(|id| format!("{id}:{}", STANDARD.encode([id + 6; 32])));
    entries.collect::<Vec<_>>().join("\n")
}

fn config(database: &str, keys: &[u8]) -> Config {
    let mut config = app::config();
    config.database_url = database.to_owned();
    config.key = KeySource::Value(Secret::new(ring(keys)));
    config
}

/// Another process on the same database.
async fn replica(database: &str, keys: &[u8]) -> App {
    App::start(config(database, keys)).await
}

/// A world that was begun with key 1, and has these now.
async fn world(database: &str, keys: &[u8]) -> World {
    drop(replica(database, &[1]).await);
    let config = config(database, keys);
    World::with(|empty| *empty = config).await
}

fn operator() -> Actor {
    let subject = SubjectRef {
        kind: SubjectKind::User,
        id: "command-line".to_owned(),
    };
    Actor::new(subject, "Command line", PlatformRole::Admin).by(By::CommandLine)
}

async fn rotate_within(app: &App, settle: Duration) -> Result<Done, RotateError> {
    let keys = &app.overkey.services.master_keys;
    let mut tell = |_: Progress<'_>| ();
    keys.rotate(&operator(), settle, &mut tell).await
}

/// Where nobody else seals meanwhile.
async fn rotate(app: &App) -> Done {
    rotate_within(app, Duration::ZERO).await.unwrap()
}

/// How many values each key wraps.
async fn wrapped(app: &App) -> Vec<(u32, u64)> {
    let status = app.overkey.services.master_keys.status(&operator()).await.unwrap();
    let keys = status.keys.into_iter();
    keys.map(|(id, key)| (id, key.total()))
        .filter(|(_, total)| *total > 0)
        .collect()
}

async fn whole(app: &App) {
    let verdicts = app.overkey.services.audit.verify(&[]).await.unwrap();
    assert!(verdicts.iter().all(|verdict| verdict.broken.is_none()), "{verdicts:?}");
}

async fn row(app: &App, whose: &Caller) -> OverrideRow {
    let mut work = app.overkey.core.store.read().await.unwrap();
    let server = work.servers().find("notes").await.unwrap().unwrap();
    let kind = SubjectKind::parse(whose.kind).unwrap();
    let subject = SubjectRef {
        kind,
        id: whose.id.clone(),
    };
    let found = work.overrides().find_for(&server.id, &subject, Kind::Manual);
    found.await.unwrap().unwrap()
}

async fn put_row(app: &App, row: &OverrideRow) {
    let mut work = app.overkey.core.store.begin().await.unwrap();
    assert!(work.overrides().update(row).await.unwrap());
    work.save().await.unwrap();
}

/// As many more overrides on `notes` as make a rotation last; `like`'s is the pattern.
async fn fill(app: &App, like: &Caller, number: usize) {
    let pattern = row(app, like).await;
    let mut work = app.overkey.core.store.begin().await.unwrap();
    for number in 0..number {
        let name = format!("filler-{number:05}");
        let account = VirtualAccountRow {
            id: VirtualAccountId::new(name.clone()),
            description: String::new(),
            owner: None,
            created_by: None,
            created_at: pattern.created_at,
            owner_named: None,
            last_used_at: None,
        };
        work.virtual_accounts().insert(&account).await.unwrap();
        let subject = SubjectRef {
            kind: SubjectKind::VirtualAccount,
            id: name.clone(),
        };
        let values = Values::from([("API_KEY".to_owned(), Secret::new(format!("sk-{name}")))]);
        let place = (&pattern.server, &subject, Kind::Manual);
        let sealed = seal_override(&app.overkey.core.seal, place, &pattern.origin, &values).unwrap();
        let row = OverrideRow {
            id: OverrideId::new(name),
            subject,
            sealed,
            ..pattern.clone()
        };
        work.overrides().insert(&row).await.unwrap();
    }
    work.save().await.unwrap();
}
