//! The overrides tab with 100,000 rows on one server: search, filters and pages, in the server itself, on both databases. The goal is
//! 20 milliseconds at most (`bench/README.md`).
//!
//! `cargo bench -p server --bench overrides_tab` prints a table. Criterion's figures are means; here half and nineteen of twenty
//! count, so it measures by itself. PostgreSQL is the one of `OVERKEY_TEST_POSTGRES`, if that names one.

#![expect(clippy::expect_used, reason = "a bench that cannot begin has nothing to say")]
#![expect(clippy::print_stdout, reason = "a table is what it is for")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{Method, StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::role::PlatformRole;
use domain::secret::Secret;
use domain::via::Via;
use server::clock::SystemClock;
use server::config::{Config, KeySource};
use server::services::accounts::NewUser;
use server::services::catalog::NewServer;
use server::services::entered::Entered;
use server::services::set_override::SetOverride;
use server::services::tokens::TokenRequest;
use server::startup::Overkey;
use server::web::Site;
use sqlx::{Connection, Executor, PgConnection, SqliteConnection};

const ROWS: u32 = 100_000;
const TIMES: usize = 100;
const EMAIL: &str = "ada@demo.test";
const PASSWORD: &str = "a bench's own password 1";

/// One row for each number, copied from Ada's own; every hundredth is rejected, every thousandth has an end.
const NUMBERS: &str = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ";
const ACCOUNTS: &str = ") INSERT INTO virtual_accounts (id, entity_key, description, created_at) \
    SELECT 'account-' || n, 'account-' || n, '', 0 FROM numbers";
const OVERRIDES: &str = ") INSERT INTO overrides (id, server_id, subject_type, subject_id, entity_key, kind, condition, sealed, origin, \
    masks, updated_by_type, updated_by_id, updated_by_name, created_at, updated_at, last_used_at, expires_at, version) \
    SELECT 'row-' || n, server_id, 'virtual_account', 'account-' || n, 'account-' || n, kind, \
    CASE n % 100 WHEN 0 THEN 'rejected' ELSE condition END, sealed, origin, masks, updated_by_type, updated_by_id, \
    updated_by_name, created_at, created_at + n * 7919 % 1000003, \
    CASE n % 3 WHEN 0 THEN NULL ELSE created_at + n * 104729 % 1000003 END, \
    CASE n % 1000 WHEN 0 THEN created_at + 86400000000 END, version FROM numbers CROSS JOIN overrides";

struct World {
    _overkey: Overkey,
    site: Site,
    token: String,
    session: String,
}

impl World {
    async fn new(database: &str) -> Self {
        let mut config = Config::load(None).expect("settings");
        config.database_url = database.to_owned();
        config.key = KeySource::Value(Secret::new(STANDARD.encode([7u8; 32])));
        config.upstream_allow = vec!["127.0.0.0/8".parse().expect("a network")];
        let url = "http://localhost:8080".parse().expect("a URL");
        let overkey = Overkey::open(config, url, Arc::new(SystemClock))
            .await
            .expect("Overkey");
        let token = first_row(&overkey).await;
        multiply(database).await;
        let site = overkey.site().await.expect("a site");
        let mut world = Self {
            _overkey: overkey,
            site,
            token,
            session: String::new(),
        };
        world.session = world.sign_in().await;
        world.open_to_all().await;
        world
    }

    async fn sign_in(&self) -> String {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("email", EMAIL)
            .append_pair("password", PASSWORD)
            .finish();
        let request = Request::builder()
            .method(Method::POST)
            .uri("/sign-in")
            .header(header::HOST, "localhost:8080")
            .header(header::ORIGIN, "http://localhost:8080")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form));
        let Ok(answer) = self.site.clone().answer(request.expect("a request")).await;
        let cookie = answer.headers().get(header::SET_COOKIE).expect("a session");
        let cookie = cookie.to_str().expect("ASCII").split(';').next();
        cookie.expect("a cookie").to_owned()
    }

    async fn open_to_all(&self) {
        let request = Request::builder()
            .method(Method::PUT)
            .uri("/api/v1/servers/notes/access/everyone/all")
            .header(header::HOST, "localhost:8080")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(r#"{"role": "user"}"#));
        let Ok(answer) = self.site.clone().answer(request.expect("a request")).await;
        assert!(answer.status().is_success(), "{answer:?}");
    }

    async fn get(&self, path: &str) -> String {
        let request = Request::builder()
            .uri(path)
            .header(header::HOST, "localhost:8080")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        let request = if path.starts_with("/api/") {
            request
        } else {
            request.header(header::COOKIE, &self.session)
        };
        let request = request.body(Body::empty()).expect("a request");
        let Ok(answer) = self.site.clone().answer(request).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let body = to_bytes(answer.into_body(), usize::MAX).await.expect("a body");
        String::from_utf8(body.to_vec()).expect("text")
    }

    async fn list(&self, query: &str, cursor: Option<&str>, limit: u32) -> serde_json::Value {
        let body = self
            .get(&address("/api/v1/servers/notes/overrides", query, cursor, limit))
            .await;
        serde_json::from_str(&body).expect("JSON")
    }

    /// The cursors of the page in the middle and of the last one.
    async fn cursors(&self, query: &str) -> [String; 2] {
        const STEP: u32 = 200;
        let (mut cursors, mut next) = (Vec::new(), None);
        loop {
            let page = self.list(query, next.as_deref(), STEP).await;
            match page["next_cursor"].as_str() {
                Some(cursor) => cursors.push(cursor.to_owned()),
                None => break,
            }
            next = cursors.last().cloned();
        }
        let last = cursors.last().expect("more than one page").clone();
        [cursors.swap_remove(cursors.len() / 2), last]
    }

    async fn tell(&self, what: &str, query: &str, cursor: Option<&str>) {
        let found = self.list(query, cursor, 50).await["items"]
            .as_array()
            .map_or(0, Vec::len);
        let mut cells = format!("| {what} | {found} |");
        for path in ["/api/v1/servers/notes/overrides", "/servers/notes/overrides"] {
            // The page has a name of its own for it.
            let query = match path.starts_with("/api/") {
                true => query.to_owned(),
                false => query.replace("last_used_at", "last_used"),
            };
            let path = address(path, &query, cursor, 50);
            let mut times = Vec::with_capacity(TIMES);
            for _ in 0..TIMES {
                let begun = Instant::now();
                self.get(&path).await;
                times.push(begun.elapsed());
            }
            times.sort_unstable();
            cells += &format!(
                " {} | {} |",
                milliseconds(times[TIMES / 2]),
                milliseconds(times[TIMES * 19 / 20])
            );
        }
        println!("{cells}");
    }
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1_000.0)
}

