//! A provider, upstreams that take its tokens, and people at their browsers.

use std::collections::BTreeSet;
use std::sync::Mutex;

use reqwest::Method;
use serde_json::{Value, json};
use server::demo::authorization_server::{Client, DemoProvider, Options};
use server::demo::upstream::{self, DemoUpstream};
use url::Url;

use crate::support::{Answer, App, Caller, World};

pub const LIFETIME: i64 = 300;
const PASSWORD: &str = "a long enough one";
pub const CLIENT: &str = "overkey-registered";
pub const SECRET: &str = "registered-secret-0001";

/// `tracker` checks tokens with the provider and tells where it is; `echo` takes every token and records it.
pub struct Stage<'a> {
    pub world: &'a World,
    pub provider: DemoProvider,
    pub upstreams: DemoUpstream,
    /// Who has a password already: another one would end their sessions.
    signed_up: Mutex<BTreeSet<String>>,
}

impl<'a> Stage<'a> {
    /// The provider's clock is the app's.
    pub async fn on(world: &'a World) -> Stage<'a> {
        let options = Options {
            clock: world.app.clock.clone(),
            access_lifetime: LIFETIME,
            ..Options::default()
        };
        let provider = DemoProvider::start(options).await.unwrap();
        provider.add_client(Client {
            secret: Some(domain::secret::Secret::new(SECRET)),
            redirect_uris: vec![world.app.at("/oauth/callback").to_string()],
            ..Client::named(CLIENT)
        });
        let upstreams = upstream::start(provider.clone()).await.unwrap();
        let stage = Stage {
            world,
            provider,
            upstreams,
            signed_up: Mutex::default(),
        };
        let discovered = json!({"mode": "oauth2_authorization_code", "discover": true});
        let tracker = stage.at_demo("tracker", &discovered);
        world.app.post(&world.ada, "/servers", tracker).await.expect(201);
        for (caller, role) in [(&world.mia, "manager"), (&world.bob, "user"), (&world.eve, "user")] {
            world.grant("tracker", caller, role).await;
        }
        world.server("echo", stage.typed_in()).await;
        stage
    }

    /// A server at the demo's upstream.
    pub fn at_demo(&self, name: &str, outbound_auth: &Value) -> Value {
        let url = format!("{}/{name}/mcp", self.upstreams.base_url);
        json!({"name": name, "url": url, "outbound_auth": outbound_auth})
    }

    /// The provider as a manager types it in.
    pub fn typed_in(&self) -> Value {
        json!({
            "mode": "oauth2_authorization_code", "authorization_url": self.provider.authorization_url(),
            "token_url": self.provider.token_url(), "client_id": CLIENT, "client_secret": SECRET, "scopes": ["read"]
        })
    }

    pub async fn browser(&self, caller: &Caller) -> Browser<'a> {
        let new = self.signed_up.lock().unwrap().insert(caller.id.clone());
        if new {
            sign_up(&self.world.app, &self.world.ada, caller).await;
        }
        Browser::sign_in(&self.world.app, &self.world.ada, caller).await
    }

    /// `who` consents on `server` in a browser of their own.
    pub async fn connect(&self, caller: &Caller, server: &str, who: &str) -> Browser<'a> {
        let browser = self.browser(caller).await;
        let back = self.consent(&browser, server, who).await;
        assert_eq!(
            browser.come_back(&back).await,
            format!("/connect/{server}?done=authorized")
        );
        browser
    }

    /// Where the provider sends the browser after `who` allowed it.
    pub async fn consent(&self, browser: &Browser<'_>, server: &str, who: &str) -> Url {
        let departure = browser.depart(server).await.unwrap();
        self.provider.consent(departure.as_str(), who, true).unwrap()
    }

    /// Whom `tracker` takes a call of the caller's for.
    pub async fn whoami(&self, caller: &Caller, server: &str) -> String {
        let answer = self.world.call(caller, server).await.expect(200);
        let text = answer["result"]["content"][0]["text"].as_str();
        let seen: Value = serde_json::from_str(text.unwrap_or_else(|| panic!("{answer}"))).unwrap();
        seen["subject_hint"].as_str().unwrap().to_owned()
    }

    /// The overrides of a server, as its manager sees them.
    pub async fn overrides(&self, server: &str) -> Vec<Value> {
        let path = format!("/servers/{server}/overrides");
        let list = self.world.app.get(&self.world.mia, &path);
        list.await.expect(200)["items"].as_array().unwrap().clone()
    }

    /// The one override of a server: kind and state.
    pub async fn only(&self, server: &str) -> (String, String) {
        let all = self.overrides(server).await;
        assert_eq!(all.len(), 1, "{all:?}");
        let text = |name: &str| all[0][name].as_str().unwrap().to_owned();
        (text("kind"), text("state"))
    }
}

pub async fn sign_up(app: &App, admin: &Caller, caller: &Caller) {
    let path = format!("/users/{}", caller.id);
    app.patch(admin, &path, json!({"password": PASSWORD})).await.expect(200);
}

/// A signed-in browser.
pub struct Browser<'a> {
    app: &'a App,
    cookie: String,
}

impl<'a> Browser<'a> {
    pub async fn sign_in(app: &'a App, admin: &Caller, caller: &Caller) -> Browser<'a> {
        let user = app.get(admin, &format!("/users/{}", caller.id)).await.expect(200);
        let form = [("email", user["email"].as_str().unwrap()), ("password", PASSWORD)];
        let answer = Answer::of(app.http.post(app.at("/sign-in")).form(&form)).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
        Self { app, cookie }
    }

    pub async fn request(&self, method: Method, path: &str) -> Answer {
        let request = self.app.http.request(method, self.app.at(path));
        Answer::of(request.header("cookie", &self.cookie)).await
    }

    /// The provider's address that the consent leads to, or where else the browser is sent.
    pub async fn depart(&self, server: &str) -> Result<Url, String> {
        let answer = self.request(Method::POST, &format!("/oauth/start/{server}")).await;
        if answer.status == 303 {
            return Err(answer.header("location").to_owned());
        }
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        let link = answer.text.split("id=\"continue\" href=\"").nth(1).unwrap();
        let link = link.split('"').next().unwrap().replace("&amp;", "&");
        Ok(Url::parse(&link).unwrap())
    }

    /// Where the callback sends the browser.
    pub async fn come_back(&self, back: &Url) -> String {
        assert_eq!(back.path(), "/oauth/callback");
        let path = format!("/oauth/callback?{}", back.query().unwrap_or_default());
        let answer = self.request(Method::GET, &path).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        answer.header("location").to_owned()
    }
}

/// The address with one parameter given anew, or left out.
pub fn but(url: &Url, name: &str, value: Option<&str>) -> Url {
    let mut changed = url.clone();
    let pairs = url.query_pairs().filter(|(known, _)| known != name);
    changed.query_pairs_mut().clear().extend_pairs(pairs);
    if let Some(value) = value {
        changed.query_pairs_mut().append_pair(name, value);
    }
    changed
}

pub fn parameter(url: &Url, name: &str) -> Option<String> {
    let mut pairs = url.query_pairs();
    pairs
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.into_owned())
}
