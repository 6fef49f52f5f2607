//! Every call leaves an entry with its credential's kind and fingerprint, and never the credential (B07, H5).

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{on_a_file, trail};
use crate::support::world::{no_auth, passthrough, shared};
use crate::support::{Answer, Caller, World};

on_a_file!(
    b07_every_kind_of_injection_is_written_down,
    b07_a_fingerprint_stays_while_the_credential_does,
    b07_what_was_not_sent_is_a_refusal,
    b07_h5_no_fingerprint_can_be_made_from_a_guess,
);

/// The newest call's entry.
async fn newest(world: &World) -> Value {
    trail(world, "kind=call").await.swap_remove(0)
}

async fn fingerprint(world: &World, caller: &Caller, server: &str) -> String {
    assert_eq!(world.call(caller, server).await.status, 200);
    newest(world).await["detail"]["fingerprint"]
        .as_str()
        .unwrap()
        .to_owned()
}

async fn b07_every_kind_of_injection_is_written_down(world: &World, _: &str) {
    world.server("shared", shared("Bearer sk-shared")).await;
    world.server("relay", passthrough()).await;
    world.server("open", no_auth()).await;
    world.set(&world.bob, "notes", "sk-bob").await;
    for (server, credential, action) in [
        ("notes", "override", "credential.injected"),
        ("shared", "server_default", "credential.injected"),
        ("relay", "passthrough", "credential.injected"),
        ("open", "nothing", "call.forwarded"),
    ] {
        let request = world
            .mcp(&world.bob, server)
            .header("x-upstream-authorization", "Bearer sk-own");
        Answer::of(request).await.expect(200);
        let entry = newest(world).await;
        let detail = &entry["detail"];
        assert_eq!(
            (&entry["action"], &entry["server"]),
            (&json!(action), &json!(server)),
            "{entry}"
        );
        assert_eq!(
            entry["actor"],
            json!({"type": "user", "id": world.bob.id, "name": "bob"})
        );
        assert_eq!(
            (&detail["credential"], &detail["outcome"]),
            (&json!(credential), &json!("forwarded")),
            "{entry}"
        );
        assert_eq!(
            (&detail["method"], &detail["tool"]),
            (&json!("tools/call"), &json!("whoami"))
        );
        assert_eq!(
            (&detail["status"], &detail["upstream_status"]),
            (&json!("200"), &json!("200"))
        );
        assert_eq!(detail["fingerprint"].is_string(), server != "open", "{entry}");
        assert_eq!(
            (&entry["via"]["type"], &entry["address"]),
            (&json!("token"), &json!("127.0.0.1"))
        );
        assert!(detail["latency_ms"].as_str().unwrap().parse::<f64>().unwrap() > 0.0);
    }
    world.upstream.answer(401, &[], "");
    world.call(&world.bob, "notes").await;
    let entry = newest(world).await;
    assert_eq!(entry["action"], "credential.injected");
    assert_eq!(
        (&entry["detail"]["outcome"], &entry["detail"]["upstream_status"]),
        (&json!("auth_required"), &json!("401"))
    );
    drop(world.upstream.hang());
    world.call(&world.bob, "notes").await.expect(504);
    assert_eq!(newest(world).await["detail"]["outcome"], "timed_out");
    let injected = trail(world, "action=credential.injected&server=notes&actor=bob@demo.test").await;
    assert_eq!(injected.len(), 3, "{injected:?}");
}

async fn b07_a_fingerprint_stays_while_the_credential_does(world: &World, _: &str) {
    world.set(&world.bob, "notes", "sk-1").await;
    world.set(&world.eve, "notes", "sk-1").await;
    let first = fingerprint(world, &world.bob, "notes").await;
    assert_eq!(fingerprint(world, &world.bob, "notes").await, first);
    assert_ne!(
        fingerprint(world, &world.eve, "notes").await,
        first,
        "the same value of somebody else"
    );
    world.set(&world.bob, "notes", "sk-2").await;
    let second = fingerprint(world, &world.bob, "notes").await;
    assert_ne!(second, first);
    // Nobody finds an old value out by entering guesses until the fingerprint is the old one.
    world.set(&world.bob, "notes", "sk-1").await;
    assert_ne!(fingerprint(world, &world.bob, "notes").await, first);
}

async fn b07_what_was_not_sent_is_a_refusal(world: &World, _: &str) {
    for (caller, server, outcome, named) in [
        (&world.bob, "notes", "auth_required", json!("notes")),
        (&world.sue, "notes", "not_found", json!("notes")),
        (&world.sue, "no-such-server", "not_found", Value::Null),
    ] {
        world.call(caller, server).await;
        let entry = newest(world).await;
        assert_eq!(entry["action"], "call.refused", "{entry}");
        assert_eq!(
            (&entry["detail"]["outcome"], &entry["server"]),
            (&json!(outcome), &named),
            "{entry}"
        );
        assert_eq!(entry["actor"]["id"], caller.id);
        assert!(entry["detail"]["fingerprint"].is_null() && entry["detail"]["upstream_status"].is_null());
    }
    world.upstream.assert_untouched();
    let before = trail(world, "kind=call").await.len();
    let stranger = Caller::user("x", "ok_pat_nonsense");
    world.call(&stranger, "notes").await.expect(401);
    assert_eq!(trail(world, "kind=call").await.len(), before, "strangers leave nothing");
}

async fn b07_h5_no_fingerprint_can_be_made_from_a_guess(world: &World, _: &str) {
    world.set(&world.bob, "notes", "1234").await;
    let told = fingerprint(world, &world.bob, "notes").await;
    assert!(told.len() == 16 && told.bytes().all(|byte| byte.is_ascii_hexdigit()));
    for guess in [
        "1234",
        "Bearer 1234",
        "Authorization: Bearer 1234",
        "authorizationBearer 1234",
    ] {
        assert!(!format!("{:x}", Sha256::digest(guess)).contains(&told));
    }
    // Another installation makes another fingerprint of the same.
    let other = World::new().await;
    other.set(&other.bob, "notes", "1234").await;
    assert_ne!(fingerprint(&other, &other.bob, "notes").await, told);
}
