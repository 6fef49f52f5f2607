//! Signing in and out: alike answers, sessions, limits, other sites, the set-up link (G1-G3, G5, G6, A9).

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::json;

use crate::support::process::{Home, Running};
use crate::support::world::CALL;
use crate::support::{Answer, App, Caller, World, app};

const PASSWORD: &str = "a long enough one";
const HOUR: i64 = 3_600;

/// An app with Ada, an admin, and Pat, who has a password.
struct Front {
    app: App,
    ada: Caller,
    pat: String,
}

impl Front {
    async fn new() -> Self {
        Self::with(|_| ()).await
    }

    async fn with(change: impl FnOnce(&mut server::config::Config)) -> Self {
        let mut config = app::config();
        change(&mut config);
        let app = App::start(config).await;
        let ada = app.first_admin("ada").await;
        let new = json!({"email": "pat@demo.test", "password": PASSWORD});
        let pat = app.post(&ada, "/users", new).await.expect(201)["id"]
            .as_str()
            .unwrap()
            .to_owned();
        Self { app, ada, pat }
    }

    fn form(&self, path: &str, body: &str) -> reqwest::RequestBuilder {
        let kind = "application/x-www-form-urlencoded";
        self.app
            .http
            .post(self.app.at(path))
            .header("content-type", kind)
            .body(body.to_owned())
    }

    fn sign_in(&self, email: &str, password: &str) -> reqwest::RequestBuilder {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("email", email)
            .append_pair("password", password)
            .finish();
        self.form("/sign-in", &body)
    }

    /// Pat's new session: `name=value`.
    async fn session(&self) -> String {
        let answer = Answer::of(self.sign_in("pat@demo.test", PASSWORD)).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (303, "/servers"),
            "{answer:?}"
        );
        cookie(&answer)
    }

    /// Whether the cookie is somebody's session.
    async fn is_signed_in(&self, cookie: &str) -> bool {
        let request = self.app.http.get(self.app.at("/api/v1/me")).header("cookie", cookie);
        match Answer::of(request).await.status {
            200 => true,
            401 => false,
            other => panic!("{other}"),
        }
    }
}

#[track_caller]
fn cookie(answer: &Answer) -> String {
    let set = answer.header("set-cookie");
    assert!(!set.is_empty(), "{answer:?}");
    set.split(';').next().unwrap().to_owned()
}

fn without_date(answer: Answer) -> (u16, HeaderMap, String) {
    let mut headers = answer.headers;
    headers.remove("date");
    (answer.status, headers, answer.text)
}

#[tokio::test]
async fn g1_unknown_wrong_disabled_and_passwordless_look_the_same() {
    let front = Front::new().await;
    let new = json!({"email": "off@demo.test", "password": PASSWORD});
    front.app.post(&front.ada, "/users", new).await.expect(201);
    let off = json!({"disabled": true});
    front
        .app
        .patch(&front.ada, "/users/off@demo.test", off)
        .await
        .expect(200);
    let wrong = without_date(Answer::of(front.sign_in("pat@demo.test", "not this one")).await);
    assert_eq!(wrong.0, 303);
    assert_eq!(wrong.1["location"], "/sign-in?error=wrong&next=%2Fservers");
    assert!(!wrong.1.contains_key("set-cookie"));
    for (email, password) in [
        ("nobody@demo.test", PASSWORD),
        ("off@demo.test", PASSWORD),
        ("ada@demo.test", ""),
        ("", ""),
        ("pat@demo.test", ""),
        ("' OR 1=1 --", PASSWORD),
    ] {
        let answer = without_date(Answer::of(front.sign_in(email, password)).await);
        assert_eq!(answer, wrong, "{email}");
    }
    // The address's case and the space around it do not matter; the password's do.
    Answer::of(front.sign_in(" PAT@demo.test ", PASSWORD)).await;
    let spaced = Answer::of(front.sign_in("pat@demo.test", &format!(" {PASSWORD}"))).await;
    assert!(spaced.header("location").contains("error=wrong"));
}

