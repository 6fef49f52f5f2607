//! Bad input for overrides and texts: each piece is refused with a problem at its field (D03, D05, C3), and nothing is stored.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::world::individual;
use crate::support::{Answer, Caller, World, on_every_database};

on_every_database!(
    d05_c3_credentials_that_no_header_can_carry,
    d03_values_by_name,
    subjects_that_are_not_there,
    d02_a_second_add_replaces_or_conflicts_as_asked,
    bodies_that_are_no_json_or_not_ours,
    expiry_times,
    control_characters_are_refused_wherever_text_is_kept_or_looked_for,
);

const TOO_LONG: usize = 16 * 1024 + 1;

async fn put(world: &World, body: Value) -> Answer {
    let path = format!("/servers/notes/overrides/{}", world.bob.path());
    world.app.put(&world.bob, &path, body).await
}

async fn nothing_is_stored(world: &World) {
    let list = world.app.get(&world.mia, "/servers/notes/overrides").await.expect(200);
    assert_eq!(list["items"], json!([]));
}

async fn d05_c3_credentials_that_no_header_can_carry(world: &World) {
    let long = "x".repeat(TOO_LONG);
    for bad in [
        "",
        "   ",
        "\r\n",
        "a\r\nb",
        "a\nX-Injected: 1",
        "a\0b",
        "a\u{7f}b",
        "a\tb",
        "a\u{85}b",
        "clé",
        "密钥",
        &long,
    ] {
        let answer = put(world, json!({"credential": bad})).await;
        assert_eq!(answer.wrong_fields(422, "invalid"), ["credential"], "{bad:?}");
        assert!(bad.trim().is_empty() || !answer.text.contains(bad), "{answer:?}");
    }
    nothing_is_stored(world).await;
    put(world, json!({"credential": "x".repeat(TOO_LONG - 1)}))
        .await
        .expect(201);
    // White space around it is trimmed.
    put(world, json!({"credential": "  sk-abc \r\n"})).await.expect(200);
    let sent = world.sent_authorization(&world.bob, "notes").await;
    assert_eq!(sent.as_deref(), Some("Bearer sk-abc"));
}

async fn d03_values_by_name(world: &World) {
    for (body, field) in [
        (json!({"credentials": {"NOPE": "x"}}), "credentials.NOPE"),
        (
            json!({"credentials": {"API_KEY": "x", "NOPE": "y"}}),
            "credentials.NOPE",
        ),
        (json!({"credentials": {"api_key": "x"}}), "credentials.api_key"),
        (json!({"credentials": {"API_KEY": ""}}), "credentials.API_KEY"),
        (json!({"credentials": {}}), "credential"),
        (json!({}), "credential"),
        (
            json!({"credential": "x", "credentials": {"API_KEY": "x"}}),
            "credential",
        ),
    ] {
        assert_eq!(
            put(world, body.clone()).await.wrong_fields(422, "invalid"),
            [field],
            "{body}"
        );
    }
    nothing_is_stored(world).await;
    put(world, json!({"credentials": {"API_KEY": "x"}})).await.expect(201);

    let headers = json!({"Authorization": "{{USER}}:{{KEY}}"});
    world
        .server("two", json!({"mode": "api_key_individual", "headers": headers}))
        .await;
    let path = format!("/servers/two/overrides/{}", world.bob.path());
    let one = world.app.put(&world.bob, &path, json!({"credential": "x"})).await;
    assert_eq!(one.wrong_fields(422, "invalid"), ["credential"]);
    let half = world
        .app
        .put(&world.bob, &path, json!({"credentials": {"USER": "bob"}}))
        .await;
    assert_eq!(half.wrong_fields(422, "invalid"), ["credentials.KEY"]);
    let bad = world
        .app
        .put(&world.bob, &path, json!({"credentials": {"USER": "a\nb", "KEY": ""}}))
        .await;
    assert_eq!(bad.status, 422, "{bad:?}");
    let whole = json!({"credentials": {"USER": "bob", "KEY": "k"}});
    world.app.put(&world.bob, &path, whole).await.expect(201);
    // D10: what is left out stays.
    world
        .app
        .put(&world.bob, &path, json!({"credentials": {"KEY": "k-2"}}))
        .await
        .expect(200);
    let sent = world.sent_authorization(&world.bob, "two").await;
    assert_eq!(sent.as_deref(), Some("bob:k-2"));
}

