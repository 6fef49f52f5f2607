//! Consents: what is asked, what is taken back, and what is refused with nothing stored (G8, G9).

use serde_json::json;

use super::stage::{Stage, but, parameter};
use crate::support::{World, on_every_database};

on_every_database!(
    s22_s55_whoever_consented_calls_with_their_own_token,
    what_is_asked_is_bound_by_pkce_resource_and_state,
    g8_an_answer_that_is_not_the_one_asked_for_stores_nothing,
    g8_a_state_is_good_once,
    g8_a_state_is_good_for_ten_minutes_and_one_browser,
    g9_nobody_consents_for_another_and_strangers_learn_nothing,
    d08_settings_that_changed_meanwhile_store_nothing,
    a_refused_consent_is_told_as_what_it_is,
    a_typed_in_provider_that_wants_the_secret_elsewhere_gets_it_there,
    d02_consenting_again_takes_the_old_tokens_place,
);

async fn s22_s55_whoever_consented_calls_with_their_own_token(world: &World) {
    let stage = Stage::on(world).await;
    assert_eq!(world.missing(&world.bob, "tracker").await, "oauth_consent_required");
    stage.connect(&world.bob, "tracker", "bob").await;
    assert_eq!(stage.whoami(&world.bob, "tracker").await, "bob");
    // Hers is hers, and his is of no use to her.
    assert_eq!(world.missing(&world.eve, "tracker").await, "oauth_consent_required");
    stage.connect(&world.eve, "tracker", "eve").await;
    assert_eq!(stage.whoami(&world.eve, "tracker").await, "eve");
    assert_eq!(stage.whoami(&world.bob, "tracker").await, "bob");
    for row in stage.overrides("tracker").await {
        assert_eq!(
            (&row["kind"], &row["state"]),
            (&json!("oauth"), &json!("active")),
            "{row}"
        );
        assert_eq!(row["masked"], "••••••••", "S08");
    }
    // Taken back by its owner, it is gone with the next call.
    let path = format!("/servers/tracker/overrides/{}?kind=oauth", world.bob.path());
    world.app.delete(&world.bob, &path).await.expect(204);
    assert_eq!(world.missing(&world.bob, "tracker").await, "oauth_consent_required");
    assert_eq!(stage.whoami(&world.eve, "tracker").await, "eve");
}

async fn what_is_asked_is_bound_by_pkce_resource_and_state(world: &World) {
    let stage = Stage::on(world).await;
    let browser = stage.browser(&world.bob).await;
    let departure = browser.depart("tracker").await.unwrap();
    let get = |name| parameter(&departure, name).unwrap_or_default();
    assert_eq!(get("response_type"), "code");
    assert_eq!(get("code_challenge_method"), "S256");
    assert_eq!(get("code_challenge").len(), 43);
    assert_eq!(get("state").len(), 43, "256 random bits");
    assert_eq!(get("resource"), format!("{}/tracker/mcp", stage.upstreams.base_url));
    assert_eq!(get("redirect_uri"), world.app.at("/oauth/callback").as_str());
    assert_eq!(stage.provider.counts().registrations, 1);
    let again = browser.depart("tracker").await.unwrap();
    assert_ne!(parameter(&again, "state"), Some(get("state")));
    assert_ne!(parameter(&again, "code_challenge"), Some(get("code_challenge")));
    assert_eq!(parameter(&again, "client_id"), Some(get("client_id")));
    assert_eq!(
        stage.provider.counts().registrations,
        1,
        "one client per server and issuer"
    );
    // A typed-in one: as the manager registered it, for the scopes that they set.
    let departure = browser.depart("echo").await.unwrap();
    assert_eq!(
        parameter(&departure, "client_id").as_deref(),
        Some(super::stage::CLIENT)
    );
    assert_eq!(parameter(&departure, "scope").as_deref(), Some("read"));
    assert_eq!(stage.provider.counts().registrations, 1);
}

