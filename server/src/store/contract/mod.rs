//! What every store must do: one suite, each case on SQLite and on PostgreSQL.

mod admission;
mod cascades;
mod identities;
mod logins;
mod name_blocks;
mod notices;
mod oauth;
mod overrides;
mod pages;
mod people;
mod sealed_values;
mod searched_pages;
mod servers;
mod teams;
mod trails;
mod transactions;
mod world;

/// `on_every_store!(a, b)` makes the tests `sqlite::a`, `postgres::a`, `sqlite::b` ... of `async fn a(store: Arc<dyn Store>)`;
/// `on_every_store!(at; a, b)` of `async fn a(store: Arc<dyn Store>, url: &str)`.
macro_rules! on_every_store {
    (at; $($case:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $case() {
                super::super::world::on_sqlite(async |store, url| super::$case(store, url).await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test]
            async fn $case() {
                super::super::world::on_postgres(async |store, url| super::$case(store, url).await).await;
            })*
        }
    };
    ($($case:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $case() {
                super::super::world::on_sqlite(async |store, _| super::$case(store).await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test]
            async fn $case() {
                super::super::world::on_postgres(async |store, _| super::$case(store).await).await;
            })*
        }
    };
}
use on_every_store;
