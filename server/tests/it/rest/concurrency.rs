//! Changes at the same moment (D02, D07). Adds against changes of settings are in `races`.

use futures_util::future::join_all;
use serde_json::json;

use crate::support::world::shared;
use crate::support::{World, on_every_database};

on_every_database!(
    d02_of_many_adds_at_once_one_is_new_and_the_last_stays,
    two_saves_of_one_preview_one_wins,
);

async fn d02_of_many_adds_at_once_one_is_new_and_the_last_stays(world: &World) {
    let adds = (0..8).map(|number| {
        world.put_override(
            &world.bob,
            "notes",
            &world.bob,
            if number % 2 == 0 { "sk-a" } else { "sk-b" },
        )
    });
    let mut statuses: Vec<_> = join_all(adds).await.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 200, 201]);
    let list = world.app.get(&world.mia, "/servers/notes/overrides").await.expect(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
}

async fn two_saves_of_one_preview_one_wins(world: &World) {
    world.set(&world.bob, "notes", "sk-1").await;
    let path = "/servers/notes/outbound-auth";
    let seen = world
        .app
        .put(&world.mia, &format!("{path}?dry_run=true"), shared("Bearer x"))
        .await
        .expect(200);
    let revision = format!("\"{}\"", seen["revision"].as_str().unwrap());
    let save = || {
        let request = world.app.request(&world.mia, reqwest::Method::PUT, path);
        let request = request.header("if-match", &revision).json(&json!({"mode": "none"}));
        crate::support::Answer::of(request)
    };
    let (first, second) = tokio::join!(save(), save());
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{first:?} {second:?}");
}
