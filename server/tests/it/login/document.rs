//! Clients that are described at an address of their own (F3, F4): read through `egress`, by somebody who is signed in, and believed in
//! nothing but what is theirs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::stage::*;
use crate::support::names::Trap;
use crate::support::{Answer, World};

/// A site with descriptions; counts who reads them.
async fn site() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let read = Arc::new(AtomicUsize::new(0));
    let counted = read.clone();
    let at = origin.clone();
    let describe = move |path: &'static str, change: Value| {
        let (counted, at) = (counted.clone(), at.clone());
        get(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            let mut description = json!({
                "client_id": format!("{at}{path}"), "client_name": "Described client",
                "redirect_uris": [REDIRECT], "grant_types": ["authorization_code", "refresh_token"]
            });
            description
                .as_object_mut()
                .unwrap()
                .extend(change.as_object().unwrap().clone());
            async move { axum::Json(description) }
        })
    };
    let router = Router::new()
        .route("/client", describe("/client", json!({})))
        .route(
            "/of-another",
            describe("/of-another", json!({"client_id": "https://claude.example/client"})),
        )
        .route(
            "/secretive",
            describe("/secretive", json!({"token_endpoint_auth_method": "private_key_jwt"})),
        )
        .route("/nowhere", describe("/nowhere", json!({"redirect_uris": []})))
        .route("/moved", get(|| async { Redirect::temporary("/client") }))
        .route("/gone", get(|| async { StatusCode::NOT_FOUND.into_response() }))
        .route("/text", get(|| async { "no JSON" }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (origin, read)
}

#[tokio::test]
async fn b10_a_client_that_describes_itself_needs_no_registration() {
    let world = World::new().await;
    world.set(&world.bob, "notes", "sk-bob").await;
    let bobs = browser(&world, &world.bob).await;
    let (origin, read) = site().await;
    let client = format!("{origin}/client");
    let request = Request::new(&world, &client, "notes");
    // Strangers make us read nothing.
    let stranger = world
        .app
        .http
        .get(world.app.at(&request.path()))
        .header("accept", "text/html");
    assert_eq!(Answer::of(stranger).await.status, 303);
    assert_eq!(read.load(Ordering::Relaxed), 0);
    let page = bobs.get(&request.path()).await;
    let host = origin.strip_prefix("http://").unwrap();
    assert!(page.text.contains("Described client") && page.text.contains(&format!("{host} describes this app")));
    let code = code(&bobs.answer(&ticket(&page), "allow").await);
    let issued = exchange(&world, &client, &code).await.expect(200);
    let app = signed(client, &world.bob, &issued);
    world.call(&app.caller, "notes").await.expect(200);
    renew(&world, &app.client, &app.refresh).await.expect(200);
}

#[tokio::test]
async fn f4_a_description_that_is_not_its_own_is_none() {
    let world = World::new().await;
    let bobs = browser(&world, &world.bob).await;
    let (origin, _) = site().await;
    for path in [
        "/of-another",
        "/secretive",
        "/nowhere",
        "/moved",
        "/gone",
        "/text",
        "/client#x",
        "/./client",
        "",
    ] {
        let request = Request::new(&world, &format!("{origin}{path}"), "notes");
        let answer = bobs.get(&request.path()).await;
        assert_eq!((answer.status, answer.header("location")), (400, ""), "{path}");
    }
}

#[tokio::test]
async fn f3_a_description_inside_is_not_read() {
    let trap = Trap::at("127.0.0.1");
    let world = World::with(|config| config.upstream_allow = Vec::new()).await;
    let bobs = browser(&world, &world.bob).await;
    for client in [
        format!("http://127.0.0.1:{}/client", trap.port()),
        format!("https://127.0.0.1:{}/client", trap.port()),
        format!("https://[::ffff:7f00:1]:{}/client", trap.port()),
        "http://169.254.169.254/client".to_owned(),
    ] {
        let answer = bobs.get(&Request::new(&world, &client, "notes").path()).await;
        assert_eq!(answer.status, 400, "{client}");
        assert!(!trap.sprung(), "{client}");
    }
}
