//! Stored credentials that were damaged, moved or forced in fail closed, for their own call only (H2, C3, B06).

use domain::actor::SubjectRef;
use domain::id::UserId;
use domain::overrides::Kind;
use domain::secret::Secret;
use server::seal::Sealed;
use server::services::vault::{Values, seal_override};
use server::store::OverrideRow;

use crate::support::world::individual;
use crate::support::{Caller, World};

/// Changes `whose` row on `notes` as somebody with the database in their hands could.
async fn tamper(world: &World, whose: &Caller, change: impl FnOnce(&mut OverrideRow)) {
    let mut row = row(world, whose).await;
    change(&mut row);
    let mut work = world.app.overkey.core.store.begin().await.unwrap();
    work.overrides().update(&row).await.unwrap();
    work.save().await.unwrap();
}

async fn row(world: &World, whose: &Caller) -> OverrideRow {
    let mut work = world.app.overkey.core.store.read().await.unwrap();
    let server = work.servers().find("notes").await.unwrap().unwrap();
    let subject = SubjectRef::user(&UserId::new(whose.id.clone()));
    let found = work.overrides().find_for(&server.id, &subject, Kind::Manual).await;
    found.unwrap().unwrap()
}

/// 502 under the request's id, nothing sent, nothing told; Eve's and Bob's other credentials work.
async fn fails_closed(world: &World) {
    let answer = world.call(&world.bob, "notes").await;
    let body = answer.expect(502);
    assert_eq!(
        (&body["id"], &body["error"]["code"]),
        (&1.into(), &(-32603).into()),
        "{body}"
    );
    assert!(!answer.text.contains("sk-"), "{answer:?}");
    world.upstream.assert_untouched();
    for (caller, server, expected) in [
        (&world.eve, "notes", "Bearer sk-eve"),
        (&world.bob, "second", "Bearer sk-second"),
    ] {
        let sent = world.sent_authorization(caller, server).await;
        assert_eq!(sent.as_deref(), Some(expected));
    }
}

async fn ready() -> World {
    let world = World::new().await;
    world.server("second", individual()).await;
    world.set(&world.bob, "notes", "sk-bob").await;
    world.set(&world.eve, "notes", "sk-eve").await;
    world.set(&world.bob, "second", "sk-second").await;
    world
}

#[tokio::test]
async fn h2_somebody_elses_ciphertext_does_not_open() {
    let world = ready().await;
    let eves = row(&world, &world.eve).await.sealed;
    tamper(&world, &world.bob, |row| row.sealed = eves).await;
    fails_closed(&world).await;
}

#[tokio::test]
async fn h2_flipped_cut_and_empty_ciphertexts_do_not_open() {
    let world = ready().await;
    let whole = row(&world, &world.bob).await.sealed.as_bytes().to_vec();
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    for bytes in [flipped, whole[..whole.len() - 1].to_vec(), Vec::new()] {
        tamper(&world, &world.bob, |row| row.sealed = Sealed::from_bytes(bytes)).await;
        fails_closed(&world).await;
    }
}

#[tokio::test]
async fn b06_an_origin_rewritten_in_the_database_does_not_wake_a_credential() {
    let world = ready().await;
    let sealed_elsewhere = {
        let mut row = row(&world, &world.bob).await;
        row.origin = domain::server::Origin::stored("https://elsewhere.example");
        seal(&world, &row, "sk-bob")
    };
    tamper(&world, &world.bob, |row| row.sealed = sealed_elsewhere).await;
    fails_closed(&world).await;
}

#[tokio::test]
async fn c3_a_value_that_no_header_can_carry_is_not_sent_even_if_it_was_forced_in() {
    let world = ready().await;
    for bad in ["sk-a\r\nX-Injected: 1", "sk-a\0", "sk-é", "sk-\u{7f}"] {
        let forced = seal(&world, &row(&world, &world.bob).await, bad);
        tamper(&world, &world.bob, |row| row.sealed = forced).await;
        fails_closed(&world).await;
    }
}

fn seal(world: &World, row: &OverrideRow, value: &str) -> Sealed {
    let values = Values::from([("API_KEY".to_owned(), Secret::new(value))]);
    seal_override(
        &world.app.overkey.core.seal,
        (&row.server, &row.subject, row.kind),
        &row.origin,
        &values,
    )
    .unwrap()
}
