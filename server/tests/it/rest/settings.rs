//! Bad settings of servers: each is refused with a problem at its field (D03, D05, C7), and nothing is stored.

use serde_json::{Value, json};

use crate::support::world::individual;
use crate::support::{World, on_every_database};

on_every_database!(
    d05_c7_headers_the_gateway_owns,
    d03_templates_that_are_none,
    outbound_auth_that_does_not_fit_its_mode,
    names_urls_and_texts_of_servers,
);

/// The fields named when a server is made, and when one is changed, with this outbound auth.
async fn refused_auth(world: &World, auth: Value) -> Vec<String> {
    let new = json!({"name": "bad", "url": "https://mcp.example.com/mcp", "outbound_auth": auth});
    let created = world
        .app
        .post(&world.ada, "/servers", new)
        .await
        .wrong_fields(422, "invalid");
    let changed = world
        .app
        .put(&world.mia, "/servers/notes/outbound-auth", auth.clone())
        .await;
    assert_eq!(changed.wrong_fields(422, "invalid"), created, "{auth}");
    world
        .app
        .get(&world.ada, "/servers/bad")
        .await
        .problem(404, "not-found");
    created
}

async fn d05_c7_headers_the_gateway_owns(world: &World) {
    for name in [
        "Host",
        "content-length",
        "Transfer-Encoding",
        "Connection",
        "Keep-Alive",
        "TE",
        "Trailer",
        "Upgrade",
        "Expect",
        "Cookie",
        "Mcp-Session-Id",
        "mcp-anything",
        "Content-Type",
        "Accept",
        "Last-Event-ID",
        "Origin",
        "Forwarded",
        "X-Forwarded-For",
        "Proxy-Authorization",
        "X-Upstream-Authorization",
        "X Y",
        "X:Y",
        "X\r\nY",
        "",
    ] {
        let field = format!("outbound_auth.headers.{name}");
        let auth = json!({"mode": "api_key_individual", "headers": {name: "{{KEY}}"}});
        assert_eq!(refused_auth(world, auth).await, [field.as_str()], "{name:?}");
        let auth = json!({"mode": "api_key_shared", "headers": {name: "value"}});
        assert_eq!(refused_auth(world, auth).await, [field.as_str()], "{name:?}");
    }
}

async fn d03_templates_that_are_none(world: &World) {
    for template in [
        "Bearer",
        "",
        "Bearer {{API_KEY",
        "API_KEY}}",
        "{{1KEY}}",
        "{{A B}}",
        "{{}}",
        "{{{{A}}}}",
        "a\r\nb{{A}}",
        "é{{A}}",
    ] {
        let auth = json!({"mode": "api_key_individual", "headers": {"Authorization": template}});
        assert_eq!(
            refused_auth(world, auth).await,
            ["outbound_auth.headers.Authorization"],
            "{template:?}"
        );
    }
    for value in ["", "a\r\nb", "a\0b", "clé"] {
        let auth = json!({"mode": "api_key_shared", "headers": {"Authorization": value}});
        assert_eq!(
            refused_auth(world, auth).await,
            ["outbound_auth.headers.Authorization"],
            "{value:?}"
        );
    }
}

async fn outbound_auth_that_does_not_fit_its_mode(world: &World) {
    for (auth, fields) in [
        (json!({"mode": "magic"}), &["outbound_auth.mode"][..]),
        (json!({"mode": "api_key_individual"}), &["outbound_auth.headers"]),
        (
            json!({"mode": "api_key_individual", "headers": {}}),
            &["outbound_auth.headers"],
        ),
        (
            json!({"mode": "none", "headers": {"X": "y"}}),
            &["outbound_auth.headers"],
        ),
        (
            json!({"mode": "token_passthrough", "client_id": "c"}),
            &["outbound_auth.client_id"],
        ),
        (
            json!({"mode": "api_key_shared", "headers": {"Authorization": "a", "AUTHORIZATION": "b"}}),
            &["outbound_auth.headers.Authorization"],
        ),
        (
            json!({"mode": "oauth2_authorization_code"}),
            &[
                "outbound_auth.authorization_url",
                "outbound_auth.token_url",
                "outbound_auth.client_id",
            ],
        ),
        (
            json!({"mode": "oauth2_client_credentials", "token_url": "ftp://x", "client_id": "c", "client_secret": "s"}),
            &["outbound_auth.token_url"],
        ),
        (
            json!({"mode": "oauth2_client_credentials", "token_url": "https://id.example/t", "client_id": "c"}),
            &["outbound_auth.client_secret"],
        ),
    ] {
        assert_eq!(refused_auth(world, auth.clone()).await, fields, "{auth}");
    }
}

async fn names_urls_and_texts_of_servers(world: &World) {
    let long_name = "a".repeat(64);
    let long_text = "x".repeat(1_001);
    for (field, bad) in [
        ("name", "Notes"),
        ("name", ""),
        ("name", "a_b"),
        ("name", "../x"),
        ("name", "a b"),
        ("name", &long_name),
        ("url", ""),
        ("url", "mcp.example.com"),
        ("url", "ftp://mcp.example.com"),
        ("url", "file:///etc/passwd"),
        ("url", "javascript:alert(1)"),
        ("url", "https://user:password@mcp.example.com"),
        ("url", "https://mcp.example.com/#x"),
        ("description", &long_text),
    ] {
        let mut new = json!({"name": "good", "url": "https://mcp.example.com", "outbound_auth": individual()});
        new[field] = json!(bad);
        let answer = world.app.post(&world.ada, "/servers", new).await;
        assert_eq!(answer.wrong_fields(422, "invalid"), [field], "{bad}");
        let answer = world.app.patch(&world.mia, "/servers/notes", json!({field: bad})).await;
        assert_eq!(answer.wrong_fields(422, "invalid"), [field], "{bad}");
    }
    let taken = json!({"name": "notes", "url": "https://mcp.example.com", "outbound_auth": individual()});
    world
        .app
        .post(&world.ada, "/servers", taken)
        .await
        .problem(409, "conflict");
    world.server("second", individual()).await;
    world
        .app
        .patch(&world.mia, "/servers/second", json!({"name": "notes"}))
        .await
        .problem(409, "conflict");
}
