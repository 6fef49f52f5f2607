//! A client that knows nothing but a server's address, and people at their browsers.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;
use url::form_urlencoded::Serializer;

use crate::support::{Answer, Caller, World};

const PASSWORD: &str = "a long enough one";
pub const VERIFIER: &str = "a-verifier-that-is-as-long-as-it-has-to-be-0123456789";
pub const REDIRECT: &str = "http://127.0.0.1:7777/callback";
pub const STATE: &str = "state-of-the-client";

/// Gives this person a password, and signs them in.
pub async fn browser<'a>(world: &'a World, caller: &Caller) -> Browser<'a> {
    let path = format!("/users/{}", caller.id);
    let password = json!({"password": PASSWORD});
    world.app.patch(&world.ada, &path, password).await.expect(200);
    Browser::again(world, caller).await
}

pub struct Browser<'a> {
    world: &'a World,
    cookie: String,
}

impl<'a> Browser<'a> {
    /// Another session of somebody who has a password.
    pub async fn again(world: &'a World, caller: &Caller) -> Browser<'a> {
        let app = &world.app;
        let user = app.get(&world.ada, &format!("/users/{}", caller.id)).await.expect(200);
        let form = [("email", user["email"].as_str().unwrap()), ("password", PASSWORD)];
        let answer = Answer::of(app.http.post(app.at("/sign-in")).form(&form)).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
        Self { world, cookie }
    }

    pub async fn get(&self, path: &str) -> Answer {
        let request = self.world.app.http.get(self.world.app.at(path));
        Answer::of(request.header("cookie", &self.cookie).header("accept", "text/html")).await
    }

    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let request = self.world.app.http.post(self.world.app.at(path)).form(form);
        Answer::of(request.header("cookie", &self.cookie).header("accept", "text/html")).await
    }

    /// The sealed question on the consent page.
    pub async fn question(&self, request: &Request) -> String {
        let page = self.get(&request.path()).await;
        assert_eq!(page.status, 200, "{page:?}");
        ticket(&page)
    }

    pub async fn answer(&self, ticket: &str, decision: &str) -> Answer {
        let form = [("ticket", ticket), ("decision", decision)];
        self.post("/oauth/authorize", &form).await
    }

    /// Opens the page, allows, and is sent back with a code.
    pub async fn allow(&self, request: &Request) -> String {
        let question = self.question(request).await;
        code(&self.answer(&question, "allow").await)
    }
}

pub fn ticket(page: &Answer) -> String {
    let rest = page.text.split("name=\"ticket\" value=\"").nth(1);
    let rest = rest.unwrap_or_else(|| panic!("no question: {page:?}"));
    rest.split('"').next().unwrap().to_owned()
}

/// Where an answer sends the browser.
#[track_caller]
pub fn sent_to(answer: &Answer) -> Url {
    assert_eq!(answer.status, 303, "{answer:?}");
    Url::parse(answer.header("location")).unwrap()
}

pub fn parameter(url: &Url, name: &str) -> Option<String> {
    let found = url.query_pairs().find(|(known, _)| known == name);
    found.map(|(_, value)| value.into_owned())
}

#[track_caller]
pub fn code(answer: &Answer) -> String {
    let url = sent_to(answer);
    assert_eq!(parameter(&url, "state").as_deref(), Some(STATE), "{url}");
    parameter(&url, "code").unwrap_or_else(|| panic!("no code: {url}"))
}

/// What a client asks a browser to open; `None` leaves a parameter out.
#[derive(Clone)]
pub struct Request(pub Vec<(&'static str, Option<String>)>);

impl Request {
    pub fn new(world: &World, client: &str, server: &str) -> Self {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
        let resource = world.app.at(&format!("/mcp/{server}"));
        Self(vec![
            ("response_type", Some("code".to_owned())),
            ("client_id", Some(client.to_owned())),
            ("redirect_uri", Some(REDIRECT.to_owned())),
            ("code_challenge", Some(challenge)),
            ("code_challenge_method", Some("S256".to_owned())),
            ("state", Some(STATE.to_owned())),
            ("resource", Some(resource.into())),
        ])
    }

    pub fn but(&self, name: &'static str, value: Option<&str>) -> Self {
        let mut changed = self.clone();
        changed.0.retain(|(known, _)| *known != name);
        changed.0.push((name, value.map(ToOwned::to_owned)));
        changed
    }

    pub fn path(&self) -> String {
        let mut query = Serializer::new(String::new());
        for (name, value) in &self.0 {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        format!("/oauth/authorize?{}", query.finish())
    }
}

pub async fn register(world: &World) -> String {
    let client = json!({
        "client_name": "Test client", "redirect_uris": [REDIRECT],
        "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"], "token_endpoint_auth_method": "none"
    });
    let answer = registration(world, &client).await.expect(201);
    answer["client_id"].as_str().unwrap().to_owned()
}

pub async fn registration(world: &World, client: &Value) -> Answer {
    Answer::of(world.app.http.post(world.app.at("/oauth/register")).json(client)).await
}

pub async fn token(world: &World, form: &[(&str, &str)]) -> Answer {
    Answer::of(world.app.http.post(world.app.at("/oauth/token")).form(form)).await
}

pub async fn exchange(world: &World, client: &str, code: &str) -> Answer {
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("code", code),
        ("code_verifier", VERIFIER),
        ("redirect_uri", REDIRECT),
    ];
    token(world, &form).await
}

pub async fn renew(world: &World, client: &str, refresh: &str) -> Answer {
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", client),
        ("refresh_token", refresh),
    ];
    token(world, &form).await
}

#[track_caller]
pub fn refused(answer: &Answer, code: &str) {
    assert_eq!(answer.expect(400)["error"], code, "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store");
}

/// What a client holds after signing in.
pub struct Signed {
    pub client: String,
    pub caller: Caller,
    pub refresh: String,
}

/// `caller` lets a new client call `server`, at this browser.
pub async fn sign_in(world: &World, browser: &Browser<'_>, caller: &Caller, server: &str) -> Signed {
    let client = register(world).await;
    let code = browser.allow(&Request::new(world, &client, server)).await;
    let issued = exchange(world, &client, &code).await.expect(200);
    signed(client, caller, &issued)
}

pub fn signed(client: String, caller: &Caller, issued: &Value) -> Signed {
    Signed {
        client,
        caller: Caller::user(&caller.id, issued["access_token"].as_str().unwrap()),
        refresh: issued["refresh_token"].as_str().unwrap().to_owned(),
    }
}

/// The token does not count at the gateway.
#[track_caller]
pub fn unauthorized(answer: &Answer) {
    assert_eq!(answer.status, 401, "{answer:?}");
    let challenge = answer.header("www-authenticate");
    assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
}