/// Of an address that nobody has, a hash is computed, too: without it the answer comes in a hundredth of the time. Only the best of
/// several is looked at, since a busy machine makes some slower, and none quicker.
#[tokio::test]
async fn g1_an_unknown_address_takes_as_long_as_a_wrong_password() {
    let front = Front::new().await;
    let time = async |email: &str| {
        let start = std::time::Instant::now();
        Answer::of(front.sign_in(email, "not this one")).await;
        start.elapsed().as_secs_f64()
    };
    // The first of all also computes what the others are compared with.
    time("first@demo.test").await;
    let (mut unknown, mut wrong) = (f64::MAX, f64::MAX);
    for number in 0..8 {
        unknown = unknown.min(time(&format!("nobody-{number}@demo.test")).await);
        wrong = wrong.min(time("pat@demo.test").await);
    }
    let ratio = unknown / wrong;
    assert!((0.33..3.0).contains(&ratio), "{unknown} s against {wrong} s");
}

#[tokio::test]
async fn g1_ten_tries_per_account_and_then_even_the_right_password_waits() {
    let front = Front::new().await;
    // Too long to be hashed, so that this test is quick.
    let wrong = "x".repeat(1_025);
    for _ in 0..10 {
        let answer = Answer::of(front.sign_in("pat@demo.test", &wrong)).await;
        assert!(answer.header("location").contains("error=wrong"), "{answer:?}");
    }
    for email in ["pat@demo.test", "PAT@demo.test"] {
        let answer = Answer::of(front.sign_in(email, PASSWORD)).await;
        assert!(answer.header("location").contains("error=limited"), "{answer:?}");
    }
    let other = Answer::of(front.sign_in("other@demo.test", &wrong)).await;
    assert!(
        other.header("location").contains("error=wrong"),
        "nobody else waits: {other:?}"
    );
}

#[tokio::test]
async fn g1_fifty_tries_per_address_whatever_a_stranger_claims_it_is() {
    let front = Front::new().await;
    let wrong = "x".repeat(1_025);
    for number in 0..50 {
        let request = front.sign_in(&format!("{number}@demo.test"), &wrong);
        let answer = Answer::of(request.header("x-forwarded-for", format!("192.0.2.{number}"))).await;
        assert!(
            answer.header("location").contains("error=wrong"),
            "{number}: {answer:?}"
        );
    }
    let answer = Answer::of(front.sign_in("pat@demo.test", PASSWORD)).await;
    assert!(answer.header("location").contains("error=limited"), "{answer:?}");
}

#[tokio::test]
async fn g1_a_trusted_proxy_tells_the_addresses_apart() {
    let front = Front::with(|config| config.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()]).await;
    let wrong = "x".repeat(1_025);
    let from = |number: usize, chain: &str| {
        let request = front.sign_in(&format!("{number}@demo.test"), &wrong);
        Answer::of(request.header("x-forwarded-for", chain.to_owned()))
    };
    for number in 0..50 {
        // What the client put before the proxy's own word does not count.
        from(number, &format!("198.51.100.{number}, 192.0.2.1")).await;
    }
    assert!(from(50, "192.0.2.1").await.header("location").contains("error=limited"));
    assert!(from(51, "192.0.2.2").await.header("location").contains("error=wrong"));
}

#[tokio::test]
async fn g2_signing_in_makes_a_new_session_and_ends_the_one_before() {
    let front = Front::new().await;
    let first = front.session().await;
    assert!(front.is_signed_in(&first).await);
    let request = front.sign_in("pat@demo.test", PASSWORD).header("cookie", &first);
    let second = cookie(&Answer::of(request).await);
    assert_ne!(first, second);
    assert!(front.is_signed_in(&second).await && !front.is_signed_in(&first).await);
    // Fixation: an id that somebody else chose is not taken over.
    let name = second.split('=').next().unwrap();
    let chosen = format!("{name}=AAAAAAAAAAAAAAAAAAAAAA");
    let request = front.sign_in("pat@demo.test", PASSWORD).header("cookie", &chosen);
    let given = cookie(&Answer::of(request).await);
    assert!(given != chosen && front.is_signed_in(&given).await && !front.is_signed_in(&chosen).await);
}

