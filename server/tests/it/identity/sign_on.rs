//! Signing on at the identity provider, as a browser goes through it: who gets in, as whom, and whose answer counts.

use domain::secret::Secret;
use domain::sign_on::{Mapping, Policy};
use serde_json::{Value, json};
use server::config::SsoConfig;
use url::Url;

use super::stage::{Stage, taken};
use crate::support::idp::{CLIENT, Idp, SECRET};
use crate::support::{Answer, App, World};

fn sso(idp: &Idp) -> SsoConfig {
    SsoConfig {
        issuer: idp.issuer.clone(),
        client_id: CLIENT.to_owned(),
        client_secret: Some(Secret::new(SECRET)),
        name: "Example ID".to_owned(),
        scopes: vec!["email".to_owned(), "profile".to_owned()],
        groups_claim: "groups".to_owned(),
        mapping: Mapping {
            admin_groups: vec!["ops".to_owned()],
            teams: vec![("dev".to_owned(), "builders".to_owned())],
        },
        policy: Policy {
            create_users: true,
            link_by_email: false,
        },
    }
}

struct Front {
    stage: Stage,
}

/// A browser that was sent to the provider.
struct Away {
    cookie: String,
    state: String,
    nonce: String,
    challenge: String,
    url: Url,
}

impl Front {
    async fn new() -> Self {
        Self::with(|_| ()).await
    }

    async fn with(change: impl FnOnce(&mut server::config::Config)) -> Self {
        let (idp, other) = (Idp::start(1).await, Idp::start(2).await);
        let configured = sso(&idp);
        let providers = vec![taken(&idp), taken(&other)];
        let world = World::with(|config| {
            config.sso = Some(configured);
            config.identity_providers = providers;
            change(config);
        })
        .await;
        Self {
            stage: Stage { world, idp, other },
        }
    }

    fn app(&self) -> &App {
        &self.stage.world.app
    }

    async fn leave(&self, next: &str) -> Away {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("next", next)
            .finish();
        let request = self.app().http.post(self.app().at("/sign-in/sso")).body(body);
        let answer = Answer::of(request.header("content-type", "application/x-www-form-urlencoded")).await;
        answer.expect_status(200);
        let cookie = answer.header("set-cookie").to_owned();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Max-Age=600"));
        let href = answer.text.split("href=\"").nth(1).unwrap().split('"').next().unwrap();
        let url = Url::parse(&href.replace("&amp;", "&")).unwrap();
        let part = |name: &str| url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
        assert_eq!(part("code_challenge_method"), "S256");
        assert_eq!(part("redirect_uri"), self.app().at("/sign-in/sso/callback").as_str());
        assert_eq!(part("scope"), "openid email profile");
        Away {
            cookie: cookie.split(';').next().unwrap().to_owned(),
            state: part("state"),
            nonce: part("nonce"),
            challenge: part("code_challenge"),
            url: url.clone(),
        }
    }

    fn claims(&self, away: &Away, subject: &str, more: &Value) -> Value {
        let now = self.stage.now();
        let mut claims = json!({
            "iss": self.stage.idp.issuer, "sub": subject, "aud": CLIENT, "iat": now, "exp": now + 60,
            "nonce": away.nonce
        });
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    }

    /// The provider answers with these claims, and the browser comes back: where it is led, and with which cookies.
    async fn come_back(&self, away: &Away, claims: Value) -> Answer {
        self.stage.idp.will_answer(&away.challenge, claims);
        self.back(&away.cookie, &format!("code=the-code&state={}", away.state))
            .await
    }

    async fn back(&self, cookie: &str, query: &str) -> Answer {
        let url = self.app().at(&format!("/sign-in/sso/callback?{query}"));
        Answer::of(self.app().http.get(url).header("cookie", cookie)).await
    }

    /// All of it: where it ends, and the session.
    async fn sign_on(&self, subject: &str, more: Value) -> (String, String) {
        let away = self.leave("/servers/notes").await;
        let claims = self.claims(&away, subject, &more);
        let answer = self.come_back(&away, claims).await;
        let mut set = answer
            .headers
            .get_all("set-cookie")
            .iter()
            .map(|value| value.to_str().unwrap());
        let session = set.rfind(|text| text.starts_with("overkey=")).unwrap_or_default();
        (
            answer.header("location").to_owned(),
            session.split(';').next().unwrap().to_owned(),
        )
    }

    async fn me(&self, session: &str) -> Answer {
        Answer::of(
            self.app()
                .http
                .get(self.app().at("/api/v1/me"))
                .header("cookie", session),
        )
        .await
    }

