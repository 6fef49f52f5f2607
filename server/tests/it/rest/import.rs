//! Many overrides at once (B08), on both databases.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Caller, World, on_every_database};

on_every_database!(
    b08_csv_json_and_json_lines_are_imported,
    b08_a_dry_run_tells_each_line_and_stores_nothing,
    b08_one_bad_line_refuses_all,
    b08_only_managers_import,
    b08_an_import_that_was_previewed_is_refused_when_something_changed,
    b08_a_server_that_takes_no_overrides_takes_no_import,
    b08_several_values_have_a_column_each,
    b07_each_override_of_an_import_is_in_the_trail,
    s08_nothing_of_a_file_comes_back,
);

const IMPORT: &str = "/servers/notes/overrides:import";

async fn send(world: &World, by: &Caller, path: &str, (media, body): (&str, String)) -> Answer {
    let request = world.app.request(by, Method::POST, path).header("content-type", media);
    Answer::of(request.body(body)).await
}

fn csv(text: &str) -> (&'static str, String) {
    (
        "text/csv",
        format!("subject_type,subject_id,credential,expires_at\n{text}"),
    )
}

fn results(answer: &Value) -> Vec<(u64, String)> {
    let lines = answer["lines"].as_array().unwrap().iter();
    lines
        .map(|line| {
            (
                line["line"].as_u64().unwrap(),
                line["result"].as_str().unwrap().to_owned(),
            )
        })
        .collect()
}

