//! Tokens that end, are refused, rotate, or cannot be renewed just now.

use server::demo::authorization_server::controls::Failure;

use super::stage::{LIFETIME, Stage};
use crate::support::{World, on_every_database, soon};

on_every_database!(
    a_token_that_ended_is_renewed_and_the_call_goes_on,
    a_token_that_ends_soon_is_renewed_while_calls_use_it,
    a_rotated_refresh_token_is_kept_and_one_that_stays_stays,
    invalid_grant_means_consent_again,
    trouble_at_the_provider_takes_nothing_away,
    a_client_that_is_refused_is_the_managers_matter,
    without_a_lifetime_a_token_is_used_until_it_is_refused,
    without_a_refresh_token_the_end_means_consent_again,
    a_refused_token_is_renewed_once_and_the_call_sent_once_more,
    a_renewal_keeps_sessions_and_a_new_consent_ends_them,
    b07_consents_that_ended_by_themselves_stand_in_the_trail_once_each,
    a_call_that_lacks_scopes_leads_to_a_consent_that_asks_for_them,
);

async fn a_token_that_ended_is_renewed_and_the_call_goes_on(world: &World) {
    let stage = Stage::on(world).await;
    stage.connect(&world.bob, "tracker", "bob").await;
    for renewals in 1..=3 {
        world.app.clock.advance(LIFETIME);
        assert_eq!(stage.whoami(&world.bob, "tracker").await, "bob");
        assert_eq!(stage.whoami(&world.bob, "tracker").await, "bob");
        assert_eq!(stage.provider.counts().refresh_token, renewals);
    }
    assert_eq!(stage.provider.counts().reuses, 0);
    assert_eq!(stage.only("tracker").await.1, "active");
}

async fn a_token_that_ends_soon_is_renewed_while_calls_use_it(world: &World) {
    let stage = Stage::on(world).await;
    stage.connect(&world.bob, "echo", "bob").await;
    let first = world.sent_authorization(&world.bob, "echo").await;
    world.app.clock.advance(LIFETIME - 10);
    let held = stage.provider.hold().await;
    // The provider does not answer, and the call is not held up.
    assert_eq!(world.sent_authorization(&world.bob, "echo").await, first);
    soon(
        "the renewal",
        stage.provider.counted(|counts| counts.refresh_token == 1),
    )
    .await;
    drop(held);
    // It joins the renewal that is under way once the token has ended.
    world.app.clock.advance(10);
    let second = world.sent_authorization(&world.bob, "echo").await;
    assert_ne!(second, first);
    assert_eq!(stage.provider.counts().refresh_token, 1);
}

async fn a_rotated_refresh_token_is_kept_and_one_that_stays_stays(world: &World) {
    let stage = Stage::on(world).await;
    stage.connect(&world.bob, "tracker", "bob").await;
    for rotate in [true, false, true, false, true] {
        stage.provider.switch(|switches| switches.rotate = rotate);
        world.app.clock.advance(LIFETIME);
        assert_eq!(stage.whoami(&world.bob, "tracker").await, "bob");
    }
    // RFC 6749 section 6: no new one in the answer, the old one is still good.
    stage.provider.switch(|switches| {
        switches.rotate = false;
        switches.refresh_tokens = false;
    });
    for _ in 0..2 {
        world.app.clock.advance(LIFETIME);
        assert_eq!(stage.whoami(&world.bob, "tracker").await, "bob");
    }
    assert_eq!(stage.provider.counts().reuses, 0);
}

async fn invalid_grant_means_consent_again(world: &World) {
    let stage = Stage::on(world).await;
    let browser = stage.connect(&world.bob, "tracker", "bob").await;
    stage.provider.forget("bob");
    world.app.clock.advance(LIFETIME);
    let answer = world.call(&world.bob, "tracker").await.expect(200);
    let data = &answer["error"]["data"];
    assert_eq!(
        (&answer["error"]["code"], &data["reason"]),
        (&4401.into(), &"oauth_invalidated".into())
    );
    assert!(data["url"].as_str().unwrap().contains("/connect/tracker?"), "{answer}");
    assert_eq!(stage.only("tracker").await.1, "reconnect");
    // It is not tried again and again.
    assert_eq!(world.missing(&world.bob, "tracker").await, "oauth_invalidated");
    assert_eq!(stage.provider.counts().refresh_token, 1);
    let back = stage.consent(&browser, "tracker", "bob").await;
    browser.come_back(&back).await;
    assert_eq!(stage.only("tracker").await.1, "active");
    assert_eq!(stage.whoami(&world.bob, "tracker").await, "bob");
}

