//! Several replicas on one PostgreSQL, each with copies of its own: what one changes the others go by within a second, whatever
//! happens to the connection that they hear of it by (B12).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use sqlx::{Connection, Executor, PgConnection};

use crate::outage::cuttable;
use crate::support::database::Postgres;
use crate::support::process::{Home, Running};
use crate::support::world::{CALL, individual};
use crate::support::{Answer, App, Caller, Upstream, World, app};

const BOUND: Duration = Duration::from_secs(1);
/// What this test's connections are called: other tests run at the same time.
fn connections(database: &Postgres) -> String {
    format!("{}&application_name=warm_{}", database.url, std::process::id())
}

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
            config.database_url = connections(&database);
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
    assert!(killer.await.unwrap() > 3, "the connections were ended");
    let since = Instant::now();
    replicas.set(0, "sk-last").await;
    replicas.soon_carries(1, "Bearer sk-last", since).await;
    replicas.end().await;
}

/// Of this test's apps only.
async fn kill_listeners(url: String, stop: Arc<AtomicBool>) -> usize {
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let kill = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'warm_{} news'",
        std::process::id()
    );
    let mut killed = 0;
    while !stop.load(Ordering::Relaxed) {
        killed += connection.fetch_all(&*kill).await.unwrap().len();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    killed
}

/// What one call at one process came to.
struct Seen {
    at: usize,
    began: Instant,
    status: Option<u16>,
    carried: String,
}

/// Calls at each process, one after the other, until told to stop.
fn load(urls: &[url::Url], token: &str, stop: &Arc<AtomicBool>) -> Vec<tokio::task::JoinHandle<Vec<Seen>>> {
    let tasks = urls.iter().enumerate().map(|(at, url)| {
        let (http, token, stop) = (app::client(url.authority()), token.to_owned(), stop.clone());
        let url = url.join("/mcp/notes").unwrap();
        tokio::spawn(async move {
            let mut all = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let began = Instant::now();
                let request = http.post(url.clone()).bearer_auth(&token).body(CALL);
                let (status, body) = match request.send().await {
                    Ok(answer) => (Some(answer.status().as_u16()), answer.text().await.unwrap_or_default()),
                    Err(_) => (None, String::new()),
                };
                let body: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
                let carried = body["result"]["authorization"][0]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
                all.push(Seen {
                    at,
                    began,
                    status,
                    carried,
                });
                // A load, not a flood: the tests beside this one need the machine, too.
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
            all
        })
    });
    tasks.collect()
}