#[tokio::test]
async fn g2_signing_out_ends_the_session_on_the_server_and_no_other() {
    let front = Front::new().await;
    let (laptop, phone) = (front.session().await, front.session().await);
    let out = Answer::of(front.form("/sign-out", "").header("cookie", &laptop)).await;
    assert_eq!((out.status, out.header("location")), (303, "/sign-in"));
    assert!(!front.is_signed_in(&laptop).await && front.is_signed_in(&phone).await);
    let again = Answer::of(front.form("/sign-out", "").header("cookie", &laptop)).await;
    assert_eq!(again.status, 303, "twice is no error");
}

#[tokio::test]
async fn g2_a_session_ends_after_eight_idle_hours() {
    let front = Front::new().await;
    let session = front.session().await;
    front.app.clock.advance(8 * HOUR - 60);
    assert!(front.is_signed_in(&session).await);
    let front = Front::new().await;
    let session = front.session().await;
    front.app.clock.advance(8 * HOUR + 60);
    assert!(!front.is_signed_in(&session).await);
}

#[tokio::test]
async fn g2_use_keeps_a_session_alive_for_seven_days_and_no_longer() {
    let front = Front::new().await;
    let session = front.session().await;
    for _ in 0..7 * 24 / 7 {
        front.app.clock.advance(7 * HOUR - 60);
        assert!(front.is_signed_in(&session).await);
    }
    front.app.clock.advance(24 * 60);
    assert!(!front.is_signed_in(&session).await);
}

#[tokio::test]
async fn g2_disabling_another_password_and_deletion_end_sessions_at_once() {
    let front = Front::new().await;
    let path = format!("/users/{}", front.pat);
    let session = front.session().await;
    front
        .app
        .patch(&front.ada, &path, json!({"name": "Pat"}))
        .await
        .expect(200);
    assert!(front.is_signed_in(&session).await);
    front
        .app
        .patch(&front.ada, &path, json!({"disabled": true}))
        .await
        .expect(200);
    assert!(!front.is_signed_in(&session).await);
    front
        .app
        .patch(&front.ada, &path, json!({"disabled": false}))
        .await
        .expect(200);
    assert!(!front.is_signed_in(&session).await, "it does not come back");
    let session = front.session().await;
    front
        .app
        .patch(&front.ada, &path, json!({"password": "another long one"}))
        .await
        .expect(200);
    assert!(!front.is_signed_in(&session).await);
    front
        .app
        .patch(&front.ada, &path, json!({"password": PASSWORD}))
        .await
        .expect(200);
    let session = front.session().await;
    front.app.delete(&front.ada, &path).await.expect(204);
    assert!(!front.is_signed_in(&session).await);
}

#[tokio::test]
async fn the_cookie_is_for_this_host_and_no_script() {
    let front = Front::new().await;
    let answer = Answer::of(front.sign_in("pat@demo.test", PASSWORD)).await;
    let set = answer.header("set-cookie").to_lowercase();
    assert!(
        set.starts_with("overkey=") && set.contains("httponly") && set.contains("samesite=lax"),
        "{set}"
    );
    assert!(
        set.contains("path=/") && !set.contains("domain") && !set.contains("secure"),
        "{set}"
    );
    let front = Front::with(|config| config.public_url = Some("https://mcp.example.com".parse().unwrap())).await;
    let answer = Answer::of(front.sign_in("pat@demo.test", PASSWORD)).await;
    let set = answer.header("set-cookie").to_lowercase();
    assert!(
        set.starts_with("__host-overkey=") && set.contains("secure") && set.contains("path=/"),
        "{set}"
    );
    assert!(
        answer.header("strict-transport-security").starts_with("max-age="),
        "{answer:?}"
    );
}