async fn subjects_that_are_not_there(world: &World) {
    for (kind, id) in [
        ("user", "nobody"),
        ("user", "nobody@demo.test"),
        ("virtual_account", "nobody"),
        ("external_identity", "x"),
    ] {
        let path = format!("/servers/notes/overrides/{kind}/{id}");
        let answer = world.app.put(&world.mia, &path, json!({"credential": "x"})).await;
        assert_eq!(answer.wrong_fields(422, "invalid"), ["subject"], "{path}");
        assert!(matches!(world.app.get(&world.mia, &path).await.status, 404 | 422));
        assert!(matches!(world.app.delete(&world.mia, &path).await.status, 404 | 422));
    }
    for path in [
        "/servers/notes/overrides/team/x",
        "/servers/notes/overrides/USER/x",
        "/servers/notes/resolve/x/y",
    ] {
        let method = if path.contains("resolve") {
            Method::GET
        } else {
            Method::PUT
        };
        let request = world
            .app
            .request(&world.mia, method, path)
            .json(&json!({"credential": "x"}));
        assert_eq!(
            Answer::of(request).await.wrong_fields(400, "malformed"),
            ["subject_type"],
            "{path}"
        );
    }
    nothing_is_stored(world).await;
}

async fn d02_a_second_add_replaces_or_conflicts_as_asked(world: &World) {
    let path = format!("/servers/notes/overrides/{}", world.bob.path());
    let add = async |value: &str| {
        let request = world
            .app
            .request(&world.bob, Method::PUT, &path)
            .header("if-none-match", "*");
        Answer::of(request.json(&json!({"credential": value}))).await
    };
    let first = add("sk-1").await.expect(201);
    add("sk-2").await.problem(409, "conflict");
    let sent = world.sent_authorization(&world.bob, "notes").await;
    assert_eq!(sent.as_deref(), Some("Bearer sk-1"));
    let replaced = put(world, json!({"credential": "sk-3"})).await.expect(200);
    assert_eq!(replaced["id"], first["id"]);
    let bad = world
        .app
        .request(&world.bob, Method::PUT, &path)
        .header("if-none-match", "\"1\"");
    let answer = Answer::of(bad.json(&json!({"credential": "x"}))).await;
    assert_eq!(answer.wrong_fields(400, "malformed"), ["If-None-Match"]);
}

async fn bodies_that_are_no_json_or_not_ours(world: &World) {
    let path = format!("/servers/notes/overrides/{}", world.bob.path());
    let send = async |caller: &Caller, kind: &str, body: Vec<u8>| {
        let request = world.app.request(caller, Method::PUT, &path);
        Answer::of(request.header("content-type", kind).body(body)).await
    };
    for bad in [
        "",
        "{",
        "nonsense",
        "{\"credential\":\"sk-canary\"",
        "{\"credential\":\"x\"} x",
        "{'credential':'x'}",
        "\u{feff}{}",
    ] {
        let answer = send(&world.bob, "application/json", bad.into()).await;
        answer.problem(400, "malformed");
        assert!(!answer.text.contains("canary"));
    }
    send(&world.bob, "application/json", b"{\"credential\":\"\xff\"}".to_vec())
        .await
        .problem(400, "malformed");
    for bad in [
        r#"{"credential":1}"#,
        r#"{"credential":null,"x":1}"#,
        "[]",
        "null",
        r#"{"credential":"a","credential":"b"}"#,
    ] {
        send(&world.bob, "application/json", bad.into())
            .await
            .problem(400, "malformed");
    }
    let good = json!({"credential": "sk-1"}).to_string();
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "",
    ] {
        send(&world.bob, kind, good.clone().into())
            .await
            .problem(415, "unsupported-media-type");
    }
    let huge = json!({"credential": "x".repeat(600 * 1024)}).to_string();
    send(&world.bob, "application/json", huge.into())
        .await
        .problem(413, "too-large");
    nothing_is_stored(world).await;
    send(&world.bob, "application/json; charset=utf-8", good.into())
        .await
        .expect(201);
}

