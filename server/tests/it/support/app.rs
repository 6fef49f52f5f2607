//! The whole program in this process, on a port of its own, with a clock that a test moves.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::role::PlatformRole;
use domain::secret::Secret;
use domain::via::Via;
use reqwest::Method;
use reqwest::header::{HOST, HeaderMap};
use reqwest::redirect::Policy;
use serde_json::Value;
use server::clock::{Clock, SystemClock, TestClock};
use server::config::{Config, KeySource};
use server::egress::{Egress, Resolve, SystemResolver};
use server::services::accounts::NewUser;
use server::services::tokens::TokenRequest;
use server::startup::{Overkey, egress_config};
use server::web::listen;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::service_fn;
use url::{Position, Url};

use super::{Answer, Caller, PATIENCE};

pub const BODY_LIMIT: usize = 64 * 1024;
pub const FIRST_BYTE: Duration = Duration::from_secs(1);
/// Longer than any test waits: what ends a wait in a test is what should end it.
pub const CREDENTIAL_WAIT: Duration = Duration::from_secs(600);

pub struct App {
    pub overkey: Overkey,
    pub clock: Arc<TestClock>,
    pub url: Url,
    pub http: reqwest::Client,
}

/// Good for every test: a database in a temporary folder, a key, upstreams on loopback.
pub fn config() -> Config {
    let mut config = Config::load(None).unwrap();
    config.database_url = "sqlite::memory:".to_owned();
    config.key = KeySource::Value(Secret::new(STANDARD.encode([7u8; 32])));
    config.upstream_allow = vec!["127.0.0.0/8".parse().unwrap()];
    config.allowed_origins = Vec::new();
    config.trusted_proxies = Vec::new();
    config.metrics_listen = None;
    config.body_limit = BODY_LIMIT;
    config.first_byte_timeout = FIRST_BYTE.as_secs();
    config.credential_wait = CREDENTIAL_WAIT.as_secs();
    config
}

impl App {
    pub async fn start(config: Config) -> Self {
        Self::start_with(config, Arc::new(SystemResolver)).await
    }

    /// With names that lead where a test says.
    pub async fn start_with(config: Config, names: Arc<dyn Resolve>) -> Self {
        let egress = Egress::new(&egress_config(&config), &names);
        Self::start_on(config, egress).await
    }

    /// With a way out of the test's own.
    pub async fn start_on(config: Config, egress: Egress) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let bound = listener.local_addr().unwrap();
        let url = config
            .public_url
            .clone()
            .unwrap_or_else(|| Url::parse(&format!("http://{bound}")).unwrap());
        let named = url[Position::BeforeHost..Position::AfterPort].to_owned();
        let clock = Arc::new(TestClock::at(SystemClock.now().0));
        let overkey = Overkey::open_with(config, url, clock.clone(), egress).await.unwrap();
        let site = overkey.site().await.unwrap();
        // As `startup::run` does, but never told to stop.
        let bounds = listen::Bounds::of(overkey.config.limits.connections);
        let service = service_fn(move |request| site.clone().answer(request));
        tokio::spawn(listen::serve(listener, service, bounds, CancellationToken::new()));
        Self {
            overkey,
            clock,
            url: Url::parse(&format!("http://{bound}")).unwrap(),
            http: client(&named),
        }
    }

    /// Returns when everything that is written in the background is in the database.
    pub async fn settle(&self) {
        self.overkey.services.calls.flush().await;
    }

    /// The first admin, as the set-up link makes one.
    pub async fn first_admin(&self, name: &str) -> Caller {
        let new = NewUser {
            email: format!("{name}@demo.test"),
            name: Some(name.to_owned()),
            password: None,
            platform_role: PlatformRole::Admin,
        };
        let actor = self
            .overkey
            .services
            .sign_in
            .first_admin(new, Via::default())
            .await
            .unwrap();
        let token = self.token_of(&actor.subject.id).await;
        Caller::user(actor.subject.id, token)
    }

    /// A personal access token, as `overkey token create` makes one: by REST everybody makes only their own.
    pub async fn token_of(&self, user: &str) -> String {
        let subject = domain::actor::SubjectRef::user(&domain::id::UserId::new(user));
        let owner = domain::actor::Actor::new(subject, user, PlatformRole::Member);
        let request = TokenRequest::default();
        let new = self.overkey.services.tokens.create(&owner, request).await.unwrap();
        new.value.expose().to_owned()
    }

    pub fn at(&self, path: &str) -> Url {
        self.url.join(path).unwrap()
    }

    /// A REST call, ready to get more headers or another body.
    pub fn request(&self, caller: &Caller, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http
            .request(method, self.at(&format!("/api/v1{path}")))
            .bearer_auth(&caller.token)
    }

    pub async fn get(&self, caller: &Caller, path: &str) -> Answer {
        Answer::of(self.request(caller, Method::GET, path)).await
    }

    pub async fn post(&self, caller: &Caller, path: &str, body: Value) -> Answer {
        Answer::of(self.request(caller, Method::POST, path).json(&body)).await
    }

    pub async fn put(&self, caller: &Caller, path: &str, body: Value) -> Answer {
        Answer::of(self.request(caller, Method::PUT, path).json(&body)).await
    }

    pub async fn patch(&self, caller: &Caller, path: &str, body: Value) -> Answer {
        Answer::of(self.request(caller, Method::PATCH, path).json(&body)).await
    }

    pub async fn delete(&self, caller: &Caller, path: &str) -> Answer {
        Answer::of(self.request(caller, Method::DELETE, path)).await
    }
}

/// Follows no redirect and keeps no cookie: a test sees every answer as it is. Names the public host, as a proxy would.
pub fn client(host: &str) -> reqwest::Client {
    rustls::crypto::ring::default_provider().install_default().ok();
    reqwest::Client::builder()
        .default_headers(HeaderMap::from_iter([(HOST, host.parse().unwrap())]))
        .redirect(Policy::none())
        .no_proxy()
        .timeout(PATIENCE)
        .build()
        .unwrap()
}
