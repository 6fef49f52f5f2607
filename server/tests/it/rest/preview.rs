//! Every change of outbound auth is previewed, and saved as it was seen (D07).

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::world::{individual, shared};
use crate::support::{Answer, World, on_every_database};

on_every_database!(
    d07_a_preview_changes_nothing_and_names_who_is_affected,
    d07_a_save_without_or_with_an_old_preview_is_refused,
    d07_saving_the_same_settings_changes_nothing,
    d07_only_managers_preview_and_change,
    malformed_revisions_are_400,
);

const PATH: &str = "/servers/notes/outbound-auth";

async fn save(world: &World, revision: &str, auth: Value) -> Answer {
    let request = world.app.request(&world.mia, Method::PUT, PATH);
    Answer::of(request.header("if-match", revision).json(&auth)).await
}

async fn preview(world: &World, auth: Value) -> Value {
    world
        .app
        .put(&world.mia, &format!("{PATH}?dry_run=true"), auth)
        .await
        .expect(200)
}

fn quoted(preview: &Value) -> String {
    format!("\"{}\"", preview["revision"].as_str().unwrap())
}

async fn audited(world: &World) -> usize {
    let audit = world.app.get(&world.ada, "/audit?limit=200").await.expect(200);
    audit["items"].as_array().unwrap().len()
}

async fn d07_a_preview_changes_nothing_and_names_who_is_affected(world: &World) {
    world.set(&world.bob, "notes", "sk-1").await;
    world
        .put_override(&world.mia, "notes", &world.ci_bot, "sk-2")
        .await
        .expect(201);
    let before = (
        world.app.get(&world.mia, "/servers/notes").await.expect(200),
        audited(world).await,
    );
    let seen = preview(world, shared("Bearer x")).await;
    assert_eq!(seen["effect"]["deleted"], 2, "{seen}");
    let mut names: Vec<_> = seen["affected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            assert_eq!(one["effect"], "deleted");
            one["subject"]["name"].as_str().unwrap()
        })
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["bob", "ci-bot"]);
    let after = (
        world.app.get(&world.mia, "/servers/notes").await.expect(200),
        audited(world).await,
    );
    assert_eq!(before, after);
    // The save does what was seen, and the trail tells of each deletion.
    let applied = save(world, &quoted(&seen), shared("Bearer x")).await.expect(200);
    assert_eq!(applied["effect"], seen["effect"]);
    let deleted = world
        .app
        .get(&world.ada, "/audit?action=override.deleted&server=notes")
        .await
        .expect(200);
    assert_eq!(deleted["items"].as_array().unwrap().len(), 2, "{deleted}");
}

async fn d07_a_save_without_or_with_an_old_preview_is_refused(world: &World) {
    world.set(&world.bob, "notes", "sk-1").await;
    let seen = preview(world, shared("Bearer x")).await;
    world.set(&world.eve, "notes", "sk-2").await;
    let before = world.app.get(&world.mia, "/servers/notes").await.expect(200);
    save(world, &quoted(&seen), shared("Bearer x"))
        .await
        .problem(409, "stale-preview");
    save(world, "\"never\"", shared("Bearer x"))
        .await
        .problem(409, "stale-preview");
    world
        .app
        .put(&world.mia, PATH, shared("Bearer x"))
        .await
        .problem(409, "stale-preview");
    let patch = json!({"outbound_auth": shared("Bearer x")});
    world
        .app
        .patch(&world.mia, "/servers/notes", patch)
        .await
        .problem(409, "stale-preview");
    assert_eq!(world.app.get(&world.mia, "/servers/notes").await.expect(200), before);
    let list = world.app.get(&world.mia, "/servers/notes/overrides").await.expect(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    let again = preview(world, shared("Bearer x")).await;
    save(world, &quoted(&again), shared("Bearer x")).await.expect(200);
    // The revision was used up.
    save(world, &quoted(&again), individual())
        .await
        .problem(409, "stale-preview");
}

async fn d07_saving_the_same_settings_changes_nothing(world: &World) {
    world.set(&world.bob, "notes", "sk-1").await;
    world.server("shared", shared("Bearer sk-shared-123456")).await;
    let (audit, server) = (
        audited(world).await,
        world.app.get(&world.mia, "/servers/notes").await.expect(200),
    );
    let same = world.app.put(&world.mia, PATH, individual()).await.expect(200);
    assert_eq!(
        (&same["unchanged"], &same["revision"]),
        (&json!(true), &server["revision"])
    );
    // A masked value written back means "keep".
    let shown = world.app.get(&world.mia, "/servers/shared").await.expect(200)["outbound_auth"].clone();
    assert_eq!(shown["headers"]["Authorization"], "••••••••3456");
    let same = world
        .app
        .put(&world.mia, "/servers/shared/outbound-auth", shown)
        .await
        .expect(200);
    assert_eq!(same["unchanged"], true);
    let sent = world.sent_authorization(&world.bob, "shared").await;
    assert_eq!(sent.as_deref(), Some("Bearer sk-shared-123456"));
    assert_eq!(world.app.get(&world.mia, "/servers/notes").await.expect(200), server);
    assert_eq!(audited(world).await, audit);
}

async fn d07_only_managers_preview_and_change(world: &World) {
    for path in [PATH.to_owned(), format!("{PATH}?dry_run=true")] {
        for user in [&world.bob, &world.ci_bot] {
            world
                .app
                .put(user, &path, shared("Bearer x"))
                .await
                .problem(403, "forbidden");
        }
        world
            .app
            .put(&world.sue, &path, shared("Bearer x"))
            .await
            .problem(404, "not-found");
    }
    let server = world.app.get(&world.mia, "/servers/notes").await.expect(200);
    assert_eq!(server["outbound_auth"], individual());
}

async fn malformed_revisions_are_400(world: &World) {
    for bad in ["7", "*", "W/\"7\"", "\"7\", \"8\"", ""] {
        let fields = save(world, bad, shared("Bearer x"))
            .await
            .wrong_fields(400, "malformed");
        assert_eq!(fields, ["If-Match"], "{bad}");
    }
    let dry = world
        .app
        .put(&world.mia, &format!("{PATH}?dry_run=yes"), shared("Bearer x"))
        .await;
    assert_eq!(dry.wrong_fields(400, "malformed"), ["dry_run"]);
}
