//! A process that is killed in the middle of a change leaves the change whole or not at all (H6, D07).

use serde_json::{Value, json};

use crate::support::process::{Home, Running};
use crate::support::world::{individual, shared};
use crate::support::{Answer, app};

const ACCOUNTS: usize = 12;
const ROUNDS: u64 = 4;

struct Api<'a> {
    http: reqwest::Client,
    running: &'a Running,
    token: &'a str,
}

impl<'a> Api<'a> {
    fn new(running: &'a Running, token: &'a str) -> Self {
        Self {
            http: app::client(running.url.authority()),
            running,
            token,
        }
    }

    fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let url = self.running.url.join(&format!("/api/v1{path}")).unwrap();
        self.http.request(method, url).bearer_auth(self.token)
    }

    async fn get(&self, path: &str) -> Value {
        Answer::of(self.request(reqwest::Method::GET, path)).await.expect(200)
    }

    async fn put(&self, path: &str, body: Value) -> Value {
        let answer = Answer::of(self.request(reqwest::Method::PUT, path).json(&body)).await;
        assert!(matches!(answer.status, 200 | 201), "{answer:?}");
        answer.json()
    }
}

#[tokio::test]
async fn h6_a_change_of_mode_is_whole_or_nothing_after_kill_9() {
    let home = Home::new();
    home.run(&["user", "add", "--email", "ada@demo.test", "--admin"]).ok();
    let token = home.run(&["token", "create", "--user", "ada@demo.test"]).ok();
    let token = token.trim();
    let mut running = Running::start(home.command(&["serve"]));
    let api = Api::new(&running, token);
    let new = json!({"name": "notes", "url": "https://mcp.example.com/mcp", "outbound_auth": individual()});
    Answer::of(api.request(reqwest::Method::POST, "/servers").json(&new))
        .await
        .expect(201);
    for number in 0..ACCOUNTS {
        let account = json!({"name": format!("bot-{number}")});
        Answer::of(api.request(reqwest::Method::POST, "/virtual-accounts").json(&account))
            .await
            .expect(201);
    }
    for round in 0..ROUNDS {
        let api = Api::new(&running, token);
        if api.get("/servers/notes").await["outbound_auth"]["mode"] != "api_key_individual" {
            api.put("/servers/notes/outbound-auth", individual()).await;
        }
        for number in 0..ACCOUNTS {
            let path = format!("/servers/notes/overrides/virtual_account/bot-{number}");
            api.put(&path, json!({"credential": "sk-1"})).await;
        }
        let preview = api
            .put("/servers/notes/outbound-auth?dry_run=true", shared("Bearer x"))
            .await;
        let revision = format!("\"{}\"", preview["revision"].as_str().unwrap());
        let request = api.request(reqwest::Method::PUT, "/servers/notes/outbound-auth");
        let change = tokio::spawn(request.header("if-match", revision).json(&shared("Bearer x")).send());
        // Each round kills it a little later; whatever it is doing then, the outcome must be whole.
        tokio::time::sleep(std::time::Duration::from_millis(2 * round)).await;
        running.kill();
        change.await.unwrap().ok();
        running = Running::start(home.command(&["serve"]));
        let api = Api::new(&running, token);
        let mode = api.get("/servers/notes").await["outbound_auth"]["mode"].clone();
        let left = api.get("/servers/notes/overrides").await["items"]
            .as_array()
            .unwrap()
            .len();
        let trail = api.get("/audit?action=override.deleted&limit=200").await["items"]
            .as_array()
            .unwrap()
            .len();
        assert_eq!(trail % ACCOUNTS, 0, "the trail is part of the change");
        match mode.as_str().unwrap() {
            "api_key_individual" => assert_eq!(left, ACCOUNTS),
            "api_key_shared" => assert_eq!(left, 0),
            other => panic!("{other}"),
        }
    }
}
