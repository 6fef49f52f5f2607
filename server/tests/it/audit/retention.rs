//! What is too old goes, and the rest can still be verified (B07).

use serde_json::json;
use server::services::audit::Retention;

use super::{on_a_file, trail};
use crate::support::World;

on_a_file!(b07_old_entries_go_and_the_rest_is_whole, b07_zero_days_keep_for_good);

const DAY: i64 = 86_400;

async fn whole(world: &World) -> Vec<String> {
    let verdicts = world.app.overkey.services.audit.verify(&[]).await.unwrap();
    let told: Vec<_> = verdicts.iter().map(ToString::to_string).collect();
    assert!(verdicts.iter().all(|verdict| verdict.broken.is_none()), "{told:?}");
    told
}

async fn b07_old_entries_go_and_the_rest_is_whole(world: &World, _: &str) {
    world.set(&world.bob, "notes", "sk-1").await;
    world.call(&world.bob, "notes").await;
    let old = trail(world, "kind=change").await.len();
    world.app.clock.advance(40 * DAY);
    world.set(&world.eve, "notes", "sk-1").await;
    world.call(&world.eve, "notes").await;
    assert_eq!(trail(world, "kind=call").await.len(), 2);

    let audit = &world.app.overkey.services.audit;
    audit.keep(Retention { changes: 60, calls: 30 }).await.unwrap();
    let calls = trail(world, "kind=call").await;
    assert_eq!((calls.len(), &calls[0]["actor"]["id"]), (1, &json!(world.eve.id)));
    let pruned = trail(world, "action=audit.pruned").await;
    assert_eq!(
        pruned[0]["detail"],
        json!({"trail": "calls", "entries": "1", "up_to": "1"}),
        "{pruned:?}"
    );
    assert!(pruned[0]["actor"].is_null());
    assert_eq!(trail(world, "kind=change").await.len(), old + 2);
    assert!(whole(world).await[1].contains("retention removed those up to 1"));

    audit.keep(Retention { changes: 30, calls: 30 }).await.unwrap();
    let changes = trail(world, "kind=change").await;
    let actions: Vec<_> = changes.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["audit.pruned", "audit.pruned", "override.added"]);
    whole(world).await;
    // Once more changes nothing, and what comes next follows.
    audit.keep(Retention { changes: 30, calls: 30 }).await.unwrap();
    assert_eq!(trail(world, "kind=change").await.len(), 3);
    world.set(&world.bob, "notes", "sk-3").await;
    world.call(&world.bob, "notes").await;
    assert_eq!(trail(world, "").await.len(), 6);
    whole(world).await;
}

async fn b07_zero_days_keep_for_good(world: &World, _: &str) {
    world.call(&world.bob, "notes").await;
    let before = trail(world, "").await;
    world.app.clock.advance(20 * 365 * DAY);
    world
        .app
        .overkey
        .services
        .audit
        .keep(Retention { changes: 0, calls: 0 })
        .await
        .unwrap();
    assert_eq!(trail(world, "").await, before);
}
