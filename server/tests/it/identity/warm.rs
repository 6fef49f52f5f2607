//! Calls with a provider's token go by what an earlier call looked up, too: whatever changes, the call after the change's answer goes
//! by the change (B12, B02, A8), and that the token counts is asked of it each time (A6).

use domain::id::UserId;
use domain::timestamp::Timestamp;
use futures_util::FutureExt;
use serde_json::json;
use server::store::UserIdentityRow;

use super::callers::on_both;
use super::stage::Stage;
use crate::support::world::no_auth;
use crate::support::{Caller, soon};

on_both!(
    b12_a_warm_call_with_a_providers_token_asks_nobody,
    b12_a8_an_external_identity_that_is_deleted_has_no_role_any_more,
    b12_a8_an_account_that_is_deleted_is_nobody_any_more,
    b12_a_person_who_is_linked_later_is_who_calls,
    b12_a8_a_person_who_is_disabled_or_loses_a_role_does_so_at_once,
    b12_a6_a_warm_token_ends_and_so_does_its_key,
);

/// Twice, so that the second goes by what the first looked up.
async fn answers(stage: &Stage, token: &str, status: u16) {
    for _ in 0..2 {
        let answer = stage.call(token, "open").await;
        assert_eq!(answer.status, status, "{answer:?}");
    }
}

/// A server, and somebody whom a provider names, who may call it.
async fn external(stage: &Stage) -> Caller {
    stage.world.server("open", no_auth()).await;
    let build = stage.caller(&stage.idp, "build-7").await;
    stage.world.grant("open", &build, "user").await;
    answers(stage, &build.token, 200).await;
    build
}

async fn link(stage: &Stage, subject: &str, person: &Caller) {
    let row = UserIdentityRow {
        issuer: stage.idp.issuer.clone(),
        subject: subject.to_owned(),
        user: UserId::new(&*person.id),
        linked_at: Timestamp(stage.now()),
    };
    let mut work = stage.world.app.overkey.core.store.begin().await.unwrap();
    work.user_identities().link(&row).await.unwrap();
    work.save().await.unwrap();
}

async fn b12_a_warm_call_with_a_providers_token_asks_nobody(stage: &Stage) {
    let build = external(stage).await;
    let calls = &stage.world.app.overkey.services.calls;
    // What has to be waited for is asked of the database. Between two proofs that news arrive, nothing has.
    let at_once = async {
        loop {
            calls.authenticate_at(&build.token, "open").await.unwrap();
            match calls.authenticate_at(&build.token, "open").now_or_never() {
                Some(caller) => return caller.unwrap(),
                None => tokio::task::yield_now().await,
            }
        }
    };
    assert_eq!(
        soon("a call that asks nobody", at_once).await.actor.subject.id,
        build.id
    );
}

async fn b12_a8_an_external_identity_that_is_deleted_has_no_role_any_more(stage: &Stage) {
    let build = external(stage).await;
    let (world, path) = (&stage.world, format!("/external-identities/{}", build.id));
    world.app.delete(&world.ada, &path).await.expect(204);
    answers(stage, &build.token, 404).await;
    assert_ne!(stage.caller(&stage.idp, "build-7").await.id, build.id);
}

async fn b12_a8_an_account_that_is_deleted_is_nobody_any_more(stage: &Stage) {
    let world = &stage.world;
    world.server("open", no_auth()).await;
    let header = json!({"alg": "EdDSA", "typ": "at+jwt", "kid": "one"});
    let mut claims = stage.idp.claims("runner-1", stage.now());
    claims["azp"] = json!("pipeline");
    let token = stage.idp.signed(&header, &claims);
    answers(stage, &token, 200).await;
    world
        .app
        .delete(&world.ada, "/virtual-accounts/ci-bot")
        .await
        .expect(204);
    answers(stage, &token, 401).await;
}

async fn b12_a_person_who_is_linked_later_is_who_calls(stage: &Stage) {
    let (build, world) = (external(stage).await, &stage.world);
    assert_eq!(stage.me(&build.token).await.expect(200)["subject"]["id"], build.id);
    link(stage, "build-7", &world.sue).await;
    assert_eq!(stage.me(&build.token).await.expect(200)["subject"]["id"], world.sue.id);
    // What the external identity may, she may not.
    answers(stage, &build.token, 404).await;
}

async fn b12_a8_a_person_who_is_disabled_or_loses_a_role_does_so_at_once(stage: &Stage) {
    let (world, app) = (&stage.world, &stage.world.app);
    world.server("open", no_auth()).await;
    link(stage, "sue", &world.sue).await;
    let token = stage.idp.access_token("sue", stage.now());
    let change = async |change| {
        let path = format!("/users/{}", world.sue.id);
        app.patch(&world.ada, &path, change).await.expect(200);
    };
    answers(stage, &token, 404).await;
    change(json!({"platform_role": "admin"})).await;
    answers(stage, &token, 200).await;
    change(json!({"platform_role": "member"})).await;
    answers(stage, &token, 404).await;
    world.grant("open", &world.sue, "user").await;
    answers(stage, &token, 200).await;
    change(json!({"disabled": true})).await;
    answers(stage, &token, 401).await;
    change(json!({"disabled": false})).await;
    answers(stage, &token, 200).await;
    app.delete(&world.ada, &format!("/users/{}", world.sue.id))
        .await
        .expect(204);
    assert_ne!(stage.call(&token, "open").await.status, 200);
}

async fn b12_a6_a_warm_token_ends_and_so_does_its_key(stage: &Stage) {
    let build = external(stage).await;
    let header = json!({"alg": "EdDSA", "typ": "at+jwt", "kid": "one"});
    let mut claims = stage.idp.claims("build-7", stage.now());
    claims["exp"] = json!(stage.now() + 7_200);
    let long = stage.idp.signed(&header, &claims);
    answers(stage, &long, 200).await;
    stage.world.app.clock.advance(300);
    answers(stage, &build.token, 401).await;
    answers(stage, &long, 200).await;
    // Another key under the same name. It counts when the keys are asked for again, after ten minutes.
    stage.idp.replace_keys("one", 9);
    stage.world.app.clock.advance(601);
    answers(stage, &long, 401).await;
}
