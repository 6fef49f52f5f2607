//! Traces as a collector gets them over OTLP, and as the upstream sees them.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use reqwest::header::HeaderName;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::support::process::{Home, Running, ended_well};
use crate::support::upstream::Seen;
use crate::support::world::CALL;
use crate::support::{Answer, Upstream, app, soon};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";
const SECRET: &str = "canary-of-the-traces";

/// Decodes what it is sent, as a collector does.
struct Collector {
    url: String,
    received: mpsc::UnboundedReceiver<(HeaderMap, ExportTraceServiceRequest)>,
}

impl Collector {
    async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, received) = mpsc::unbounded_channel();
        let take = |State(sender): State<mpsc::UnboundedSender<_>>, headers: HeaderMap, body: Bytes| async move {
            sender
                .send((headers, ExportTraceServiceRequest::decode(body).unwrap()))
                .ok();
        };
        let router = Router::new().route("/v1/traces", post(take)).with_state(sender);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, received }
    }

    /// Everything that has come by now, with the name of the service.
    fn spans(&mut self) -> Vec<(String, Span)> {
        let mut spans = Vec::new();
        while let Ok((_, request)) = self.received.try_recv() {
            for resource in request.resource_spans {
                let about = attributes(&resource.resource.unwrap().attributes);
                let service = about["service.name"].clone();
                let of_it = resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
                spans.extend(of_it.map(|span| (service.clone(), span)));
            }
        }
        spans
    }
}

