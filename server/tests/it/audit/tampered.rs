//! Somebody who can write to the database, but has no key: whatever is edited, moved, put in or taken out is found and named (B07).

use serde_json::json;
use server::services::audit::{Fault, Noted};
use server::store::Trail;

use super::{by_hand, on_a_file, written};
use crate::support::World;

on_a_file!(
    b07_the_trails_are_whole,
    b07_an_edited_entry_is_named,
    b07_an_edited_call_is_named,
    b07_a_missing_entry_is_named,
    b07_missing_newest_entries_are_named,
    b07_reordered_entries_are_named,
    b07_an_entry_put_in_is_named,
    b07_an_entry_with_a_hash_of_its_own_is_named,
    b07_removing_the_beginning_as_retention_does_is_found,
    b07_an_end_that_was_noted_shows_what_a_forged_end_hides,
);

/// Four more changes and three calls.
async fn busy(world: &World) {
    for caller in [&world.bob, &world.eve] {
        world.set(caller, "notes", "sk-1").await;
        world.set(caller, "notes", "sk-2").await;
    }
    for _ in 0..3 {
        world.call(&world.bob, "notes").await;
    }
    written(world).await;
}

/// The first broken entry of a trail: its place, what it is called, and what was done.
async fn broken(world: &World, trail: Trail) -> Option<(i64, String, Fault)> {
    let verdicts = world.app.overkey.services.audit.verify(&[]).await.unwrap();
    let verdict = verdicts.into_iter().find(|verdict| verdict.trail == trail).unwrap();
    let broken = verdict.broken?;
    assert!(broken.to_string().contains(&broken.seq.to_string()), "{broken}");
    Some((broken.seq, broken.what.unwrap_or_default(), broken.fault))
}

async fn newest(world: &World, trail: Trail) -> i64 {
    let mut work = world.app.overkey.core.store.read().await.unwrap();
    work.trails().ends(trail).await.unwrap().seq
}

async fn b07_the_trails_are_whole(world: &World, _: &str) {
    busy(world).await;
    assert_eq!(broken(world, Trail::Changes).await, None);
    assert_eq!(broken(world, Trail::Calls).await, None);
    assert_eq!(newest(world, Trail::Calls).await, 3);
    assert!(newest(world, Trail::Changes).await > 10);
}

