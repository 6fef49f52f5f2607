//! Adds against changes of a server's settings, many times over: whatever the order, no override stays that the settings cannot
//! use, none goes that no preview showed, and nobody is told "added" who has nothing (B5, D07, B01, S50-S57, S60, D03, D09).

use std::pin::Pin;

use domain::actor::SubjectRef;
use domain::id::UserId;
use domain::outbound::Support;
use futures_util::future::{BoxFuture, join_all};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::world::{authorization_code, individual, no_auth, passthrough, shared};
use crate::support::{Answer, Caller, World, on_every_database};

on_every_database!(
    b5_d07_adds_against_changes_nobody_previewed,
    b5_d07_adds_against_changes_that_were_previewed,
);

/// How often each of the kinds below.
const TIMES: usize = 6;

/// A change that overrides do not survive, or not as they were.
struct Kind {
    row: &'static str,
    before: Value,
    /// B01, before the change.
    allowed: bool,
    change: Change,
}

#[derive(Clone)]
enum Change {
    Auth(Value),
    NoMoreOverrides,
    Delete,
}

fn kinds() -> Vec<Kind> {
    let template = |text: &str| json!({"mode": "api_key_individual", "headers": {"Authorization": text}});
    let kind = |row, before, change| Kind {
        row,
        before,
        allowed: true,
        change,
    };
    vec![
        kind("S50", individual(), Change::Auth(shared("Bearer x"))),
        kind("S52", individual(), Change::Auth(authorization_code())),
        kind("S56", individual(), Change::Auth(no_auth())),
        kind("S56", authorization_code(), Change::Auth(passthrough())),
        kind("B01", shared("Bearer x"), Change::NoMoreOverrides),
        kind("S60", individual(), Change::Auth(template("Bearer {{TOKEN}}"))),
        kind(
            "D03",
            individual(),
            Change::Auth(template("Bearer {{API_KEY}}-{{TEAM}}")),
        ),
        kind("D09", individual(), Change::Delete),
    ]
}

async fn b5_d07_adds_against_changes_nobody_previewed(world: &World) {
    for (number, kind) in kinds().iter().enumerate() {
        for time in 0..TIMES {
            let name = format!("race-{number}-{time}");
            set_up(world, &name, kind).await;
            let change = send(world, &name, &kind.change, None);
            let (changed, added) = race(world, &name, kind, change, time).await;
            check(world, &name, kind, &changed, &added, &json!({})).await;
        }
    }
}

async fn b5_d07_adds_against_changes_that_were_previewed(world: &World) {
    for (number, kind) in kinds().iter().enumerate() {
        for time in 0..TIMES {
            let name = format!("race-{number}-{time}");
            set_up(world, &name, kind).await;
            // The preview shows one that is there; those that race with the change it does not show.
            let first = world.put_override(&world.mia, &name, &world.ci_bot, "Bearer ci").await;
            first.expect(201);
            let preview = match &kind.change {
                Change::Delete => json!({}),
                change => dry_run(world, &name, change).await,
            };
            let revision = preview["revision"].as_str().map(|revision| format!("\"{revision}\""));
            let change = send(world, &name, &kind.change, revision);
            let (changed, added) = race(world, &name, kind, change, time).await;
            check(world, &name, kind, &changed, &added, &preview).await;
        }
    }
}

async fn set_up(world: &World, name: &str, kind: &Kind) {
    world.server(name, kind.before.clone()).await;
    if kind.allowed {
        let patch = json!({"allow_overrides": true});
        world
            .app
            .patch(&world.mia, &format!("/servers/{name}"), patch)
            .await
            .expect(200);
    }
}

fn request(world: &World, name: &str, change: &Change, query: &str) -> reqwest::RequestBuilder {
    let (method, path, body) = match change {
        Change::Auth(auth) => (
            Method::PUT,
            format!("/servers/{name}/outbound-auth{query}"),
            auth.clone(),
        ),
        Change::NoMoreOverrides => (
            Method::PATCH,
            format!("/servers/{name}{query}"),
            json!({"allow_overrides": false}),
        ),
        Change::Delete => (Method::DELETE, format!("/servers/{name}"), Value::Null),
    };
    world.app.request(&world.mia, method, &path).json(&body)
}

async fn dry_run(world: &World, name: &str, change: &Change) -> Value {
    Answer::of(request(world, name, change, "?dry_run=true"))
        .await
        .expect(200)
}

