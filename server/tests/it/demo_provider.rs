//! The demo's authorization server keeps the rules that clients rely on; tests of our own client stand on it.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::StatusCode;
use serde_json::{Value, json};
use server::clock::TestClock;
use server::demo::authorization_server::controls::{Counts, Failure, ResponseIssuer};
use server::demo::authorization_server::{DemoProvider, MACHINE_CLIENT, MACHINE_SECRET, Options};
use server::demo::upstream::{self, DemoUpstream};
use sha2::{Digest, Sha256};
use url::Url;

use crate::support::app::client;

const LIFETIME: i64 = 30;
const VERIFIER: &str = "a-code-verifier-that-is-long-enough-for-rfc-7636";
const BACK: &str = "http://127.0.0.1:1/oauth/callback";

/// A provider with two upstreams, and a public client that registered itself.
struct Stage {
    clock: Arc<TestClock>,
    provider: DemoProvider,
    upstreams: DemoUpstream,
    http: reqwest::Client,
    client_id: String,
}

impl Stage {
    async fn new() -> Self {
        let clock = Arc::new(TestClock::at(1_000_000));
        let options = Options {
            clock: clock.clone(),
            access_lifetime: LIFETIME,
            ..Options::default()
        };
        let provider = DemoProvider::start(options).await.unwrap();
        let upstreams = upstream::start(provider.clone()).await.unwrap();
        let http = client("127.0.0.1");
        let new = json!({"redirect_uris": [BACK], "client_name": "<b>Test</b>", "token_endpoint_auth_method": "none"});
        let answer = http.post(provider.registration_url()).json(&new).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED);
        let registered: Value = answer.json().await.unwrap();
        assert_eq!(registered.get("client_secret"), None);
        Self {
            clock,
            upstreams,
            http,
            client_id: registered["client_id"].as_str().unwrap().to_owned(),
            provider,
        }
    }

    fn resource(&self, server: &str) -> String {
        format!("{}/{server}/mcp", self.upstreams.base_url)
    }

    /// A whole authorization request, one parameter given anew or left out.
    fn request(&self, but: &str, value: Option<&str>) -> Url {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
        let resource = self.resource("tracker");
        let mut url = Url::parse(&self.provider.authorization_url()).unwrap();
        for (name, whole) in [
            ("response_type", "code"),
            ("client_id", &self.client_id),
            ("redirect_uri", BACK),
            ("state", "some state"),
            ("scope", "read write"),
            ("resource", &resource),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ] {
            let value = if name == but { value } else { Some(whole) };
            if let Some(value) = value {
                url.query_pairs_mut().append_pair(name, value);
            }
        }
        url
    }

    fn code(&self) -> String {
        let back = self.provider.consent(self.request("", None).as_str(), "bob", true);
        pair(&back.unwrap(), "code").unwrap()
    }

    async fn token(&self, form: &[(&str, &str)]) -> (StatusCode, Value) {
        let answer = self
            .http
            .post(self.provider.token_url())
            .form(form)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.headers()["cache-control"], "no-store");
        (answer.status(), answer.json().await.unwrap())
    }

    /// The token request of a code, one field given anew.
    async fn redeem(&self, code: &str, but: &str, value: &str) -> (StatusCode, Value) {
        let resource = self.resource("tracker");
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", &self.client_id),
            ("code", code),
            ("redirect_uri", BACK),
            ("code_verifier", VERIFIER),
            ("resource", &resource),
        ];
        let form = form.map(|(name, whole)| (name, if name == but { value } else { whole }));
        self.token(&form).await
    }

    async fn tokens(&self) -> Tokens {
        let (status, answer) = self.redeem(&self.code(), "", "").await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        Tokens::of(&answer)
    }

    async fn refresh(&self, token: &str) -> (StatusCode, Value) {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", &self.client_id),
            ("refresh_token", token),
        ];
        self.token(&form).await
    }

    /// Whom the upstream takes the bearer for, or its challenge.
    async fn whoami(&self, server: &str, token: Option<&str>) -> Result<String, String> {
        let call =
            json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "whoami", "arguments": {}}});
        let mut request = self.http.post(self.resource(server)).json(&call);
        request = request.header("accept", "application/json, text/event-stream");
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.unwrap();
        if answer.status() == StatusCode::UNAUTHORIZED {
            return Err(answer.headers()["www-authenticate"].to_str().unwrap().to_owned());
        }
        let answer: Value = answer.json().await.unwrap();
        let seen: Value = serde_json::from_str(answer["result"]["content"][0]["text"].as_str().unwrap()).unwrap();
        Ok(seen["subject_hint"].as_str().unwrap().to_owned())
    }
}

