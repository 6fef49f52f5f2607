//! Two processes on one PostgreSQL are one installation (B12): nothing that counts is kept in memory.

use domain::role::PlatformRole;
use domain::via::Via;
use serde_json::json;

use crate::support::database::Postgres;
use crate::support::world::{CALL, individual};
use crate::support::{Answer, App, Upstream, app, modern, soon};

const SESSION: &str = "mcp-session-id";

#[tokio::test]
async fn b12_what_one_replica_was_told_the_other_knows_at_once() {
    let database = Postgres::create().await;
    let config = || {
        let mut config = app::config();
        config.database_url = database.url.clone();
        config
    };
    let (one, two) = tokio::join!(App::start(config()), App::start(config()));
    let upstream = Upstream::start().await;
    let ada = one.first_admin("ada").await;
    let new = json!({"name": "notes", "url": upstream.url("/mcp"), "outbound_auth": individual()});
    one.post(&ada, "/servers", new).await.expect(201);
    let path = format!("/servers/notes/overrides/{}", ada.path());
    two.put(&ada, &path, json!({"credential": "sk-ada"})).await.expect(201);

    let call = async |app: &App, session: Option<&str>| {
        let request = app.http.post(app.at("/mcp/notes")).bearer_auth(&ada.token).body(CALL);
        let request = match session {
            Some(session) => request.header(SESSION, session),
            None => request,
        };
        Answer::of(request).await
    };
    upstream.answer(200, &[(SESSION, "up-1")], "{}");
    let opened = call(&one, None).await;
    assert_eq!(upstream.next().await.only("authorization"), Some("Bearer sk-ada"));
    // The session that one opened continues at the other.
    let session = opened.header(SESSION);
    call(&two, Some(session)).await.expect(200);
    assert_eq!(upstream.next().await.only(SESSION), Some("up-1"));
    // A revocation at one counts at the other.
    let extra = one.post(&ada, "/tokens", json!({})).await.expect(201);
    let laptop = crate::support::Caller::user(&ada.id, extra["token"].as_str().unwrap());
    two.get(&laptop, "/me").await.expect(200);
    let token = format!("/tokens/{}", extra["id"].as_str().unwrap());
    one.delete(&ada, &token).await.expect(204);
    two.get(&laptop, "/me").await.problem(401, "unauthorized");
    two.delete(&ada, &path).await.expect(204);
    assert_eq!(
        call(&one, Some(session)).await.expect(200)["error"]["data"]["reason"],
        "override_missing"
    );
    upstream.assert_untouched();
    tokio::join!(one.settle(), two.settle());
    drop((one, two));
    database.remove().await;
}

#[tokio::test]
async fn b09_b12_a_call_that_waits_at_one_replica_goes_on_when_the_key_is_added_at_the_other() {
    let database = Postgres::create().await;
    let config = || {
        let mut config = app::config();
        config.database_url = database.url.clone();
        config
    };
    let (one, two) = tokio::join!(App::start(config()), App::start(config()));
    let upstream = Upstream::start().await;
    let ada = one.first_admin("ada").await;
    let new = json!({"name": "notes", "url": upstream.url("/mcp"), "outbound_auth": individual()});
    one.post(&ada, "/servers", new).await.expect(201);
    let question = modern::asked(&one, &ada, "notes", &modern::call()).await;
    let again = modern::answering(&modern::call(), &question, "accept");
    // The question that one replica asked is answered at the other.
    let waiting = tokio::spawn(Answer::of(modern::post(&two, &ada, "notes", &again.to_string())));
    let mut count = two.overkey.services.calls.waiting();
    soon("the call to wait", count.wait_for(|now| *now == 1)).await.unwrap();
    let path = format!("/servers/notes/overrides/{}", ada.path());
    one.put(&ada, &path, json!({"credential": "sk-ada"})).await.expect(201);
    soon("the call to go on", waiting).await.unwrap().expect(200);
    assert_eq!(upstream.next().await.only("authorization"), Some("Bearer sk-ada"));
    drop((count, one, two));
    database.remove().await;
}

#[tokio::test]
async fn b12_two_first_admins_at_once_are_one() {
    let database = Postgres::create().await;
    let config = || {
        let mut config = app::config();
        config.database_url = database.url.clone();
        config
    };
    let (one, two) = tokio::join!(App::start(config()), App::start(config()));
    let first = async |app: &App, name: &str| {
        let new = server::services::accounts::NewUser {
            email: format!("{name}@demo.test"),
            name: None,
            password: None,
            platform_role: PlatformRole::Admin,
        };
        app.overkey
            .services
            .sign_in
            .first_admin(new, Via::default())
            .await
            .is_ok()
    };
    let made = tokio::join!(first(&one, "ada"), first(&two, "eve"));
    assert!(made.0 != made.1, "{made:?}");
    tokio::join!(one.settle(), two.settle());
    drop((one, two));
    database.remove().await;
}