#[tokio::test]
async fn g3_what_another_site_starts_is_403_and_does_nothing() {
    let front = Front::new().await;
    let session = front.session().await;
    let tokens = async || {
        let request = front
            .app
            .http
            .get(front.app.at("/api/v1/tokens"))
            .header("cookie", &session);
        Answer::of(request).await.expect(200)["items"].as_array().unwrap().len()
    };
    let own = front.app.url.origin().ascii_serialization();
    let forged: [&[(&str, &str)]; 6] = [
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site"), ("origin", &own)],
        &[("sec-fetch-site", "")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", "http://127.0.0.1.evil.example")],
    ];
    for headers in forged {
        let with = |mut request: reqwest::RequestBuilder| {
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            Answer::of(request.header("cookie", &session))
        };
        for path in ["/sign-in", "/sign-out", "/theme", "/setup/x"] {
            assert_eq!(
                with(front.form(path, "theme=dark")).await.status,
                403,
                "{path} {headers:?}"
            );
        }
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            let request = front.app.http.request(method, front.app.at("/api/v1/tokens"));
            assert_eq!(with(request.json(&json!({}))).await.status, 403, "{headers:?}");
        }
    }
    assert!(front.is_signed_in(&session).await);
    assert_eq!(tokens().await, 0);
    // A form that passes for JSON, from a browser that says nothing of itself.
    let plain = front
        .app
        .http
        .post(front.app.at("/api/v1/tokens"))
        .header("content-type", "text/plain");
    let answer = Answer::of(plain.body("{}").header("cookie", &session)).await;
    answer.problem(415, "unsupported-media-type");
    assert_eq!(tokens().await, 0);
    // Our own pages may, and so may whoever brings a token.
    for headers in [&[("sec-fetch-site", "same-origin")][..], &[("origin", own.as_str())]] {
        let mut request = front
            .app
            .http
            .post(front.app.at("/api/v1/tokens"))
            .header("cookie", &session);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(request.json(&json!({}))).await.expect(201);
    }
    let request = front
        .app
        .request(&front.ada, Method::POST, "/tokens")
        .header("sec-fetch-site", "cross-site");
    Answer::of(request.json(&json!({}))).await.expect(201);
}

#[tokio::test]
async fn a9_tokens_are_no_cookies_and_cookies_no_tokens() {
    let front = Front::new().await;
    let session = front.session().await;
    let (name, value) = session.split_once('=').unwrap();
    assert!(!front.is_signed_in(&format!("{name}={}", front.ada.token)).await);
    for path in ["/api/v1/me", "/mcp/notes"] {
        let request = front.app.http.post(front.app.at(path)).bearer_auth(value).body(CALL);
        let status = Answer::of(request).await.status;
        assert!(matches!(status, 401 | 405), "{path} {status}");
    }
    let request = front.app.http.get(front.app.at("/api/v1/me")).bearer_auth(value);
    Answer::of(request).await.expect(401);
    let request = front
        .app
        .http
        .post(front.app.at("/mcp/notes"))
        .header("cookie", &session)
        .body(CALL);
    Answer::of(request).await.expect(401);
    // A bad token is not saved by a good session.
    let request = front
        .app
        .http
        .get(front.app.at("/api/v1/me"))
        .header("cookie", &session);
    Answer::of(request.bearer_auth("ok_pat_x"))
        .await
        .problem(401, "unauthorized");
}

#[tokio::test]
async fn g6_next_never_leads_to_another_site() {
    let front = Front::new().await;
    for (next, to) in [
        ("/servers/notes/overrides", "/servers/notes/overrides"),
        ("//evil.example", "/servers"),
        ("https:evil.example", "/servers"),
        ("https://evil.example", "/servers"),
        ("javascript:alert(1)", "/servers"),
        ("/\\evil.example", "/servers"),
        ("/\r\nset-cookie: a=b", "/servers"),
        ("/\t/evil.example", "/servers"),
        ("", "/servers"),
    ] {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("email", "pat@demo.test")
            .append_pair("password", &"x".repeat(1_025))
            .append_pair("next", next)
            .finish();
        let answer = Answer::of(front.form("/sign-in", &body)).await;
        let to: String = url::form_urlencoded::byte_serialize(to.as_bytes()).collect();
        assert!(
            answer.header("location").ends_with(&format!("next={to}")),
            "{next:?}: {answer:?}"
        );
    }
    let theme = front
        .form("/theme", "theme=dark")
        .header("referer", "https://evil.example//evil.example");
    let answer = Answer::of(theme).await;
    assert_eq!(answer.header("location"), "/servers");
    let strange = Answer::of(front.form("/theme", "theme=x%3B%20path%3D/%3B%20a%3Db")).await;
    assert!(strange.header("set-cookie").starts_with("theme=system;"), "{strange:?}");
}

