//! Clients that register themselves (RFC 7591): what is taken, and how often.

use serde_json::{Value, json};

use super::stage::registration;
use crate::support::{Answer, World, on_every_database};

on_every_database!(b10_a_client_registers_and_is_told_what_was_taken);

async fn b10_a_client_registers_and_is_told_what_was_taken(world: &World) {
    let asked = json!({
        "client_name": "Cursor", "redirect_uris": ["http://localhost:3000/callback", "cursor://anysphere.cursor-retrieval/oauth/callback"],
        "grant_types": ["authorization_code", "refresh_token"], "token_endpoint_auth_method": "client_secret_basic",
        "logo_uri": "http://169.254.169.254/logo", "software_id": "x"
    });
    let taken = registration(world, &asked).await.expect(201);
    assert_eq!(taken["redirect_uris"], asked["redirect_uris"]);
    assert_eq!(taken["grant_types"], asked["grant_types"]);
    assert_eq!(taken["client_name"], "Cursor");
    // RFC 7591 section 3.2.1: the answer says what counts, and there are no secrets of clients here.
    assert_eq!(taken["token_endpoint_auth_method"], "none");
    assert_eq!(
        (&taken["client_secret"], &taken["logo_uri"]),
        (&Value::Null, &Value::Null)
    );
    let again = registration(world, &asked).await.expect(201);
    assert_ne!(taken["client_id"], again["client_id"]);
    let one = json!({"redirect_uris": ["https://app.example/cb"]});
    assert_eq!(
        registration(world, &one).await.expect(201)["grant_types"],
        json!(["authorization_code"])
    );
}

#[tokio::test]
async fn b10_what_a_person_could_be_harmed_with_is_not_registered() {
    let world = World::new().await;
    let uri = "http://127.0.0.1/cb";
    for (client, error) in [
        (json!({}), "invalid_redirect_uri"),
        (json!({"redirect_uris": []}), "invalid_redirect_uri"),
        (json!({"redirect_uris": vec![uri; 11]}), "invalid_redirect_uri"),
        (
            json!({"redirect_uris": ["http://app.example/cb"]}),
            "invalid_redirect_uri",
        ),
        (
            json!({"redirect_uris": ["javascript://app.example/%0aalert(1)"]}),
            "invalid_redirect_uri",
        ),
        (json!({"redirect_uris": ["data:text/html,x"]}), "invalid_redirect_uri"),
        (
            json!({"redirect_uris": [uri, "https://app.example/cb#x"]}),
            "invalid_redirect_uri",
        ),
        (
            json!({"redirect_uris": [uri], "client_name": "x\u{202e}y"}),
            "invalid_client_metadata",
        ),
        (
            json!({"redirect_uris": [uri], "grant_types": ["client_credentials"]}),
            "invalid_client_metadata",
        ),
        (
            json!({"redirect_uris": [uri], "response_types": ["token"]}),
            "invalid_client_metadata",
        ),
        (json!([]), "invalid_client_metadata"),
    ] {
        let answer = registration(&world, &client).await;
        assert_eq!(answer.expect(400)["error"], error, "{client}");
    }
    let text = world.app.http.post(world.app.at("/oauth/register")).body("{}");
    assert_eq!(Answer::of(text).await.expect(400)["error"], "invalid_client_metadata");
    let large = json!({"redirect_uris": [uri], "x": "x".repeat(40_000)});
    assert_eq!(registration(&world, &large).await.status, 413);
}

#[tokio::test]
async fn b10_one_address_registers_so_often_and_then_has_to_wait() {
    let world = World::new().await;
    let client = json!({"redirect_uris": ["http://127.0.0.1/cb"]});
    for _ in 0..30 {
        registration(&world, &client).await.expect(201);
    }
    let answer = registration(&world, &client).await;
    assert_eq!(answer.expect(429)["error"], "temporarily_unavailable");
    assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0);
}
