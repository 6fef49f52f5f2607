//! What is written down survives: SIGTERM loses nothing, kill -9 at most the last second of calls and never a change (B07, H6).

use serde_json::{Value, json};

use crate::support::process::{Home, Running, ended_well};
use crate::support::world::{CALL, individual};
use crate::support::{Answer, Upstream, app, soon};

struct Site {
    home: Home,
    token: String,
    upstream: Upstream,
}

impl Site {
    async fn new() -> Self {
        let home = Home::new();
        home.run(&["user", "add", "--email", "ada@demo.test", "--admin"]).ok();
        let token = home
            .run(&["token", "create", "--user", "ada@demo.test"])
            .ok()
            .trim()
            .to_owned();
        let upstream = Upstream::start().await;
        Self { home, token, upstream }
    }

    fn serve(&self) -> Running {
        Running::start(self.home.command(&["serve"]))
    }

    fn request(&self, running: &Running, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let http = app::client(running.url.authority());
        http.request(method, running.url.join(path).unwrap())
            .bearer_auth(&self.token)
    }

    async fn set_up(&self, running: &Running) {
        let new = json!({"name": "notes", "url": self.upstream.url("/mcp"), "outbound_auth": individual()});
        Answer::of(
            self.request(running, reqwest::Method::POST, "/api/v1/servers")
                .json(&new),
        )
        .await
        .expect(201);
        let own = self.request(
            running,
            reqwest::Method::PUT,
            "/api/v1/servers/notes/overrides/user/ada@demo.test",
        );
        Answer::of(own.json(&json!({"credential": "sk-ada"}))).await.expect(201);
    }

    async fn call(&self, running: &Running) {
        let call = self.request(running, reqwest::Method::POST, "/mcp/notes").body(CALL);
        Answer::of(call).await.expect(200);
    }

    /// The trail's entries of this action, and how many there are.
    async fn entries(&self, running: &Running, action: &str) -> Vec<Value> {
        let path = format!("/api/v1/audit?limit=200&action={action}");
        let list = Answer::of(self.request(running, reqwest::Method::GET, &path))
            .await
            .expect(200);
        list["items"].as_array().unwrap().clone()
    }

    fn assert_whole(&self) {
        let told = self.home.run(&["audit", "verify"]);
        assert!(told.success && told.stdout.matches("whole").count() == 2, "{told:?}");
    }
}

#[tokio::test]
async fn b07_sigterm_loses_no_call() {
    let site = Site::new().await;
    let running = site.serve();
    site.set_up(&running).await;
    for _ in 0..25 {
        site.call(&running).await;
    }
    running.terminate();
    let (status, _) = running.ended().await;
    assert!(ended_well(status), "{status}");
    let running = site.serve();
    assert_eq!(site.entries(&running, "credential.injected").await.len(), 25);
    site.assert_whole();
}

#[tokio::test]
async fn b07_h6_after_kill_9_every_change_is_there_and_every_call_that_was_written() {
    let site = Site::new().await;
    let mut running = site.serve();
    site.set_up(&running).await;
    let mut tokens = 0;
    for round in 1..=3 {
        for _ in 0..5 {
            site.call(&running).await;
        }
        // Written by itself, without a flush.
        let written = async {
            while site.entries(&running, "credential.injected").await.len() < 5 * round {
                tokio::task::yield_now().await;
            }
        };
        soon("the calls to be written down", written).await;
        for _ in 0..4 {
            let token = site
                .request(&running, reqwest::Method::POST, "/api/v1/tokens")
                .json(&json!({}));
            Answer::of(token).await.expect(201);
            tokens += 1;
        }
        // And some that may be lost.
        site.call(&running).await;
        running.kill();
        running = site.serve();
        let made = site.entries(&running, "token.created").await.len();
        assert_eq!(made, tokens + 1, "the first was made by the command line");
        let calls = site.entries(&running, "credential.injected").await.len();
        assert!(calls >= 5 * round, "{calls} in round {round}");
        site.assert_whole();
    }
}
