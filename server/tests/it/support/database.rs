//! A PostgreSQL schema for one test: quicker to make and to drop than a database.

use sqlx::{Connection, Executor, PgConnection};

/// Dropped by `remove`; one of a test that failed is left to be looked at.
pub struct Postgres {
    pub url: String,
    schema: String,
    admin: PgConnection,
}

impl Postgres {
    pub async fn create() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "the test suite's own variable, not configuration"
        )]
        let server = std::env::var("OVERKEY_TEST_POSTGRES")
            .expect("OVERKEY_TEST_POSTGRES names no PostgreSQL to test on; `make test` starts one");
        let schema = format!("it_{}", uuid::Uuid::now_v7().simple());
        let mut admin = PgConnection::connect(&server).await.unwrap();
        admin.execute(&*format!("CREATE SCHEMA {schema}")).await.unwrap();
        let mut url = url::Url::parse(&server).unwrap();
        url.query_pairs_mut().append_pair("options[search_path]", &schema);
        Self {
            url: url.into(),
            schema,
            admin,
        }
    }

    pub async fn remove(mut self) {
        // The app's own writers go on in the background: what they begin from here on finds no tables, and what they have begun
        // is ended, so that nobody waits for a lock in a circle.
        let Self { schema, admin, .. } = &mut self;
        let rename = format!("ALTER SCHEMA {schema} RENAME TO {schema}_gone");
        admin.execute(&*rename).await.unwrap();
        let holders = "SELECT pg_terminate_backend(pid) FROM (SELECT DISTINCT pid FROM pg_locks l \
                       JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace \
                       WHERE n.nspname = $1 AND pid <> pg_backend_pid()) holders";
        let holders = sqlx::query(holders).bind(format!("{schema}_gone"));
        holders.execute(&mut *admin).await.unwrap();
        let drop = format!("DROP SCHEMA {schema}_gone CASCADE");
        admin.execute(&*drop).await.unwrap();
    }
}