    async fn error_of(&self, subject: &str, more: Value) -> String {
        error(&self.sign_on(subject, more).await.0)
    }
}

fn error(location: &str) -> String {
    let query = location.strip_prefix("/sign-in?error=").unwrap_or(location);
    query.split('&').next().unwrap().to_owned()
}

fn zoe() -> Value {
    json!({"email": "Zoe@Example.com", "email_verified": true, "name": "Zoe", "groups": ["dev", "ops"]})
}

#[tokio::test]
async fn people_come_in_with_the_role_and_the_teams_of_their_groups_and_lose_them_with_them() {
    let front = Front::new().await;
    let (app, ada) = (front.app(), &front.stage.world.ada);
    app.post(ada, "/teams", json!({"name": "builders"})).await.expect(201);
    let (location, session) = front.sign_on("z-1", zoe()).await;
    assert_eq!(location, "/servers/notes");
    let me = front.me(&session).await.expect(200);
    assert_eq!(
        (me["subject"]["name"].as_str(), me["platform_role"].as_str()),
        (Some("Zoe"), Some("admin")),
        "{me}"
    );
    let members = app.get(ada, "/teams/builders/members").await.expect(200);
    assert_eq!(members["items"][0]["email"], "zoe@example.com", "{members}");

    // Another day, other groups: it is the same person, by issuer and subject, whatever her address and name are now.
    let more = json!({"email": "other@example.com", "name": "Zoe Z", "groups": []});
    let (_, again) = front.sign_on("z-1", more).await;
    let later = front.me(&again).await.expect(200);
    assert_eq!(later["subject"]["id"], me["subject"]["id"]);
    assert_eq!(
        (later["subject"]["name"].as_str(), later["platform_role"].as_str()),
        (Some("Zoe Z"), Some("member"))
    );
    let members = app.get(ada, "/teams/builders/members").await.expect(200);
    assert_eq!(members["items"], json!([]));
}

#[tokio::test]
async fn what_the_id_token_leaves_out_stands_in_the_user_info() {
    let front = Front::new().await;
    front
        .stage
        .idp
        .say(json!({"sub": "z-1", "email": "zoe@example.com", "name": "Zoe", "groups": ["ops"]}));
    let (_, session) = front.sign_on("z-1", json!({})).await;
    assert_eq!(front.me(&session).await.expect(200)["platform_role"], "admin");
    // Somebody else's info is no answer.
    front
        .stage
        .idp
        .say(json!({"sub": "another", "email": "eve@example.com"}));
    assert_eq!(front.error_of("z-2", json!({})).await, "sso_answer");
}

#[tokio::test]
async fn b02_a_linked_persons_token_is_that_person_and_ends_with_them() {
    let front = Front::new().await;
    let (_, session) = front.sign_on("z-1", zoe()).await;
    let id = front.me(&session).await.expect(200)["subject"]["id"].clone();
    let token = front.stage.idp.access_token("z-1", front.stage.now());
    let me = front.stage.me(&token).await.expect(200);
    assert_eq!(me["subject"], json!({"type": "user", "id": id, "name": "Zoe"}));
    // A7: the other provider's z-1 is somebody else.
    let other = front.stage.other.access_token("z-1", front.stage.now());
    assert_eq!(
        front.stage.me(&other).await.expect(200)["subject"]["type"],
        "external_identity"
    );
    // A8: disabled, she is nobody, by token and by sign-on; not an external identity either.
    let path = format!("/users/{}", id.as_str().unwrap());
    front
        .app()
        .patch(&front.stage.world.ada, &path, json!({"disabled": true}))
        .await
        .expect(200);
    front.stage.me(&token).await.problem(401, "unauthorized");
    assert_eq!(front.error_of("z-1", zoe()).await, "sso_disabled");
    assert_eq!(front.me(&session).await.status, 401);
}

