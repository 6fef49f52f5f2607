//! Streams that were opened with identity providers' tokens end with the right to them (A8), as those of our own tokens do.

use std::time::{Duration, Instant};

use domain::sign_on::{Mapping, Policy};
use serde_json::json;
use server::services::sign_on::Profile;

use super::callers::on_both;
use super::stage::Stage;
use crate::support::piece;
use crate::support::world::no_auth;

on_both!(
    a8_b02_streams_of_providers_tokens_end_within_five_seconds,
    a8_b02_a_stream_ends_with_the_token_that_opened_it,
);

const BOUND: Duration = Duration::from_secs(5);

/// Signs on at the provider, so that its tokens for this subject are this person.
async fn person(stage: &Stage, subject: &str) -> String {
    let profile = Profile {
        issuer: stage.idp.issuer.clone(),
        subject: subject.to_owned(),
        email: Some(format!("{subject}@example.com")),
        email_verified: Some(true),
        name: None,
        groups: Vec::new(),
        via: domain::via::Via::default(),
    };
    let policy = Policy {
        create_users: true,
        link_by_email: false,
    };
    let people = &stage.world.app.overkey.services.sign_ons;
    let actor = people.admit(profile, policy, &Mapping::default()).await.unwrap();
    actor.subject.id
}

/// An open stream of this token: the upstream's end of it, and the caller's.
async fn open(stage: &Stage, token: &str) -> (crate::support::upstream::Stream, reqwest::Response) {
    let app = &stage.world.app;
    let stream = stage.world.upstream.stream(&[]);
    let request = app.http.post(app.at("/mcp/open")).bearer_auth(token);
    let request = request
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream");
    let mut response = request.body(crate::support::world::CALL).send().await.unwrap();
    assert_eq!(response.status(), 200);
    stream.send("data: 1\n\n").await;
    assert_eq!(piece(&mut response).await.as_deref(), Some("data: 1\n\n"));
    (stream, response)
}

fn pipeline(stage: &Stage) -> String {
    let mut claims = stage.idp.claims("runner-1", stage.now());
    claims["azp"] = json!("pipeline");
    stage
        .idp
        .signed(&json!({"alg": "EdDSA", "typ": "at+jwt", "kid": "one"}), &claims)
}

async fn a8_b02_streams_of_providers_tokens_end_within_five_seconds(stage: &Stage) {
    let (world, app) = (&stage.world, &stage.world.app);
    world.server("open", no_auth()).await;
    let zoe = person(stage, "zoe").await;
    let access = |id: &str| format!("/servers/open/access/user/{id}");
    app.put(&world.ada, &access(&zoe), json!({"role": "user"}))
        .await
        .expect(201);
    let (gone, shut, stays) = (
        stage.caller(&stage.idp, "build-1").await,
        stage.caller(&stage.idp, "build-2").await,
        stage.caller(&stage.other, "build-1").await,
    );
    for caller in [&gone, &shut, &stays] {
        world.grant("open", caller, "user").await;
    }
    let mut streams = Vec::new();
    for (name, token) in [
        ("a disabled person", stage.idp.access_token("zoe", stage.now())),
        ("a deleted account", pipeline(stage)),
        ("a deleted external identity", gone.token.clone()),
        ("one without access any more", shut.token.clone()),
        ("another provider's of the same name", stays.token.clone()),
    ] {
        let (stream, response) = open(stage, &token).await;
        streams.push((name, stream, response));
    }
    let lost = Instant::now();
    app.patch(&world.ada, &format!("/users/{zoe}"), json!({"disabled": true}))
        .await
        .expect(200);
    app.delete(&world.ada, "/virtual-accounts/ci-bot").await.expect(204);
    let path = format!("/external-identities/{}", gone.id);
    app.delete(&world.ada, &path).await.expect(204);
    world.revoke("open", &shut).await;
    let (_, others_stream, mut others) = streams.pop().unwrap();
    for (name, stream, mut response) in streams {
        assert_eq!(piece(&mut response).await, None, "{name}");
        assert!(lost.elapsed() < BOUND, "{name}: {:?}", lost.elapsed());
        stream.closed().await;
    }
    others_stream.send("data: 2\n\n").await;
    assert_eq!(piece(&mut others).await.as_deref(), Some("data: 2\n\n"));
}

async fn a8_b02_a_stream_ends_with_the_token_that_opened_it(stage: &Stage) {
    let world = &stage.world;
    world.server("open", no_auth()).await;
    let build = stage.caller(&stage.idp, "build-1").await;
    world.grant("open", &build, "user").await;
    let (stream, mut response) = open(stage, &build.token).await;
    world.app.clock.advance(299);
    stream.send("data: 2\n\n").await;
    assert_eq!(piece(&mut response).await.as_deref(), Some("data: 2\n\n"), "still good");
    world.app.clock.advance(15);
    stream.send("data: 3\n\n").await;
    assert_eq!(piece(&mut response).await, None);
    stream.closed().await;
}
