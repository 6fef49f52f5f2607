//! `overkey doctor`: what is well, what is not, and what to do.

use serde_json::Value;
use sqlx::{Connection, SqliteConnection};

use crate::support::Upstream;
use crate::support::process::{Ended, Home, Running};

const PUBLIC: (&str, &str) = ("OVERKEY_PUBLIC_URL", "http://localhost:9");

fn doctor(home: &Home, settings: &[(&str, &str)]) -> Ended {
    home.run_with(&["doctor"], settings)
}

/// A database with a server at `url`.
fn home(url: &str) -> Home {
    let home = Home::new();
    let file = format!(
        "servers:\n  notes:\n    url: {url}\n    outbound_auth: {{mode: api_key_shared, headers: {{Authorization: env:KEY}}}}\n"
    );
    std::fs::write(home.folder.path().join("world.yaml"), file).unwrap();
    home.run_with(&["apply", "-f", "world.yaml"], &[("KEY", "sk-canary-shared")])
        .ok();
    home
}

/// The command runs beside the upstream, which has to answer it.
#[tokio::test(flavor = "multi_thread")]
async fn where_all_is_well_every_line_says_so() {
    let upstream = Upstream::start().await;
    let home = home(upstream.url("/mcp").as_str());
    let told = doctor(&home, &[PUBLIC]).ok();
    for line in [
        "ok       configuration: ",
        "ok       public URL: http://localhost:9/",
        "ok       database: reachable",
        "ok       master key: opens what is sealed (1 looked at)",
        "ok       master keys: key 1 wraps everything",
        "ok       audit trail: changes: ",
        "ok       upstream notes: answers (",
        "warning  public URL, from here: cannot be called",
        "ok       clock: ",
    ] {
        assert!(told.contains(line), "{line}\n{told}");
    }
    assert!(!told.contains("canary") && !told.contains("TROUBLE"), "{told}");
    let json = home.run_with(&["doctor", "--json"], &[PUBLIC]).ok();
    let findings: Vec<Value> = serde_json::from_str(&json).unwrap();
    assert_eq!(
        findings.len(),
        told.lines().filter(|line| !line.starts_with("  ")).count()
    );
    assert!(findings.iter().all(|finding| finding["state"] != "trouble"), "{json}");
}

#[track_caller]
fn trouble(ended: &Ended, line: &str, todo: &str) {
    assert!(!ended.success, "{ended:?}");
    let at = ended.stdout.find(&format!("TROUBLE  {line}"));
    let rest = at.map(|at| ended.stdout[at..].lines().nth(1).unwrap_or_default());
    assert!(
        rest.is_some_and(|next| next.contains("-> ") && next.contains(todo)),
        "{line}\n{ended:?}"
    );
}

#[test]
fn without_a_database_none_is_made() {
    let home = Home::new();
    trouble(
        &doctor(&home, &[]),
        "database: there is no file overkey.db",
        "overkey migrate",
    );
    assert_eq!(home.bytes(), b"");
    let nowhere = [
        ("OVERKEY_DATABASE_URL", "postgres://u:canary@127.0.0.1:1/x"),
        ("OVERKEY_MASTER_KEY", OTHER_KEY),
    ];
    let ended = doctor(&home, &nowhere);
    trouble(&ended, "database: ", "OVERKEY_DATABASE_URL");
    assert!(!format!("{ended:?}").contains("canary"), "{ended:?}");
    trouble(
        &doctor(&home, &[("OVERKEY_LISTN", "x")]),
        "configuration: unknown setting `listn`",
        "docs/configuration.md",
    );
    trouble(
        &doctor(&home, &[("OVERKEY_PUBLIC_URL", "http://overkey.example")]),
        "public URL: ",
        "TLS",
    );
}

const OTHER_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

#[test]
fn another_key_is_told() {
    let home = home("https://wiki.example/mcp");
    trouble(
        &doctor(&home, &[("OVERKEY_MASTER_KEY", OTHER_KEY)]),
        "master key: The master key does not fit",
        "OVERKEY_MASTER_KEY",
    );
}

/// A value with a key of its own id, as an unfinished rotation and a key that was taken out too early leave them.
#[tokio::test]
async fn b06_a_rotation_to_be_finished_and_a_missing_key_are_told() {
    let home = home("https://wiki.example/mcp");
    let url = format!("sqlite:{}", home.folder.path().join("overkey.db").display());
    let mut database = SqliteConnection::connect(&url).await.unwrap();
    let secrets: Vec<u8> = sqlx::query_scalar("SELECT secrets FROM servers")
        .fetch_one(&mut database)
        .await
        .unwrap();
    home.run(&["key", "rotate"]).ok();
    let put_back = sqlx::query("UPDATE servers SET secrets = $1").bind(secrets);
    put_back.execute(&mut database).await.unwrap();
    let told = doctor(&home, &[PUBLIC]).stdout;
    assert!(
        told.contains("warning  master keys: key 2 is current, and another one still wraps 1 values"),
        "{told}"
    );
    let file = home.folder.path().join("overkey.key");
    let ring = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, ring.lines().last().unwrap()).unwrap();
    trouble(
        &doctor(&home, &[]),
        "master keys: values need key 1, which is not configured",
        "overkey key rotate",
    );
    let serving = Running::start(home.command(&["serve"]));
    serving.line("Values need a master key that is not configured");
    let ended = home.run(&["key", "status"]);
    assert!(
        !ended.success && ended.stdout.contains("key 1 (NOT HERE): servers 1\n"),
        "{ended:?}"
    );
}

#[tokio::test]
async fn what_is_damaged_missing_or_out_of_reach_is_told() {
    let home = home("http://10.0.0.1:1/mcp");
    let refused = doctor(&home, &[]);
    trouble(&refused, "upstream notes: cannot be called", "OVERKEY_UPSTREAM_ALLOW");
    let url = format!("sqlite:{}", home.folder.path().join("overkey.db").display());
    let mut database = SqliteConnection::connect(&url).await.unwrap();
    sqlx::query("UPDATE servers SET secrets = zeroblob(120)")
        .execute(&mut database)
        .await
        .unwrap();
    trouble(
        &doctor(&home, &[]),
        "master key: does not open what is sealed for notes",
        "enter their credentials again",
    );
    sqlx::query("UPDATE audit SET action = 'forged' WHERE action = 'server.created'")
        .execute(&mut database)
        .await
        .unwrap();
    trouble(&doctor(&home, &[]), "audit trail: ", "overkey audit verify");
    sqlx::query("DELETE FROM _sqlx_migrations WHERE version = 1")
        .execute(&mut database)
        .await
        .unwrap();
    trouble(
        &doctor(&home, &[]),
        "database: reachable, and 1 migrations are missing",
        "overkey migrate",
    );
}
