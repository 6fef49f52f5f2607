//! How the databases go about a page: ranges of indexes, in their order, and nothing else. Said by their plans, for times say more of
//! the machine.

use domain::actor::{SubjectKind, SubjectRef};
use domain::id::ServerId;
use domain::timestamp::Timestamp;
use sqlx::{Executor, PgConnection, Postgres, QueryBuilder, Row, Sqlite, SqliteConnection};

use super::*;
use crate::store::override_order::Key;
use crate::store::planned::{self, Planned};
use crate::store::{OverrideSort, Standing};

const SORTS: [(OverrideSort, &str, &str); 4] = [
    (
        OverrideSort::Entity,
        "overrides_by_entity",
        "overrides_standing_by_entity",
    ),
    (OverrideSort::Kind, "overrides_by_kind", "overrides_standing_by_entity"),
    (
        OverrideSort::UpdatedAt,
        "overrides_by_update",
        "overrides_standing_by_update",
    ),
    (OverrideSort::LastUsed, "overrides_by_use", "overrides_standing_by_use"),
];
/// Half of them in one standing, as PostgreSQL goes by what there is.
const FILL: &str = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20000)
    INSERT INTO overrides (id, server_id, subject_type, subject_id, entity_key, kind, condition, sealed, origin, masks, fields,
        updated_by_type, updated_by_id, updated_by_name, created_at, updated_at, last_used_at, expires_at, version)
    SELECT 'row-' || n, 's', 'virtual_account', 'account-' || n, 'account-' || n, 'manual',
        CASE n % 4 WHEN 0 THEN 'rejected' ELSE 'good' END, '', '', '{}', 'KEY', 'user', '', '', 0, n % 977, n % 1009,
        CASE n % 4 WHEN 1 THEN n END, 1 FROM numbers";
const ACCOUNTS: &str = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20000)
    INSERT INTO virtual_accounts (id, entity_key, description, created_at)
    SELECT 'account-' || n, 'account-' || n, '', 0 FROM numbers";
const SERVER: &str =
    "INSERT INTO servers (id, name, search_key, url, description, mode, outbound, allow_optional, revision,
    created_at, updated_at) VALUES ('s', 's', '', '', '', '', '', 0, 1, 0, 0)";

fn part(condition: &str, ends: &str) -> Part {
    let text = format!("s virtual_account manual {condition} other {ends} KEY");
    Part {
        standing: Standing::parse(text).unwrap(),
        ended: None,
        reached: None,
    }
}

fn branch(condition: &str, ends: &str) -> Branch {
    Branch {
        standing: Some(part(condition, ends).standing),
        ..Branch::all()
    }
}

fn query(sort: OverrideSort) -> OverrideQuery {
    OverrideQuery {
        server: ServerId::new("s"),
        only: None,
        search: None,
        among: None,
        counted: true,
        sort,
        descending: false,
        cursor: None,
        limit: 50,
    }
}

/// All that are in these.
fn all_of(branches: &[Branch]) -> OverrideQuery {
    let part = |branch: &Branch| Part {
        standing: branch.standing.clone().unwrap(),
        ended: None,
        reached: None,
    };
    OverrideQuery {
        among: Some(branches.iter().map(part).collect()),
        ..query(OverrideSort::Entity)
    }
}

struct Case {
    what: String,
    query: OverrideQuery,
    branches: Vec<Branch>,
    spot: Option<Spot>,
    /// What all branches go along, in its order; `None`: what is gathered is sorted.
    along: Option<&'static str>,
    /// What is gathered comes from there, in SQLite's words and in PostgreSQL's.
    gathered: [&'static str; 2],
}

impl Case {
    fn sqlite(&self) -> QueryBuilder<'static, Sqlite> {
        let order = order(&self.query);
        Tx::<Sqlite>::page_sql(
            "EXPLAIN QUERY PLAN ",
            &self.query,
            &self.branches,
            &order,
            self.spot.as_ref(),
        )
    }

    fn postgres(&self) -> QueryBuilder<'static, Postgres> {
        let order = order(&self.query);
        Tx::<Postgres>::page_sql("EXPLAIN ", &self.query, &self.branches, &order, self.spot.as_ref())
    }
}

