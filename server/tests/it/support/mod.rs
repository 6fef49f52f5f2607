//! What the tests stand on: a running app, people, an upstream that records, databases, raw sockets.

pub mod app;
pub mod checking;
pub mod database;
pub mod idp;
pub mod modern;
pub mod names;
pub mod process;
pub mod raw;
pub mod rest;
pub mod tls;
pub mod upstream;
pub mod world;

use std::future::Future;
use std::time::Duration;

pub use app::App;
pub use rest::{Answer, Caller};
pub use upstream::Upstream;
pub use world::World;

/// Long enough for a busy machine; a test that waits in vain ends with a message instead of never.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for what must happen.
pub async fn soon<T>(what: &str, happens: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, happens)
        .await
        .unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// The next piece of a stream; `None`: it has ended.
pub async fn piece(response: &mut reqwest::Response) -> Option<String> {
    let chunk = soon("a piece of the stream", response.chunk()).await.unwrap();
    chunk.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
}

/// `on_every_database!(a, b)` makes the tests `sqlite::a`, `postgres::a`, ... of `async fn a(world: World)`.
macro_rules! on_every_database {
    ($($case:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $case() {
                let world = crate::support::World::new().await;
                super::$case(&world).await;
            })*
        }
        mod postgres {
            $(#[tokio::test]
            async fn $case() {
                let database = crate::support::database::Postgres::create().await;
                let url = database.url.clone();
                let world = crate::support::World::with(move |config| config.database_url = url).await;
                super::$case(&world).await;
                world.app.settle().await;
                drop(world);
                database.remove().await;
            })*
        }
    };
}
pub(crate) use on_every_database;