fn send<'a>(world: &'a World, name: &str, change: &Change, revision: Option<String>) -> BoxFuture<'a, Answer> {
    let mut request = request(world, name, change, "");
    if let Some(revision) = revision {
        request = request.header("if-match", revision);
    }
    Box::pin(Answer::of(request))
}

/// Bob's and Eve's credentials, and the change, at once; `time` says which of the three starts first.
async fn race(
    world: &World,
    name: &str,
    kind: &Kind,
    change: BoxFuture<'_, Answer>,
    time: usize,
) -> (Answer, Vec<Answer>) {
    let individual = kind.before["mode"] == "api_key_individual";
    let add = |whose: &'static str| -> BoxFuture<'_, Answer> {
        let whose = if whose == "bob" { &world.bob } else { &world.eve };
        let by = if individual { whose } else { &world.mia };
        Box::pin(world.put_override(by, name, whose, "Bearer sk-1"))
    };
    let mut all: Vec<Pin<Box<dyn Future<Output = Answer> + Send>>> = vec![change, add("bob"), add("eve")];
    all.rotate_left(time % 3);
    let mut answers = join_all(all).await;
    answers.rotate_right(time % 3);
    let changed = answers.remove(0);
    (changed, answers)
}

async fn check(world: &World, name: &str, kind: &Kind, changed: &Answer, added: &[Answer], preview: &Value) {
    let statuses: Vec<_> = added.iter().map(|answer| answer.status).collect();
    let told = format!(
        "{} {name}: adds {statuses:?}, change {} {}",
        kind.row, changed.status, changed.text
    );
    everything_stored_can_be_used(world, &told).await;
    let new = added.iter().filter(|answer| answer.status == 201).count();
    let before = usize::from(preview.get("effect").is_some());
    let items = world.app.get(&world.mia, &format!("/servers/{name}/overrides")).await;
    match changed.status {
        // Somebody was quicker, and no preview had shown them: nothing has changed, and everybody has what they entered.
        409 => {
            let items = active(&items, &told);
            assert_eq!((new, items), (added.len(), before + added.len()), "{told}");
        }
        200 => {
            if let Some(effect) = preview.get("effect") {
                let applied = changed.json();
                // PATCH answers with the server.
                assert!(
                    applied.get("effect").is_none_or(|applied| applied == effect),
                    "unseen harm: {told}"
                );
            }
            // Who came later was told, or is served by the new settings.
            let survives = usize::from(kind.row == "S60");
            assert!(
                added.iter().all(|answer| matches!(answer.status, 201 | 403 | 422)),
                "{told}"
            );
            assert!(new == 0 || kind.row == "S60", "told \"added\": {told}");
            if kind.row == "D03" {
                let states: Vec<_> = items.expect(200)["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|one| one["state"].clone())
                    .collect();
                assert_eq!(states, vec![json!("needs_update"); before], "{told}");
            } else {
                assert_eq!(active(&items, &told), survives * before + new, "{told}");
            }
        }
        // Deleted, with whatever was quicker.
        204 => {
            assert!(added.iter().all(|answer| matches!(answer.status, 201 | 404)), "{told}");
            items.expect(404);
        }
        _ => panic!("{told}"),
    }
}

/// How many there are, all of them in use.
fn active(items: &Answer, told: &str) -> usize {
    let list = items.expect(200);
    let items = list["items"].as_array().unwrap();
    assert!(items.iter().all(|one| one["state"] == "active"), "{told}: {list}");
    items.len()
}

/// In the database itself: each override's server is there and takes overrides.
async fn everything_stored_can_be_used(world: &World, told: &str) {
    let mut work = world.app.overkey.core.store.read().await.unwrap();
    for whose in [&world.bob, &world.eve, &world.ci_bot].map(subject_of) {
        for row in work.overrides().everywhere(&whose).await.unwrap() {
            let server = work.servers().find_by_id(&row.server).await.unwrap();
            let server = server.unwrap_or_else(|| panic!("of no server: {row:?}, {told}"));
            let takes = server.mode.support(server.allow_optional) == Support::Supported;
            assert!(takes, "{row:?} is left on {server:?}: {told}");
        }
    }
}

fn subject_of(caller: &Caller) -> SubjectRef {
    match caller.kind {
        "user" => SubjectRef::user(&UserId::new(caller.id.clone())),
        _ => SubjectRef::virtual_account(&domain::id::VirtualAccountId::new(caller.id.clone())),
    }
}