#[tokio::test]
async fn g5_every_answer_carries_the_security_headers() {
    let world = World::new().await;
    for path in [
        "/nowhere",
        "/api/v1/me",
        "/api/v1/nowhere",
        "/mcp/notes",
        "/healthz",
        "/readyz",
        "/metrics",
        "/.well-known/x",
    ] {
        let answer = Answer::of(world.app.http.get(world.app.at(path))).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value, "{path}");
        }
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert!(answer.header("cache-control").contains("no-store"), "{path}");
        assert!(answer.headers.contains_key("permissions-policy"), "{path}");
    }
}

#[tokio::test]
async fn forms_that_are_too_large_or_none_are_refused() {
    let front = Front::new().await;
    let huge = format!("email=a&password={}", "x".repeat(300 * 1024));
    assert_eq!(Answer::of(front.form("/sign-in", &huge)).await.status, 413);
    for body in ["", "email=a", "nonsense"] {
        assert_eq!(Answer::of(front.form("/sign-in", body)).await.status, 422, "{body}");
    }
    let json = front
        .app
        .http
        .post(front.app.at("/sign-in"))
        .json(&json!({"email": "a", "password": "b"}));
    assert_eq!(Answer::of(json).await.status, 415);
}

#[tokio::test]
async fn the_set_up_link_makes_one_admin_once() {
    let home = Home::new();
    let running = Running::start(home.command(&["serve"]));
    let line = running.line("/setup/");
    let token = line.split("/setup/").nth(1).unwrap();
    let token: String = token
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        .collect();
    assert_eq!(token.len(), 43, "256 bits: {line}");
    let http = app::client(running.url.authority());
    let set_up = async |token: &str, email: &str, password: &str| {
        let kind = "application/x-www-form-urlencoded";
        let url = running.url.join(&format!("/setup/{token}")).unwrap();
        let body = format!("email={email}&name=Ada&password={password}");
        Answer::of(http.post(url).header("content-type", kind).body(body)).await
    };
    let made_up = set_up("x", "a@demo.test", "long+enough+phrase").await;
    assert_eq!(made_up.header("location"), "/sign-in?error=link");
    let weak = set_up(&token, "a@demo.test", "password1").await;
    assert_eq!(weak.header("location"), format!("/setup/{token}?error=password"));
    let bad = set_up(&token, "nonsense", "long+enough+phrase").await;
    assert_eq!(bad.header("location"), format!("/setup/{token}?error=email"));
    let good = set_up(&token, "a@demo.test", "long+enough+phrase").await;
    assert_eq!((good.status, good.header("location")), (303, "/servers"));
    let request = http
        .get(running.url.join("/api/v1/me").unwrap())
        .header("cookie", cookie(&good));
    assert_eq!(Answer::of(request).await.expect(200)["platform_role"], "admin");
    let again = set_up(&token, "b@demo.test", "long+enough+phrase").await;
    assert_eq!(again.header("location"), "/sign-in?error=link");
    running.terminate();
    running.ended().await;
    let list = home.run(&["user", "list"]).ok();
    assert_eq!(list, "a@demo.test\tAda\tadmin\tactive\n");
    // There is somebody: no more links.
    let running = Running::start(home.command(&["serve"]));
    running.terminate();
    let (_, log) = running.ended().await;
    assert!(!String::from_utf8(log).unwrap().contains("/setup/"));
}
