//! The audit trail and the activity of servers (B07), on both databases, also when somebody tampers with them.

mod activity;
mod durable;
mod export;
mod injections;
mod origin;
mod replicas;
mod retention;
mod tampered;
mod upgrade;

use serde_json::Value;
use sqlx::{Connection, Executor, PgConnection, SqliteConnection};

use crate::support::{Caller, World};

/// Runs a statement as somebody does who can write to the database.
pub async fn by_hand(database: &str, sql: &str) {
    if database.starts_with("sqlite:") {
        let mut connection = SqliteConnection::connect(database).await.unwrap();
        connection.execute(sql).await.unwrap();
    } else {
        let mut connection = PgConnection::connect(database).await.unwrap();
        connection.execute(sql).await.unwrap();
    }
}

/// `on_a_file!(a, b)` makes the tests `sqlite::a`, `postgres::a`, ... of `async fn a(world: &World, database: &str)`, which gets
/// the database's URL, too.
macro_rules! on_a_file {
    ($($case:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $case() {
                let folder = tempfile::tempdir().unwrap();
                let url = format!("sqlite:{}", folder.path().join("overkey.db").display());
                let world = crate::support::World::with(|config| config.database_url = url.clone()).await;
                super::$case(&world, &url).await;
            })*
        }
        mod postgres {
            $(#[tokio::test]
            async fn $case() {
                let database = crate::support::database::Postgres::create().await;
                let url = database.url.clone();
                let world = crate::support::World::with(|config| config.database_url = url.clone()).await;
                super::$case(&world, &url).await;
                drop(world);
                database.remove().await;
            })*
        }
    };
}
pub(crate) use on_a_file;

/// Everything that was called is in the database.
pub async fn written(world: &World) {
    world.app.settle().await;
}

/// The trail's entries that this query finds, newest first.
pub async fn trail(world: &World, query: &str) -> Vec<Value> {
    written(world).await;
    items(world, &world.ada, &format!("/audit?limit=200&{query}")).await
}

pub async fn items(world: &World, caller: &Caller, path: &str) -> Vec<Value> {
    let list = world.app.get(caller, path).await.expect(200);
    list["items"].as_array().unwrap().clone()
}