async fn b07_an_edited_entry_is_named(world: &World, database: &str) {
    busy(world).await;
    let last = newest(world, Trail::Changes).await;
    for (column, value) in [
        ("actor_name", "'Eve'"),
        ("action", "'override.read'"),
        ("detail", r#"'{"kind":"x"}'"#),
        ("at", "at + 1"),
        ("server", "NULL"),
        ("server_id", "'another'"),
        ("subject_id", "NULL"),
        ("actor_type", "'nonsense'"),
        ("address", "'10.0.0.1'"),
        ("via_id", "''"),
        ("request", "NULL"),
        ("id", "'another'"),
    ] {
        for seq in [last - 2, last] {
            by_hand(
                database,
                &format!("CREATE TABLE kept AS SELECT * FROM audit WHERE seq = {seq}"),
            )
            .await;
            by_hand(
                database,
                &format!("UPDATE audit SET {column} = {value} WHERE seq = {seq}"),
            )
            .await;
            let (place, what, fault) = broken(world, Trail::Changes)
                .await
                .unwrap_or_else(|| panic!("{column} is not seen"));
            assert_eq!((place, fault), (seq, Fault::Edited), "{column}");
            assert!(what.contains(" by ") && what.contains("(id "), "{what}");
            let back = format!("UPDATE audit SET {column} = (SELECT {column} FROM kept) WHERE seq = {seq}");
            by_hand(database, &back).await;
            by_hand(database, "DROP TABLE kept").await;
            assert_eq!(broken(world, Trail::Changes).await, None);
        }
    }
}

async fn b07_an_edited_call_is_named(world: &World, database: &str) {
    busy(world).await;
    by_hand(
        database,
        "UPDATE calls SET fingerprint = '0000000000000000' WHERE seq = 2",
    )
    .await;
    let (place, what, fault) = broken(world, Trail::Calls).await.unwrap();
    assert_eq!((place, fault), (2, Fault::Edited));
    assert_eq!(what, "credential.injected by bob on notes");
    assert_eq!(broken(world, Trail::Changes).await, None);
}

async fn b07_a_missing_entry_is_named(world: &World, database: &str) {
    busy(world).await;
    by_hand(database, "DELETE FROM audit WHERE seq IN (4, 5)").await;
    let (place, _, fault) = broken(world, Trail::Changes).await.unwrap();
    assert_eq!((place, fault), (4, Fault::Missing { up_to: 5 }));
    // Closing the gap does not help.
    by_hand(database, "UPDATE audit SET seq = -(seq - 2) WHERE seq > 5").await;
    by_hand(database, "UPDATE audit SET seq = -seq WHERE seq < 0").await;
    let (place, _, fault) = broken(world, Trail::Changes).await.unwrap();
    assert_eq!((place, fault), (4, Fault::Foreign));
}

async fn b07_missing_newest_entries_are_named(world: &World, database: &str) {
    busy(world).await;
    let last = newest(world, Trail::Changes).await;
    by_hand(database, &format!("DELETE FROM audit WHERE seq > {}", last - 2)).await;
    let (place, _, fault) = broken(world, Trail::Changes).await.unwrap();
    assert_eq!((place, fault), (last - 1, Fault::Missing { up_to: last }));
    by_hand(
        database,
        &format!("UPDATE chains SET seq = {} WHERE name = 'changes'", last - 2),
    )
    .await;
    let (place, _, fault) = broken(world, Trail::Changes).await.unwrap();
    assert_eq!((place, fault), (last - 2, Fault::EndChanged));
    by_hand(database, "DELETE FROM calls").await;
    assert_eq!(
        broken(world, Trail::Calls).await.unwrap().2,
        Fault::Missing { up_to: 3 }
    );
}

async fn b07_reordered_entries_are_named(world: &World, database: &str) {
    busy(world).await;
    for (from, to) in [(3, -1), (6, 3), (-1, 6)] {
        by_hand(database, &format!("UPDATE audit SET seq = {to} WHERE seq = {from}")).await;
    }
    let (place, _, fault) = broken(world, Trail::Changes).await.unwrap();
    assert_eq!((place, fault), (3, Fault::Reordered { belongs_here: 6 }));
}

async fn b07_an_entry_put_in_is_named(world: &World, database: &str) {
    busy(world).await;
    let last = newest(world, Trail::Changes).await;
    let copy = "INSERT INTO audit SELECT";
    let rest = "id, at, actor_type, actor_id, actor_name, action, server_id, server, subject_type, subject_id, detail, address, \
                via_type, via_id, request, hash FROM audit WHERE seq = 3";
    by_hand(database, &format!("{copy} {}, {rest}", last + 1)).await;
    let (place, _, fault) = broken(world, Trail::Changes).await.unwrap();
    assert_eq!((place, fault), (last + 1, Fault::BehindEnd));
    by_hand(
        database,
        &format!("UPDATE chains SET seq = {} WHERE name = 'changes'", last + 1),
    )
    .await;
    let (place, _, fault) = broken(world, Trail::Changes).await.unwrap();
    assert_eq!((place, fault), (last + 1, Fault::Foreign));
}

async fn b07_an_entry_with_a_hash_of_its_own_is_named(world: &World, database: &str) {
    busy(world).await;
    by_hand(
        database,
        "UPDATE audit SET hash = (SELECT hash FROM audit WHERE seq = 2) WHERE seq = 4",
    )
    .await;
    let (place, _, fault) = broken(world, Trail::Changes).await.unwrap();
    assert_eq!((place, fault), (4, Fault::Rehashed));
    by_hand(database, "UPDATE audit SET actor_name = 'Eve' WHERE seq = 4").await;
    assert_eq!(broken(world, Trail::Changes).await.unwrap().2, Fault::Foreign);
}

async fn b07_removing_the_beginning_as_retention_does_is_found(world: &World, database: &str) {
    busy(world).await;
    let anchor =
        "UPDATE chains SET anchor_seq = 5, anchor_hash = (SELECT hash FROM audit WHERE seq = 5) WHERE name = 'changes'";
    by_hand(database, anchor).await;
    by_hand(database, "DELETE FROM audit WHERE seq <= 5").await;
    let (place, _, fault) = broken(world, Trail::Changes).await.unwrap();
    assert_eq!((place, fault), (5, Fault::AnchorForged));
    by_hand(database, "UPDATE chains SET anchor_seq = 0 WHERE name = 'changes'").await;
    let (place, _, fault) = broken(world, Trail::Changes).await.unwrap();
    assert_eq!((place, fault), (1, Fault::Missing { up_to: 5 }));
}

async fn b07_an_end_that_was_noted_shows_what_a_forged_end_hides(world: &World, database: &str) {
    busy(world).await;
    let audit = &world.app.overkey.services.audit;
    let told = audit.verify(&[]).await.unwrap()[0].to_string();
    let noted = Noted::parse(told.split("newest ").nth(1).unwrap()).unwrap();
    let last = noted.seq;
    let cut = format!(
        "UPDATE chains SET seq = {0}, hash = (SELECT hash FROM audit WHERE seq = {0}) WHERE name = 'changes'",
        last - 1
    );
    by_hand(database, &cut).await;
    by_hand(database, &format!("DELETE FROM audit WHERE seq = {last}")).await;
    // What no chain can see by itself.
    assert_eq!(broken(world, Trail::Changes).await, None);
    let verdicts = audit.verify(std::slice::from_ref(&noted)).await.unwrap();
    let broken = verdicts[0].broken.as_ref().unwrap();
    assert_eq!((broken.seq, &broken.fault), (last, &Fault::Missing { up_to: last }));
    // Going on from there makes another entry of that number.
    world.app.post(&world.bob, "/tokens", json!({})).await.expect(201);
    let verdicts = audit.verify(&[noted]).await.unwrap();
    assert_eq!(verdicts[0].broken.as_ref().unwrap().fault, Fault::NotAsNoted);
}
