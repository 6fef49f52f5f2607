//! A credential that is stored, used, rejected and failing is found nowhere afterwards (S08, B8, H1, H5).

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use crate::support::process::{Home, Running, ended_well};
use crate::support::world::CALL;
use crate::support::{Answer, Upstream, app};

const OWN: &str = "canary-own-7f3a91c2d4";
const ACCOUNT: &str = "canary-account-1b8e60f7a5";
const SHARED: &str = "canary-shared-93d2ce48b1";
const CLIENT: &str = "canary-client-5ac07d19e8";
const PASSED: &str = "canary-passed-e46b20f3c9";
const PASSWORD: &str = "canary-password-d81f5e7b02";
const WRONG: &str = "canary-wrong-208c4fa6d3";
const BAD: &str = "canary-bad-61e9b3d7f0";

/// A server process, and every answer it gave.
struct Client {
    http: reqwest::Client,
    url: Url,
    token: String,
    answers: Vec<String>,
}

impl Client {
    async fn send(&mut self, request: reqwest::RequestBuilder) -> Answer {
        let answer = Answer::of(request).await;
        self.answers.push(format!("{answer:?}"));
        answer
    }

    async fn rest(&mut self, method: Method, path: &str, body: Value) -> Answer {
        let url = self.url.join(&format!("/api/v1{path}")).unwrap();
        let request = self.http.request(method, url).bearer_auth(&self.token).json(&body);
        self.send(request).await
    }

    async fn call(&mut self, token: &str, server: &str) -> Answer {
        let url = self.url.join(&format!("/mcp/{server}")).unwrap();
        let request = self.http.post(url).bearer_auth(token).body(CALL);
        let request = request.header("x-upstream-authorization", format!("Bearer {PASSED}"));
        self.send(request).await
    }

    async fn sign_in(&mut self, password: &str) -> Answer {
        let url = self.url.join("/sign-in").unwrap();
        let form = format!("email=ada%40demo.test&password={password}");
        let kind = "application/x-www-form-urlencoded";
        let request = self.http.post(url).header("content-type", kind).body(form);
        Answer::of(request).await
    }
}

