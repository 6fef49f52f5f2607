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
        let drop = format!("DROP SCHEMA {} CASCADE", self.schema);
        self.admin.execute(&*drop).await.unwrap();
    }
}
