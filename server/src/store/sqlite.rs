//! SQLite: one writer, many readers, in a file that only its owner may read.

use std::fs::OpenOptions;
use std::path::Path;
use std::str::FromStr;
use std::sync::{Arc, Once};
use std::time::Duration;

use async_trait::async_trait;
use sqlx::Sqlite;
use sqlx::migrate::Migrator;
use sqlx::pool::{Pool, PoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use super::trail::SharedKey;
use super::work::{APPLIED, Tx, missing};
use super::{ChainKey, Changes, Store, StoreError, Work, follow};

static MIGRATIONS: Migrator = sqlx::migrate!("../migrations/sqlite");

/// How long to wait for another process' write, and for our own writers' turn.
const PATIENCE: Duration = Duration::from_secs(10);
const READERS: u32 = 8;

pub(super) struct SqliteStore {
    /// A single connection: writers queue here, where waiting is cheap and fair, and never meet SQLITE_BUSY.
    writer: Pool<Sqlite>,
    readers: Pool<Sqlite>,
    chain: SharedKey,
    changes: Arc<Changes>,
    following: Once,
    /// Goes when the store goes.
    _folder: Option<tempfile::TempDir>,
}

impl SqliteStore {
    pub(super) async fn open(url: &str) -> Result<Self, StoreError> {
        if url == "sqlite::memory:" {
            // A file all the same: databases in memory either are private to one connection or know no WAL, and then a reader
            // waits for the writer.
            let folder = tempfile::tempdir().map_err(|error| StoreError::Unavailable(error.to_string()))?;
            let options = SqliteConnectOptions::new().filename(folder.path().join("overkey.db"));
            return Self::connect(options, Some(folder)).await;
        }
        Self::connect(SqliteConnectOptions::from_str(url)?, None).await
    }

    async fn connect(options: SqliteConnectOptions, folder: Option<tempfile::TempDir>) -> Result<Self, StoreError> {
        create_private(options.get_filename())?;
        let options = options
            .create_if_missing(true)
            .foreign_keys(true)
            .busy_timeout(PATIENCE)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal);
        let pool = || PoolOptions::<Sqlite>::new().acquire_timeout(PATIENCE);
        // Never another one while it works: `follow` compares what one and the same connection says.
        let writer = pool().max_connections(1).max_lifetime(None).idle_timeout(None);
        let writer = writer.connect_with(for_writing(options.clone())).await?;
        let readers = pool()
            .max_connections(READERS)
            .connect_lazy_with(options.pragma("query_only", "on"));
        Ok(Self {
            writer,
            readers,
            chain: SharedKey::default(),
            changes: Arc::default(),
            following: Once::new(),
            _folder: folder,
        })
    }

    async fn work(&self) -> Result<Tx<Sqlite>, StoreError> {
        let tx = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        Ok(Tx::new(tx, &self.chain, &self.changes))
    }
}

/// The trail of calls writes the ends of a few indexes over and over: with more room (32 MB of pages in memory, and in the log) they
/// go to the database's file once for many batches. What a statement would have to take back stays in memory, not in a file.
fn for_writing(options: SqliteConnectOptions) -> SqliteConnectOptions {
    let options = options.pragma("cache_size", "-32768");
    let options = options.pragma("temp_store", "memory");
    options.pragma("wal_autocheckpoint", "8192")
}

/// SQLite gives the files it puts beside the database the database's mode.
fn create_private(path: &Path) -> Result<(), StoreError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let opened = options.open(path);
    opened
        .map(drop)
        .map_err(|error| StoreError::Unavailable(format!("{}: {error}", path.display())))
}

#[async_trait]
impl Store for SqliteStore {
    async fn begin(&self) -> Result<Box<dyn Work>, StoreError> {
        Ok(Box::new(self.work().await?))
    }

    async fn read(&self) -> Result<Box<dyn Work>, StoreError> {
        let tx = self.readers.begin().await?;
        Ok(Box::new(Tx::new(tx, &self.chain, &self.changes)))
    }

    /// All in one transaction: sqlx takes no lock of its own on SQLite, and of two processes the second would find tables there
    /// that it had seen missing.
    async fn migrate(&self) -> Result<(), StoreError> {
        let mut work = self.work().await?;
        MIGRATIONS.run_direct(&mut *work.tx).await?;
        work.settle_names().await?;
        Ok(work.tx.commit().await?)
    }

    async fn pending(&self) -> Result<usize, StoreError> {
        let known = "SELECT count(*) FROM sqlite_master WHERE name = '_sqlx_migrations'";
        let known: i64 = sqlx::query_scalar(known).fetch_one(&self.readers).await?;
        if known == 0 {
            return Ok(MIGRATIONS.iter().count());
        }
        let applied = sqlx::query_scalar(APPLIED).fetch_all(&self.readers).await?;
        Ok(missing(&MIGRATIONS, &applied))
    }

    fn give_chain_key(&self, key: ChainKey) {
        self.chain.get_or_init(|| key);
    }

    fn follow(&self) -> Arc<Changes> {
        let writer = self.writer.clone();
        self.following
            .call_once(|| follow::start(&self.changes, |changes| follow::sqlite(writer, changes)));
        self.changes.clone()
    }

    async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.readers).await?;
        Ok(())
    }
}
