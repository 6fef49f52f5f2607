//! PostgreSQL: any number of replicas on one database.

use std::str::FromStr;
use std::sync::{Arc, Once};
use std::time::Duration;

use async_trait::async_trait;
use sqlx::migrate::Migrator;
use sqlx::pool::{Pool, PoolOptions};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection, Postgres};

use super::trail::SharedKey;
use super::work::{APPLIED, Tx, missing};
use super::{ChainKey, Changes, Store, StoreError, Work, follow};

static MIGRATIONS: Migrator = sqlx::migrate!("../migrations/postgres");

const PATIENCE: Duration = Duration::from_secs(10);
const CONNECTIONS: u32 = 20;

pub(super) struct PostgresStore {
    pool: Pool<Postgres>,
    /// Listens on a connection of its own.
    news: PgConnectOptions,
    chain: SharedKey,
    changes: Arc<Changes>,
    following: Once,
}

impl PostgresStore {
    pub(super) async fn open(url: &str) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(url)?;
        let name = options.get_application_name().unwrap_or("overkey").to_owned();
        let news = options.clone().application_name(&format!("{name} news"));
        let options = options.application_name(&name);
        // The pool would try again and again and then say only that it took too long; this says what is wrong.
        PgConnection::connect_with(&options).await?.close().await?;
        let pool = PoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE);
        Ok(Self {
            pool: pool.connect_lazy_with(options),
            news,
            chain: SharedKey::default(),
            changes: Arc::default(),
            following: Once::new(),
        })
    }

    /// READ COMMITTED is enough: what must not change meanwhile is locked by `Servers::lock`.
    async fn work(&self) -> Result<Tx<Postgres>, StoreError> {
        let begin = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
        let tx = self.pool.begin_with(begin).await?;
        Ok(Tx::new(tx, &self.chain, &self.changes))
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn begin(&self) -> Result<Box<dyn Work>, StoreError> {
        Ok(Box::new(self.work().await?))
    }

    async fn read(&self) -> Result<Box<dyn Work>, StoreError> {
        let tx = self
            .pool
            .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            .await?;
        Ok(Box::new(Tx::new(tx, &self.chain, &self.changes)))
    }

    /// sqlx holds an advisory lock meanwhile.
    async fn migrate(&self) -> Result<(), StoreError> {
        MIGRATIONS.run_direct(&mut *self.pool.acquire().await?).await?;
        let mut work = self.work().await?;
        work.settle_names().await?;
        Ok(work.tx.commit().await?)
    }

    async fn pending(&self) -> Result<usize, StoreError> {
        let known = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL";
        let known: bool = sqlx::query_scalar(known).fetch_one(&self.pool).await?;
        if !known {
            return Ok(MIGRATIONS.iter().count());
        }
        let applied = sqlx::query_scalar(APPLIED).fetch_all(&self.pool).await?;
        Ok(missing(&MIGRATIONS, &applied))
    }

    fn give_chain_key(&self, key: ChainKey) {
        self.chain.get_or_init(|| key);
    }

    fn follow(&self) -> Arc<Changes> {
        let news = self.news.clone();
        self.following
            .call_once(|| follow::start(&self.changes, |changes| follow::postgres(news, changes)));
        self.changes.clone()
    }

    async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.pool).await?;
        Ok(())
    }
}
