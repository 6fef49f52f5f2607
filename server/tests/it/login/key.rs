//! On a server that takes each person's own key, the same way asks for it, and then leads back to the client (B09, B10, S12).

use serde_json::json;

use super::stage::*;
use crate::support::{World, on_every_database};

on_every_database!(
    b10_the_missing_key_is_asked_for_on_the_way_and_then_the_client_goes_on,
    b10_without_a_key_one_may_go_on_and_who_cannot_add_one_is_told,
);

async fn b10_the_missing_key_is_asked_for_on_the_way_and_then_the_client_goes_on(world: &World) {
    let bobs = browser(world, &world.bob).await;
    let client = register(world).await;
    let question = bobs.question(&Request::new(world, &client, "notes")).await;
    let page = bobs.answer(&question, "allow").await;
    assert_eq!((page.status, page.header("location")), (200, ""), "{page:?}");
    assert!(page.text.contains("Your key for notes") && page.text.contains("name=\"form[values][API_KEY]\""));
    assert!(
        page.header("content-security-policy")
            .contains("form-action 'self' http://127.0.0.1:7777;")
    );
    let step = ticket(&page);
    let save = async |value: &str| {
        let form = [
            ("ticket", step.as_str()),
            ("decision", "save"),
            ("form[values][API_KEY]", value),
        ];
        bobs.post("/oauth/authorize", &form).await
    };
    // What is wrong is said at its field, nothing is stored, and what was typed is not repeated.
    for bad in ["", "sk-canary\u{7}key"] {
        let again = save(bad).await;
        assert_eq!((again.status, again.header("location")), (422, ""), "{again:?}");
        assert!(
            again.text.contains("field-error") && !again.text.contains("sk-canary"),
            "{again:?}"
        );
    }
    let code = code(&save("sk-typed-on-the-way").await);
    let issued = exchange(world, &client, &code).await.expect(200);
    let app = signed(client, &world.bob, &issued);
    let sent = world.sent_authorization(&app.caller, "notes").await;
    assert_eq!(sent.as_deref(), Some("Bearer sk-typed-on-the-way"));
    // Another answer to the first question asks no more: the key is there.
    assert_eq!(bobs.answer(&question, "allow").await.status, 303);
    // Nobody else's: the form's server and subject are the question's.
    let overrides = world.app.get(&world.mia, "/servers/notes/overrides").await.expect(200);
    assert_eq!(overrides["items"].as_array().unwrap().len(), 1);
    assert_eq!(overrides["items"][0]["subject"]["id"], world.bob.id.as_str());
}

async fn b10_without_a_key_one_may_go_on_and_who_cannot_add_one_is_told(world: &World) {
    let bobs = browser(world, &world.bob).await;
    let client = register(world).await;
    let question = bobs.question(&Request::new(world, &client, "notes")).await;
    let step = ticket(&bobs.answer(&question, "allow").await);
    let code = code(&bobs.answer(&step, "continue").await);
    let issued = exchange(world, &client, &code).await.expect(200);
    let app = signed(client.clone(), &world.bob, &issued);
    assert_eq!(world.missing(&app.caller, "notes").await, "override_missing");
    // A step is as much its person's and its browser's as the question was.
    let eves = browser(world, &world.eve).await;
    let form = [
        ("ticket", step.as_str()),
        ("decision", "save"),
        ("form[values][API_KEY]", "sk-eve"),
    ];
    assert_eq!(eves.post("/oauth/authorize", &form).await.status, 400);

    let consent = json!({
        "mode": "oauth2_authorization_code", "authorization_url": "https://id.example/authorize",
        "token_url": "https://id.example/token", "client_id": "overkey"
    });
    world.server("tracker", consent).await;
    let question = bobs.question(&Request::new(world, &client, "tracker")).await;
    let page = bobs.answer(&question, "allow").await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("action=\"/oauth/start/tracker\""), "{page:?}");
    assert_eq!(bobs.answer(&ticket(&page), "continue").await.status, 303);
}
