//! Two processes on one PostgreSQL write one chain, and never wait for each other in a circle (B07, B12).

use std::time::Duration;

use serde_json::json;
use server::store::{AuditRow, Store, Trail};

use crate::support::database::Postgres;
use crate::support::world::{CALL, individual};
use crate::support::{Answer, App, Caller, Upstream, app, soon};

async fn two(database: &Postgres) -> (App, App) {
    let config = || {
        let mut config = app::config();
        config.database_url = database.url.clone();
        config
    };
    // At once, so that both would like to make the keys.
    tokio::join!(App::start(config()), App::start(config()))
}

async fn changes(app: &App, caller: &Caller, number: usize) {
    for name in 0..12 {
        let account = json!({"name": format!("bot-{number}-{name}")});
        app.post(caller, "/virtual-accounts", account).await.expect(201);
    }
}

async fn calls(app: &App, caller: &Caller) {
    for _ in 0..40 {
        let request = app
            .http
            .post(app.at("/mcp/notes"))
            .bearer_auth(&caller.token)
            .body(CALL);
        Answer::of(request).await.expect(200);
        app.settle().await;
    }
}

#[tokio::test]
async fn b07_b12_two_replicas_write_one_chain() {
    let database = Postgres::create().await;
    let (one, two) = two(&database).await;
    let upstream = Upstream::start().await;
    let ada = one.first_admin("ada").await;
    let new = json!({"name": "notes", "url": upstream.url("/mcp"), "outbound_auth": individual()});
    one.post(&ada, "/servers", new).await.expect(201);
    let path = format!("/servers/notes/overrides/{}", ada.path());
    one.put(&ada, &path, json!({"credential": "sk-ada"})).await.expect(201);
    soon("everybody", async {
        tokio::join!(
            changes(&one, &ada, 1),
            changes(&two, &ada, 2),
            changes(&two, &ada, 3),
            calls(&one, &ada),
            calls(&two, &ada)
        )
    })
    .await;
    for app in [&one, &two] {
        let verdicts = app.overkey.services.audit.verify(&[]).await.unwrap();
        assert!(verdicts.iter().all(|verdict| verdict.broken.is_none()), "{verdicts:?}");
        let count = |trail| verdicts.iter().find(|verdict| verdict.trail == trail).unwrap().entries;
        assert_eq!(count(Trail::Calls), 80);
        assert!(count(Trail::Changes) >= 38);
        let told = app.get(&ada, "/servers/notes/activity").await.expect(200);
        assert_eq!(told["total"]["calls"], 80, "the counts of both add up");
        let began = app.get(&ada, "/audit?action=audit.began").await.expect(200);
        assert_eq!(began["items"].as_array().unwrap().len(), 1, "one key, made once");
    }
    drop((one, two));
    database.remove().await;
}

fn entry(id: &str) -> AuditRow {
    AuditRow {
        id: id.to_owned(),
        at: domain::timestamp::Timestamp(1),
        actor: None,
        actor_name: "Test".to_owned(),
        action: "override.added".to_owned(),
        server_id: None,
        server: None,
        subject: None,
        detail: "{}".to_owned(),
        via: domain::via::Via::default(),
    }
}

/// The first writes an entry and then wants the server; the second has the server and then writes an entry. Were the chain locked
/// when an entry is written, each would wait for the other.
#[tokio::test]
async fn b07_the_chain_is_locked_last() {
    let database = Postgres::create().await;
    let (one, two) = two(&database).await;
    let ada = one.first_admin("ada").await;
    let new = json!({"name": "notes", "url": "https://mcp.example.com/mcp", "outbound_auth": individual()});
    one.post(&ada, "/servers", new).await.expect(201);
    let (first, second) = (&one.overkey.core.store, &two.overkey.core.store);
    let mut early = first.begin().await.unwrap();
    early.audit().insert(&entry("early")).await.unwrap();
    let mut late = second.begin().await.unwrap();
    late.servers().lock("notes").await.unwrap().unwrap();
    late.audit().insert(&entry("late")).await.unwrap();
    let both = async {
        let waits = async {
            early.servers().lock("notes").await.unwrap().unwrap();
            early.save().await.unwrap();
        };
        let goes_on = async {
            late.save().await.unwrap();
        };
        tokio::join!(waits, goes_on)
    };
    tokio::time::timeout(Duration::from_secs(20), both)
        .await
        .expect("they wait for each other");
    let order: Vec<_> = list(first.as_ref()).await;
    assert_eq!(order[..2], ["early", "late"]);
    drop((one, two));
    database.remove().await;
}

/// The ids of the newest changes.
async fn list(store: &dyn Store) -> Vec<String> {
    let mut work = store.read().await.unwrap();
    let entries = work.trails().entries(Trail::Changes, 0, 1_000).await.unwrap();
    let id = |what: &str| what.split("(id ").nth(1).unwrap().trim_end_matches(')').to_owned();
    entries.iter().rev().map(|entry| id(&entry.what)).collect()
}

/// A change in one replica's hands does not keep the other from writing calls down.
#[tokio::test]
async fn b07_changes_and_calls_do_not_wait_for_each_other() {
    let database = Postgres::create().await;
    let (one, two) = two(&database).await;
    let ada = one.first_admin("ada").await;
    let mut open = one.overkey.core.store.begin().await.unwrap();
    open.audit().insert(&entry("open")).await.unwrap();
    // The calls' chain in the first one's hands, too.
    let request = two.http.post(two.at("/mcp/nowhere")).bearer_auth(&ada.token).body(CALL);
    Answer::of(request).await.expect(404);
    soon("the call to be written", two.settle()).await;
    soon("a change", two.post(&ada, "/tokens", json!({}))).await.expect(201);
    open.save().await.unwrap();
    let world_free = two.get(&ada, "/audit?limit=200").await.expect(200);
    let actions: Vec<_> = world_free["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["action"].clone())
        .collect();
    for expected in ["call.refused", "token.created", "override.added"] {
        assert!(actions.contains(&json!(expected)), "{actions:?}");
    }
    let verdicts = two.overkey.services.audit.verify(&[]).await.unwrap();
    assert!(verdicts.iter().all(|verdict| verdict.broken.is_none()));
    drop((one, two));
    database.remove().await;
}
