//! Databases with the schema and without rows, to be asked for their plans.

use sqlx::{Connection, Execute, Executor, PgConnection, QueryBuilder, SqliteConnection};

pub async fn sqlite() -> SqliteConnection {
    let mut db = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    sqlx::migrate!("../migrations/sqlite").run(&mut db).await.unwrap();
    db
}

/// A database of its own; `end` removes it.
pub struct Planned {
    admin: PgConnection,
    pub db: PgConnection,
    name: String,
}

impl Planned {
    #[expect(
        clippy::disallowed_methods,
        reason = "where the tests' PostgreSQL is, is the test set-up's to say"
    )]
    pub async fn postgres() -> Self {
        let server =
            std::env::var("OVERKEY_TEST_POSTGRES").expect("OVERKEY_TEST_POSTGRES names a PostgreSQL to test on");
        let name = format!("overkey_{}", uuid::Uuid::now_v7().simple());
        let mut admin = PgConnection::connect(&server).await.unwrap();
        admin.execute(&*format!("CREATE DATABASE {name}")).await.unwrap();
        let mut url = url::Url::parse(&server).unwrap();
        url.set_path(&name);
        let mut db = PgConnection::connect(url.as_str()).await.unwrap();
        sqlx::migrate!("../migrations/postgres").run(&mut db).await.unwrap();
        Self { admin, db, name }
    }

    /// The plan of a query, whose values stay bound.
    pub async fn explain(&mut self, query: &mut QueryBuilder<'static, sqlx::Postgres>) -> String {
        let text = format!("EXPLAIN {}", query.sql());
        let values = query.build().take_arguments().unwrap().unwrap_or_default();
        let plan = sqlx::query_scalar_with::<_, String, _>(&text, values);
        plan.fetch_all(&mut self.db).await.unwrap().join("\n")
    }

    pub async fn end(mut self) {
        drop(self.db);
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        self.admin.execute(&*drop).await.unwrap();
    }
}