async fn b07_consents_that_ended_by_themselves_stand_in_the_trail_once_each(world: &World) {
    let stage = Stage::on(world).await;
    stage.connect(&world.bob, "tracker", "bob").await;
    stage.provider.forget("bob");
    world.app.clock.advance(LIFETIME);
    for _ in 0..3 {
        assert_eq!(world.missing(&world.bob, "tracker").await, "oauth_invalidated");
    }
    stage.provider.switch(|switches| switches.refresh_tokens = false);
    stage.connect(&world.eve, "tracker", "eve").await;
    world.app.clock.advance(LIFETIME);
    assert_eq!(world.missing(&world.eve, "tracker").await, "oauth_invalidated");
    stage.provider.switch(|switches| switches.refresh_tokens = true);
    stage.connect(&world.bob, "echo", "bob").await;
    for _ in 0..2 {
        world.upstream.answer(401, &[("www-authenticate", "Bearer")], "");
    }
    let answer = world.call(&world.bob, "echo").await.expect(200);
    assert_eq!(answer["error"]["data"]["reason"], "oauth_invalidated");

    let trail = world.app.get(&world.ada, "/audit?action=override.invalidated").await;
    let trail = trail.expect(200);
    let entry = |item: &serde_json::Value| {
        assert!(item["actor"].is_null() || item["actor"]["id"].is_null(), "{item}");
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        (
            text(&item["server"]),
            text(&item["subject"]["id"]),
            text(&item["detail"]["kind"]),
            text(&item["detail"]["reason"]),
        )
    };
    let expected = [
        ("echo", &world.bob.id, "refused_upstream"),
        ("tracker", &world.eve.id, "ended"),
        ("tracker", &world.bob.id, "refresh_refused"),
    ];
    let expected =
        expected.map(|(server, id, why)| (server.to_owned(), id.clone(), "oauth".to_owned(), why.to_owned()));
    let items = trail["items"].as_array().unwrap();
    assert_eq!(items.iter().map(entry).collect::<Vec<_>>(), expected);
}

async fn trouble_at_the_provider_takes_nothing_away(world: &World) {
    let stage = Stage::on(world).await;
    stage.connect(&world.bob, "tracker", "bob").await;
    world.app.clock.advance(LIFETIME);
    for failure in [Failure::ServerError, Failure::Busy, Failure::Garbage] {
        stage.provider.switch(|switches| switches.fail_next.push_back(failure));
        let answer = world.call(&world.bob, "tracker").await;
        assert_eq!(answer.header("retry-after"), "5", "{answer:?}");
        assert_eq!(answer.expect(503)["error"]["code"], -32603);
        assert_eq!(stage.only("tracker").await.1, "active");
    }
    assert_eq!(stage.whoami(&world.bob, "tracker").await, "bob");
}

async fn a_client_that_is_refused_is_the_managers_matter(world: &World) {
    let stage = Stage::on(world).await;
    stage.connect(&world.bob, "echo", "bob").await;
    world.app.clock.advance(LIFETIME);
    stage
        .provider
        .change_secret(super::stage::CLIENT, "rotated-at-the-provider");
    let error = world.call(&world.bob, "echo").await.expect(200)["error"].clone();
    assert_eq!(error["code"], 4403, "{error}");
    assert_eq!(stage.only("echo").await.1, "active", "the consent is not at fault");
    world.upstream.assert_untouched();
    stage.provider.change_secret(super::stage::CLIENT, super::stage::SECRET);
    assert!(world.sent_authorization(&world.bob, "echo").await.is_some());
}

async fn without_a_lifetime_a_token_is_used_until_it_is_refused(world: &World) {
    let stage = Stage::on(world).await;
    stage.provider.switch(|switches| switches.expires_in = false);
    stage.connect(&world.bob, "tracker", "bob").await;
    world.app.clock.advance(LIFETIME - 1);
    assert_eq!(stage.whoami(&world.bob, "tracker").await, "bob");
    assert_eq!(stage.provider.counts().refresh_token, 0);
    // The upstream says 401 now: renewed, and sent once more.
    world.app.clock.advance(1);
    assert_eq!(stage.whoami(&world.bob, "tracker").await, "bob");
    assert_eq!(stage.provider.counts().refresh_token, 1);
}