async fn stored(world: &World) -> Vec<String> {
    let listed = world.app.get(&world.mia, "/servers/notes/overrides").await.expect(200);
    let items = listed["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["subject"]["name"].as_str().unwrap().to_owned())
        .collect()
}

async fn b08_csv_json_and_json_lines_are_imported(world: &World) {
    let text = csv("user,bob@demo.test,sk-bob,2099-01-01T00:00:00Z\nvirtual_account,ci-bot,sk-ci,\n");
    let answer = send(world, &world.mia, IMPORT, text).await.expect(200);
    assert_eq!(
        (&answer["applied"], &answer["new"], &answer["replaced"]),
        (&json!(true), &json!(2), &json!(0))
    );
    let bob = world
        .app
        .get(&world.mia, "/servers/notes/overrides/user/bob@demo.test")
        .await
        .expect(200);
    assert_eq!(
        (&bob["state"], &bob["expires_at"]),
        (&json!("active"), &json!("2099-01-01T00:00:00Z"))
    );
    let items = json!([
        {"subject_id": world.eve.id, "credential": "sk-eve"},
        {"subject_type": "user", "subject_id": "BOB@demo.test", "credential": "sk-bob-2"},
    ]);
    let answer = send(world, &world.mia, IMPORT, ("application/json", items.to_string()))
        .await
        .expect(200);
    assert_eq!((&answer["new"], &answer["replaced"]), (&json!(1), &json!(1)));
    let lines = "{\"subject_id\":\"sue@demo.test\",\"credentials\":{\"API_KEY\":\"sk-sue\"}}\n";
    let answer = send(world, &world.ada, IMPORT, ("application/jsonl", lines.to_owned()))
        .await
        .expect(200);
    assert_eq!(
        answer["lines"][0]["subject"]["name"], "sue",
        "D09: without access it waits"
    );
    assert_eq!(stored(world).await, ["bob", "ci-bot", "eve", "sue"]);
    // S06: the very next request uses it.
    let call = world.mcp(&world.bob, "notes");
    Answer::of(call).await.expect(200);
    assert_eq!(
        world.upstream.next().await.only("authorization"),
        Some("Bearer sk-bob-2")
    );
}

async fn b08_a_dry_run_tells_each_line_and_stores_nothing(world: &World) {
    world.set(&world.bob, "notes", "sk-bob").await;
    let text = csv(
        "user,bob@demo.test,sk-1,\nuser,eve@demo.test,sk-2,\nuser,nobody@demo.test,sk-3,\nuser,eve@demo.test,sk-4,\n,,,\n",
    );
    let answer = send(world, &world.mia, &format!("{IMPORT}?dry_run=true"), text)
        .await
        .expect(200);
    let told = results(&answer);
    let told: Vec<_> = told.iter().map(|(line, result)| (*line, result.as_str())).collect();
    assert_eq!(
        told,
        [
            (2, "replaced"),
            (3, "new"),
            (4, "refused"),
            (5, "refused"),
            (6, "refused")
        ]
    );
    assert_eq!(answer["applied"], false);
    assert_eq!(answer["lines"][0]["subject"]["id"], world.bob.id);
    assert_eq!(answer["lines"][2]["subject"], Value::Null);
    assert_eq!(
        answer["lines"][3]["errors"][0]["message"],
        "This subject is in line 3 already."
    );
    let fields: Vec<_> = answer["lines"][4]["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| &error["field"])
        .collect();
    assert_eq!(fields, ["subject_id", "credential"]);
    assert_eq!(stored(world).await, ["bob"]);
}

async fn b08_one_bad_line_refuses_all(world: &World) {
    let text = csv("user,bob@demo.test,sk-1,\nuser,nobody@demo.test,sk-2,\nuser,eve@demo.test,\"sk\n3\",\n");
    let answer = send(world, &world.mia, IMPORT, text).await;
    answer.problem(422, "invalid");
    let problem: Value = serde_json::from_str(&answer.text).unwrap();
    let fields: Vec<_> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| &error["field"])
        .collect();
    assert_eq!(fields, ["lines.3.subject", "lines.4.credential"]);
    assert_eq!(stored(world).await, [""; 0]);
    for (media, body, status, kind) in [
        ("text/plain", "x", 415, "unsupported-media-type"),
        ("text/csv", "bob@demo.test,sk-1\n", 400, "malformed"),
        ("text/csv", "subject_id,credential\n", 400, "malformed"),
        ("application/json", "[", 400, "malformed"),
    ] {
        let answer = send(world, &world.mia, IMPORT, (media, body.to_owned())).await;
        answer.problem(status, kind);
    }
    let long = csv(&"user,bob@demo.test,sk,\n".repeat(5_001));
    send(world, &world.mia, IMPORT, long).await.problem(422, "invalid");
    let large = csv(&"x".repeat(4 * 1024 * 1024));
    send(world, &world.mia, IMPORT, large).await.problem(413, "too-large");
}

async fn b08_only_managers_import(world: &World) {
    let own = || csv("user,bob@demo.test,sk-bob,\n");
    for path in [IMPORT.to_owned(), format!("{IMPORT}?dry_run=true")] {
        send(world, &world.bob, &path, own()).await.problem(403, "forbidden");
        send(world, &world.ci_bot, &path, own()).await.problem(403, "forbidden");
        send(world, &world.sue, &path, own()).await.problem(404, "not-found");
    }
    assert_eq!(stored(world).await, [""; 0]);
}

async fn b08_an_import_that_was_previewed_is_refused_when_something_changed(world: &World) {
    let text = || csv("user,bob@demo.test,sk-bob,\n");
    let preview = send(world, &world.mia, &format!("{IMPORT}?dry_run=true"), text())
        .await
        .expect(200);
    let tag = format!("\"{}\"", preview["revision"].as_str().unwrap());
    let confirmed = || {
        let (media, body) = text();
        let request = world
            .app
            .request(&world.mia, Method::POST, IMPORT)
            .header("content-type", media);
        request.header("if-match", &tag).body(body)
    };
    world.set(&world.bob, "notes", "sk-own").await;
    Answer::of(confirmed()).await.problem(409, "stale-preview");
    let preview = send(world, &world.mia, &format!("{IMPORT}?dry_run=true"), text())
        .await
        .expect(200);
    assert_eq!(preview["replaced"], 1);
    let tag = format!("\"{}\"", preview["revision"].as_str().unwrap());
    let (media, body) = text();
    let request = world
        .app
        .request(&world.mia, Method::POST, IMPORT)
        .header("content-type", media);
    Answer::of(request.header("if-match", &tag).body(body))
        .await
        .expect(200);
}

async fn b08_a_server_that_takes_no_overrides_takes_no_import(world: &World) {
    world.server("open", json!({"mode": "none"})).await;
    let answer = send(
        world,
        &world.mia,
        "/servers/open/overrides:import",
        csv("user,bob@demo.test,sk,\n"),
    )
    .await;
    answer.problem(422, "overrides-unsupported");
}

async fn b08_several_values_have_a_column_each(world: &World) {
    let auth = json!({"mode": "api_key_individual", "headers": {"Authorization": "Basic {{USER}}:{{KEY}}"}});
    world.server("two", auth).await;
    let path = "/servers/two/overrides:import";
    let text = "subject_id,credentials.USER,credentials.KEY\nbob@demo.test,b,sk-1\n";
    send(world, &world.mia, path, ("text/csv", text.to_owned()))
        .await
        .expect(200);
    let call = world.mcp(&world.bob, "two");
    Answer::of(call).await.expect(200);
    assert_eq!(world.upstream.next().await.only("authorization"), Some("Basic b:sk-1"));
    let lacking = "subject_id,credentials.USER\neve@demo.test,e\n";
    let answer = send(world, &world.mia, path, ("text/csv", lacking.to_owned())).await;
    answer.problem(422, "invalid");
    assert!(answer.text.contains("lines.2.credentials.KEY"), "{answer:?}");
}

async fn b07_each_override_of_an_import_is_in_the_trail(world: &World) {
    world.set(&world.bob, "notes", "sk-bob").await;
    let text = csv("user,bob@demo.test,sk-1,\nuser,eve@demo.test,sk-2,\n");
    send(world, &world.mia, IMPORT, text).await.expect(200);
    for (action, whose) in [("override.added", &world.eve), ("override.replaced", &world.bob)] {
        let entries = world
            .app
            .get(&world.ada, &format!("/audit?action={action}"))
            .await
            .expect(200);
        let entry = &entries["items"][0];
        assert_eq!(
            (&entry["subject"]["id"], &entry["actor"]["id"]),
            (&json!(whose.id), &json!(world.mia.id))
        );
        assert_eq!(entry["detail"]["by"], "import", "{entry}");
    }
}

async fn s08_nothing_of_a_file_comes_back(world: &World) {
    for text in [
        "user,bob@demo.test,sk-canary-0123456789,\n",
        "user,sk-canary-0123456789,bob@demo.test,\n",
        "sk-canary-0123456789,bob@demo.test,x,\n",
        "user,bob@demo.test,x,sk-canary-0123456789\n",
    ] {
        for path in [format!("{IMPORT}?dry_run=true"), IMPORT.to_owned()] {
            let answer = send(world, &world.mia, &path, csv(text)).await;
            assert!(!answer.text.contains("canary"), "{answer:?}");
        }
    }
}