#[tokio::test]
async fn an_answer_counts_once_in_time_and_in_the_browser_that_asked() {
    let front = Front::new().await;
    let (away, another) = (front.leave("/servers").await, front.leave("/servers").await);
    let good = format!("code=the-code&state={}", away.state);
    for (what, cookie, query) in [
        ("no cookie", "", good.clone()),
        ("another browser's cookie", another.cookie.as_str(), good.clone()),
        ("a made-up cookie", "overkey-sign-on=AAAA", good.clone()),
        ("no state", away.cookie.as_str(), "code=the-code".to_owned()),
        (
            "another state",
            away.cookie.as_str(),
            format!("code=the-code&state={}", another.state),
        ),
    ] {
        let answer = front.back(cookie, &query).await;
        assert_eq!(error(answer.header("location")), "sso_again", "{what}");
    }
    let claims = front.claims(&away, "z-1", &zoe());
    let first = front.come_back(&away, claims.clone()).await;
    assert_eq!(first.header("location"), "/servers");
    let cleared = first.headers.get_all("set-cookie").iter().any(|value| {
        let text = value.to_str().unwrap();
        text.starts_with("overkey-sign-on=;") && text.contains("Max-Age=0")
    });
    assert!(cleared, "{first:?}");
    // Once more, with a code that would be good.
    let again = front.come_back(&away, claims).await;
    assert_eq!(error(again.header("location")), "sso_again");

    let late = front.leave("/servers").await;
    front.app().clock.advance(600);
    let claims = front.claims(&late, "z-1", &zoe());
    assert_eq!(
        error(front.come_back(&late, claims).await.header("location")),
        "sso_again"
    );
}

#[tokio::test]
async fn g6_a_sign_on_ends_on_this_site_and_a_refusal_at_the_provider_is_told() {
    let front = Front::new().await;
    for next in [
        "//evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "/\\evil.example",
        "",
    ] {
        let away = front.leave(next).await;
        let claims = front.claims(&away, "z-1", &zoe());
        let answer = front.come_back(&away, claims).await;
        assert_eq!(answer.header("location"), "/servers", "{next}");
    }
    let away = front.leave("/servers").await;
    let query = format!("error=access_denied&error_description=%3Cb%3E&state={}", away.state);
    let answer = front.back(&away.cookie, &query).await;
    assert_eq!(error(answer.header("location")), "sso_denied");
    assert!(
        !answer.header("location").contains("%3C"),
        "their words are not passed on"
    );
    // It is used up: what comes after it does not count.
    let claims = front.claims(&away, "z-1", &zoe());
    let answer = front.come_back(&away, claims).await;
    assert_eq!(error(answer.header("location")), "sso_again");
}

#[tokio::test]
async fn only_the_provider_that_was_asked_may_say_who_it_is() {
    let front = Front::new().await;
    front.stage.idp.name_yourself();
    let now = front.stage.now();
    for (what, change) in [
        ("another nonce", json!({"nonce": "n"})),
        ("no nonce", json!({"nonce": null})),
        ("for another client", json!({"aud": "another"})),
        ("for another client as well", json!({"aud": [CLIENT, "another"]})),
        ("from another issuer", json!({"iss": "https://evil.example"})),
        ("signed by another key", json!({"signed_by": 9})),
        ("ended", json!({"exp": now - 1})),
        ("from the future", json!({"iat": now + 61})),
    ] {
        let away = front.leave("/servers").await;
        let mut claims = front.claims(&away, "z-1", &zoe());
        for (name, value) in change.as_object().unwrap() {
            claims[name] = value.clone();
        }
        front.stage.idp.will_answer(&away.challenge, claims);
        let query = format!("code=the-code&state={}&iss={}", away.state, front.stage.idp.issuer);
        let answer = front.back(&away.cookie, &query).await;
        assert_eq!(error(answer.header("location")), "sso_answer", "{what}");
    }
    // It says that it names itself: then it has to, and nobody else.
    for issuer in ["", "&iss=https://evil.example"] {
        let away = front.leave("/servers").await;
        let claims = front.claims(&away, "z-1", &zoe());
        front.stage.idp.will_answer(&away.challenge, claims);
        let query = format!("code=the-code&state={}{issuer}", away.state);
        let answer = front.back(&away.cookie, &query).await;
        assert_eq!(error(answer.header("location")), "sso_answer", "{issuer}");
    }
    // PKCE: a code that was got for another verifier is worth nothing.
    let away = front.leave("/servers").await;
    let claims = front.claims(&away, "z-1", &zoe());
    front.stage.idp.will_answer(&"x".repeat(43), claims);
    let query = format!("code=the-code&state={}&iss={}", away.state, front.stage.idp.issuer);
    assert_eq!(
        error(front.back(&away.cookie, &query).await.header("location")),
        "sso_answer"
    );
    assert!(away.url.as_str().starts_with(&front.stage.idp.issuer));
    // And what is right in everything gets in.
    let away = front.leave("/servers").await;
    let claims = front.claims(&away, "z-1", &zoe());
    front.stage.idp.will_answer(&away.challenge, claims);
    let query = format!("code=the-code&state={}&iss={}", away.state, front.stage.idp.issuer);
    assert_eq!(front.back(&away.cookie, &query).await.header("location"), "/servers");
}