fn attributes(all: &[opentelemetry_proto::tonic::common::v1::KeyValue]) -> BTreeMap<String, String> {
    let text = |value: Value| match value {
        Value::StringValue(text) => text,
        Value::IntValue(number) => number.to_string(),
        other => format!("{other:?}"),
    };
    let pair = |one: &opentelemetry_proto::tonic::common::v1::KeyValue| {
        let value = one
            .value
            .clone()
            .and_then(|value| value.value)
            .map(text)
            .unwrap_or_default();
        (one.key.clone(), value)
    };
    all.iter().map(pair).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

struct Called {
    seen: Vec<Seen>,
    log: String,
    answer: Answer,
}

/// Runs the binary with these settings, makes one call with these headers, and stops it.
async fn call_with(settings: &[(&str, &str)], headers: &[(&'static str, &str)]) -> Called {
    let home = Home::new();
    home.run(&["user", "add", "--email", "ada@demo.test", "--admin"]).ok();
    let token = home.run(&["token", "create", "--user", "ada@demo.test"]).ok();
    let upstream = Upstream::start().await;
    let mut command = home.command(&["serve"]);
    command.env("OVERKEY_LOG_FORMAT", "json");
    command.env("OVERKEY_LOG", "info,server::gateway=debug");
    command.envs(settings.iter().copied());
    let running = Running::start(command);
    let http = app::client(running.url.authority());
    let at = |path: &str| running.url.join(path).unwrap();
    let auth = json!({"mode": "api_key_shared", "headers": {"Authorization": SECRET}});
    let new = json!({"name": "notes", "url": upstream.url("/mcp"), "outbound_auth": auth});
    let made = http.post(at("/api/v1/servers")).bearer_auth(token.trim()).json(&new);
    Answer::of(made).await.expect(201);
    let mut call = http.post(at("/mcp/notes")).bearer_auth(token.trim()).body(CALL);
    for (name, value) in headers {
        call = call.header(HeaderName::from_static(name), *value);
    }
    let answer = Answer::of(call).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let seen = vec![upstream.next().await];
    running.terminate();
    let (status, log) = running.ended().await;
    assert!(ended_well(status), "{status}");
    Called {
        seen,
        log: String::from_utf8(log).unwrap(),
        answer,
    }
}

fn caller() -> [(&'static str, &'static str); 3] {
    [
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ("tracestate", "vendor=value"),
        ("baggage", "tenant=blue"),
    ]
}

/// The line of the log about the call.
fn line_of_the_call(log: &str) -> serde_json::Value {
    let lines = log
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let mut of_calls = lines.filter(|line| line["fields"]["message"] == "gateway.call");
    of_calls
        .next()
        .unwrap_or_else(|| panic!("no line about the call in {log}"))
}

#[tokio::test]
async fn a_collector_sees_a_calls_phases_in_the_callers_trace_and_the_upstream_goes_on_with_it() {
    let mut collector = Collector::start().await;
    let called = call_with(&[("OVERKEY_OTLP_ENDPOINT", &collector.url)], &caller()).await;
    let spans = soon("the spans", async { collector.spans() }).await;
    let ours: Vec<_> = spans.iter().filter(|(_, span)| hex(&span.trace_id) == TRACE).collect();
    let named = |name: &str| {
        let found = ours.iter().find(|(_, span)| span.name == name);
        found.map_or_else(|| panic!("no span {name} in {spans:?}"), |(_, span)| span)
    };
    let root = named("gateway.call");
    assert_eq!(hex(&root.parent_span_id), PARENT);
    assert!(ours.iter().all(|(service, _)| service == "overkey"));
    for phase in ["authenticate", "decide", "credential", "upstream"] {
        assert_eq!(named(phase).parent_span_id, root.span_id, "{phase}");
    }
    let about = attributes(&root.attributes);
    for (key, value) in [
        ("http.request.method", "POST"),
        ("http.response.status_code", "200"),
        ("overkey.server", "notes"),
        ("overkey.subject.kind", "user"),
        ("overkey.plan", "server_default"),
        ("overkey.result", "forwarded"),
    ] {
        assert_eq!(about.get(key).map(String::as_str), Some(value), "{key} in {about:?}");
    }
    // The upstream's parent is the span that stands for asking it.
    let seen = &called.seen[0];
    let expected = format!("00-{TRACE}-{}-01", hex(&named("upstream").span_id));
    assert_eq!(seen.only("traceparent"), Some(&*expected));
    assert_eq!(seen.only("tracestate"), Some("vendor=value"));
    assert_eq!(seen.only("baggage"), Some("tenant=blue"));
    // And the log leads there.
    let line = line_of_the_call(&called.log);
    assert_eq!(line["trace.id"], TRACE, "{line}");
    assert_eq!(
        about["overkey.request.id"],
        line["fields"]["request.id"].as_str().unwrap()
    );
    let everything = format!("{spans:?}");
    for secret in [SECRET, "ok_pat_", "whoami"] {
        assert!(!everything.contains(secret), "{secret} is in a span");
    }
}

#[tokio::test]
async fn a_caller_without_a_trace_begins_one_and_the_standard_variables_do() {
    let mut collector = Collector::start().await;
    let endpoint = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*collector.url),
        ("OTEL_SERVICE_NAME", "gateway-7"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=blue"),
    ];
    let called = call_with(&endpoint, &[("traceparent", "00-none")]).await;
    let (headers, _) = collector.received.try_recv().expect("nothing was sent");
    assert_eq!(headers["x-tenant"], "blue");
    assert_eq!(headers["content-type"], "application/x-protobuf");
    let id = called.seen[0]
        .only("traceparent")
        .unwrap()
        .split('-')
        .nth(1)
        .unwrap()
        .to_owned();
    assert_eq!(line_of_the_call(&called.log)["trace.id"], *id);
    assert_eq!(called.seen[0].only("tracestate"), None);
}

#[tokio::test]
async fn without_a_collector_a_callers_trace_passes_untouched() {
    let called = call_with(&[], &caller()).await;
    for (name, value) in caller() {
        assert_eq!(called.seen[0].only(name), Some(value));
    }
    assert_eq!(line_of_the_call(&called.log)["trace.id"], TRACE);
    assert_eq!(called.seen[0].body, CALL.as_bytes(), "_meta is the caller's");
    assert_eq!(called.answer.status, 200);
}

#[tokio::test]
async fn a_collector_that_is_away_costs_no_call() {
    // Nobody listens there.
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let called = call_with(&[("OVERKEY_OTLP_ENDPOINT", &url)], &caller()).await;
    let parent = called.seen[0].only("traceparent").unwrap();
    assert!(parent.starts_with(&format!("00-{TRACE}-")), "{parent}");
}

/// The trail has every call; the log is for those that somebody may have to look into.
#[tokio::test]
async fn a_call_that_went_well_leaves_no_line_in_the_log_and_one_that_did_not_does() {
    let home = Home::new();
    home.run(&["user", "add", "--email", "ada@demo.test", "--admin"]).ok();
    let token = home.run(&["token", "create", "--user", "ada@demo.test"]).ok();
    let upstream = Upstream::start().await;
    let mut command = home.command(&["serve"]);
    command.env("OVERKEY_LOG_FORMAT", "json").env("OVERKEY_LOG", "info");
    let running = Running::start(command);
    let http = app::client(running.url.authority());
    let at = |path: &str| running.url.join(path).unwrap();
    let new = json!({"name": "notes", "url": upstream.url("/mcp"), "outbound_auth": {"mode": "none"}});
    let made = http.post(at("/api/v1/servers")).bearer_auth(token.trim()).json(&new);
    Answer::of(made).await.expect(201);
    upstream.answer(200, &[], "{}");
    upstream.answer(500, &[], "{}");
    for status in [200, 500] {
        let call = http.post(at("/mcp/notes")).bearer_auth(token.trim()).body(CALL);
        Answer::of(call).await.expect(status);
    }
    running.terminate();
    let (status, log) = running.ended().await;
    assert!(ended_well(status), "{status}");
    let log = String::from_utf8(log).unwrap();
    assert_eq!(log.matches("gateway.call").count(), 1, "{log}");
    assert_eq!(line_of_the_call(&log)["fields"]["upstream.status"], 500);
}
