//! People, servers and an upstream: what most tests begin with.

use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};
use server::config::Config;
use server::egress::{Resolve, SystemResolver};

use super::{Answer, App, Caller, Upstream, app};

/// A tool call of a legacy revision.
pub const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"whoami","arguments":{}}}"#;

/// Ada is admin, Mia manages `notes` (Individual, `Bearer {{API_KEY}}`), Bob, Eve and ci-bot use it, Sue has access to nothing.
pub struct World {
    pub app: App,
    pub upstream: Upstream,
    pub ada: Caller,
    pub mia: Caller,
    pub bob: Caller,
    pub eve: Caller,
    pub sue: Caller,
    pub ci_bot: Caller,
}

impl World {
    pub async fn new() -> Self {
        Self::with(|_| ()).await
    }

    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::with_names(change, Arc::new(SystemResolver)).await
    }

    /// With names that lead where a test says.
    pub async fn with_names(change: impl FnOnce(&mut Config), names: Arc<dyn Resolve>) -> Self {
        let mut config = app::config();
        change(&mut config);
        Self::on(App::start_with(config, names).await).await
    }

    async fn on(app: App) -> Self {
        let upstream = Upstream::start().await;
        let ada = app.first_admin("ada").await;
        let mia = person(&app, &ada, "mia").await;
        let bob = person(&app, &ada, "bob").await;
        let eve = person(&app, &ada, "eve").await;
        let sue = person(&app, &ada, "sue").await;
        let ci_bot = account(&app, &ada, "ci-bot").await;
        let world = Self {
            app,
            upstream,
            ada,
            mia,
            bob,
            eve,
            sue,
            ci_bot,
        };
        world.server("notes", individual()).await;
        world
    }

    /// A server at the upstream, with Mia as its manager and Bob, Eve and ci-bot as its users.
    pub async fn server(&self, name: &str, outbound_auth: Value) {
        let url = self.upstream.url(&format!("/{name}/mcp"));
        self.server_at(name, &url, outbound_auth).await;
    }

    /// The same at another upstream.
    pub async fn server_at(&self, name: &str, url: &str, outbound_auth: Value) {
        self.register(name, url, outbound_auth).await;
        for (caller, role) in [
            (&self.mia, "manager"),
            (&self.bob, "user"),
            (&self.eve, "user"),
            (&self.ci_bot, "user"),
        ] {
            self.grant(name, caller, role).await;
        }
    }

    /// A server that only Ada may use.
    pub async fn empty_server(&self, name: &str, outbound_auth: Value) {
        let url = self.upstream.url(&format!("/{name}/mcp"));
        self.register(name, &url, outbound_auth).await;
    }

    async fn register(&self, name: &str, url: &str, outbound_auth: Value) {
        let new = json!({"name": name, "url": url, "outbound_auth": outbound_auth});
        self.app.post(&self.ada, "/servers", new).await.expect(201);
    }

    pub async fn grant(&self, server: &str, caller: &Caller, role: &str) {
        let path = format!("/servers/{server}/access/{}", caller.path());
        let answer = self.app.put(&self.ada, &path, json!({"role": role})).await;
        assert!(matches!(answer.status, 200 | 201), "{answer:?}");
    }

    pub async fn revoke(&self, server: &str, caller: &Caller) {
        let path = format!("/servers/{server}/access/{}", caller.path());
        self.app.delete(&self.ada, &path).await.expect(204);
    }

    /// `whose` override on `server`, put there by `by`.
    pub async fn put_override(&self, by: &Caller, server: &str, whose: &Caller, value: &str) -> Answer {
        let path = format!("/servers/{server}/overrides/{}", whose.path());
        self.app.put(by, &path, json!({"credential": value})).await
    }

    /// The own override of `caller`, which must be accepted.
    pub async fn set(&self, caller: &Caller, server: &str, value: &str) {
        let answer = self.put_override(caller, server, caller, value).await;
        assert!(matches!(answer.status, 200 | 201), "{answer:?}");
    }

    /// Another outbound auth, previewed first as D07 asks for.
    pub async fn change_auth(&self, server: &str, outbound_auth: Value) -> Value {
        let path = format!("/servers/{server}/outbound-auth");
        let preview = self
            .app
            .put(&self.mia, &format!("{path}?dry_run=true"), outbound_auth.clone())
            .await
            .expect(200);
        let revision = format!("\"{}\"", preview["revision"].as_str().unwrap());
        let request = self.app.request(&self.mia, Method::PUT, &path);
        Answer::of(request.header("if-match", revision).json(&outbound_auth))
            .await
            .expect(200)
    }

    /// An MCP request: a POST of `CALL`, to be changed before it is sent.
    pub fn mcp(&self, caller: &Caller, server: &str) -> reqwest::RequestBuilder {
        Self::mcp_at(&self.app, caller, server)
    }

    /// The same at another replica.
    pub fn mcp_at(app: &App, caller: &Caller, server: &str) -> reqwest::RequestBuilder {
        app.http
            .post(app.at(&format!("/mcp/{server}")))
            .bearer_auth(&caller.token)
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
            .body(CALL)
    }

    pub async fn call(&self, caller: &Caller, server: &str) -> Answer {
        Answer::of(self.mcp(caller, server)).await
    }

    /// Why a call, which must not have been sent, found no credential: McpAuthRequiredError's `reason`.
    pub async fn missing(&self, caller: &Caller, server: &str) -> String {
        let answer = self.call(caller, server).await;
        self.upstream.assert_untouched();
        let error = &answer.expect(200)["error"];
        assert_eq!(error["code"], 4401, "{answer:?}");
        assert_eq!(error["data"]["type"], "McpAuthRequiredError", "{answer:?}");
        error["data"]["reason"].as_str().unwrap().to_owned()
    }

    /// What the upstream got as `Authorization` from a call that must reach it.
    #[track_caller]
    pub fn sent_authorization<'a>(
        &'a self,
        caller: &'a Caller,
        server: &'a str,
    ) -> impl Future<Output = Option<String>> + 'a {
        let line = std::panic::Location::caller();
        async move {
            let answer = self.call(caller, server).await;
            assert_eq!(answer.status, 200, "{line}: {answer:?}");
            let seen = self
                .upstream
                .seen()
                .unwrap_or_else(|| panic!("{line}: not forwarded: {answer:?}"));
            seen.only("authorization").map(ToOwned::to_owned)
        }
    }
}