/// Every sort, both ways, from the start and further on, of all and of each kind of part.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (sort, all, standing) in SORTS {
        for (descending, further) in [(false, false), (false, true), (true, true)] {
            let query = OverrideQuery {
                descending,
                ..query(sort)
            };
            let key = if order(&query).numeric {
                Key::Number(5)
            } else {
                Key::Text("manual".to_owned())
            };
            let spot = further.then(|| Spot {
                key,
                entity: "account-5".to_owned(),
                id: "row-5".to_owned(),
                before: false,
                known: Known::default(),
            });
            let case = |what: &str, branches: Vec<Branch>, along, gathered| Case {
                what: format!("{what}, {sort:?}, {descending}, {further}"),
                query: query.clone(),
                branches,
                spot: spot.clone(),
                along,
                gathered,
            };
            let ended = Branch {
                ended: Some((true, Timestamp(100))),
                ..branch("good", "ending")
            };
            let good = || branch("good", "lasting");
            cases.push(case("all", vec![Branch::all()], Some(all), [""; 2]));
            cases.push(case(
                "two",
                vec![good(), branch("rejected", "lasting")],
                Some(standing),
                [""; 2],
            ));
            cases.push(case("many that ended", vec![ended.clone()], Some(standing), [""; 2]));
            let gathered = Branch {
                gathered: true,
                ..ended
            };
            let by_end = [
                "SEARCH overrides USING INDEX overrides_by_standing (server_id=? AND standing=? AND expires_at<?)",
                "using overrides_by_standing on overrides",
            ];
            cases.push(case("few that ended", vec![gathered], None, by_end));
            let access = |access| Branch { access, ..good() };
            let around = vec![access(Access::Gathered(false))];
            cases.push(case("around the few reached", around, Some(standing), [""; 2]));
            let asked = vec![access(Access::Asked(true)), access(Access::Asked(false))];
            cases.push(case("whom many have to be asked for", asked, Some(standing), [""; 2]));
            let from = [
                "SEARCH x USING INDEX sqlite_autoindex_overrides_1 (id=?)",
                "CTE Scan on reached",
            ];
            cases.push(case(
                "the few reached",
                vec![access(Access::Gathered(true))],
                None,
                from,
            ));
            for (branch, index) in [(Branch::all(), all), (good(), standing)] {
                let mut searched = case("searched", vec![branch], Some(index), [""; 2]);
                searched.query.search = Some("nobody".to_owned());
                cases.push(searched);
            }
            let by_name = [
                "SEARCH overrides USING INDEX overrides_by_entity (server_id=? AND entity_key=?)",
                "entity_key = ANY (",
            ];
            let named = Branch {
                named: Some(["account-7".to_owned(), "account-8".to_owned()].into()),
                ..good()
            };
            cases.push(case("few names", vec![named], None, by_name));
            let own = [
                "sqlite_autoindex_overrides_2 (server_id=? AND subject_type=? AND subject_id=?)",
                "subject_id = ",
            ];
            let mut mine = case("one's own", vec![good()], None, own);
            mine.query.only = Some(SubjectRef {
                kind: SubjectKind::User,
                id: "x".to_owned(),
            });
            cases.push(mine);
        }
    }
    cases
}

async fn steps(db: &mut SqliteConnection, mut explained: QueryBuilder<'static, Sqlite>) -> Vec<String> {
    let plan = explained.build().fetch_all(db).await.unwrap();
    plan.iter().map(|step| step.get("detail")).collect()
}

