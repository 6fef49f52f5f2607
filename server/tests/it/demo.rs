//! The demo world's servers check the credential they get: one call to each, by REST-made overrides.

use serde_json::{Value, json};
use server::demo;
use server::demo::authorization_server::{DemoProvider, Options};

use crate::support::{Answer, App, Caller, app};

/// Whom the demo upstream takes the caller for, or the reason why there was no credential.
async fn whoami(app: &App, caller: &Caller, server: &str, upstream: Option<&str>) -> String {
    let call =
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "whoami", "arguments": {}}});
    let mut request = app
        .http
        .post(app.at(&format!("/mcp/{server}")))
        .bearer_auth(&caller.token);
    request = request
        .header("accept", "application/json, text/event-stream")
        .json(&call);
    if let Some(value) = upstream {
        request = request.header("x-upstream-authorization", value);
    }
    let answer = Answer::of(request).await.expect(200);
    if let Some(reason) = answer["error"]["data"]["reason"].as_str() {
        return reason.to_owned();
    }
    let text = answer["result"]["content"][0]["text"]
        .as_str()
        .unwrap_or_else(|| panic!("{answer}"));
    let seen: Value = serde_json::from_str(text).unwrap();
    seen["subject_hint"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn each_demo_server_sees_the_credential_that_belongs_to_the_caller() {
    let app = App::start(app::config()).await;
    let provider = DemoProvider::start(Options::default()).await.unwrap();
    let upstreams = demo::upstream::start(provider).await.unwrap();
    let world = demo::build(&app.overkey.services, &upstreams).await.unwrap();
    let bob = Caller::user(&world.bob.subject.id, world.bob_token.expose());
    let ci_bot = Caller::virtual_account("ci-bot", world.ci_bot_token.expose());
    let mia = Caller::user(&world.mia.subject.id, app.token_of(&world.mia.subject.id).await);
    assert_eq!(whoami(&app, &bob, "open", None).await, "anybody");
    assert_eq!(whoami(&app, &bob, "shared", None).await, "everybody");
    assert_eq!(whoami(&app, &bob, "relay", Some("Bearer sk-eve")).await, "eve");
    assert_eq!(whoami(&app, &bob, "machine", None).await, "overkey-machine");
    assert_eq!(whoami(&app, &bob, "tracker", None).await, "oauth_consent_required");
    for (server, prefix) in [("notes", ""), ("raw", "Bearer ")] {
        for (by, whose, key, hint) in [(&bob, &bob, "sk-bob", "bob"), (&mia, &ci_bot, "sk-ci", "ci-bot")] {
            let path = format!("/servers/{server}/overrides/{}", whose.path());
            app.delete(&mia, &path).await;
            assert_eq!(whoami(&app, whose, server, None).await, "override_missing");
            app.put(by, &path, json!({"credential": format!("{prefix}wrong")}))
                .await
                .expect(201);
            assert_eq!(whoami(&app, whose, server, None).await, "override_rejected");
            app.put(by, &path, json!({"credential": format!("{prefix}{key}")}))
                .await
                .expect(200);
            assert_eq!(whoami(&app, whose, server, None).await, hint);
        }
    }
}