/// Stores every canary.
async fn fill(client: &mut Client, upstream: &Upstream) -> String {
    let individual = json!({"mode": "api_key_individual", "headers": {"Authorization": "Bearer {{KEY}}"}});
    let shared = json!({"mode": "api_key_shared", "headers": {"X-Api-Key": SHARED}});
    let oauth = json!({
        "mode": "oauth2_authorization_code", "authorization_url": "https://id.example/a", "token_url": "https://id.example/t",
        "client_id": "overkey", "client_secret": CLIENT
    });
    let relay = json!({"mode": "token_passthrough"});
    for (name, auth) in [
        ("notes", individual),
        ("shared", shared),
        ("tracker", oauth),
        ("relay", relay),
    ] {
        let new = json!({"name": name, "url": upstream.url("/mcp"), "outbound_auth": auth});
        client.rest(Method::POST, "/servers", new).await.expect(201);
    }
    let nobody =
        json!({"name": "gone", "url": "http://127.0.0.1:1/mcp", "outbound_auth": {"mode": "token_passthrough"}});
    client.rest(Method::POST, "/servers", nobody).await.expect(201);
    // Not through `rest`: a new token's value is shown once, there.
    let url = client.url.join("/api/v1/virtual-accounts").unwrap();
    let request = client
        .http
        .post(url)
        .bearer_auth(&client.token)
        .json(&json!({"name": "ci-bot"}));
    let account = Answer::of(request).await.expect(201)["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let user = json!({"role": "user"});
    client
        .rest(Method::PUT, "/servers/notes/access/virtual_account/ci-bot", user)
        .await
        .expect(201);
    for (whose, value) in [("user/ada@demo.test", OWN), ("virtual_account/ci-bot", ACCOUNT)] {
        let path = format!("/servers/notes/overrides/{whose}");
        client
            .rest(Method::PUT, &path, json!({"credential": value}))
            .await
            .expect(201);
    }
    account
}

/// Uses them: accepted, rejected, failing in every way, and refused.
async fn use_them(client: &mut Client, upstream: &Upstream, account: &str) {
    let own = client.token.clone();
    let json = [("content-type", "application/json")];
    for token in [own.as_str(), account] {
        upstream.answer(200, &json, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#);
        client.call(token, "notes").await.expect(200);
        let sent = upstream.next().await;
        assert!(
            sent.only("authorization").unwrap().starts_with("Bearer canary-"),
            "{sent:?}"
        );
        for status in [401, 403, 404, 500, 302] {
            upstream.answer(status, &[("www-authenticate", "Bearer"), ("location", "/")], "no");
            client.call(token, "notes").await;
        }
        drop(upstream.hang());
        client.call(token, "notes").await.expect(504);
        let stream = upstream.stream(&[]);
        let (answer, ()) = tokio::join!(
            client
                .http
                .post(client.url.join("/mcp/notes").unwrap())
                .bearer_auth(token)
                .body(CALL)
                .send(),
            stream.send("data: x")
        );
        stream.cut().await;
        assert!(answer.unwrap().bytes().await.is_err());
    }
    for server in ["shared", "relay"] {
        for status in [200, 401, 500] {
            upstream.answer(status, &json, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#);
            client.call(&own, server).await;
        }
    }
    client.call(&own, "tracker").await.expect(200);
    client.call(&own, "gone").await.expect(502);
    for bad in [format!("{BAD}\r\nx"), format!("{BAD}\u{e9}"), BAD.repeat(2_000)] {
        client
            .rest(
                Method::PUT,
                "/servers/notes/overrides/user/ada@demo.test",
                json!({"credential": bad}),
            )
            .await
            .expect(422);
    }
    for bad in [json!({"credential": {"x": BAD}}), json!([BAD]), json!(BAD)] {
        client
            .rest(Method::PUT, "/servers/notes/overrides/user/ada@demo.test", bad)
            .await
            .expect(400);
    }
    let bad_auth = json!({"mode": "api_key_shared", "headers": {"Authorization": format!("{BAD}\nx")}});
    client
        .rest(Method::PUT, "/servers/shared/outbound-auth", bad_auth)
        .await
        .expect(422);
    client.call(&format!("ok_pat_{BAD}"), "notes").await.expect(401);
    assert!(client.sign_in(WRONG).await.header("location").contains("error=wrong"));
}

async fn read_everything(client: &mut Client) {
    for path in [
        "",
        "/notes",
        "/shared",
        "/tracker",
        "/notes/overrides",
        "/notes/overrides/user/ada@demo.test",
        "/notes/resolve/user/ada@demo.test",
        "/notes/access",
    ] {
        client
            .rest(Method::GET, &format!("/servers{path}"), Value::Null)
            .await
            .expect(200);
    }
    for path in [
        "/me",
        "/users",
        "/tokens",
        "/virtual-accounts",
        "/virtual-accounts/ci-bot/tokens",
        "/audit?limit=200",
        "/activity",
    ] {
        client.rest(Method::GET, path, Value::Null).await.expect(200);
    }
    for path in [
        "/audit/export?format=csv",
        "/servers/notes/activity/calls/export",
        "/servers/notes/activity",
    ] {
        client.rest(Method::GET, path, Value::Null).await.expect_status(200);
    }
    let request = client.http.get(client.url.join("/metrics").unwrap());
    let metrics = client.send(request).await;
    assert!(metrics.text.contains("overkey_gateway_calls_total"), "{metrics:?}");
}

/// The canary itself, and as base64 and hexadecimal digits would show it.
fn spellings(canary: &str) -> [String; 4] {
    let hex = canary.bytes().map(|byte| format!("{byte:02x}")).collect();
    [
        canary.to_owned(),
        STANDARD.encode(canary).trim_end_matches('=').to_owned(),
        URL_SAFE_NO_PAD.encode(canary),
        hex,
    ]
}

fn holds(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle.as_bytes())
}

#[tokio::test]
async fn s08_b8_h1_h5_no_credential_is_found_in_files_logs_answers_or_metrics() {
    let home = Home::new();
    let add = ["user", "add", "--email", "ada@demo.test", "--admin", "--password-stdin"];
    home.run_with_input(&add, PASSWORD).ok();
    let token = home
        .run(&["token", "create", "--user", "ada@demo.test"])
        .ok()
        .trim()
        .to_owned();
    let upstream = Upstream::start().await;
    let mut command = home.command(&["serve"]);
    command
        .env("OVERKEY_LOG", "trace")
        .env("OVERKEY_FIRST_BYTE_TIMEOUT", "1");
    let running = Running::start(command);
    let mut client = Client {
        http: app::client(running.url.authority()),
        url: running.url.clone(),
        token: token.clone(),
        answers: Vec::new(),
    };
    let account = fill(&mut client, &upstream).await;
    use_them(&mut client, &upstream, &account).await;
    let signed_in = client.sign_in(PASSWORD).await;
    let cookie = signed_in
        .header("set-cookie")
        .split(['=', ';'])
        .nth(1)
        .unwrap()
        .to_owned();
    let request = client
        .http
        .get(client.url.join("/api/v1/me").unwrap())
        .header("cookie", format!("overkey={cookie}"));
    client.send(request).await.expect(200);
    read_everything(&mut client).await;

    let mut files = home.bytes();
    let answers = client.answers.join("\n").into_bytes();
    drop(client);
    running.terminate();
    let (status, log) = running.ended().await;
    assert!(ended_well(status), "{status}");
    files.extend(home.bytes());
    // The search finds what is there.
    assert!(
        holds(&files, "ci-bot") && holds(&log, "gateway.call") && holds(&log, "TRACE") && holds(&answers, "ci-bot")
    );
    for canary in [
        OWN, ACCOUNT, SHARED, CLIENT, PASSED, PASSWORD, WRONG, BAD, &token, &account, &cookie,
    ] {
        for needle in spellings(canary) {
            for (place, bytes) in [("the files", &files), ("the log", &log), ("an answer", &answers)] {
                assert!(
                    !holds(bytes, &needle),
                    "{needle} is in {place}: {}",
                    around(bytes, &needle)
                );
            }
        }
    }
}

/// The line that holds it.
fn around(bytes: &[u8], needle: &str) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.lines()
        .find(|line| line.contains(needle))
        .unwrap_or_default()
        .chars()
        .take(400)
        .collect()
}
