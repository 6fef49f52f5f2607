//! A provider's keys: kept while it is silent, and not asked for more often than every half minute (A10).

use serde_json::json;

use super::stage::Stage;

#[tokio::test]
async fn a10_keys_that_are_there_count_while_the_provider_is_silent() {
    let stage = Stage::new().await;
    stage.me(&stage.idp.access_token("ada", stage.now())).await.expect(200);
    stage.idp.be_silent(true);
    for seconds in [0, 3_600, 22 * 3_600] {
        stage.world.app.clock.advance(seconds);
        stage.me(&stage.idp.access_token("ada", stage.now())).await.expect(200);
    }
    // A key that was withdrawn meanwhile must not count for ever.
    stage.world.app.clock.advance(4 * 3_600);
    let answer = stage.me(&stage.idp.access_token("ada", stage.now())).await;
    answer.problem(503, "unavailable");
    stage.idp.be_silent(false);
    stage.world.app.clock.advance(30);
    stage.me(&stage.idp.access_token("ada", stage.now())).await.expect(200);
}

#[tokio::test]
async fn a10_without_any_keys_a_token_is_not_called_bad() {
    let stage = Stage::new().await;
    stage.idp.be_silent(true);
    let token = stage.idp.access_token("ada", stage.now());
    let answer = stage.me(&token).await;
    answer.problem(503, "unavailable");
    assert_eq!(answer.header("retry-after"), "30");
    assert_eq!(stage.call(&token, "notes").await.status, 503);
}

#[tokio::test]
async fn a10_unknown_keys_make_one_request_in_each_interval() {
    let stage = Stage::new().await;
    stage.me(&stage.idp.access_token("ada", stage.now())).await.expect(200);
    assert_eq!(stage.idp.asked(), 1);
    let guess = |kid: String| {
        let header = json!({"alg": "EdDSA", "typ": "at+jwt", "kid": kid});
        stage.idp.signed(&header, &stage.idp.claims("ada", stage.now()))
    };
    for round in 0..3 {
        stage.world.app.clock.advance(30);
        let tokens: Vec<String> = (0..20).map(|n| guess(format!("{round}-{n}"))).collect();
        let answers = futures_util::future::join_all(tokens.iter().map(|token| stage.me(token))).await;
        assert!(answers.iter().all(|answer| answer.status == 401), "{answers:?}");
        assert_eq!(stage.idp.asked(), 2 + round);
    }
}

#[tokio::test]
async fn a10_a_new_key_counts_without_waiting_for_the_old_ones_to_age() {
    let stage = Stage::new().await;
    stage.me(&stage.idp.access_token("ada", stage.now())).await.expect(200);
    stage.idp.add_key("two", 7);
    stage.world.app.clock.advance(30);
    let header = json!({"alg": "EdDSA", "typ": "at+jwt", "kid": "two"});
    let token = crate::support::idp::signed_with(7, &header, &stage.idp.claims("ada", stage.now()));
    stage.me(&token).await.expect(200);
}
