//! A code is good once, for a minute, for the client and the server it was made for.

use super::stage::*;
use crate::support::{World, on_every_database};

on_every_database!(
    b10_a_code_counts_for_its_own_client_only_and_once_whatever_comes_of_it,
    b10_a_code_used_twice_ends_what_it_became,
    b10_of_two_exchanges_at_once_none_is_left_with_a_token,
);

async fn stage(world: &World) -> (Browser<'_>, String, Request) {
    world.set(&world.bob, "notes", "sk-bob").await;
    let bobs = browser(world, &world.bob).await;
    let client = register(world).await;
    let request = Request::new(world, &client, "notes");
    (bobs, client, request)
}

async fn b10_a_code_counts_for_its_own_client_only_and_once_whatever_comes_of_it(world: &World) {
    let (bobs, client, request) = stage(world).await;
    let other = register(world).await;
    let good = |code: &str| {
        [
            ("grant_type", "authorization_code".to_owned()),
            ("client_id", client.clone()),
            ("code", code.to_owned()),
            ("code_verifier", VERIFIER.to_owned()),
            ("redirect_uri", REDIRECT.to_owned()),
            ("resource", world.app.at("/mcp/notes").into()),
        ]
    };
    for (name, value, error) in [
        ("client_id", other.as_str(), "invalid_grant"),
        ("code_verifier", &VERIFIER.to_uppercase(), "invalid_grant"),
        ("redirect_uri", "http://127.0.0.1:7778/callback", "invalid_grant"),
        ("resource", world.app.at("/mcp/other").as_str(), "invalid_target"),
        ("resource", "https://elsewhere.example/", "invalid_target"),
    ] {
        let code = bobs.allow(&request).await;
        let mut form = good(&code);
        form.iter_mut().find(|(known, _)| *known == name).unwrap().1 = value.to_owned();
        let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        refused(&token(world, &form).await, error);
        refused(&exchange(world, &client, &code).await, "invalid_grant");
    }
    // RFC 7636: a verifier that is none.
    let code = bobs.allow(&request).await;
    let short = [
        ("grant_type", "authorization_code"),
        ("client_id", &client),
        ("code", &code),
        ("code_verifier", "x"),
    ];
    refused(&token(world, &short).await, "invalid_grant");
    let code = bobs.allow(&request).await;
    world.app.clock.advance(60);
    refused(&exchange(world, &client, &code).await, "invalid_grant");
    for (form, error) in [
        (&[("client_id", "x")] as &[(&str, &str)], "invalid_request"),
        (
            &[("grant_type", "password"), ("client_id", "x")],
            "unsupported_grant_type",
        ),
        (
            &[("grant_type", "authorization_code"), ("client_id", "x")],
            "invalid_request",
        ),
        (
            &[("grant_type", "refresh_token"), ("refresh_token", "x")],
            "invalid_request",
        ),
        (
            &[("grant_type", "refresh_token"), ("grant_type", "refresh_token")],
            "invalid_request",
        ),
    ] {
        refused(&token(world, form).await, error);
    }
    // What it should have been all along.
    let code = bobs.allow(&request).await;
    let form = good(&code);
    let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    token(world, &form).await.expect(200);
}

async fn b10_a_code_used_twice_ends_what_it_became(world: &World) {
    let (bobs, client, request) = stage(world).await;
    let code = bobs.allow(&request).await;
    let issued = exchange(world, &client, &code).await.expect(200);
    let first = signed(client.clone(), &world.bob, &issued);
    world.call(&first.caller, "notes").await.expect(200);
    refused(&exchange(world, "somebody-else", &code).await, "invalid_grant");
    unauthorized(&world.call(&first.caller, "notes").await);
    refused(&renew(world, &client, &first.refresh).await, "invalid_grant");
    let found = crate::audit::trail(world, "action=app.reuse_detected").await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["detail"]["what"], "code");
}

/// Whoever comes second is a reason for doubt, also when it is the same moment.
async fn b10_of_two_exchanges_at_once_none_is_left_with_a_token(world: &World) {
    let (bobs, client, request) = stage(world).await;
    let code = bobs.allow(&request).await;
    let (one, other) = tokio::join!(exchange(world, &client, &code), exchange(world, &client, &code));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400], "{one:?} {other:?}");
    let issued = if one.status == 200 { one } else { other }.json();
    unauthorized(&world.call(&signed(client, &world.bob, &issued).caller, "notes").await);
}