fn address(path: &str, query: &str, cursor: Option<&str>, limit: u32) -> String {
    let cursor = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
    let limit = if path.starts_with("/api/") {
        format!("&limit={limit}")
    } else {
        String::new()
    };
    format!("{path}?{query}{cursor}{limit}")
}

/// Ada, her server, and her own override, which the others are copies of.
async fn first_row(overkey: &Overkey) -> String {
    let services = &overkey.services;
    let new = NewUser {
        email: EMAIL.to_owned(),
        name: None,
        password: Some(Secret::new(PASSWORD.to_owned())),
        platform_role: PlatformRole::Admin,
    };
    let ada = services
        .sign_in
        .first_admin(new, Via::default())
        .await
        .expect("an admin");
    let auth = r#"{"mode":"api_key_individual","headers":{"Authorization":"Bearer {{API_KEY}}"}}"#;
    let server = NewServer {
        name: "notes".to_owned(),
        url: "http://127.0.0.1:9/mcp".to_owned(),
        description: String::new(),
        outbound_auth: serde_json::from_str(auth).expect("outbound auth"),
        allow_optional: false,
    };
    services.catalog.create(&ada, server).await.expect("a server");
    let set = SetOverride {
        subject: ada.subject.clone(),
        entered: Entered::One(Secret::new("sk-ada")),
        expires_at: None,
        replace: false,
        verify: false,
    };
    services.overrides.set(&ada, "notes", set).await.expect("an override");
    let token = services.tokens.create(&ada, TokenRequest::default()).await;
    token.expect("a token").value.expose().to_owned()
}

async fn multiply(database: &str) {
    let statements = [ACCOUNTS, OVERRIDES].map(|rows| format!("{NUMBERS}{ROWS}{rows}"));
    if database.starts_with("sqlite:") {
        let mut connection = SqliteConnection::connect(database).await.expect("a connection");
        for sql in &statements {
            connection.execute(&**sql).await.expect("rows");
        }
    } else {
        let mut connection = PgConnection::connect(database).await.expect("a connection");
        for sql in &statements {
            connection.execute(&**sql).await.expect("rows");
        }
        // What it does by itself within a minute.
        connection.execute("VACUUM ANALYZE").await.expect("statistics");
    }
}

async fn measure(name: &str, database: &str) {
    let world = World::new(database).await;
    println!("\n{name}, {ROWS} overrides, {TIMES} times each, in milliseconds\n");
    println!("| what | rows | REST p50 | p95 | page p50 | p95 |\n|---|---|---|---|---|---|");
    for sort in ["entity", "-updated_at", "-last_used_at", "kind"] {
        let query = format!("sort={sort}");
        let [middle, last] = world.cursors(&query).await;
        world.tell(&format!("by {sort}, first"), &query, None).await;
        world.tell("middle", &query, Some(&middle)).await;
        world.tell("last", &query, Some(&last)).await;
    }
    for (what, search) in [
        ("search, all", "account"),
        ("search, a tenth", "account-1"),
        ("search, twenty", "-9999"),
        ("search, one", "account-54321"),
        ("search, none", "nobody"),
    ] {
        for sort in ["entity", "-last_used_at"] {
            let query = format!("search={search}&sort={sort}");
            world.tell(&format!("{what}, by {sort}"), &query, None).await;
        }
    }
    let [middle, last] = world.cursors("search=account-1").await;
    world
        .tell("search, a tenth, middle", "search=account-1", Some(&middle))
        .await;
    world
        .tell("search, a tenth, last", "search=account-1", Some(&last))
        .await;
    world.tell("users alone", "type=user", None).await;
    for state in [
        "no_access",
        "rejected",
        "suspended",
        "expired",
        "needs_update",
        "reconnect",
        "active",
    ] {
        world
            .tell(&format!("state {state}"), &format!("state={state}"), None)
            .await;
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "where the tests' PostgreSQL is, is the set-up's to say"
)]
fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("overkey.db");
        measure("SQLite", &format!("sqlite://{}", file.display())).await;
        let Ok(server) = std::env::var("OVERKEY_TEST_POSTGRES") else {
            return println!("\nOVERKEY_TEST_POSTGRES names no PostgreSQL to measure on");
        };
        let name = format!("overkey_{}", uuid::Uuid::now_v7().simple());
        let mut admin = PgConnection::connect(&server).await.expect("PostgreSQL");
        admin
            .execute(&*format!("CREATE DATABASE {name}"))
            .await
            .expect("a database");
        let mut database = url::Url::parse(&server).expect("a URL");
        database.set_path(&name);
        measure("PostgreSQL", database.as_str()).await;
        let drop = format!("DROP DATABASE {name} WITH (FORCE)");
        admin.execute(&*drop).await.expect("the database to go");
    });
}
