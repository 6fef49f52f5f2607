//! Who may call: gateway tokens, origins, hosts, methods (A1-A5, A8, A9, D11, D15, E2, E3).

use reqwest::Method;
use serde_json::json;

use crate::support::world::CALL;
use crate::support::{Answer, Caller, World};

/// A world in which Bob's call would reach the upstream.
async fn ready() -> World {
    let world = World::new().await;
    world.set(&world.bob, "notes", "sk-bob").await;
    world
}

fn bare(world: &World) -> reqwest::RequestBuilder {
    let request = world.app.http.post(world.app.at("/mcp/notes")).body(CALL);
    request.header("content-type", "application/json")
}

#[track_caller]
fn unauthorized(answer: &Answer, token_was_bad: bool) {
    assert_eq!(answer.status, 401, "{answer:?}");
    let challenge = answer.header("www-authenticate");
    assert!(challenge.starts_with("Bearer "), "{challenge}");
    assert_eq!(
        challenge.contains(r#"error="invalid_token""#),
        token_was_bad,
        "{challenge}"
    );
    assert!(answer.json()["error_description"].is_string(), "{answer:?}");
}

#[tokio::test]
async fn a1_a4_no_token_is_401_wherever_else_one_may_stand() {
    let world = ready().await;
    unauthorized(&Answer::of(bare(&world)).await, false);
    let query = format!("/mcp/notes?access_token={}", world.bob.token);
    let request = world.app.http.post(world.app.at(&query)).body(CALL);
    unauthorized(&Answer::of(request).await, false);
    for (name, value) in [
        ("cookie", format!("overkey={}", world.bob.token)),
        ("x-api-key", world.bob.token.clone()),
        ("proxy-authorization", format!("Bearer {}", world.bob.token)),
        ("x-upstream-authorization", format!("Bearer {}", world.bob.token)),
    ] {
        unauthorized(&Answer::of(bare(&world).header(name, value)).await, false);
    }
    world.upstream.assert_untouched();
}

#[tokio::test]
async fn a2_a3_anything_but_one_good_token_is_401() {
    let world = ready().await;
    let token = &world.bob.token;
    let flipped = format!("{}x", &token[..token.len() - 1]);
    for bad in [
        "Bearer x".to_owned(),
        "Bearer ok_pat_x".to_owned(),
        format!("Bearer {flipped}"),
        format!("Bearer {token}, Bearer {token}"),
        format!("Bearer {token} {token}"),
        format!("Basic {token}"),
        token.clone(),
        "Bearer".to_owned(),
    ] {
        let answer = Answer::of(bare(&world).header("authorization", bad)).await;
        unauthorized(&answer, true);
        assert!(!answer.text.contains(token.as_str()));
    }
    let twice = bare(&world).bearer_auth(token).bearer_auth(token);
    unauthorized(&Answer::of(twice).await, true);
    let good_then_bad = bare(&world).bearer_auth(token).header("authorization", "Bearer x");
    unauthorized(&Answer::of(good_then_bad).await, true);
    world.upstream.assert_untouched();
}

#[tokio::test]
async fn a5_the_scheme_s_case_does_not_matter() {
    let world = ready().await;
    for scheme in ["bearer", "BEARER"] {
        let request = bare(&world).header("authorization", format!("{scheme} {}", world.bob.token));
        Answer::of(request).await.expect(200);
    }
}

#[tokio::test]
async fn a2_expired_and_revoked_tokens_are_401() {
    let world = ready().await;
    let new = world
        .app
        .post(&world.bob, "/tokens", json!({"expires": "60m"}))
        .await
        .expect(201);
    let expiring = Caller::user(&world.bob.id, new["token"].as_str().unwrap());
    world.call(&expiring, "notes").await.expect(200);
    world.app.clock.advance(3_600);
    unauthorized(&world.call(&expiring, "notes").await, true);

    let new = world
        .app
        .post(&world.bob, "/tokens", json!({"name": "laptop"}))
        .await
        .expect(201);
    let revoked = Caller::user(&world.bob.id, new["token"].as_str().unwrap());
    world.call(&revoked, "notes").await.expect(200);
    let path = format!("/tokens/{}", new["id"].as_str().unwrap());
    world.app.delete(&world.bob, &path).await.expect(204);
    unauthorized(&world.call(&revoked, "notes").await, true);
}

#[tokio::test]
async fn a8_a_disabled_user_and_a_deleted_virtual_account_are_401_on_the_next_request() {
    let world = ready().await;
    let path = format!("/users/{}", world.bob.id);
    world
        .app
        .patch(&world.ada, &path, json!({"disabled": true}))
        .await
        .expect(200);
    unauthorized(&world.call(&world.bob, "notes").await, true);
    world
        .app
        .patch(&world.ada, &path, json!({"disabled": false}))
        .await
        .expect(200);
    world.call(&world.bob, "notes").await.expect(200);
    world.app.delete(&world.ada, &path).await.expect(204);
    unauthorized(&world.call(&world.bob, "notes").await, true);

    world
        .put_override(&world.mia, "notes", &world.ci_bot, "sk-ci")
        .await
        .expect(201);
    world.call(&world.ci_bot, "notes").await.expect(200);
    world
        .app
        .delete(&world.ada, "/virtual-accounts/ci-bot")
        .await
        .expect(204);
    unauthorized(&world.call(&world.ci_bot, "notes").await, true);
}

#[tokio::test]
async fn d11_a_server_that_is_not_there_and_one_that_is_not_yours_answer_alike() {
    let world = ready().await;
    let secret = world.call(&world.sue, "notes").await;
    let absent = world.call(&world.sue, "absent").await;
    secret.expect(404);
    assert_eq!(secret.text, absent.text);
    let without_date = |answer: &Answer| {
        let mut headers = answer.headers.clone();
        headers.remove("date");
        headers
    };
    assert_eq!(without_date(&secret), without_date(&absent));
    world.upstream.assert_untouched();
}

#[tokio::test]
async fn d15_other_methods_are_405_and_say_which_are_not() {
    let world = ready().await;
    for method in ["HEAD", "PUT", "PATCH", "TRACE", "OPTIONS"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = world.app.http.request(method.clone(), world.app.at("/mcp/notes"));
        let answer = Answer::of(request.bearer_auth(&world.bob.token)).await;
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.header("allow"), "GET, POST, DELETE, OPTIONS", "{method}");
    }
    world.upstream.assert_untouched();
}

