//! The trail and a server's calls as files: whole, whatever their length, harmless in a spreadsheet, and without secrets (B07).

use serde_json::{Value, json};

use super::{on_a_file, trail, written};
use crate::support::{Answer, World};

on_a_file!(
    b07_an_export_holds_every_entry_that_the_list_shows,
    b07_a_cell_is_never_a_formula,
    b07_h5_an_export_holds_no_secret,
    b07_exports_are_for_those_who_may_see_the_list,
);

async fn export(world: &World, path: &str) -> Answer {
    written(world).await;
    let answer = world.app.get(&world.ada, path).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer
}

fn lines(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.header("content-type"), "application/jsonl");
    answer
        .text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn records(answer: &Answer) -> Vec<csv::StringRecord> {
    assert!(answer.header("content-type").starts_with("text/csv"), "{answer:?}");
    csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(answer.text.as_bytes())
        .records()
        .map(Result::unwrap)
        .collect()
}

async fn b07_an_export_holds_every_entry_that_the_list_shows(world: &World, _: &str) {
    // More than two pages of two hundred.
    for _ in 0..450 {
        world.call(&world.bob, "notes").await;
    }
    let all = lines(&export(world, "/audit/export").await);
    let calls: Vec<_> = all.iter().filter(|entry| entry["action"] == "call.refused").collect();
    assert_eq!(calls.len(), 450);
    assert!(all.len() > 460);
    let newest = trail(world, "").await;
    assert_eq!(all[..200], newest[..]);
    let ids: std::collections::BTreeSet<_> = all.iter().map(|entry| entry["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), all.len(), "no entry twice");

    let answer = export(world, "/audit/export?format=csv&kind=call&server=notes").await;
    assert_eq!(
        answer.header("content-disposition"),
        "attachment; filename=\"overkey-audit.csv\""
    );
    let records = records(&answer);
    assert_eq!(records.len(), 451);
    assert_eq!(
        records[0].iter().take(3).collect::<Vec<_>>(),
        ["id", "at", "actor_type"]
    );
    assert!(
        records
            .iter()
            .skip(1)
            .all(|record| &record[6] == "notes" && &record[5] == "call.refused")
    );
    let calls = lines(&export(world, "/servers/notes/activity/calls/export").await);
    assert_eq!(calls.len(), 450);
    let bad = world.app.get(&world.ada, "/audit/export?format=xml").await;
    assert_eq!(bad.wrong_fields(400, "malformed"), ["format"]);
}

async fn b07_a_cell_is_never_a_formula(world: &World, _: &str) {
    let name = "=HYPERLINK(\"http://evil.example\",\"x\")";
    let path = format!("/users/{}", world.bob.id);
    world
        .app
        .patch(&world.ada, &path, json!({"name": name}))
        .await
        .expect(200);
    world.set(&world.bob, "notes", "sk-1").await;
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "@SUM(1,\"2\")\n"}});
    Answer::of(world.mcp(&world.bob, "notes").body(call.to_string()))
        .await
        .expect(200);
    for path in [
        "/audit/export?format=csv",
        "/servers/notes/activity/calls/export?format=csv",
    ] {
        let records = records(&export(world, path).await);
        let cells = || records.iter().flat_map(|record| record.iter());
        assert!(cells().any(|cell| cell == format!("'{name}")), "{records:?}");
        assert!(
            cells().all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n'])),
            "{records:?}"
        );
    }
    let calls = records(&export(world, "/servers/notes/activity/calls/export?format=csv").await);
    assert_eq!(&calls[1][6], "'@SUM(1,\"2\")\u{fffd}");
}

async fn b07_h5_an_export_holds_no_secret(world: &World, _: &str) {
    let secrets = ["canary-own-7f3a91c2d4", "canary-new-1b8e60f7a5"];
    world.set(&world.bob, "notes", secrets[0]).await;
    world.call(&world.bob, "notes").await;
    world.set(&world.bob, "notes", secrets[1]).await;
    world.upstream.answer(401, &[], secrets[1]);
    world.call(&world.bob, "notes").await;
    let arguments = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "echo", "arguments": {"text": "canary-argument"}}});
    Answer::of(world.mcp(&world.bob, "notes").body(arguments.to_string())).await;
    let uri = json!({"jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": {"uri": "file:///canary-uri"}});
    Answer::of(
        world
            .mcp(&world.bob, "notes")
            .header("mcp-name", "file:///canary-uri")
            .body(uri.to_string()),
    )
    .await;
    for path in [
        "/audit?limit=200",
        "/audit/export?format=csv",
        "/audit/export?format=jsonl",
        "/servers/notes/activity",
        "/servers/notes/activity/calls",
        "/servers/notes/activity/changes",
        "/servers/notes/activity/calls/export?format=csv",
        "/activity",
    ] {
        let answer = export(world, path).await;
        assert!(
            answer.text.contains("notes") || answer.text.contains("tools/call"),
            "{path}: {answer:?}"
        );
        for secret in ["canary", &world.bob.token, &world.ada.token] {
            assert!(!answer.text.contains(secret), "{path}: {answer:?}");
        }
    }
}

async fn b07_exports_are_for_those_who_may_see_the_list(world: &World, _: &str) {
    for caller in [&world.mia, &world.bob, &world.ci_bot] {
        world.app.get(caller, "/audit/export").await.problem(403, "forbidden");
    }
    for path in ["", "/calls", "/changes", "/calls/export"] {
        let path = format!("/servers/notes/activity{path}");
        world.app.get(&world.sue, &path).await.problem(404, "not-found");
        world.app.get(&world.mia, &path).await.expect_status(200);
    }
}
