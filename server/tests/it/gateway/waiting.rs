//! A call whose person agreed to enter a key waits for it (B09): what ends the wait, and what must not come of it.

use std::time::{Duration, Instant};

use domain::actor::{Actor, SubjectRef};
use domain::id::UserId;
use domain::role::PlatformRole;
use serde_json::{Value, json};

use crate::support::modern::{answering, asked, call, plain, post, send};
use crate::support::{Answer, Caller, World, on_every_database, soon};

on_every_database!(b09_after_the_person_added_the_key_the_waiting_call_completes);

/// Bob's call, repeated after he agreed.
async fn agreed(world: &World) -> Value {
    let question = asked(&world.app, &world.bob, "notes", &call()).await;
    answering(&call(), &question, "accept")
}

/// Returns when so many calls wait.
async fn until_waiting(world: &World, count: usize) {
    let mut waiting = world.app.overkey.services.calls.waiting();
    soon("calls to wait", waiting.wait_for(|now| *now == count))
        .await
        .unwrap();
}

fn begin(world: &World, caller: &Caller, message: &Value) -> tokio::task::JoinHandle<Answer> {
    tokio::spawn(Answer::of(post(&world.app, caller, "notes", &message.to_string())))
}

async fn b09_after_the_person_added_the_key_the_waiting_call_completes(world: &World) {
    let call = begin(world, &world.bob, &agreed(world).await);
    until_waiting(world, 1).await;
    world.set(&world.eve, "notes", "sk-eve").await;
    world.upstream.assert_untouched();
    world.set(&world.bob, "notes", "sk-bob").await;
    let answer = soon("the call to go on", call).await.unwrap().expect(200);
    assert_eq!(answer["result"]["authorization"], json!(["Bearer sk-bob"]));
    assert_eq!(answer["id"], 2);
    let seen: Value = serde_json::from_slice(&world.upstream.next().await.body).unwrap();
    assert!(seen["params"].get("requestState").is_none(), "{seen}");
    until_waiting(world, 0).await;
}

/// Bob's key lacks a value that the server asks for since.
async fn outdated(world: &World) {
    world.set(&world.bob, "notes", "sk-bob").await;
    let headers = json!({"Authorization": "Bearer {{API_KEY}}", "X-Team": "{{TEAM}}"});
    let two = json!({"mode": "api_key_individual", "headers": headers});
    world.change_auth("notes", two).await;
}

#[tokio::test]
async fn b09_a_key_that_cannot_be_used_is_waited_for_like_none() {
    let world = World::new().await;
    outdated(&world).await;
    let call = begin(&world, &world.bob, &agreed(&world).await);
    until_waiting(&world, 1).await;
    let path = format!("/servers/notes/overrides/{}", world.bob.path());
    let both = json!({"credentials": {"API_KEY": "sk-bob", "TEAM": "red"}});
    world.app.put(&world.bob, &path, both).await.expect(200);
    soon("the call to go on", call).await.unwrap().expect(200);
    assert_eq!(world.upstream.next().await.only("x-team"), Some("red"));
}

#[tokio::test]
async fn b09_a_wait_in_vain_ends_in_another_question_when_its_time_is_over() {
    let wait = Duration::from_secs(2);
    let world = World::with(|config| config.credential_wait = wait.as_secs()).await;
    outdated(&world).await;
    let first = agreed(&world).await;
    let began = Instant::now();
    let second = asked(&world.app, &world.bob, "notes", &first).await;
    assert!(began.elapsed() >= wait, "{:?}", began.elapsed());
    assert_ne!(second["result"]["requestState"], first["params"]["requestState"]);
    until_waiting(&world, 0).await;
    world.upstream.assert_untouched();
}

/// Such as tokens that lack a scope: the person has to consent again.
#[tokio::test]
async fn b09_what_is_there_and_does_not_do_is_not_what_is_waited_for() {
    let world = World::new().await;
    world.set(&world.bob, "notes", "sk-bob").await;
    let calls = &world.app.overkey.services.calls;
    let bob = SubjectRef::user(&UserId::new(&world.bob.id));
    let bob = Actor::new(bob, "bob", PlatformRole::Member);
    let target = calls.target(&bob, "notes").await.unwrap().unwrap();
    let there = target.sendable(calls.now()).unwrap();
    let coming = calls.credential_comes(&bob, "notes", Some(&there));
    let in_vain = tokio::time::timeout(Duration::from_secs(2), coming).await;
    assert!(in_vain.is_err());
    world.set(&world.bob, "notes", "sk-bob-2").await;
    soon("another key", calls.credential_comes(&bob, "notes", Some(&there))).await;
}

#[tokio::test]
async fn b09_a_client_that_leaves_ends_the_wait() {
    let world = World::new().await;
    let call = begin(&world, &world.bob, &agreed(&world).await);
    until_waiting(&world, 1).await;
    call.abort();
    until_waiting(&world, 0).await;
    world.set(&world.bob, "notes", "sk-bob").await;
    world.upstream.assert_untouched();
}

#[tokio::test]
async fn b09_a8_a_caller_who_lost_the_right_while_waiting_does_not_call() {
    for lost in ["access", "token", "server"] {
        let world = World::new().await;
        let new = world.app.post(&world.bob, "/tokens", json!({})).await.expect(201);
        let laptop = Caller::user(&world.bob.id, new["token"].as_str().unwrap());
        let call = begin(&world, &laptop, &agreed(&world).await);
        until_waiting(&world, 1).await;
        match lost {
            "access" => world.revoke("notes", &world.bob).await,
            "token" => {
                let path = format!("/tokens/{}", new["id"].as_str().unwrap());
                world.app.delete(&world.bob, &path).await.expect(204);
            }
            _ => {
                world.app.delete(&world.ada, "/servers/notes").await.expect(204);
                world.server("notes", crate::support::world::no_auth()).await;
                world.revoke("notes", &world.bob).await;
            }
        }
        let answer = world.put_override(&world.mia, "notes", &world.bob, "sk-bob").await;
        assert!(lost == "server" || answer.status == 201, "{answer:?}");
        soon("the call to end", call).await.unwrap().expect(404);
        world.upstream.assert_untouched();
    }
}

#[tokio::test]
async fn b09_the_last_wait_ends_in_the_plain_error() {
    let world = World::with(|config| config.credential_wait = 0).await;
    let mut message = call();
    for _ in 1..=3 {
        let question = asked(&world.app, &world.bob, "notes", &message).await;
        message = answering(&call(), &question, "accept");
    }
    // Up to the last moment the key is taken.
    world.set(&world.bob, "notes", "sk-bob").await;
    send(&world.app, &world.bob, "notes", &message).await.expect(200);
    world.upstream.next().await;
    let path = format!("/servers/notes/overrides/{}", world.bob.path());
    world.app.delete(&world.bob, &path).await.expect(204);
    plain(&send(&world.app, &world.bob, "notes", &message).await);
}
