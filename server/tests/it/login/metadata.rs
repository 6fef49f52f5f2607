//! What a client finds out by itself: from a 401 to the authorization server (A1, A2, D11).

use serde_json::Value;

use crate::support::world::CALL;
use crate::support::{Answer, World};

async fn get(world: &World, url: &str) -> Answer {
    Answer::of(world.app.http.get(url)).await
}

/// The address in a 401's challenge.
fn described(answer: &Answer) -> String {
    assert_eq!(answer.status, 401, "{answer:?}");
    let challenge = answer.header("www-authenticate");
    assert!(
        challenge.starts_with("Bearer ") && challenge.contains("scope=\"mcp\""),
        "{challenge}"
    );
    let url = challenge.split("resource_metadata=\"").nth(1).unwrap();
    url.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn a1_a2_a_401_leads_to_a_description_of_the_address_that_was_called() {
    let world = World::new().await;
    for (server, token) in [("notes", None), ("notes", Some("ok_at_x")), ("nowhere", None)] {
        let endpoint = world.app.at(&format!("/mcp/{server}"));
        let mut request = world.app.http.post(endpoint.clone()).body(CALL);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = Answer::of(request).await;
        let challenged = answer.header("www-authenticate").contains("error=\"invalid_token\"");
        assert_eq!(challenged, token.is_some(), "{answer:?}");
        let resource = get(&world, &described(&answer)).await.expect(200);
        assert_eq!(resource["resource"], endpoint.as_str());
        assert_eq!(resource["scopes_supported"], serde_json::json!(["mcp"]));
        let issuer = resource["authorization_servers"][0].as_str().unwrap();
        let server = get(&world, &format!("{issuer}/.well-known/oauth-authorization-server")).await;
        assert_eq!(server.expect(200)["issuer"], issuer);
    }
    // The old transport's address belongs to the same resource.
    let answer = get(&world, world.app.at("/mcp/notes/sse").as_str()).await;
    let resource = get(&world, &described(&answer)).await.expect(200);
    assert_eq!(resource["resource"], world.app.at("/mcp/notes").as_str());
}

#[tokio::test]
async fn d11_descriptions_and_challenges_tell_nobody_which_servers_there_are() {
    let world = World::new().await;
    let mut seen: Vec<(String, String)> = Vec::new();
    for server in ["notes", "nowhere"] {
        let url = world
            .app
            .at(&format!("/.well-known/oauth-protected-resource/mcp/{server}"));
        let description = get(&world, url.as_str()).await;
        let challenge = get(&world, world.app.at(&format!("/mcp/{server}")).as_str()).await;
        let alike = |text: &str| text.replace(server, "NAME");
        description.expect(200);
        seen.push((alike(&description.text), alike(challenge.header("www-authenticate"))));
    }
    assert_eq!(seen[0], seen[1]);
    let never = get(
        &world,
        world
            .app
            .at("/.well-known/oauth-protected-resource/mcp/No_Name")
            .as_str(),
    )
    .await;
    assert_eq!(never.expect(404)["error"], "not_found");
}

#[tokio::test]
async fn b10_the_authorization_server_says_what_clients_have_to_know() {
    let world = World::new().await;
    let request = world
        .app
        .http
        .get(world.app.at("/.well-known/oauth-authorization-server"));
    let answer = Answer::of(request.header("origin", "https://a-client.example")).await;
    let server: Value = answer.expect(200);
    let issuer = server["issuer"].as_str().unwrap();
    assert_eq!(issuer, world.app.url.origin().ascii_serialization());
    for endpoint in ["authorization", "token", "registration", "revocation"] {
        let url = server[format!("{endpoint}_endpoint")].as_str().unwrap();
        assert!(url.starts_with(&format!("{issuer}/oauth/")), "{url}");
    }
    assert_eq!(server["code_challenge_methods_supported"], serde_json::json!(["S256"]));
    assert_eq!(server["authorization_response_iss_parameter_supported"], true);
    assert_eq!(server["client_id_metadata_document_supported"], true);
    assert_eq!(
        server["token_endpoint_auth_methods_supported"],
        serde_json::json!(["none"])
    );
    // Clients that are pages read it from anywhere; there is nothing of anybody's in it.
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.header("access-control-allow-credentials"), "");
}

#[tokio::test]
async fn a1_who_calls_this_machine_by_another_of_its_names_is_described_that_one() {
    let world = World::new().await;
    let port = world.app.url.port().unwrap();
    for (host, expected) in [
        (
            format!("localhost:{port}"),
            format!("http://localhost:{port}/mcp/notes"),
        ),
        // A port that we do not listen on is a proxy's affair: the public address counts.
        ("localhost:1".to_owned(), world.app.at("/mcp/notes").into()),
    ] {
        let request = world
            .app
            .http
            .post(world.app.at("/mcp/notes"))
            .header("host", &host)
            .body(CALL);
        let url = described(&Answer::of(request).await);
        let path = url.split_once("/.well-known").unwrap().1;
        let request = world
            .app
            .http
            .get(world.app.at(&format!("/.well-known{path}")))
            .header("host", &host);
        assert_eq!(Answer::of(request).await.expect(200)["resource"], expected, "{host}");
    }
}
