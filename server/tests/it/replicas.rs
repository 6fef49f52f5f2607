//! Two processes on one PostgreSQL are one installation (B12): nothing that counts is kept in memory.

use std::time::Instant;

use domain::role::PlatformRole;
use domain::via::Via;
use serde_json::json;

use crate::support::database::Postgres;
use crate::support::world::{CALL, individual};
use crate::support::{Answer, App, Upstream, app, modern, soon};

const SESSION: &str = "mcp-session-id";

/// Asks until it is so; what is asked before the second is over has to be the last that is not.
async fn within_a_second(is_so: impl AsyncFn() -> bool) {
    let since = Instant::now();
    loop {
        let asked = since.elapsed();
        if is_so().await {
            return;
        }
        assert!(asked.as_secs() < 1, "not even after {asked:?}");
    }
}

#[tokio::test]
async fn b12_what_one_replica_was_told_the_other_knows_within_a_second() {
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
    within_a_second(async || two.get(&laptop, "/me").await.status == 401).await;
    two.delete(&ada, &path).await.expect(204);
    let missing = async || {
        let answer = call(&one, Some(session)).await;
        answer.json()["error"]["data"]["reason"] == "override_missing"
    };
    within_a_second(missing).await;
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

#[tokio::test]
async fn b12_a8_an_invitation_and_the_end_of_a_stream_count_at_every_replica() {
    let database = Postgres::create().await;
    let config = || {
        let mut config = app::config();
        config.database_url = database.url.clone();
        config
    };
    let (one, two) = tokio::join!(App::start(config()), App::start(config()));
    let upstream = Upstream::start().await;
    let ada = one.first_admin("ada").await;
    let new = json!({"name": "open", "url": upstream.url("/mcp"), "outbound_auth": {"mode": "none"}});
    one.post(&ada, "/servers", new).await.expect(201);
    // Made at one, used at both at once: one of them lets her in.
    let new = json!({"email": "zoe@demo.test", "invite": true});
    let zoe = one.post(&ada, "/users", new).await.expect(201);
    let link = zoe["invitation"]["url"].as_str().unwrap();
    let path = &link[link.find("/invite/").unwrap()..];
    let accept = async |app: &App| {
        let request = app.http.post(app.at(path)).body("password=a+long+enough+one");
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        Answer::of(request).await.header("location").to_owned()
    };
    let (first, second) = tokio::join!(accept(&one), accept(&two));
    let mut ends = [first, second];
    ends.sort();
    assert_eq!(ends, ["/servers", "/sign-in?error=invitation"]);

    // A stream at one ends when the other takes the right away.
    let id = zoe["id"].as_str().unwrap();
    one.put(
        &ada,
        &format!("/servers/open/access/user/{id}"),
        json!({"role": "user"}),
    )
    .await
    .expect(201);
    let token = two.token_of(id).await;
    let stream = upstream.stream(&[]);
    let request = one.http.post(one.at("/mcp/open")).bearer_auth(token).body(CALL);
    let mut response = request.send().await.unwrap();
    stream.send("data: 1\n\n").await;
    soon("the first piece", response.chunk()).await.unwrap().unwrap();
    let lost = Instant::now();
    two.patch(&ada, &format!("/users/{id}"), json!({"disabled": true}))
        .await
        .expect(200);
    assert_eq!(soon("the end", response.chunk()).await.unwrap(), None);
    assert!(lost.elapsed().as_secs() < 5, "{:?}", lost.elapsed());
    drop((one, two));
    database.remove().await;
}