async fn expiry_times(world: &World) {
    for bad in ["tomorrow", "2026-11-23", "1764000000", ""] {
        let answer = put(world, json!({"credential": "x", "expires_at": bad})).await;
        assert_eq!(answer.wrong_fields(400, "malformed"), ["expires_at"], "{bad}");
    }
    let past = put(world, json!({"credential": "x", "expires_at": "2001-01-01T00:00:00Z"})).await;
    assert_eq!(past.wrong_fields(422, "invalid"), ["expires_at"]);
    let both = put(
        world,
        json!({"credential": "a\nb", "expires_at": "2001-01-01T00:00:00Z"}),
    )
    .await;
    assert_eq!(both.wrong_fields(422, "invalid"), ["expires_at", "credential"]);
    nothing_is_stored(world).await;
    let made = put(
        world,
        json!({"credential": "x", "expires_at": "2099-01-01T01:00:00+01:00"}),
    )
    .await
    .expect(201);
    assert_eq!(made["expires_at"], "2099-01-01T00:00:00Z");
    let kept = put(world, json!({"credential": "y"})).await.expect(200);
    assert_eq!(kept["expires_at"], "2099-01-01T00:00:00Z");
    let gone = put(world, json!({"expires_at": null})).await.expect(200);
    assert_eq!(gone["expires_at"], Value::Null);
    let sent = world.sent_authorization(&world.bob, "notes").await;
    assert_eq!(sent.as_deref(), Some("Bearer y"), "the value stays");
}

async fn control_characters_are_refused_wherever_text_is_kept_or_looked_for(world: &World) {
    // NUL is what PostgreSQL's text cannot hold.
    for (path, body, field) in [
        (
            "/servers",
            json!({"name": "x", "url": "https://mcp.example.com", "outbound_auth": individual(), "description": "a\0b"}),
            "description",
        ),
        (
            "/virtual-accounts",
            json!({"name": "x", "description": "a\0b"}),
            "description",
        ),
        ("/virtual-accounts", json!({"name": "a\0b"}), "name"),
        ("/tokens", json!({"name": "a\0b"}), "name"),
        ("/tokens", json!({"name": "a\u{1b}[31mb"}), "name"),
        ("/tokens", json!({"expires": "3\0d"}), "expires"),
        ("/users", json!({"email": "a\0@demo.test"}), "email"),
        ("/users", json!({"email": "a@demo.test", "name": "a\0b"}), "name"),
    ] {
        let answer = world.app.post(&world.ada, path, body.clone()).await;
        assert_eq!(answer.wrong_fields(422, "invalid"), [field], "{path} {body}");
    }
    let patch = world
        .app
        .patch(&world.mia, "/servers/notes", json!({"description": "a\0b"}))
        .await;
    assert_eq!(patch.wrong_fields(422, "invalid"), ["description"]);
    let lines = json!({"description": "First line\nSecond\tline"});
    world.app.patch(&world.mia, "/servers/notes", lines).await.expect(200);
    // No such text is stored, so looking for one is no trouble.
    for path in [
        "/servers",
        "/users",
        "/virtual-accounts",
        "/tokens",
        "/audit",
        "/servers/notes/overrides",
        "/servers/notes/access",
    ] {
        world
            .app
            .get(&world.ada, &format!("{path}?search=a%00b"))
            .await
            .expect(200);
    }
    for parameter in ["action", "actor", "server"] {
        world
            .app
            .get(&world.ada, &format!("/audit?{parameter}=%00"))
            .await
            .expect(200);
    }
    let kind = "application/x-www-form-urlencoded";
    let form = world
        .app
        .http
        .post(world.app.at("/sign-in"))
        .header("content-type", kind)
        .body("email=a%00&password=x");
    assert!(Answer::of(form).await.header("location").contains("error=wrong"));
    // A cursor that we did not make.
    for forged in [
        r#"["servers","a\u0000"]"#,
        r#"["servers","a\\u0000"]"#,
        r#"["users","a\u0000"]"#,
    ] {
        let cursor = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, forged);
        for path in ["/servers", "/users"] {
            let answer = world.app.get(&world.ada, &format!("{path}?cursor={cursor}")).await;
            assert!(matches!(answer.status, 200 | 400), "{path} {forged} {answer:?}");
        }
    }
    for path in ["/mcp/a%00b", "/mcp/%00"] {
        let url = world.app.at(path);
        let answer = Answer::of(world.app.http.post(url).bearer_auth(&world.bob.token)).await;
        assert!(matches!(answer.status, 400 | 404), "{path} {answer:?}");
    }
}