#[tokio::test]
async fn s01_sqlite_puts_a_page_together_from_ranges_of_indexes() {
    let mut db = planned::sqlite().await;
    for case in cases() {
        let steps = steps(&mut db, case.sqlite()).await;
        let what = format!("{}: {steps:#?}", case.what);
        assert!(!steps.iter().any(|step| step.starts_with("SCAN overrides")), "{what}");
        let Some(index) = case.along else {
            assert!(steps.iter().any(|step| step.contains(case.gathered[0])), "{what}");
            continue;
        };
        let along: Vec<_> = steps
            .iter()
            .filter(|step| step.contains(&format!("INDEX {index} ")))
            .collect();
        assert_eq!(along.len(), case.branches.len(), "{what}");
        for step in along {
            let range = match case.branches[0].standing {
                Some(_) => "(standing=?",
                None => "(server_id=?",
            };
            assert!(step.contains(range), "{what}");
            assert_eq!(step.contains('>') || step.contains('<'), case.spot.is_some(), "{what}");
        }
        // The fifty rows of each range, and of the page; no range is sorted itself.
        let sorted = steps
            .iter()
            .filter(|step| step.contains("TEMP B-TREE FOR ORDER BY"))
            .count();
        assert_eq!(sorted, case.branches.len() + 1, "{what}");
    }
}

#[tokio::test]
async fn s01_sqlite_counts_in_indexes_alone() {
    let mut db = planned::sqlite().await;
    let all = query(OverrideSort::Entity);
    let searched = OverrideQuery {
        search: Some("nobody".to_owned()),
        ..all.clone()
    };
    let (whole, some) = ([Branch::all()], [branch("good", "lasting")]);
    for (query, branches, step) in [
        (
            &all,
            &whole,
            "SEARCH o USING COVERING INDEX overrides_by_standing (server_id=?)",
        ),
        (
            &all_of(&some),
            &some,
            "SEARCH o USING INDEX overrides_by_standing (server_id=? AND standing=?)",
        ),
        (
            &searched,
            &some,
            "SEARCH o USING INDEX overrides_standing_by_entity (standing=?)",
        ),
    ] {
        let steps = steps(&mut db, Tx::<Sqlite>::count_sql("EXPLAIN QUERY PLAN ", query, branches)).await;
        assert!(steps.iter().any(|one| one == step), "{query:?}: {steps:#?}");
        assert!(!steps.iter().any(|one| one.contains("TEMP B-TREE")), "{steps:#?}");
    }
    let ended = Part {
        ended: Some((true, Timestamp(5))),
        ..part("good", "ending")
    };
    let blocks =
        |before, descending, from| Tx::<Sqlite>::blocks_sql(before, &all.server, "nobody", descending, from, 16);
    for (explained, step) in [
        (
            Tx::<Sqlite>::ended_sql("EXPLAIN QUERY PLAN ", &all, &ended),
            "INDEX overrides_by_standing (server_id=? AND standing=? AND expires_at<?)",
        ),
        (
            Tx::<Sqlite>::people_sql("EXPLAIN QUERY PLAN ", &all),
            "INDEX users_acting_admins",
        ),
        (
            Tx::<Sqlite>::people_sql("EXPLAIN QUERY PLAN ", &all),
            "SEARCH m USING COVERING INDEX sqlite_autoindex_team_members_1 (team_id=?)",
        ),
        (
            Tx::<Sqlite>::names_sql("EXPLAIN QUERY PLAN ", &all.server, "nobody".to_owned(), false),
            "SEARCH overrides USING COVERING INDEX overrides_by_entity (server_id=?)",
        ),
        (
            Tx::<Sqlite>::names_sql("EXPLAIN QUERY PLAN ", &all.server, "nobody".to_owned(), true),
            "SEARCH overrides USING COVERING INDEX overrides_by_entity (server_id=?)",
        ),
        (
            blocks("EXPLAIN QUERY PLAN ", false, None),
            "SEARCH override_name_blocks USING INDEX sqlite_autoindex_override_name_blocks_1 (server_id=?)",
        ),
        (
            blocks("EXPLAIN QUERY PLAN ", true, Some("p")),
            "SEARCH override_name_blocks USING INDEX sqlite_autoindex_override_name_blocks_1 (server_id=? AND low<?)",
        ),
    ] {
        let steps = steps(&mut db, explained).await;
        assert!(steps.iter().any(|one| one.contains(step)), "{step}: {steps:#?}");
        assert!(!steps.iter().any(|one| one.contains("TEMP B-TREE")), "{steps:#?}");
    }
}