struct Tokens {
    access: String,
    refresh: String,
}

impl Tokens {
    fn of(answer: &Value) -> Self {
        let text = |name: &str| answer[name].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        Self {
            access: text("access_token"),
            refresh: text("refresh_token"),
        }
    }
}

fn pair(url: &Url, name: &str) -> Option<String> {
    let mut pairs = url.query_pairs();
    pairs
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.into_owned())
}

fn refused((status, answer): (StatusCode, Value)) -> String {
    assert!(status.is_client_error(), "{status} {answer}");
    answer["error"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_client_finds_everything_from_the_upstreams_401() {
    let stage = Stage::new().await;
    let challenge = stage.whoami("tracker", None).await.unwrap_err();
    let metadata_url = format!(
        "{}/.well-known/oauth-protected-resource/tracker/mcp",
        stage.upstreams.base_url
    );
    assert!(
        challenge.contains(&format!("resource_metadata=\"{metadata_url}\"")),
        "{challenge}"
    );
    assert!(!challenge.contains("error="), "{challenge}");
    let protected: Value = stage.http.get(metadata_url).send().await.unwrap().json().await.unwrap();
    assert_eq!(protected["resource"], stage.resource("tracker"));
    let issuer = protected["authorization_servers"][0].as_str().unwrap();
    let well_known = format!("{issuer}/.well-known/oauth-authorization-server");
    let metadata: Value = stage.http.get(well_known).send().await.unwrap().json().await.unwrap();
    assert_eq!(metadata["issuer"], issuer);
    assert_eq!(metadata["token_endpoint"], stage.provider.token_url());
    assert_eq!(metadata["registration_endpoint"], stage.provider.registration_url());
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
}

#[tokio::test]
async fn a_token_is_good_for_its_resource_and_its_time() {
    let stage = Stage::new().await;
    let tokens = stage.tokens().await;
    assert_eq!(
        stage.whoami("tracker", Some(&tokens.access)).await,
        Ok("bob".to_owned())
    );
    let challenge = stage.whoami("machine", Some(&tokens.access)).await.unwrap_err();
    assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
    stage.clock.advance(LIFETIME - 1);
    assert!(stage.whoami("tracker", Some(&tokens.access)).await.is_ok());
    stage.clock.advance(1);
    assert!(stage.whoami("tracker", Some(&tokens.access)).await.is_err());
}

#[tokio::test]
async fn a_code_is_good_once_for_a_minute_and_for_who_asked() {
    let stage = Stage::new().await;
    for (field, value) in [
        ("code", "dp_code_unknown"),
        ("redirect_uri", "http://127.0.0.1:1/other"),
        ("code_verifier", "another-verifier-that-is-long-enough-for-it"),
        ("client_id", MACHINE_CLIENT),
    ] {
        let expected = if field == "client_id" {
            "invalid_client"
        } else {
            "invalid_grant"
        };
        assert_eq!(
            refused(stage.redeem(&stage.code(), field, value).await),
            expected,
            "{field}"
        );
    }
    assert_eq!(
        refused(
            stage
                .redeem(&stage.code(), "resource", &stage.resource("machine"))
                .await
        ),
        "invalid_target"
    );
    let late = stage.code();
    stage.clock.advance(60);
    assert_eq!(refused(stage.redeem(&late, "", "").await), "invalid_grant");

    let code = stage.code();
    let tokens = Tokens::of(&stage.redeem(&code, "", "").await.1);
    assert!(stage.whoami("tracker", Some(&tokens.access)).await.is_ok());
    assert_eq!(refused(stage.redeem(&code, "", "").await), "invalid_grant");
    assert!(
        stage.whoami("tracker", Some(&tokens.access)).await.is_err(),
        "a code that came twice ends all"
    );
}

#[tokio::test]
async fn refresh_tokens_rotate_and_a_second_use_ends_the_family() {
    let stage = Stage::new().await;
    let first = stage.tokens().await;
    let second = Tokens::of(&stage.refresh(&first.refresh).await.1);
    assert_ne!(first.refresh, second.refresh);
    assert_eq!(
        stage.whoami("tracker", Some(&second.access)).await,
        Ok("bob".to_owned())
    );
    assert_eq!(refused(stage.refresh(&first.refresh).await), "invalid_grant");
    assert_eq!(stage.provider.counts().reuses, 1);
    assert_eq!(refused(stage.refresh(&second.refresh).await), "invalid_grant");
    assert!(stage.whoami("tracker", Some(&second.access)).await.is_err());
}

#[tokio::test]
async fn what_was_allowed_can_be_taken_back() {
    let stage = Stage::new().await;
    let tokens = stage.tokens().await;
    let revoke = async |token: &str| {
        let form = [("token", token), ("client_id", &stage.client_id)];
        let answer = stage
            .http
            .post(stage.provider.revocation_url())
            .form(&form)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
    };
    revoke("unknown").await;
    assert!(stage.whoami("tracker", Some(&tokens.access)).await.is_ok());
    revoke(&tokens.access).await;
    assert!(stage.whoami("tracker", Some(&tokens.access)).await.is_err());
    let next = Tokens::of(&stage.refresh(&tokens.refresh).await.1);
    revoke(&next.refresh).await;
    assert!(stage.whoami("tracker", Some(&next.access)).await.is_err());

    let tokens = stage.tokens().await;
    stage.provider.forget("eve");
    assert!(stage.whoami("tracker", Some(&tokens.access)).await.is_ok());
    stage.provider.forget("bob");
    assert_eq!(refused(stage.refresh(&tokens.refresh).await), "invalid_grant");
}

#[tokio::test]
async fn a_confidential_client_signs_in_for_itself() {
    let stage = Stage::new().await;
    let resource = stage.resource("machine");
    let form = [("grant_type", "client_credentials"), ("resource", resource.as_str())];
    let ask = async |secret: &str| {
        let request = stage.http.post(stage.provider.token_url()).form(&form);
        let answer = request.basic_auth(MACHINE_CLIENT, Some(secret)).send().await.unwrap();
        (answer.status(), answer.json::<Value>().await.unwrap())
    };
    let (status, answer) = ask(MACHINE_SECRET).await;
    assert_eq!((status, answer.get("refresh_token")), (StatusCode::OK, None));
    let token = answer["access_token"].as_str().unwrap();
    assert_eq!(
        stage.whoami("machine", Some(token)).await,
        Ok(MACHINE_CLIENT.to_owned())
    );
    assert_eq!(refused(ask("wrong").await), "invalid_client");
    stage.provider.change_secret(MACHINE_CLIENT, "another-secret");
    assert_eq!(refused(ask(MACHINE_SECRET).await), "invalid_client");
    let public = [
        ("grant_type", "client_credentials"),
        ("client_id", stage.client_id.as_str()),
    ];
    assert_eq!(refused(stage.token(&public).await), "unauthorized_client");
}

#[tokio::test]
async fn errors_go_back_to_a_client_that_is_known_and_to_the_person_otherwise() {
    let stage = Stage::new().await;
    let consent = |but, value| stage.provider.consent(stage.request(but, value).as_str(), "bob", true);
    for (but, value, error) in [
        ("response_type", Some("token"), "unsupported_response_type"),
        ("code_challenge", None, "invalid_request"),
        ("code_challenge_method", Some("plain"), "invalid_request"),
        ("scope", Some("read everything"), "invalid_scope"),
        ("resource", Some("tracker"), "invalid_target"),
    ] {
        let back = consent(but, value).unwrap();
        assert_eq!(pair(&back, "error").as_deref(), Some(error), "{but}");
        assert_eq!(pair(&back, "state").as_deref(), Some("some state"), "{but}");
        assert_eq!(pair(&back, "code"), None, "{but}");
    }
    assert!(consent("client_id", Some("unknown")).is_err());
    assert!(consent("redirect_uri", Some("http://127.0.0.1:1/oauth/callback/")).is_err());
    let denied = stage
        .provider
        .consent(stage.request("", None).as_str(), "bob", false)
        .unwrap();
    assert_eq!(pair(&denied, "error").as_deref(), Some("access_denied"));
    assert_eq!(pair(&denied, "iss").as_deref(), Some(stage.provider.base_url.as_str()));
}

#[tokio::test]
async fn a_person_signs_in_and_allows_at_its_page_which_shows_no_markup_of_clients() {
    let stage = Stage::new().await;
    let answer = stage.http.get(stage.request("", None)).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let page = answer.text().await.unwrap();
    assert!(page.contains("&lt;b&gt;Test") && !page.contains("<b>Test"), "{page}");
    let id = page.split("name=\"request\" value=\"").nth(1).unwrap();
    let id = id.split('"').next().unwrap();
    let post = async |form: &[(&str, &str)]| {
        let request = stage.http.post(stage.provider.authorization_url()).form(form);
        request.send().await.unwrap()
    };
    let unsigned = post(&[("request", id), ("decision", "allow")]).await;
    assert_eq!(
        unsigned.status(),
        StatusCode::OK,
        "nobody signed in, so nothing was decided"
    );
    let may_it = post(&[("request", id), ("person", "eve")]).await.text().await.unwrap();
    assert!(may_it.contains("Signed in as Eve Silva"), "{may_it}");
    assert!(may_it.contains(&stage.resource("tracker")), "{may_it}");
    let back = post(&[("request", id), ("decision", "allow")]).await;
    assert_eq!(back.status(), StatusCode::SEE_OTHER);
    let back = Url::parse(back.headers()["location"].to_str().unwrap()).unwrap();
    let (_, answer) = stage.redeem(&pair(&back, "code").unwrap(), "", "").await;
    assert_eq!(answer["scope"], "read write");
    let token = Tokens::of(&answer).access;
    assert_eq!(stage.whoami("tracker", Some(&token)).await, Ok("eve".to_owned()));
    let again = post(&[("request", id), ("decision", "allow")]).await;
    assert_eq!(again.status(), StatusCode::BAD_REQUEST, "one page, one decision");
}

#[tokio::test]
async fn it_makes_the_trouble_that_a_test_orders() {
    let stage = Stage::new().await;
    let tokens = stage.tokens().await;
    let failures = [Failure::InvalidGrant, Failure::InvalidClient];
    stage.provider.switch(|switches| switches.fail_next.extend(failures));
    assert_eq!(refused(stage.refresh(&tokens.refresh).await), "invalid_grant");
    assert_eq!(refused(stage.refresh(&tokens.refresh).await), "invalid_client");
    stage
        .provider
        .switch(|switches| switches.fail_next.push_back(Failure::ServerError));
    let form = [("grant_type", "refresh_token")];
    let answer = stage
        .http
        .post(stage.provider.token_url())
        .form(&form)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);

    stage.provider.switch(|switches| switches.rotate = false);
    let (status, kept) = stage.refresh(&tokens.refresh).await;
    assert_eq!((status, kept.get("refresh_token")), (StatusCode::OK, None));
    assert_eq!(kept["expires_in"], LIFETIME);
    stage.provider.switch(|switches| {
        switches.rotate = true;
        switches.expires_in = false;
        switches.refresh_tokens = false;
    });
    let (status, bare) = stage.redeem(&stage.code(), "", "").await;
    assert_eq!((status, bare.get("expires_in")), (StatusCode::OK, None));
    assert_eq!(bare.get("refresh_token"), None);
    assert_eq!(
        stage.refresh(&tokens.refresh).await.0,
        StatusCode::OK,
        "what was given earlier stays good"
    );

    let other = ResponseIssuer::Other("https://evil.example".to_owned());
    for (issuer, expected) in [(other, Some("https://evil.example")), (ResponseIssuer::Missing, None)] {
        stage.provider.switch(|switches| switches.response_issuer = issuer);
        let back = stage.provider.consent(stage.request("", None).as_str(), "bob", true);
        assert_eq!(pair(&back.unwrap(), "iss").as_deref(), expected);
    }
    stage.provider.switch(|switches| switches.registration = false);
    let answer = stage
        .http
        .post(stage.provider.registration_url())
        .json(&json!({}))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn it_counts_what_comes_and_holds_it_back_when_told() {
    let stage = Stage::new().await;
    let tokens = stage.tokens().await;
    let held = stage.provider.hold().await;
    let (answer, ()) = tokio::join!(stage.refresh(&tokens.refresh), async {
        let counted = stage.provider.counted(|counts| counts.refresh_token == 1);
        crate::support::soon("the request", counted).await;
        // What is switched now counts for the request that is held.
        let failure = Failure::InvalidClient;
        stage.provider.switch(|switches| switches.fail_next.push_back(failure));
        drop(held);
    });
    assert_eq!(refused(answer), "invalid_client");
    let counts = Counts {
        authorization_code: 1,
        refresh_token: 1,
        registrations: 1,
        ..Counts::default()
    };
    assert_eq!(stage.provider.counts(), counts);
}