#[tokio::test]
async fn an_address_that_somebody_has_links_nobody_unless_that_is_configured_and_vouched_for() {
    let bob = |verified: Value| json!({"email": "bob@demo.test", "email_verified": verified, "name": "B"});
    let front = Front::new().await;
    assert_eq!(front.error_of("b-1", bob(json!(true))).await, "sso_taken");

    let front = Front::with(|config| {
        config.sso.as_mut().unwrap().policy = Policy {
            create_users: false,
            link_by_email: true,
        };
    })
    .await;
    for verified in [json!(false), Value::Null] {
        assert_eq!(front.error_of("b-1", bob(verified)).await, "sso_unverified");
    }
    let (_, session) = front.sign_on("b-1", bob(json!(true))).await;
    assert_eq!(
        front.me(&session).await.expect(200)["subject"]["id"],
        front.stage.world.bob.id
    );
    // Another subject of the same provider does not get what is linked.
    assert_eq!(front.error_of("b-2", bob(json!(true))).await, "sso_taken");
    assert_eq!(front.error_of("z-1", zoe()).await, "sso_unknown");
}

#[tokio::test]
async fn the_last_admin_stays_one() {
    let front = Front::with(|config| config.sso.as_mut().unwrap().policy.link_by_email = true).await;
    let more = json!({"email": "ada@demo.test", "email_verified": true, "name": "Ada", "groups": []});
    let (_, session) = front.sign_on("a-1", more.clone()).await;
    assert_eq!(front.me(&session).await.expect(200)["platform_role"], "admin");
    // With another admin there, the groups decide.
    front.sign_on("z-1", zoe()).await;
    let (_, session) = front.sign_on("a-1", more).await;
    assert_eq!(front.me(&session).await.expect(200)["platform_role"], "member");
}

#[tokio::test]
async fn passwords_can_be_switched_off() {
    let front = Front::with(|config| config.password_sign_in = false).await;
    let app = front.app();
    let page = Answer::of(app.http.get(app.at("/sign-in")).header("accept", "text/html")).await;
    assert!(
        page.text.contains("Sign in with Example ID") && !page.text.contains("type=\"password\""),
        "{page:?}"
    );
    let new = json!({"email": "pat@demo.test", "password": "a long enough one"});
    app.post(&front.stage.world.ada, "/users", new).await.expect(201);
    let request = app
        .http
        .post(app.at("/sign-in"))
        .body("email=pat%40demo.test&password=a+long+enough+one");
    let answer = Answer::of(request.header("content-type", "application/x-www-form-urlencoded")).await;
    assert_eq!(error(answer.header("location")), "password_off");
    let new = json!({"email": "new@demo.test", "invite": true});
    let made = app.post(&front.stage.world.ada, "/users", new).await.expect(201);
    let link = Url::parse(made["invitation"]["url"].as_str().unwrap()).unwrap();
    let request = app.http.post(app.at(link.path())).body("password=a+long+enough+one");
    let answer = Answer::of(request.header("content-type", "application/x-www-form-urlencoded")).await;
    assert_eq!(error(answer.header("location")), "password_off");
    let (location, _) = front.sign_on("z-1", zoe()).await;
    assert_eq!(location, "/servers/notes");
}

#[tokio::test]
async fn the_first_to_come_has_to_be_an_admin() {
    let idp = Idp::start(1).await;
    let mut config = crate::support::app::config();
    config.sso = Some(sso(&idp));
    let app = App::start(config).await;
    assert!(app.overkey.services.sign_in.needs_first_admin().await.unwrap());
    let profile = |groups: &[&str]| server::services::sign_on::Profile {
        issuer: idp.issuer.clone(),
        subject: "z-1".to_owned(),
        email: Some("zoe@example.com".to_owned()),
        email_verified: None,
        name: None,
        groups: groups.iter().map(ToString::to_string).collect(),
        via: domain::via::Via::default(),
    };
    let configured = sso(&idp);
    let admit = async |groups: &[&str]| {
        let people = &app.overkey.services.sign_ons;
        people
            .admit(profile(groups), configured.policy, &configured.mapping)
            .await
    };
    assert!(admit(&["dev"]).await.is_err());
    assert!(app.overkey.services.sign_in.needs_first_admin().await.unwrap());
    assert!(admit(&["ops"]).await.is_ok());
}

#[tokio::test]
async fn a_provider_that_is_silent_is_said_to_be() {
    let front = Front::new().await;
    front.stage.idp.be_silent(true);
    let request = front
        .app()
        .http
        .post(front.app().at("/sign-in/sso"))
        .body("next=/servers");
    let answer = Answer::of(request.header("content-type", "application/x-www-form-urlencoded")).await;
    assert_eq!(error(answer.header("location")), "sso_unreachable");
}