pub fn individual() -> Value {
    json!({"mode": "api_key_individual", "headers": {"Authorization": "Bearer {{API_KEY}}"}})
}

pub fn whole_header() -> Value {
    json!({"mode": "api_key_individual", "headers": {"Authorization": null}})
}

pub fn shared(value: &str) -> Value {
    json!({"mode": "api_key_shared", "headers": {"Authorization": value}})
}

pub fn authorization_code() -> Value {
    json!({
        "mode": "oauth2_authorization_code", "authorization_url": "https://id.example/authorize",
        "token_url": "https://id.example/token", "client_id": "overkey", "client_secret": "client-secret-1234"
    })
}

pub fn client_credentials() -> Value {
    json!({
        "mode": "oauth2_client_credentials", "token_url": "https://id.example/token", "client_id": "overkey",
        "client_secret": "client-secret-1234"
    })
}

pub fn passthrough() -> Value {
    json!({"mode": "token_passthrough"})
}

pub fn no_auth() -> Value {
    json!({"mode": "none"})
}

async fn person(app: &App, admin: &Caller, name: &str) -> Caller {
    let new = json!({"email": format!("{name}@demo.test"), "name": name});
    let user = app.post(admin, "/users", new).await.expect(201);
    let id = user["id"].as_str().unwrap();
    Caller::user(id, app.token_of(id).await)
}

async fn account(app: &App, admin: &Caller, name: &str) -> Caller {
    let new = app
        .post(admin, "/virtual-accounts", json!({"name": name}))
        .await
        .expect(201);
    Caller::virtual_account(name, new["token"].as_str().unwrap())
}
