//! The overrides tab with 100,000 rows on one server: search, filters and pages, in the server itself, on both databases. The goal is
//! 20 milliseconds at most (`bench/README.md`).
//!
//! `cargo bench -p server --bench overrides_tab` prints a table. Criterion's figures are means; here half and nineteen of twenty
//! count, so it measures by itself. PostgreSQL is the one of `OVERKEY_TEST_POSTGRES`, if that names one.

#![expect(clippy::expect_used, reason = "a bench that cannot begin has nothing to say")]
#![expect(clippy::print_stdout, reason = "a table is what it is for")]

use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{Method, StatusCode, header};
use server::startup::Overkey;
use server::web::Site;
use sqlx::{Connection, Executor, PgConnection, SqliteConnection};
use world::{EMAIL, PASSWORD, world};

mod crowd;
mod world;

const TIMES: usize = 100;
/// What the tab shows at once.
const PAGE: u32 = 50;
const STATES: [&str; 7] = [
    "active",
    "rejected",
    "suspended",
    "expired",
    "needs_update",
    "reconnect",
    "no_access",
];

struct Bench {
    _overkey: Overkey,
    site: Site,
    token: String,
    session: String,
}

impl Bench {
    async fn new(database: &str) -> Self {
        let (overkey, token) = world(database).await;
        run(database, &crowd::fill()).await;
        // What was written past the program is put into blocks at its next start.
        let store = server::store::open(database).await.expect("a store");
        let begun = Instant::now();
        store.migrate().await.expect("blocks of names");
        println!("\nNames put into blocks in {} ms", milliseconds(begun.elapsed()));
        let site = overkey.site().await.expect("a site");
        let mut bench = Self {
            _overkey: overkey,
            site,
            token,
            session: String::new(),
        };
        bench.session = bench.sign_in().await;
        bench
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
        let body = self.get(&rest(query, cursor, limit)).await;
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
        let found = self.list(query, cursor, PAGE).await["items"]
            .as_array()
            .map_or(0, Vec::len);
        let mut cells = format!("| {what} | {found} |");
        for path in [rest(query, cursor, PAGE), page(query, cursor)] {
            let mut times = Vec::with_capacity(TIMES);
            for _ in 0..TIMES {
                let begun = Instant::now();
                self.get(&path).await;
                times.push(begun.elapsed());
            }
            times.sort_unstable();
            let (half, most) = (times[TIMES / 2], times[TIMES * 19 / 20]);
            cells += &format!(" {} | {} |", milliseconds(half), milliseconds(most));
        }
        println!("{cells}");
    }

    async fn pages(&self) {
        for sort in ["entity", "-updated_at", "-last_used_at", "kind"] {
            let query = format!("sort={sort}");
            let [middle, last] = self.cursors(&query).await;
            self.tell(&format!("by {sort}, first"), &query, None).await;
            self.tell("middle", &query, Some(&middle)).await;
            self.tell("last", &query, Some(&last)).await;
        }
    }

    async fn searches(&self) {
        for (what, search) in [
            ("all", "example"),
            ("a tenth", "person 1"),
            ("a tenth, which come last by name", "person 9"),
            ("a thousand", "person-99"),
            ("eleven", "-9999"),
            ("one", "person 54321"),
            ("none", "nobody"),
        ] {
            for sort in ["entity", "-last_used_at"] {
                let search = search.replace(' ', "%20");
                let query = format!("search={search}&sort={sort}");
                self.tell(&format!("search, {what}, by {sort}"), &query, None).await;
            }
        }
        let query = "search=person%201";
        let [middle, last] = self.cursors(query).await;
        self.tell("search, a tenth, middle", query, Some(&middle)).await;
        self.tell("search, a tenth, last", query, Some(&last)).await;
        self.tell("search, none, of a state", "search=nobody&state=active", None)
            .await;
        for kind in ["user", "virtual_account", "external_identity"] {
            self.tell(&format!("type {kind}"), &format!("type={kind}"), None).await;
        }
    }

    async fn states(&self, sorts: &[&str]) {
        for state in STATES {
            for sort in sorts {
                let query = format!("state={state}&sort={sort}");
                self.tell(&format!("{state}, by {sort}"), &query, None).await;
            }
        }
    }
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1_000.0)
}

fn rest(query: &str, cursor: Option<&str>, limit: u32) -> String {
    let cursor = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
    format!("/api/v1/servers/notes/overrides?{query}{cursor}&limit={limit}")
}

/// The page has names of its own for some.
fn page(query: &str, cursor: Option<&str>) -> String {
    let query = query.replace("last_used_at", "last_used").replace("type=", "kind=");
    let cursor = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
    format!("/servers/notes/overrides?{query}{cursor}")
}

async fn run(database: &str, statements: &[String]) {
    if database.starts_with("sqlite:") {
        let mut connection = SqliteConnection::connect(database).await.expect("a connection");
        for sql in statements {
            connection.execute(&**sql).await.expect(sql);
        }
    } else {
        let mut connection = PgConnection::connect(database).await.expect("a connection");
        for sql in statements {
            connection.execute(&**sql).await.expect(sql);
        }
        // What it does by itself within a minute.
        connection.execute("VACUUM ANALYZE").await.expect("statistics");
    }
}

async fn measure(name: &str, database: &str) {
    let bench = Bench::new(database).await;
    let heading = |what: &str| {
        println!(
            "\n{name}, {} overrides, {what}: {TIMES} times each, in milliseconds\n",
            crowd::ROWS
        );
        println!("| what | rows | REST p50 | p95 | page p50 | p95 |\n|---|---|---|---|---|---|");
    };
    heading("each with a grant of its own");
    bench.pages().await;
    bench.searches().await;
    bench.states(&["entity", "-last_used_at"]).await;
    for (what, change) in [
        ("access for everyone", crowd::open_to_all()),
        ("access for admins alone", crowd::closed()),
        ("access through a team of most", crowd::through_a_team()),
    ] {
        run(database, &change).await;
        heading(what);
        bench.states(&["entity"]).await;
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
