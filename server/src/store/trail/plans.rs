//! How the databases find the calls of one caller: in their index, newest first, and no further than a page.

use domain::actor::{SubjectKind, SubjectRef};
use sqlx::{Executor, Row};

use super::*;
use crate::store::planned::{self, Planned};

const ID: &str = "019b0000-0000-7000-8000-00000000beef";

/// By the audit page's filter and as one's own; from the start and further on.
fn queries() -> Vec<(TrailQuery, Option<Place>)> {
    let actor = WantedActor {
        ids: vec![ID.to_owned()],
        name: "x".to_owned(),
    };
    let of = SubjectRef {
        kind: SubjectKind::User,
        id: ID.to_owned(),
    };
    let ask = TrailQuery::default;
    let asked = [
        TrailQuery {
            actor: Some(actor),
            ..ask()
        },
        TrailQuery { of: Some(of), ..ask() },
    ];
    let place = Place { at: 5, rank: 0, seq: 5 };
    asked
        .into_iter()
        .flat_map(|query| [(query.clone(), None), (query, Some(place))])
        .collect()
}

#[tokio::test]
async fn b07_sqlite_finds_a_callers_calls_in_their_index() {
    let mut db = planned::sqlite().await;
    for (query, after) in queries() {
        let sql = Tx::<sqlx::Sqlite>::trail_sql(Trail::Calls, &query, after);
        let plan = sqlx::query(&format!("EXPLAIN QUERY PLAN {}", sql.sql()))
            .fetch_all(&mut db)
            .await
            .unwrap();
        let steps: Vec<String> = plan.iter().map(|step| step.get("detail")).collect();
        assert_eq!(
            steps,
            ["SEARCH calls USING INDEX calls_by_actor (<expr>=? AND at<?)"],
            "{query:?}"
        );
    }
}

#[tokio::test]
async fn b07_postgres_finds_a_callers_calls_in_their_index() {
    let mut planned = Planned::postgres().await;
    // The tables are empty, where reading and sorting all of one would be quicker than any index.
    for way in ["seqscan", "bitmapscan", "sort", "incremental_sort"] {
        planned.db.execute(&*format!("SET enable_{way} = off")).await.unwrap();
    }
    for (query, after) in queries() {
        let mut sql = Tx::<sqlx::Postgres>::trail_sql(Trail::Calls, &query, after);
        let plan = planned.explain(&mut sql).await;
        assert!(
            plan.contains("Index Scan Backward using calls_by_actor on calls"),
            "{query:?}: {plan}"
        );
        let condition = plan
            .lines()
            .find(|line| line.contains("Index Cond"))
            .unwrap_or_default();
        assert!(
            condition.contains("\"right\"(actor_id, 2) = ")
                && condition.contains("ROW(at, seq) < ")
                && !plan.contains("Sort"),
            "{query:?}: {plan}"
        );
    }
    planned.end().await;
}

#[test]
fn an_ids_end_is_its_last_two_letters() {
    for (id, ends) in [
        ("", ""),
        ("a", "a"),
        ("ab", "ab"),
        ("abc", "bc"),
        ("aéß", "éß"),
        (ID, "ef"),
    ] {
        assert_eq!(end(id), ends);
    }
}