/// Three processes under load, while keys change, the connections that they hear of it by are ended, one of them is killed, and the
/// database goes away and comes back.
#[tokio::test(flavor = "multi_thread")]
async fn b12_no_process_uses_a_key_replaced_more_than_a_second_ago_and_none_fails_without_need() {
    let database = Postgres::create().await;
    let (url, switch) = cuttable(&connections(&database)).await;
    let home = Home::new();
    let settings = [
        ("OVERKEY_DATABASE_URL", url.as_str()),
        ("OVERKEY_MASTER_KEY", "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="),
        ("OVERKEY_LOG", "info"),
    ];
    home.run_with(&["user", "add", "--email", "ada@demo.test", "--admin"], &settings)
        .ok();
    let token = home
        .run_with(&["token", "create", "--user", "ada@demo.test"], &settings)
        .ok();
    let token = token.trim().to_owned();
    let start = || {
        let mut command = home.command(&["serve"]);
        command.envs(settings);
        Running::start(command)
    };
    let mut processes = [start(), start(), start()];
    let urls: Vec<_> = processes.iter().map(|process| process.url.clone()).collect();
    let upstream = Upstream::start().await;
    let http = app::client(urls[0].authority());
    let api = |path: &str| urls[0].join(&format!("/api/v1/servers{path}")).unwrap();
    let new = json!({"name": "notes", "url": upstream.url("/mcp"), "outbound_auth": individual()});
    Answer::of(http.post(api("")).bearer_auth(&token).json(&new))
        .await
        .expect(201);
    let mut replaced: Vec<(String, Instant)> = Vec::new();
    let mut number = 0;
    let mut next = async || {
        number += 1;
        let key = format!("Bearer sk-{number}");
        let put = http.put(api("/notes/overrides/user/ada@demo.test")).bearer_auth(&token);
        let put = put.json(&json!({"credential": format!("sk-{number}")}));
        let answer = Answer::of(put).await;
        assert!(matches!(answer.status, 200 | 201), "{answer:?}");
        (key, Instant::now())
    };
    let (mut current, _) = next().await;
    let stop = Arc::new(AtomicBool::new(false));
    let running = load(&urls, &token, &stop);
    let ears = Arc::new(AtomicBool::new(false));
    let killer = tokio::spawn(kill_listeners(database.url.clone(), ears.clone()));
    let mut killed_at = None;
    for round in 0..20 {
        if round == 10 {
            processes[2].kill();
            killed_at = Some(Instant::now());
        }
        let (key, at) = next().await;
        replaced.push((std::mem::replace(&mut current, key), at));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    ears.store(true, Ordering::Relaxed);
    assert!(killer.await.unwrap() > 3, "the connections were ended");
    // Without a database: what holds for a second is used, and then nothing is.
    let cut = Instant::now();
    switch.send(false).unwrap();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    switch.send(true).unwrap();
    let restored = Instant::now();
    let (key, at) = next().await;
    replaced.push((std::mem::replace(&mut current, key), at));
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    stop.store(true, Ordering::Relaxed);
    let mut all = Vec::new();
    for task in running {
        all.extend(task.await.unwrap());
    }
    let without_database = |began: Instant| began + BOUND > cut && began < restored + BOUND;
    for seen in &all {
        let dead = seen.at == 2 && killed_at.is_some_and(|at| seen.began + BOUND > at);
        if dead || (seen.status == Some(503) && without_database(seen.began)) {
            continue;
        }
        if seen.status != Some(200) {
            let log = processes[seen.at].log();
            let warnings: Vec<_> = log.lines().filter(|line| !line.contains(" INFO ")).collect();
            panic!("{:?} at {}: {warnings:#?}", seen.status, seen.at);
        }
        let old = replaced.iter().find(|(key, _)| *key == seen.carried);
        let late = old.map(|(_, at)| seen.began.saturating_duration_since(*at));
        assert!(
            late.is_none_or(|late| late < BOUND),
            "at {}: {} {late:?}",
            seen.at,
            seen.carried
        );
        assert!(
            old.is_some() || seen.carried == current,
            "at {}: {}",
            seen.at,
            seen.carried
        );
    }
    let good = |at: usize| {
        all.iter()
            .filter(|seen| seen.at == at && seen.status == Some(200))
            .count()
    };
    assert!((0..3).all(|at| good(at) > 20), "{:?}", [good(0), good(1), good(2)]);
    let refused = all.iter().filter(|seen| seen.status == Some(503)).count();
    assert!(refused > 0, "without the database some were refused");
    drop(processes);
    database.remove().await;
}

/// SQLite: the command line is another process.
#[tokio::test]
async fn b12_what_the_command_line_takes_away_is_gone_within_a_second() {
    let home = Home::new();
    for (email, more) in [("ada@demo.test", &["--admin"][..]), ("bob@demo.test", &[])] {
        home.run(&[&["user", "add", "--email", email], more].concat()).ok();
    }
    let token = |email: &str| home.run(&["token", "create", "--user", email]).ok().trim().to_owned();
    let (ada, bob) = (token("ada@demo.test"), token("bob@demo.test"));
    let upstream = Upstream::start().await;
    let running = Running::start(home.command(&["serve"]));
    let http = app::client(running.url.authority());
    let api = |path: &str| running.url.join(&format!("/api/v1/servers{path}")).unwrap();
    let new = json!({"name": "open", "url": upstream.url("/mcp"), "outbound_auth": {"mode": "none"}});
    Answer::of(http.post(api("")).bearer_auth(&ada).json(&new))
        .await
        .expect(201);
    let access = api("/open/access/user/bob@demo.test");
    Answer::of(http.put(access).bearer_auth(&ada).json(&json!({"role": "user"})))
        .await
        .expect(201);
    let call = || {
        Answer::of(
            http.post(running.url.join("/mcp/open").unwrap())
                .bearer_auth(&bob)
                .body(CALL),
        )
    };
    for _ in 0..5 {
        call().await.expect(200);
    }
    home.run(&["user", "disable", "--email", "bob@demo.test"]).ok();
    let since = Instant::now();
    loop {
        let began = since.elapsed();
        let answer = call().await;
        if answer.status == 401 {
            break;
        }
        assert!(began < BOUND, "{began:?} after the change: {answer:?}");
    }
}
