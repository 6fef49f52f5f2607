//! The demo's authorization server: OAuth 2.1 as MCP asks for it, small, in this process, forgotten when it ends. Tests start it
//! too; `controls` is what they count and break with.

mod authorize;
mod clients;
pub mod controls;
mod ledger;
mod metadata;
mod page;
mod token;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::routing::{get, post};
use domain::secret::Secret;
use tokio::net::TcpListener;
use tokio::sync::{RwLock, watch};

use crate::clock::{Clock, SystemClock};
use authorize::Pending;
pub use clients::Client;
use controls::{Counts, Switches};
pub use ledger::Grant;
use ledger::Ledger;

/// How long the demo's access tokens are good for: short enough to see a refresh while looking around.
const ACCESS_LIFETIME: i64 = 600;
/// The demo's confidential client, which `machine` is registered with.
pub const MACHINE_CLIENT: &str = "overkey-machine";
pub const MACHINE_SECRET: &str = "machine-secret-demo-0001";
pub const SCOPES: [&str; 2] = ["read", "write"];
/// Who can sign in at its page.
pub const PEOPLE: [(&str, &str); 4] = [
    ("bob", "Bob Ng"),
    ("eve", "Eve Silva"),
    ("mia", "Mia Kern"),
    ("ada", "Ada Park"),
];

/// What it is started with.
pub struct Options {
    pub clock: Arc<dyn Clock>,
    /// Of access tokens, in seconds.
    pub access_lifetime: i64,
    /// Known from the start; others register themselves.
    pub clients: Vec<Client>,
}

impl Default for Options {
    fn default() -> Self {
        let machine = Client {
            secret: Some(Secret::new(MACHINE_SECRET)),
            ..Client::named(MACHINE_CLIENT)
        };
        Self {
            clock: Arc::new(SystemClock),
            access_lifetime: ACCESS_LIFETIME,
            clients: vec![machine],
        }
    }
}

/// A running one; a clone is the same one.
#[derive(Clone)]
pub struct DemoProvider {
    /// `http://127.0.0.1:<port>`, which is the issuer too.
    pub base_url: String,
    shared: Arc<Shared>,
}

struct Shared {
    clock: Arc<dyn Clock>,
    access_lifetime: i64,
    books: Mutex<Books>,
    switches: Mutex<Switches>,
    counts: watch::Sender<Counts>,
    /// Token requests wait while somebody writes.
    gate: Arc<RwLock<()>>,
}

/// All that it remembers.
#[derive(Default)]
struct Books {
    clients: Vec<Client>,
    pending: Vec<Pending>,
    ledger: Ledger,
}

impl DemoProvider {
    /// Listens on a loopback port of the system's choosing until the process ends.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let provider = Self {
            base_url: format!("http://{}", listener.local_addr()?),
            shared: Arc::new(Shared {
                clock: options.clock,
                access_lifetime: options.access_lifetime,
                books: Mutex::new(Books {
                    clients: options.clients,
                    ..Books::default()
                }),
                switches: Mutex::default(),
                counts: watch::Sender::new(Counts::default()),
                gate: Arc::default(),
            }),
        };
        let router = provider.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(provider)
    }

    pub fn authorization_url(&self) -> String {
        format!("{}/authorize", self.base_url)
    }

    pub fn token_url(&self) -> String {
        format!("{}/token", self.base_url)
    }

    pub fn registration_url(&self) -> String {
        format!("{}/register", self.base_url)
    }

    pub fn revocation_url(&self) -> String {
        format!("{}/revoke", self.base_url)
    }

    /// What an access token stands for, if it is good now and was made for this resource (RFC 8707).
    pub fn check(&self, access_token: &str, resource: &str) -> Option<Grant> {
        let now = self.now();
        self.books().ledger.check(access_token, now, resource)
    }

    fn router(&self) -> Router {
        Router::new()
            .route("/.well-known/oauth-authorization-server", get(metadata::metadata))
            .route("/authorize", get(authorize::ask).post(authorize::answer))
            .route("/token", post(token::token))
            .route("/revoke", post(token::revoke))
            .route("/register", post(clients::register))
            .route("/style.css", get(page::style))
            .with_state(self.clone())
    }

    fn now(&self) -> i64 {
        self.shared.clock.now().0
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.shared.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
