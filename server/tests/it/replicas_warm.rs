//! Several replicas on one PostgreSQL, each with copies of its own: what one changes the others go by within a second, whatever
//! happens to the connection that they hear of it by (B12).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use sqlx::{Connection, Executor, PgConnection};

use crate::support::database::Postgres;
use crate::support::world::individual;
use crate::support::{Answer, App, Caller, Upstream, World, app};

const BOUND: Duration = Duration::from_secs(1);
/// What this test's connections are called; each test is a process of its own.
const NAME: &str = "warm_replicas";

struct Replicas {
    database: Postgres,
    apps: Vec<App>,
    upstream: Upstream,
    ada: Caller,
}

impl Replicas {
    async fn start(count: usize) -> Self {
        let database = Postgres::create().await;
        let mut apps = Vec::new();
        for _ in 0..count {
            let mut config = app::config();
            config.database_url = format!("{}&application_name={NAME}", database.url);
            apps.push(App::start(config).await);
        }
        let upstream = Upstream::start().await;
        let ada = apps[0].first_admin("ada").await;
        let new = json!({"name": "notes", "url": upstream.url("/mcp"), "outbound_auth": individual()});
        apps[0].post(&ada, "/servers", new).await.expect(201);
        Self {
            database,
            apps,
            upstream,
            ada,
        }
    }

    fn path(&self) -> String {
        format!("/servers/notes/overrides/{}", self.ada.path())
    }

    async fn set(&self, at: usize, key: &str) {
        let answer = self.apps[at]
            .put(&self.ada, &self.path(), json!({"credential": key}))
            .await;
        assert!(matches!(answer.status, 200 | 201), "{answer:?}");
    }

    /// What a call at this replica carries.
    async fn carried(&self, at: usize) -> String {
        let answer = Answer::of(World::mcp_at(&self.apps[at], &self.ada, "notes")).await;
        while self.upstream.seen().is_some() {}
        let body = answer.expect(200);
        let carried = body["result"]["authorization"][0].as_str();
        carried.or(body["error"]["data"]["reason"].as_str()).unwrap().to_owned()
    }

    /// Calls until it carries this, which has to be within the bound.
    async fn soon_carries(&self, at: usize, expected: &str, since: Instant) {
        loop {
            let began = since.elapsed();
            let carried = self.carried(at).await;
            if carried == expected {
                return;
            }
            assert!(
                began < BOUND,
                "{began:?} after the change replica {at} still sends {carried}"
            );
        }
    }

    async fn end(self) {
        for app in &self.apps {
            app.settle().await;
        }
        drop(self.apps);
        self.database.remove().await;
    }
}

#[tokio::test]
async fn b12_within_a_second_every_replica_goes_by_a_change() {
    let replicas = Replicas::start(3).await;
    for round in 0..10 {
        let key = format!("sk-{round}");
        replicas.set(round % 3, &key).await;
        let since = Instant::now();
        assert_eq!(
            replicas.carried(round % 3).await,
            format!("Bearer {key}"),
            "its own change at once"
        );
        for at in 0..3 {
            replicas.soon_carries(at, &format!("Bearer {key}"), since).await;
        }
    }
    replicas.apps[1]
        .delete(&replicas.ada, &replicas.path())
        .await
        .expect(204);
    let since = Instant::now();
    for at in 0..3 {
        replicas.soon_carries(at, "override_missing", since).await;
    }
    replicas.end().await;
}

/// Ends the connections that listen, again and again, while keys change and calls run.
#[tokio::test]
async fn b12_a_replica_that_hears_nothing_goes_by_nothing_old() {
    let replicas = Replicas::start(2).await;
    replicas.set(0, "sk-first").await;
    let stop = Arc::new(AtomicBool::new(false));
    let killer = tokio::spawn(kill_listeners(replicas.database.url.clone(), stop.clone()));
    for round in 0..30 {
        let key = format!("sk-{round}");
        replicas.set(round % 2, &key).await;
        let since = Instant::now();
        assert_eq!(
            replicas.carried(round % 2).await,
            format!("Bearer {key}"),
            "its own change at once"
        );
        replicas
            .soon_carries(1 - round % 2, &format!("Bearer {key}"), since)
            .await;
    }
    stop.store(true, Ordering::Relaxed);
    assert!(killer.await.unwrap() > 10, "the connections were ended");
    let since = Instant::now();
    replicas.set(0, "sk-last").await;
    replicas.soon_carries(1, "Bearer sk-last", since).await;
    replicas.end().await;
}

/// Of this test's apps only.
async fn kill_listeners(url: String, stop: Arc<AtomicBool>) -> usize {
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let kill = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{NAME} news'");
    let mut killed = 0;
    while !stop.load(Ordering::Relaxed) {
        killed += connection.fetch_all(&*kill).await.unwrap().len();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    killed
}