async fn without_a_refresh_token_the_end_means_consent_again(world: &World) {
    let stage = Stage::on(world).await;
    stage.provider.switch(|switches| switches.refresh_tokens = false);
    stage.connect(&world.bob, "tracker", "bob").await;
    world.app.clock.advance(LIFETIME - 1);
    assert_eq!(stage.whoami(&world.bob, "tracker").await, "bob");
    world.app.clock.advance(1);
    assert_eq!(world.missing(&world.bob, "tracker").await, "oauth_invalidated");
    assert_eq!(stage.only("tracker").await.1, "reconnect");
    assert_eq!(stage.provider.counts().refresh_token, 0);
}

async fn a_refused_token_is_renewed_once_and_the_call_sent_once_more(world: &World) {
    let stage = Stage::on(world).await;
    stage.connect(&world.bob, "echo", "bob").await;
    let challenge = [("www-authenticate", "Bearer error=\"invalid_token\"")];
    world.upstream.answer(401, &challenge, "");
    let answer = world.call(&world.bob, "echo").await;
    let (refused, taken) = (world.upstream.next().await, world.upstream.next().await);
    assert_ne!(refused.only("authorization"), taken.only("authorization"));
    assert_eq!(refused.body, taken.body);
    assert_eq!(
        answer.expect(200)["result"]["authorization"][0].as_str(),
        taken.only("authorization")
    );
    assert_eq!(stage.provider.counts().refresh_token, 1);
    // Twice in a row: the error, and no third try.
    world.upstream.answer(401, &challenge, "");
    world.upstream.answer(401, &challenge, "");
    let answer = world.call(&world.bob, "echo").await;
    assert_eq!(answer.header("www-authenticate"), "");
    assert_eq!(answer.expect(200)["error"]["data"]["reason"], "oauth_invalidated");
    world.upstream.next().await;
    world.upstream.next().await;
    world.upstream.assert_untouched();
    assert_eq!(stage.only("echo").await.1, "reconnect");
}

async fn a_renewal_keeps_sessions_and_a_new_consent_ends_them(world: &World) {
    let stage = Stage::on(world).await;
    let browser = stage.connect(&world.bob, "echo", "bob").await;
    world.upstream.answer(200, &[("mcp-session-id", "up-1")], "{}");
    let opened = world.call(&world.bob, "echo").await;
    world.upstream.next().await;
    let session = opened.header("mcp-session-id").to_owned();
    let call = || crate::support::Answer::of(world.mcp(&world.bob, "echo").header("mcp-session-id", &session));
    world.app.clock.advance(LIFETIME);
    call().await.expect(200);
    assert_eq!(world.upstream.next().await.only("mcp-session-id"), Some("up-1"));
    assert_eq!(stage.provider.counts().refresh_token, 1);
    let back = stage.consent(&browser, "echo", "bob").await;
    browser.come_back(&back).await;
    call().await.expect(404);
    world.upstream.assert_untouched();
}

async fn a_call_that_lacks_scopes_leads_to_a_consent_that_asks_for_them(world: &World) {
    let stage = Stage::on(world).await;
    let browser = stage.connect(&world.bob, "echo", "bob").await;
    let lacks = [(
        "www-authenticate",
        "Bearer scope=\"write\", error=\"insufficient_scope\"",
    )];
    world.upstream.answer(403, &lacks, "{}");
    let answer = world.call(&world.bob, "echo").await;
    assert_eq!(answer.expect(200)["error"]["data"]["reason"], "oauth_consent_required");
    world.upstream.next().await;
    // The token is good for everything else meanwhile.
    assert!(world.sent_authorization(&world.bob, "echo").await.is_some());
    let departure = browser.depart("echo").await.unwrap();
    let scope = super::stage::parameter(&departure, "scope");
    assert_eq!(
        scope.as_deref(),
        Some("read write"),
        "what was granted, and what was lacking"
    );
    let back = stage.provider.consent(departure.as_str(), "bob", true).unwrap();
    browser.come_back(&back).await;
    // Granted, and refused all the same: another consent would not help, so there is no link.
    world.upstream.answer(403, &lacks, "{}");
    let answer = world.call(&world.bob, "echo").await;
    assert_eq!(
        (answer.status, answer.header("www-authenticate")),
        (403, ""),
        "{answer:?}"
    );
    assert!(!answer.text.contains("McpAuthRequiredError"));
}