async fn g8_an_answer_that_is_not_the_one_asked_for_stores_nothing(world: &World) {
    let stage = Stage::on(world).await;
    let browser = stage.browser(&world.bob).await;
    for (name, value, problem) in [
        ("state", None, "/connections?problem=expired"),
        ("state", Some("forged"), "/connections?problem=expired"),
        ("iss", None, "/connect/tracker?problem=issuer_mismatch"),
        (
            "iss",
            Some("https://evil.example"),
            "/connect/tracker?problem=issuer_mismatch",
        ),
        ("code", Some("forged"), "/connect/tracker?problem=provider_refused"),
        ("code", None, "/connect/tracker?problem=provider_refused"),
        ("error", Some("access_denied"), "/connect/tracker?problem=denied"),
    ] {
        let back = stage.consent(&browser, "tracker", "bob").await;
        let told = browser.come_back(&but(&back, name, value)).await;
        assert_eq!(told, problem, "{name} {value:?}");
    }
    assert_eq!(stage.overrides("tracker").await, Vec::<serde_json::Value>::new());
    // Where the issuer is wrong, the code is not even redeemed.
    assert_eq!(stage.provider.counts().authorization_code, 1, "the forged code alone");
}

async fn g8_a_state_is_good_once(world: &World) {
    let stage = Stage::on(world).await;
    let browser = stage.browser(&world.bob).await;
    let back = stage.consent(&browser, "tracker", "bob").await;
    assert_eq!(browser.come_back(&back).await, "/connect/tracker?done=authorized");
    assert_eq!(browser.come_back(&back).await, "/connections?problem=expired");
    assert_eq!(stage.provider.counts().authorization_code, 1);
    assert_eq!(
        stage.whoami(&world.bob, "tracker").await,
        "bob",
        "a replay takes nothing away"
    );
    // What failed is used up, too.
    let back = stage.consent(&browser, "tracker", "bob").await;
    let wrong = but(&back, "iss", Some("https://evil.example"));
    assert_eq!(
        browser.come_back(&wrong).await,
        "/connect/tracker?problem=issuer_mismatch"
    );
    assert_eq!(browser.come_back(&back).await, "/connections?problem=expired");
}

async fn g8_a_state_is_good_for_ten_minutes_and_one_browser(world: &World) {
    let stage = Stage::on(world).await;
    let browser = stage.browser(&world.bob).await;
    let back = stage.consent(&browser, "tracker", "bob").await;
    world.app.clock.advance(600);
    assert_eq!(browser.come_back(&back).await, "/connect/tracker?problem=expired");
    // Bob's own other browser, and Eve's.
    for other in [stage.browser(&world.bob).await, stage.browser(&world.eve).await] {
        let back = stage.consent(&browser, "tracker", "bob").await;
        assert_eq!(other.come_back(&back).await, "/connections?problem=another_session");
        assert_eq!(
            browser.come_back(&back).await,
            "/connections?problem=expired",
            "used up"
        );
    }
    assert_eq!(stage.overrides("tracker").await, Vec::<serde_json::Value>::new());
    assert_eq!(stage.provider.counts().authorization_code, 0);
}

async fn g9_nobody_consents_for_another_and_strangers_learn_nothing(world: &World) {
    let stage = Stage::on(world).await;
    // Sue has no role there: as if it did not exist (D11).
    let sue = stage.browser(&world.sue).await;
    let told = sue.depart("tracker").await.unwrap_err();
    assert_eq!(told, "/connect/tracker?problem=not_allowed");
    assert_eq!(
        sue.depart("nothing").await.unwrap_err(),
        "/connect/nothing?problem=not_allowed"
    );
    // Where nobody is asked for consent.
    let bob = stage.browser(&world.bob).await;
    assert_eq!(
        bob.depart("notes").await.unwrap_err(),
        "/connect/notes?problem=not_allowed"
    );
    // Without a session, the sign-in comes first; a gateway token is none.
    let start = world
        .app
        .http
        .post(world.app.at("/oauth/start/tracker"))
        .bearer_auth(&world.bob.token);
    let answer = crate::support::Answer::of(start).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, "/sign-in?next=/connect/tracker")
    );
    // Access that went away while the browser was at the provider.
    let back = stage.consent(&bob, "tracker", "bob").await;
    world.revoke("tracker", &world.bob).await;
    assert_eq!(bob.come_back(&back).await, "/connect/tracker?problem=not_allowed");
    assert_eq!(stage.overrides("tracker").await, Vec::<serde_json::Value>::new());
}

