//! Hearing of other processes' changes, and proving that they would be heard (`changes`).
//!
//! PostgreSQL: LISTEN on a connection of its own. It notifies itself every third of a second: notifications come in the order of
//! commits, so that whatever was committed before a ping has arrived when the ping does. A lost connection may have lost news: then
//! everything counts as changed. SQLite: `data_version`, asked of the one connection that writes, changes when others write.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use sqlx::pool::{Pool, PoolOptions};
use sqlx::postgres::{PgConnectOptions, PgListener};
use sqlx::{Executor, Postgres, Sqlite};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tracing::{debug, info, warn};

use super::changes::{Changes, Place, heard};

pub(super) const CHANNEL: &str = "overkey_changes";
const EVERY: Duration = Duration::from_millis(300);
/// Longer than this is as bad as lost.
const PATIENCE: Duration = Duration::from_secs(1);

/// Ends with the last holder of `changes`.
pub(super) async fn sqlite(writer: Pool<Sqlite>, changes: Weak<Changes>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seen = None;
    loop {
        ticks.tick().await;
        let asked = Instant::now();
        let version = sqlx::query_scalar::<_, i64>("PRAGMA data_version")
            .fetch_one(&writer)
            .await;
        let Some(changes) = changes.upgrade() else { return };
        match version {
            Ok(version) => {
                if seen.replace(version) != Some(version) {
                    changes.happened(&[Place::EVERYTHING]);
                }
                changes.proven(asked);
            }
            Err(error) => {
                seen = None;
                debug!(error = %error, "Could not look whether the database has changed");
            }
        }
    }
}

pub(super) async fn postgres(options: PgConnectOptions, changes: Weak<Changes>) {
    let pings = format!("overkey_ping_{}", uuid::Uuid::now_v7().simple());
    let mut in_trouble = false;
    while changes.strong_count() > 0 {
        match listen(&options, &pings, &changes, &mut in_trouble).await {
            Ok(()) => return,
            Err(error) => {
                if !in_trouble {
                    warn!(error = %error, "No news from the database; every call asks it until there are");
                }
                in_trouble = true;
                tokio::time::sleep(EVERY).await;
            }
        }
    }
}

async fn listen(
    options: &PgConnectOptions,
    pings: &str,
    changes: &Weak<Changes>,
    in_trouble: &mut bool,
) -> Result<(), sqlx::Error> {
    // A pool for each try: a connection that hangs must not keep the next one from being made.
    let pool = PoolOptions::<Postgres>::new()
        .max_connections(1)
        .max_lifetime(None)
        .idle_timeout(None)
        .acquire_timeout(PATIENCE)
        .connect_lazy_with(options.clone());
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.eager_reconnect(false);
    in_time(listener.listen_all([CHANNEL, pings])).await?;
    if let Some(changes) = changes.upgrade() {
        changes.happened(&[Place::EVERYTHING]);
    }
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut pinged = Instant::now();
    let (mut ping, mut answered) = (0_u64, 0_u64);
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                if changes.strong_count() == 0 {
                    return Ok(());
                }
                if ping > answered && pinged.elapsed() > PATIENCE {
                    return Err(silence());
                }
                if ping == answered {
                    ping += 1;
                    pinged = Instant::now();
                    let notify = sqlx::query("SELECT pg_notify($1, $2)").bind(pings).bind(ping.to_string());
                    in_time(listener.execute(notify)).await?;
                }
            }
            told = listener.try_recv() => {
                let told = told?.ok_or_else(silence)?;
                let Some(changes) = changes.upgrade() else { return Ok(()) };
                if told.channel() == CHANNEL {
                    changes.happened(&heard(told.payload()));
                } else if told.payload() == ping.to_string() {
                    answered = ping;
                    changes.proven(pinged);
                    if std::mem::take(in_trouble) {
                        info!("News from the database arrive again");
                    }
                }
            }
        }
    }
}

async fn in_time<T>(work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    timeout(PATIENCE, work).await.unwrap_or_else(|_| Err(silence()))
}

fn silence() -> sqlx::Error {
    sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())
}

/// Starts it; `Arc` in, `Weak` on: following keeps nothing alive.
pub(super) fn start<F: Future<Output = ()> + Send + 'static>(
    changes: &Arc<Changes>,
    follow: impl FnOnce(Weak<Changes>) -> F,
) {
    tokio::spawn(follow(Arc::downgrade(changes)));
}
