//! Upstreams inside, names that change, plain http: what a registered URL may lead to (F1, F2).

use std::sync::Arc;

use serde_json::json;

use crate::support::names::{Names, Trap, neighbours};
use crate::support::world::shared;
use crate::support::{Answer, Upstream, World};

impl World {
    /// Registers a URL with a shared credential and calls it as Ada.
    async fn call_url(&self, name: &str, url: &str) -> Answer {
        let new = json!({"name": name, "url": url, "outbound_auth": shared("Bearer sk-shared")});
        self.app.post(&self.ada, "/servers", new).await.expect(201);
        self.call(&self.ada, name).await
    }
}

/// The error that says so: 502, in JSON-RPC, without the address.
#[track_caller]
fn refused(answer: &Answer, because: &str) {
    let body = answer.expect(502);
    let text = body["error"]["message"].as_str().unwrap();
    assert!(text.contains(because), "{text}");
    assert!(!text.contains("127.0.0.1") && !text.contains("sk-shared"), "{text}");
    assert_eq!(
        (&body["id"], &body["error"]["code"]),
        (&json!(1), &json!(-32603)),
        "{body}"
    );
}

#[tokio::test]
async fn f1_upstreams_inside_are_not_called_unless_the_operator_lists_them() {
    let names = Arc::new(Names::of_the_system());
    let world = World::with_names(|config| config.upstream_allow = Vec::new(), names).await;
    let trap = Trap::at("127.0.0.1");
    let hosts = [
        "127.0.0.1",
        "127.1",
        "0x7f000001",
        "2130706433",
        "localhost",
        "localhost.",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "169.254.169.254",
    ];
    for (number, host) in hosts.into_iter().enumerate() {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{host}:{}/mcp", trap.port());
            let answer = world.call_url(&format!("inside-{scheme}-{number}"), &url).await;
            refused(&answer, "OVERKEY_UPSTREAM_ALLOW");
            assert!(!trap.sprung(), "{url}");
        }
    }
}

#[tokio::test]
async fn f1_a_name_that_holds_an_address_inside_is_not_called() {
    let names = Names::default().then("127.0.0.1.nip.example", &["127.0.0.1"]);
    let world = World::with_names(|config| config.upstream_allow = Vec::new(), Arc::new(names)).await;
    let trap = Trap::at("127.0.0.1");
    let url = format!("http://127.0.0.1.nip.example:{}/mcp", trap.port());
    refused(&world.call_url("nip", &url).await, "OVERKEY_UPSTREAM_ALLOW");
    assert!(!trap.sprung());
}

#[tokio::test]
async fn f2_a_name_server_that_changes_its_mind_leads_nobody_inside() {
    for (name, first, then) in [
        ("out-then-in", "127.0.0.2", "127.0.0.1"),
        ("in-then-out", "127.0.0.1", "127.0.0.2"),
    ] {
        let (trap, listener) = neighbours();
        let (port, upstream) = (trap.port(), Upstream::on(listener));
        let names = Names::default().then("a.example", &[first]).then("a.example", &[then]);
        let allow = vec!["127.0.0.2/32".parse().unwrap()];
        let world = World::with_names(|config| config.upstream_allow = allow, Arc::new(names)).await;
        upstream.answer(200, &[("connection", "close")], "{}");
        let answers = [
            world.call_url(name, &format!("http://a.example:{port}/mcp")).await,
            world.call(&world.ada, name).await,
        ];
        for (answer, address) in answers.iter().zip([first, then]) {
            if address == "127.0.0.2" {
                answer.expect(200);
                assert_eq!(upstream.next().await.only("authorization"), Some("Bearer sk-shared"));
            } else {
                refused(answer, "OVERKEY_UPSTREAM_ALLOW");
            }
        }
        upstream.assert_untouched();
        assert!(!trap.sprung(), "{name}");
    }
}

#[tokio::test]
async fn f1_a_public_upstream_needs_https() {
    let names = Names::default().then("public.example", &["93.184.216.34"]);
    let world = World::with_names(|_| (), Arc::new(names)).await;
    for (name, url) in [
        ("named", "http://public.example/mcp"),
        ("numbered", "http://93.184.216.34/mcp"),
    ] {
        refused(
            &world.call_url(name, url).await,
            "public addresses are called over https only",
        );
    }
    // Port 0 is nobody's.
    refused(
        &world.call_url("zero", "https://public.example:0/mcp").await,
        "a port other than 0",
    );
}
