//! Every metric that the docs and the dashboard name is there, and every one that is there is named.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::process::{Home, Running};
use crate::support::{Answer, Upstream, World, app};

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

/// Words that look like one of our metrics; a histogram's series count as the histogram.
fn named(text: &str, known: &dyn Fn(&str) -> bool) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let metrics = words.filter(|word| word.starts_with("overkey_") || word.starts_with("process_"));
    let whole = |word: &str| {
        let mut parts = ["_bucket", "_sum", "_count"]
            .iter()
            .filter_map(|end| word.strip_suffix(end));
        parts.rfind(|base| known(base)).unwrap_or(word).to_owned()
    };
    metrics.map(whole).collect()
}

/// The names in a scrape, each with its type and its help.
fn scraped(text: &str) -> BTreeSet<String> {
    let names = |kind: &str| -> BTreeSet<String> {
        let lines = text.lines().filter_map(|line| line.strip_prefix(kind));
        lines
            .filter_map(|line| line.split(' ').next())
            .map(ToOwned::to_owned)
            .collect()
    };
    let (types, helped) = (names("# TYPE "), names("# HELP "));
    assert_eq!(types, helped, "each has a type and a help");
    types
}

/// A gateway whose metrics have a listener of their own, and one call each of the kinds that matter.
async fn scrape() -> String {
    let home = Home::new();
    home.run(&["user", "add", "--email", "ada@demo.test", "--admin"]).ok();
    let token = home.run(&["token", "create", "--user", "ada@demo.test"]).ok();
    let token = token.trim();
    let upstream = Upstream::start().await;
    let mut command = home.command(&["serve"]);
    command.env("OVERKEY_METRICS_LISTEN", "127.0.0.1:0");
    let running = Running::start(command);
    let line = running.line("Metrics are served");
    let address = line
        .split("url=")
        .nth(1)
        .unwrap()
        .split([' ', '\u{1b}'])
        .next()
        .unwrap()
        .to_owned();
    let http = app::client(running.url.authority());
    let at = |path: &str| running.url.join(path).unwrap();
    let new = json!({"name": "notes", "url": upstream.url("/mcp"), "outbound_auth": {"mode": "none"}});
    let made = http.post(at("/api/v1/servers")).bearer_auth(token).json(&new);
    Answer::of(made).await.expect(201);
    for (server, caller) in [("notes", token), ("nowhere", token), ("notes", "ok_pat_wrong")] {
        let call = http.post(at(&format!("/mcp/{server}"))).bearer_auth(caller);
        Answer::of(call.body(crate::support::world::CALL)).await;
    }
    Answer::of(http.get(address)).await.text
}

#[tokio::test]
async fn docs_dashboard_and_scrape_name_the_same_metrics() {
    let text = scrape().await;
    let there = scraped(&text);
    let known = |name: &str| there.contains(name);
    let documented = named(&read("docs/observability.md"), &known);
    assert_eq!(documented, there, "docs/observability.md (left) and a scrape (right)");
    let dashboard: Value = serde_json::from_str(&read("deploy/grafana/overkey.json")).unwrap();
    let mut expressions = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        let targets = panel["targets"].as_array().into_iter().flatten();
        expressions.extend(targets.map(|target| target["expr"].as_str().unwrap().to_owned()));
    }
    let shown = named(&expressions.join("\n"), &known);
    let nowhere: Vec<_> = shown.difference(&there).collect();
    assert!(nowhere.is_empty(), "the dashboard asks for {nowhere:?}");
    let ours = there.iter().filter(|name| name.starts_with("overkey_"));
    let unseen: Vec<_> = ours.filter(|name| !shown.contains(*name)).collect();
    assert!(unseen.is_empty(), "the dashboard does not show {unseen:?}");
}

#[tokio::test]
async fn servers_are_named_where_metrics_have_a_listener_of_their_own_and_callers_never() {
    let text = scrape().await;
    let of_notes = |line: &&str| line.starts_with("overkey_server_calls_total{") && line.contains("server=\"notes\"");
    let counted = text
        .lines()
        .find(|line| of_notes(line) && line.contains("outcome=\"ok\""));
    assert!(counted.is_some_and(|line| line.ends_with(" 1")), "{text}");
    assert!(
        !text.contains("nowhere") && !text.contains("ada") && !text.contains("whoami"),
        "{text}"
    );
    // A histogram, not a summary: quantiles of several replicas cannot be added up.
    assert!(
        text.contains("overkey_gateway_first_byte_seconds_bucket{plan=\"nothing\",le=\"0.005\"}"),
        "{text}"
    );
}

#[tokio::test]
async fn missing_credentials_refusals_and_open_streams_are_counted() {
    let world = World::new().await;
    let metrics = || async { Answer::of(world.app.http.get(world.app.at("/metrics"))).await.text };
    assert_eq!(world.missing(&world.bob, "notes").await, "override_missing");
    world.call(&world.sue, "notes").await.expect(404);
    let text = metrics().await;
    for line in [
        "overkey_missing_credentials_total{reason=\"override_missing\"} 1",
        "overkey_gateway_calls_total{plan=\"none\",result=\"auth_required\"} 1",
        "overkey_gateway_calls_total{plan=\"none\",result=\"not_found\"} 1",
        "overkey_open_answers 0",
        "overkey_queue_dropped_total{queue=\"calls\"} 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in {text}");
    }
    world.set(&world.bob, "notes", "sk-bob").await;
    let stream = world.upstream.stream(&[]);
    let answer = world.mcp(&world.bob, "notes").send().await.unwrap();
    assert!(metrics().await.lines().any(|line| line == "overkey_open_answers 1"));
    drop(answer);
    stream.closed().await;
    // Dropping it is what closed it.
    assert!(metrics().await.lines().any(|line| line == "overkey_open_answers 0"));
    world.upstream.answer(503, &[], "busy");
    world.call(&world.bob, "notes").await.expect_status(503);
    let line = "overkey_upstream_errors_total{reason=\"http_5xx\"} 1";
    assert!(metrics().await.lines().any(|found| found == line));
}
