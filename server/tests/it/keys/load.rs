//! Calls go on while everything is re-wrapped, each with the right credential, at every replica (H3).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};
use server::services::master_key::SETTLE;

use super::{fill, on_a_database, replica, rotate_within, whole, world, wrapped};
use crate::support::world::{CALL, shared};
use crate::support::{Answer, App, Caller, World, soon};

const SESSION: &str = "mcp-session-id";
/// Each is called for the first time while the rotation goes on, so that its credential has to be opened then.
const COLD: usize = 24;

on_a_database!(b06_h3_a_rotation_under_load_fails_no_call_ends_no_session_and_changes_no_override);

/// Somebody who calls one server with one credential, over and over.
#[derive(Clone)]
struct Load {
    caller: Caller,
    server: &'static str,
    session: Option<String>,
    expected: String,
}

impl Load {
    fn new(caller: &Caller, server: &'static str, expected: &str) -> Self {
        Self {
            caller: caller.clone(),
            server,
            session: None,
            expected: format!("Bearer {expected}"),
        }
    }

    async fn call(&self, (http, url): &(reqwest::Client, url::Url)) {
        let url = url.join(&format!("/mcp/{}", self.server)).unwrap();
        let mut call = http.post(url).bearer_auth(&self.caller.token).body(CALL);
        if let Some(session) = &self.session {
            call = call.header(SESSION, session);
        }
        let answer = Answer::of(call).await.expect(200);
        let sent = &answer["result"]["authorization"];
        assert_eq!(
            *sent,
            json!([self.expected]),
            "{} on {}",
            self.caller.path(),
            self.server
        );
    }
}

/// Until it is told to stop; how many calls there were.
fn keep_calling(
    app: &App,
    loads: Vec<Load>,
    stop: &Arc<AtomicBool>,
    calls: &Arc<AtomicUsize>,
) -> tokio::task::JoinHandle<()> {
    let (to, stop, calls) = ((app.http.clone(), app.url.clone()), stop.clone(), calls.clone());
    tokio::spawn(async move {
        while !stop.load(Ordering::Relaxed) {
            for load in &loads {
                load.call(&to).await;
                calls.fetch_add(1, Ordering::Relaxed);
            }
        }
    })
}

async fn at_least(calls: &AtomicUsize, more: usize) {
    let wanted = calls.load(Ordering::Relaxed) + more;
    let enough = async {
        while calls.load(Ordering::Relaxed) < wanted {
            tokio::task::yield_now().await;
        }
    };
    soon("more calls", enough).await;
}

async fn cold(world: &World) -> Vec<Load> {
    let mut loads = Vec::new();
    for number in 0..COLD {
        let name = format!("cold-{number}");
        let made = world.app.post(&world.ada, "/virtual-accounts", json!({"name": name}));
        let made = made.await.expect(201);
        let caller = Caller::virtual_account(&name, made["token"].as_str().unwrap());
        world.grant("notes", &caller, "user").await;
        let value = format!("sk-{name}");
        let put = world.put_override(&world.mia, "notes", &caller, &value).await;
        assert_eq!(put.status, 201, "{put:?}");
        loads.push(Load::new(&caller, "notes", &value));
    }
    loads
}

/// What managers see of the overrides; when they were used is another matter.
async fn overrides(world: &World) -> Vec<Value> {
    world.app.settle().await;
    let list = world.app.get(&world.mia, "/servers/notes/overrides?limit=200").await;
    let mut items = list.expect(200)["items"].as_array().unwrap().clone();
    for item in &mut items {
        let item = item.as_object_mut().unwrap();
        item.remove("last_used_at");
    }
    items.retain(|item| item["subject"]["id"] != world.mia.id);
    items
}

/// Mia enters another key, again and again, and calls with it.
async fn replaces(world: &World, stop: &AtomicBool) -> usize {
    let mut number = 0;
    let to = (world.app.http.clone(), world.app.url.clone());
    while !stop.load(Ordering::Relaxed) {
        number += 1;
        let value = format!("sk-mia-{number}");
        world.set(&world.mia, "notes", &value).await;
        Load::new(&world.mia, "notes", &value).call(&to).await;
    }
    number
}

async fn b06_h3_a_rotation_under_load_fails_no_call_ends_no_session_and_changes_no_override(database: &str) {
    let world = world(database, &[1, 2]).await;
    world.server("shared", shared("Bearer sk-shared")).await;
    world.set(&world.bob, "notes", "sk-bob").await;
    world.set(&world.eve, "notes", "sk-eve").await;
    fill(&world.app, &world.eve, 300).await;
    let (cold_here, cold_there) = {
        let mut cold = cold(&world).await;
        let there = cold.split_off(COLD / 2);
        (cold, there)
    };
    world.upstream.answer(200, &[(SESSION, "up-1")], "{}");
    let session = world.call(&world.bob, "notes").await.header(SESSION).to_owned();
    let bob = Load {
        session: Some(session),
        ..Load::new(&world.bob, "notes", "sk-bob")
    };
    let warm = vec![
        bob.clone(),
        Load::new(&world.eve, "notes", "sk-eve"),
        Load::new(&world.eve, "shared", "sk-shared"),
    ];
    let other = replica(database, &[1, 2]).await;
    let before = overrides(&world).await;
    assert!(before.len() > 150);

    let (stop, calls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let tasks = [
        keep_calling(&world.app, warm.clone(), &stop, &calls),
        keep_calling(&other, warm.clone(), &stop, &calls),
        keep_calling(&world.app, cold_here.clone(), &stop, &calls),
        keep_calling(&other, cold_there.clone(), &stop, &calls),
    ];
    let rotating = async {
        at_least(&calls, 20).await;
        // The other replica, where Mia enters her keys, has to hear of it.
        let done = rotate_within(&other, SETTLE).await.unwrap();
        at_least(&calls, 100).await;
        stop.store(true, Ordering::Relaxed);
        done
    };
    let (done, replaced) = tokio::join!(rotating, replaces(&world, &stop));
    for task in tasks {
        task.await.unwrap();
    }
    assert!(replaced > 1);
    assert_eq!((done.key, done.left(), done.closed), (2, 0, 0), "{done:?}");
    assert!(done.rewrapped["overrides"] >= 300 + COLD as u64, "{done:?}");
    let [(2, total)] = wrapped(&other).await[..] else {
        panic!("{done:?}")
    };
    assert!(total > 300 + COLD as u64);
    assert_eq!(
        overrides(&world).await,
        before,
        "no version, no date, no mask has changed"
    );

    // Without the old key: everything opens, sessions go on, the trail is whole and tells of it.
    let without = replica(database, &[2]).await;
    let to = (without.http.clone(), without.url.clone());
    for load in warm.iter().chain(&cold_here).chain(&cold_there) {
        load.call(&to).await;
    }
    Load::new(&world.mia, "notes", &format!("sk-mia-{replaced}"))
        .call(&to)
        .await;
    whole(&without).await;
    let of = async |action: &str| {
        let trail = without.get(&world.ada, &format!("/audit?action={action}")).await;
        trail.expect(200)["items"][0].clone()
    };
    let (changed, rotated) = (of("master_key.changed").await, of("master_key.rotated").await);
    assert_eq!(changed["detail"], json!({"from": "1", "to": "2"}));
    assert_eq!(
        (&rotated["detail"]["to"], &rotated["detail"]["left"]),
        (&json!("2"), &json!("0")),
        "{rotated}"
    );
    assert_eq!(rotated["actor"]["name"], "Command line", "{rotated}");
    tokio::join!(world.app.settle(), other.settle(), without.settle());
}