async fn d08_settings_that_changed_meanwhile_store_nothing(world: &World) {
    let stage = Stage::on(world).await;
    let browser = stage.browser(&world.bob).await;
    let back = stage.consent(&browser, "echo", "bob").await;
    let mut other = stage.typed_in();
    other["client_secret"] = json!("another-secret-0002");
    world.change_auth("echo", other).await;
    assert_eq!(browser.come_back(&back).await, "/connect/echo?problem=changed");
    stage
        .provider
        .change_secret(super::stage::CLIENT, "another-secret-0002");
    let back = stage.consent(&browser, "echo", "bob").await;
    world.change_auth("echo", crate::support::world::individual()).await;
    assert_eq!(browser.come_back(&back).await, "/connect/echo?problem=not_allowed");
    assert_eq!(stage.overrides("echo").await, Vec::<serde_json::Value>::new());
}

async fn a_refused_consent_is_told_as_what_it_is(world: &World) {
    use server::demo::authorization_server::controls::Failure;
    let stage = Stage::on(world).await;
    let browser = stage.browser(&world.bob).await;
    let departure = browser.depart("tracker").await.unwrap();
    let back = stage.provider.consent(departure.as_str(), "bob", false).unwrap();
    assert_eq!(browser.come_back(&back).await, "/connect/tracker?problem=denied");
    for (failure, problem) in [
        (Failure::ServerError, "provider_unreachable"),
        (Failure::Garbage, "provider_unreachable"),
        (Failure::InvalidGrant, "provider_refused"),
        (Failure::InvalidClient, "provider_refused"),
    ] {
        let back = stage.consent(&browser, "tracker", "bob").await;
        stage.provider.switch(|switches| switches.fail_next.push_back(failure));
        assert_eq!(
            browser.come_back(&back).await,
            format!("/connect/tracker?problem={problem}")
        );
    }
    // The provider that forgot its client is asked for a new one.
    let registrations = stage.provider.counts().registrations;
    stage.connect(&world.bob, "tracker", "bob").await;
    assert_eq!(stage.provider.counts().registrations, registrations + 1);
    // One that registers nobody.
    stage.provider.switch(|switches| switches.registration = false);
    let fresh = stage.at_demo(
        "machine",
        &json!({"mode": "oauth2_authorization_code", "discover": true}),
    );
    world.app.post(&world.ada, "/servers", fresh).await.expect(201);
    world.grant("machine", &world.bob, "user").await;
    assert_eq!(
        browser.depart("machine").await.unwrap_err(),
        "/connect/machine?problem=no_client"
    );
}

async fn d02_consenting_again_takes_the_old_tokens_place(world: &World) {
    let stage = Stage::on(world).await;
    let browser = stage.connect(&world.bob, "tracker", "bob").await;
    let back = stage.consent(&browser, "tracker", "mia").await;
    assert_eq!(browser.come_back(&back).await, "/connect/tracker?done=authorized");
    assert_eq!(stage.only("tracker").await, ("oauth".to_owned(), "active".to_owned()));
    assert_eq!(
        stage.whoami(&world.bob, "tracker").await,
        "mia",
        "the account that allowed it last"
    );
}

async fn a_typed_in_provider_that_wants_the_secret_elsewhere_gets_it_there(world: &World) {
    use server::demo::authorization_server::controls::Failure;
    let stage = Stage::on(world).await;
    // As a provider refuses Basic authentication that takes the secret in the form only.
    stage
        .provider
        .switch(|switches| switches.fail_next.push_back(Failure::InvalidClient));
    stage.connect(&world.bob, "echo", "bob").await;
    assert_eq!(stage.provider.counts().authorization_code, 2);
    world.app.clock.advance(super::stage::LIFETIME);
    assert!(world.sent_authorization(&world.bob, "echo").await.is_some());
    assert_eq!(stage.provider.counts().refresh_token, 1, "what worked is remembered");
}