#[tokio::test]
async fn e2_foreign_and_opaque_origins_are_403_and_our_own_is_fine() {
    let world = ready().await;
    let own = world.app.url.origin().ascii_serialization();
    for origin in [
        "https://evil.example",
        "null",
        "file://",
        "http://127.0.0.1.evil.example",
    ] {
        let answer = Answer::of(world.mcp(&world.bob, "notes").header("origin", origin)).await;
        answer.expect(403);
        assert_eq!(answer.header("access-control-allow-origin"), "", "{origin}");
    }
    world.upstream.assert_untouched();
    for origin in [own.as_str(), "http://localhost:6274"] {
        let answer = Answer::of(world.mcp(&world.bob, "notes").header("origin", origin)).await;
        answer.expect(200);
        assert_eq!(answer.header("access-control-allow-origin"), origin);
        assert!(
            answer
                .header("access-control-expose-headers")
                .contains("mcp-session-id")
        );
        assert_eq!(answer.header("access-control-allow-credentials"), "");
        assert_eq!(world.upstream.next().await.only("origin"), None);
    }
}

#[tokio::test]
async fn e2_a_foreign_host_is_421() {
    let world = ready().await;
    for host in ["evil.example", "127.0.0.1.evil.example:80"] {
        let answer = Answer::of(world.mcp(&world.bob, "notes").header("host", host)).await;
        assert_eq!(answer.status, 421, "{host}");
    }
    world.upstream.assert_untouched();
}

#[tokio::test]
async fn e3_preflight_is_answered_for_listed_origins_only() {
    let world = World::with(|config| config.allowed_origins = vec!["https://app.example".to_owned()]).await;
    let preflight = |origin: &'static str| {
        let request = world.app.http.request(Method::OPTIONS, world.app.at("/mcp/notes"));
        let request = request.header("access-control-request-method", "POST");
        Answer::of(request.header("origin", origin))
    };
    let answer = preflight("https://app.example").await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), "https://app.example");
    assert!(
        answer
            .header("access-control-allow-headers")
            .contains("mcp-protocol-version")
    );
    assert_eq!(preflight("https://other.example").await.status, 403);
}

#[tokio::test]
async fn well_known_addresses_answer_as_json_even_when_there_is_nothing() {
    let world = World::new().await;
    for path in [
        "/.well-known/oauth-protected-resource/nowhere",
        "/.well-known/openid-configuration",
        "/oauth/nowhere",
    ] {
        let answer = Answer::of(world.app.http.get(world.app.at(path))).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.json()["error"].is_string(), "{path}");
    }
}

#[tokio::test]
async fn metrics_name_nothing_that_a_caller_chose() {
    let world = ready().await;
    world.call(&world.bob, "notes").await.expect(200);
    world.call(&world.bob, "chosen-by-a-caller").await.expect(404);
    let metrics = Answer::of(world.app.http.get(world.app.at("/metrics"))).await;
    assert!(metrics.text.contains("overkey_gateway_calls_total{"), "{metrics:?}");
    for name in ["chosen-by-a-caller", "notes", world.bob.id.as_str()] {
        assert!(!metrics.text.contains(name), "{name} is in {}", metrics.text);
    }
}