/// With 20,000 rows, for PostgreSQL goes by what there is.
#[tokio::test]
async fn s01_postgres_puts_a_page_together_from_ranges_of_indexes() {
    let mut planned = Planned::postgres().await;
    let db = &mut planned.db;
    for sql in [SERVER, ACCOUNTS, FILL, "VACUUM ANALYZE", "BEGIN"] {
        db.execute(sql).await.unwrap();
    }
    db.execute(Tx::<Postgres>::ALONG_INDEXES.unwrap()).await.unwrap();
    for case in cases() {
        let plan = plan(db, case.postgres()).await;
        let what = format!("{}: {plan}", case.what);
        assert!(!plan.contains("Seq Scan on overrides"), "{what}");
        assert!(
            !plan.contains("hashed SubPlan") || plan.contains("on reached"),
            "{what}"
        );
        let Some(index) = case.along else {
            assert!(plan.contains(case.gathered[1]), "{what}");
            continue;
        };
        // Each right below the LIMIT of its range: nothing is sorted in between.
        let along = format!("using {index} on overrides");
        let lines: Vec<&str> = plan.lines().collect();
        let limited = lines
            .windows(2)
            .filter(|pair| pair[0].contains("Limit  (") && pair[1].contains(&along));
        assert_eq!(limited.count(), case.branches.len(), "{what}");
        let keysets = if case.spot.is_some() { case.branches.len() } else { 0 };
        let ranges = plan
            .lines()
            .filter(|line| line.contains("Index Cond") && line.contains("ROW("));
        assert_eq!(ranges.count(), keysets, "{what}");
    }
    let all = query(OverrideSort::Entity);
    db.execute(Tx::<Postgres>::IN_ORDER.unwrap()).await.unwrap();
    let searched = OverrideQuery {
        search: Some("nobody".to_owned()),
        ..all.clone()
    };
    let (whole, some) = ([Branch::all()], [branch("good", "lasting")]);
    for (query, branches, index) in [
        (&all, &whole, "overrides_by_standing"),
        (&all_of(&some), &some, "overrides_by_standing"),
        (&searched, &some, "overrides_standing_by_entity"),
    ] {
        let plan = plan(db, Tx::<Postgres>::count_sql("EXPLAIN ", query, branches)).await;
        assert!(
            plan.contains(&format!("Index Only Scan using {index} on overrides")),
            "{query:?}: {plan}"
        );
    }
    let two = [branch("good", "lasting"), branch("rejected", "lasting")];
    let mut count = Tx::<Postgres>::count_sql("", &all_of(&two), &two);
    let counted: i64 = count.build_query_scalar().fetch_one(&mut *db).await.unwrap();
    assert_eq!(counted, 10_001, "of 15,000");
    let others = plan(
        db,
        Tx::<Postgres>::others_sql("EXPLAIN ", &all, &part("good", "lasting")),
    )
    .await;
    assert!(
        others.contains("Index Cond: (standing = ") && !others.contains("hashed"),
        "{others}"
    );
    for (descending, way) in [(false, ""), (true, " Backward")] {
        let explained = Tx::<Postgres>::names_sql("EXPLAIN ", &all.server, "nobody".to_owned(), descending);
        let plan = plan(db, explained).await;
        let along = format!("Index Only Scan{way} using overrides_by_entity on overrides");
        assert!(plan.contains(&along) && !plan.contains("Sort"), "{plan}");
    }
    for (descending, from, way) in [(false, None, ""), (true, Some("p"), " Backward")] {
        let explained = Tx::<Postgres>::blocks_sql("EXPLAIN ", &all.server, "nobody", descending, from, 16);
        let plan = plan(db, explained).await;
        let along = format!("Index Scan{way} using override_name_blocks_pkey on override_name_blocks");
        assert!(plan.contains(&along) && !plan.contains("Sort"), "{plan}");
        assert_eq!(plan.contains("(low < 'p'::text)"), from.is_some(), "{plan}");
    }
    planned.end().await;
}

async fn plan(db: &mut PgConnection, mut explained: QueryBuilder<'static, Postgres>) -> String {
    let lines = explained.build_query_scalar::<String>().persistent(false);
    lines.fetch_all(db).await.unwrap().join("\n")
}
