//! A PostgreSQL database for one test, as `store/contract` has it.

use sqlx::{Connection, Executor, PgConnection};

/// Dropped by `remove`; one of a test that failed is left to be looked at.
pub struct Postgres {
    pub url: String,
    name: String,
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
        let name = format!("overkey_it_{}", uuid::Uuid::now_v7().simple());
        let mut admin = PgConnection::connect(&server).await.unwrap();
        admin.execute(&*format!("CREATE DATABASE {name}")).await.unwrap();
        let mut url = url::Url::parse(&server).unwrap();
        url.set_path(&name);
        Self {
            url: url.into(),
            name,
            admin,
        }
    }

    pub async fn remove(mut self) {
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        self.admin.execute(&*drop).await.unwrap();
    }
}
