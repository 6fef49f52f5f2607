//! How the databases go about a page: an index, in its order, and nothing else. Said by their plans, for times say more of the machine.

use domain::actor::SubjectKind;
use domain::id::ServerId;
use domain::overrides::Condition;
use sqlx::{Connection, Executor, PgConnection, Row, SqliteConnection};

use super::*;

const SORTS: [(OverrideSort, &str); 4] = [
    (OverrideSort::Entity, "overrides_by_entity"),
    (OverrideSort::Kind, "overrides_by_kind"),
    (OverrideSort::UpdatedAt, "overrides_by_update"),
    (OverrideSort::LastUsed, "overrides_by_use"),
];

/// Every sort, both ways, plain and with each filter; from the start and further on.
fn queries() -> Vec<(OverrideQuery, &'static str, Option<Place>)> {
    let mut queries = Vec::new();
    for (sort, index) in SORTS {
        for (descending, further) in [(false, false), (false, true), (true, true)] {
            let plain = OverrideQuery {
                server: ServerId::new("s"),
                only: None,
                search: None,
                subject_kind: None,
                condition: None,
                sort,
                descending,
                cursor: None,
                limit: 50,
            };
            let filtered = OverrideQuery {
                search: Some("nobody".to_owned()),
                subject_kind: Some(SubjectKind::VirtualAccount),
                condition: Some(Condition::Rejected),
                ..plain.clone()
            };
            let key = if order(&plain).numeric {
                Key::Number(5)
            } else {
                Key::Text("k".to_owned())
            };
            let place = Place {
                key,
                entity: "e".to_owned(),
                id: "o".to_owned(),
                before: false,
                total: None,
            };
            queries.extend([plain, filtered].map(|query| (query, index, further.then(|| place.clone()))));
        }
    }
    queries
}

#[tokio::test]
async fn s01_sqlite_reads_a_page_out_of_one_index() {
    let mut db = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    sqlx::migrate!("../migrations/sqlite").run(&mut db).await.unwrap();
    for (query, index, place) in queries() {
        let mut explained = Tx::<sqlx::Sqlite>::page_sql("EXPLAIN QUERY PLAN ", &query, &order(&query), place.as_ref());
        let plan = explained.build().fetch_all(&mut db).await.unwrap();
        // Below the join, which sorts the fifty rows of the page again.
        let inner: Vec<String> = plan
            .iter()
            .filter(|step| step.get::<i64, _>("parent") != 0)
            .map(|step| step.get("detail"))
            .collect();
        assert_eq!(inner.len(), 1, "{query:?}: {inner:?}");
        assert!(
            inner[0].starts_with(&format!("SEARCH overrides USING INDEX {index} (server_id=?")),
            "{query:?}: {inner:?}"
        );
        assert_eq!(
            inner[0].contains('>') || inner[0].contains('<'),
            place.is_some(),
            "{query:?}: {inner:?}"
        );
        let counted = format!("EXPLAIN QUERY PLAN {}", Tx::<sqlx::Sqlite>::count_sql(&query).sql());
        let plan = sqlx::query(&counted).fetch_all(&mut db).await.unwrap();
        let step: String = plan[0].get("detail");
        assert!(
            plan.len() == 1 && step.starts_with("SEARCH overrides USING COVERING INDEX"),
            "{query:?}: {step}"
        );
    }
    for (_, index) in SORTS {
        let columns = sqlx::query(&format!("PRAGMA index_info({index})"))
            .fetch_all(&mut db)
            .await
            .unwrap();
        let columns: Vec<String> = columns.iter().map(|column| column.get("name")).collect();
        for filter in ["entity_key", "subject_type", "condition"] {
            assert!(columns.iter().any(|column| column == filter), "{index} lacks {filter}");
        }
    }
}

#[tokio::test]
#[expect(
    clippy::disallowed_methods,
    reason = "where the tests' PostgreSQL is, is the test set-up's to say"
)]
async fn s01_postgres_reads_a_page_out_of_one_index() {
    let server = std::env::var("OVERKEY_TEST_POSTGRES").expect("OVERKEY_TEST_POSTGRES names a PostgreSQL to test on");
    let name = format!("overkey_{}", uuid::Uuid::now_v7().simple());
    let mut admin = PgConnection::connect(&server).await.unwrap();
    admin.execute(&*format!("CREATE DATABASE {name}")).await.unwrap();
    let mut url = url::Url::parse(&server).unwrap();
    url.set_path(&name);
    let mut db = PgConnection::connect(url.as_str()).await.unwrap();
    sqlx::migrate!("../migrations/postgres").run(&mut db).await.unwrap();
    // The table is empty, where reading and sorting all of it would be quicker than any index.
    for way in ["seqscan", "bitmapscan", "sort", "incremental_sort"] {
        db.execute(&*format!("SET enable_{way} = off")).await.unwrap();
    }
    for (query, index, place) in queries() {
        let mut explained = Tx::<sqlx::Postgres>::page_sql("EXPLAIN ", &query, &order(&query), place.as_ref());
        let plan = explained
            .build_query_scalar::<String>()
            .fetch_all(&mut db)
            .await
            .unwrap()
            .join("\n");
        assert!(
            plan.contains(&format!("using {index} on overrides")),
            "{query:?}: {plan}"
        );
        assert!(
            !plan.contains("Sort") && !plan.contains("Seq Scan on overrides"),
            "{query:?}: {plan}"
        );
        let range = plan
            .lines()
            .find(|line| line.contains("Index Cond: ((server_id") || line.contains("Index Cond: (server_id"))
            .unwrap_or_default();
        assert_eq!(range.contains("ROW("), place.is_some(), "{query:?}: {plan}");
        assert_eq!(
            range.contains("condition = "),
            query.condition.is_some(),
            "{query:?}: {plan}"
        );
    }
    drop(db);
    admin
        .execute(&*format!("DROP DATABASE {name} WITH (FORCE)"))
        .await
        .unwrap();
}
