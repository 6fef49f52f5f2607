//! Discovery that must not be believed: other resources, other issuers, addresses inside (F3), redirects (F4).

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::stage::{Browser, sign_up};
use crate::support::World;

/// A server and its provider in one, at one origin, saying what a test tells it to.
struct Liar {
    origin: String,
    documents: Arc<Mutex<Documents>>,
}

/// What changes an honest server's words.
type Lie<'a> = &'a dyn Fn(&mut Documents);

#[derive(Default)]
struct Documents {
    resource: Value,
    provider: Value,
    /// Every path that was asked for.
    asked: Vec<String>,
}

impl Liar {
    async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let documents = Arc::new(Mutex::new(Documents {
            resource: json!({"resource": format!("{origin}/mcp"), "authorization_servers": [origin]}),
            provider: json!({
                "issuer": origin, "authorization_endpoint": format!("{origin}/authorize"),
                "token_endpoint": format!("{origin}/token"), "registration_endpoint": format!("{origin}/register"),
                "code_challenge_methods_supported": ["S256"]
            }),
            asked: Vec::new(),
        }));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&documents));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { origin, documents }
    }

    fn say(&self, change: impl FnOnce(&mut Documents)) {
        change(&mut self.documents.lock().unwrap());
    }

    fn take_asked(&self) -> Vec<String> {
        std::mem::take(&mut self.documents.lock().unwrap().asked)
    }
}

async fn answer(State(documents): State<Arc<Mutex<Documents>>>, request: Request) -> Response {
    let mut documents = documents.lock().unwrap();
    let path = request.uri().path().to_owned();
    documents.asked.push(path.clone());
    match path.as_str() {
        "/mcp" => (StatusCode::UNAUTHORIZED, [("www-authenticate", "Bearer")]).into_response(),
        "/.well-known/oauth-protected-resource/mcp" => axum::Json(documents.resource.clone()).into_response(),
        "/.well-known/oauth-authorization-server" => match documents.provider.as_str() {
            Some(elsewhere) => (StatusCode::FOUND, [("location", elsewhere.to_owned())]).into_response(),
            None => axum::Json(documents.provider.clone()).into_response(),
        },
        "/register" => (StatusCode::CREATED, axum::Json(json!({"client_id": "registered"}))).into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn stage(world: &World) -> (Liar, Browser<'_>) {
    let liar = Liar::start().await;
    let new = json!({
        "name": "liar", "url": format!("{}/mcp", liar.origin),
        "outbound_auth": {"mode": "oauth2_authorization_code", "discover": true}
    });
    world.app.post(&world.ada, "/servers", new).await.expect(201);
    world.grant("liar", &world.bob, "user").await;
    sign_up(&world.app, &world.ada, &world.bob).await;
    let browser = Browser::sign_in(&world.app, &world.ada, &world.bob).await;
    (liar, browser)
}

#[tokio::test]
async fn an_honest_one_is_believed_and_asked_for_no_more_than_needed() {
    let world = World::new().await;
    let (liar, browser) = stage(&world).await;
    let departure = browser.depart("liar").await.unwrap();
    assert!(
        departure.as_str().starts_with(&format!("{}/authorize?", liar.origin)),
        "{departure}"
    );
    assert_eq!(
        liar.take_asked(),
        [
            "/mcp",
            "/.well-known/oauth-protected-resource/mcp",
            "/.well-known/oauth-authorization-server",
            "/register"
        ]
    );
}

#[tokio::test]
async fn what_must_not_be_believed_sends_nobody_anywhere() {
    let world = World::new().await;
    let (liar, browser) = stage(&world).await;
    let honest = liar.documents.lock().unwrap().provider.clone();
    let cases: [(&str, Lie<'_>); 6] = [
        ("a description of another resource", &|said| {
            said.resource["resource"] = json!("https://evil.example/mcp");
        }),
        ("a description of a longer path", &|said| {
            let longer = format!("{}/more", said.resource["resource"].as_str().unwrap());
            said.resource["resource"] = json!(longer);
        }),
        ("a provider that calls itself otherwise", &|said| {
            said.provider["issuer"] = json!("https://evil.example");
        }),
        ("an issuer that differs by a slash", &|said| {
            let other = format!("{}/", said.provider["issuer"].as_str().unwrap());
            said.provider["issuer"] = json!(other);
        }),
        ("a provider without PKCE", &|said| {
            said.provider
                .as_object_mut()
                .unwrap()
                .remove("code_challenge_methods_supported");
        }),
        ("F4: a redirect", &|said| {
            said.provider = json!("https://evil.example/metadata");
        }),
    ];
    for (name, lie) in cases {
        let resource = json!({"resource": format!("{}/mcp", liar.origin), "authorization_servers": [liar.origin]});
        liar.say(|said| {
            said.resource = resource;
            said.provider = honest.clone();
            lie(said);
        });
        liar.take_asked();
        let told = browser.depart("liar").await.unwrap_err();
        assert_eq!(told, "/connect/liar?problem=not_discoverable", "{name}");
        assert!(!liar.take_asked().contains(&"/register".to_owned()), "{name}");
    }
}

#[tokio::test]
async fn f3_what_points_inside_is_not_called() {
    let world = World::new().await;
    let (liar, browser) = stage(&world).await;
    let honest = liar.documents.lock().unwrap().provider.clone();
    let inside = [
        "http://169.254.169.254/latest",
        "http://10.0.0.1/x",
        "http://[fd00::1]/x",
        "http://0x0a000001/",
    ];
    let unreachable = "/connect/liar?problem=provider_unreachable";
    // The provider's place.
    for place in inside {
        liar.say(|said| said.resource["authorization_servers"] = json!([place]));
        assert_eq!(browser.depart("liar").await.unwrap_err(), unreachable, "{place}");
    }
    liar.say(|said| said.resource["authorization_servers"] = json!([liar.origin]));
    // Its registration.
    for place in inside {
        liar.say(|said| said.provider["registration_endpoint"] = json!(place));
        assert_eq!(browser.depart("liar").await.unwrap_err(), unreachable, "{place}");
    }
    liar.say(|said| said.provider = honest);
    // Its token endpoint.
    for place in inside {
        liar.say(|said| said.provider["token_endpoint"] = json!(place));
        let departure = browser.depart("liar").await.unwrap();
        let mut back = world.app.at("/oauth/callback");
        let state = super::stage::parameter(&departure, "state").unwrap();
        back.query_pairs_mut()
            .append_pair("state", &state)
            .append_pair("code", "x");
        assert_eq!(browser.come_back(&back).await, unreachable, "{place}");
    }
}
