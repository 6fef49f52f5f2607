//! Who a token is (B02, A7, A8): a user, a virtual account, or an external identity, which holds roles and overrides of its own.

use serde_json::{Value, json};

use super::stage::Stage;

const HEADER: &str = r#"{"alg": "EdDSA", "typ": "at+jwt", "kid": "one"}"#;

/// The same on both databases.
macro_rules! on_both {
    ($($case:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $case() {
                super::$case(&crate::identity::stage::Stage::new().await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test]
            async fn $case() {
                let database = crate::support::database::Postgres::create().await;
                let url = database.url.clone();
                let stage = crate::identity::stage::Stage::with(move |config| config.database_url = url).await;
                super::$case(&stage).await;
                drop(stage);
                database.remove().await;
            })*
        }
    };
}
pub(super) use on_both;

on_both!(
    a7_the_same_subject_of_two_providers_is_two_callers,
    b02_an_external_identity_holds_roles_and_overrides,
    b02_d09_what_is_an_external_identitys_goes_with_it,
    b02_first_calls_at_once_make_one_identity,
    b02_a8_a_mapped_value_is_a_virtual_account_and_nobody_else,
);

async fn a7_the_same_subject_of_two_providers_is_two_callers(stage: &Stage) {
    let (one, two) = (
        stage.caller(&stage.idp, "ada").await,
        stage.caller(&stage.other, "ada").await,
    );
    assert_ne!(one.id, two.id);
    stage.world.grant("notes", &one, "user").await;
    let set = stage
        .world
        .put_override(&stage.world.mia, "notes", &one, "sk-one")
        .await;
    set.expect(201);
    stage.call(&one.token, "notes").await.expect(200);
    let seen = stage.world.upstream.next().await;
    assert_eq!(seen.only("authorization"), Some("Bearer sk-one"));
    assert_eq!(stage.call(&two.token, "notes").await.status, 404);
}

async fn b02_an_external_identity_holds_roles_and_overrides(stage: &Stage) {
    let world = &stage.world;
    let new = json!({"issuer": stage.idp.issuer, "subject": "build-7", "name": "Build 7"});
    let made = world
        .app
        .post(&world.ada, "/external-identities", new.clone())
        .await
        .expect(201);
    world
        .app
        .post(&world.ada, "/external-identities", new)
        .await
        .problem(409, "conflict");
    // The token's caller is the one that was made.
    let build = stage.caller(&stage.idp, "build-7").await;
    assert_eq!(made["id"], build.id);

    // No role: the server is not there.
    assert_eq!(stage.call(&build.token, "notes").await.status, 404);
    world.grant("notes", &build, "user").await;
    let missing = stage.call(&build.token, "notes").await.expect(200);
    assert_eq!(missing["error"]["code"], 4401, "{missing}");
    // It adds its own, and sees its own alone.
    world.set(&build, "notes", "sk-build").await;
    world.set(&world.bob, "notes", "sk-bob").await;
    stage.call(&build.token, "notes").await.expect(200);
    let seen = world.upstream.next().await;
    assert_eq!(seen.only("authorization"), Some("Bearer sk-build"));
    let list = stage.get(&build.token, "/servers/notes/overrides").await.expect(200);
    assert_eq!(subjects(&list), [format!("external_identity/{}", build.id)]);
    let others = world.put_override(&build, "notes", &world.bob, "sk-x").await;
    others.problem(403, "forbidden");

    // Managers find it by its name, by its issuer, and by its type.
    for query in ["search=build", "type=external_identity"] {
        let path = format!("/servers/notes/overrides?{query}");
        let list = world.app.get(&world.mia, &path).await.expect(200);
        assert_eq!(subjects(&list), [format!("external_identity/{}", build.id)], "{query}");
        assert_eq!(list["items"][0]["subject"]["name"], "Build 7");
    }
    let access = world.app.get(&world.mia, "/servers/notes/access").await.expect(200);
    let access = access.to_string();
    assert!(access.contains(&build.id) && access.contains("Build 7"), "{access}");
    let effective = world
        .app
        .get(&world.mia, "/servers/notes/effective-access?search=build")
        .await
        .expect(200);
    assert_eq!(effective["items"][0]["subject"]["id"], build.id, "{effective}");
    // Only admins look at all of them.
    stage
        .get(&build.token, "/external-identities")
        .await
        .problem(403, "forbidden");
    let all = world
        .app
        .get(&world.ada, "/external-identities?search=build")
        .await
        .expect(200);
    assert_eq!(all["items"].as_array().unwrap().len(), 1, "{all}");
}

async fn b02_d09_what_is_an_external_identitys_goes_with_it(stage: &Stage) {
    let world = &stage.world;
    let build = stage.caller(&stage.idp, "build-7").await;
    world.grant("notes", &build, "user").await;
    world.set(&build, "notes", "sk-build").await;
    let path = format!("/external-identities/{}", build.id);
    world.app.delete(&world.ada, &path).await.expect(204);
    world.app.get(&world.ada, &path).await.problem(404, "not-found");
    let list = world.app.get(&world.mia, "/servers/notes/overrides").await.expect(200);
    assert_eq!(subjects(&list), Vec::<String>::new());
    // Its token makes a new one, which has nothing.
    assert_eq!(stage.call(&build.token, "notes").await.status, 404);
    assert_ne!(stage.caller(&stage.idp, "build-7").await.id, build.id);
}

async fn b02_first_calls_at_once_make_one_identity(stage: &Stage) {
    let token = stage.idp.access_token("build-7", stage.now());
    let answers = futures_util::future::join_all((0..8).map(|_| stage.me(&token))).await;
    let ids: std::collections::BTreeSet<String> = answers
        .iter()
        .map(|answer| answer.expect(200)["subject"]["id"].to_string())
        .collect();
    assert_eq!(ids.len(), 1, "{answers:?}");
}

async fn b02_a8_a_mapped_value_is_a_virtual_account_and_nobody_else(stage: &Stage) {
    let world = &stage.world;
    let mut claims = stage.idp.claims("runner-1", stage.now());
    claims["azp"] = json!("pipeline");
    let token = stage.idp.signed(&serde_json::from_str(HEADER).unwrap(), &claims);
    let me = stage.me(&token).await.expect(200);
    assert_eq!(
        me["subject"],
        json!({"type": "virtual_account", "id": "ci-bot", "name": "ci-bot"})
    );
    // A8: with the account gone it does not turn into somebody else.
    world
        .app
        .delete(&world.ada, "/virtual-accounts/ci-bot")
        .await
        .expect(204);
    stage.me(&token).await.problem(401, "unauthorized");
    assert_eq!(stage.call(&token, "notes").await.status, 401);
}

fn subjects(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().unwrap();
    let name = |item: &Value| {
        let subject = &item["subject"];
        format!(
            "{}/{}",
            subject["type"].as_str().unwrap(),
            subject["id"].as_str().unwrap()
        )
    };
    items.iter().map(name).collect()
}
