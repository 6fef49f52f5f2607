//! The blocks of names that searches look through hold what the overrides hold, whatever happens to these.

use std::collections::BTreeMap;

use domain::overrides::Kind;
use domain::total::Total;
use sqlx::{Connection, Executor, PgConnection, SqliteConnection};

use super::on_every_store;
use super::world::*;
use crate::store::*;

on_every_store!(at;
    s01_blocks_hold_what_the_overrides_are_called,
    s01_blocks_that_two_write_at_once_hold_what_both_wrote,
    s01_a_search_finds_what_a_program_wrote_that_knows_no_blocks,
);

/// By server: where its blocks begin, and their names.
type Blocks = BTreeMap<String, Vec<(String, Vec<String>)>>;

/// Asserts that they are true.
async fn blocks(url: &str) -> Blocks {
    macro_rules! read {
        ($connection:ty) => {{
            let mut db = <$connection>::connect(url).await.unwrap();
            let blocks = "SELECT server_id, low, names, many FROM override_name_blocks ORDER BY server_id, low";
            let blocks: Vec<(String, String, String, i64)> = sqlx::query_as(blocks).fetch_all(&mut db).await.unwrap();
            let names = "SELECT server_id, entity_key FROM overrides ORDER BY server_id, entity_key";
            let names: Vec<(String, String)> = sqlx::query_as(names).fetch_all(&mut db).await.unwrap();
            let changes = "SELECT COUNT(*) FROM override_name_changes";
            let changes: i64 = sqlx::query_scalar(changes).fetch_one(&mut db).await.unwrap();
            db.close().await.unwrap();
            (blocks, names, changes)
        }};
    }
    let (rows, names, changes) = if url.starts_with("sqlite:") {
        read!(SqliteConnection)
    } else {
        read!(PgConnection)
    };
    assert_eq!(changes, 0);
    let mut found = Blocks::new();
    for (server, low, names, many) in rows {
        let names: Vec<String> = names.split('\u{1}').map(str::to_owned).collect();
        assert_eq!(names.len() as i64, many, "{low}");
        found.entry(server).or_default().push((low, names));
    }
    let in_blocks = found.iter().flat_map(|(server, blocks)| {
        let names = blocks.iter().flat_map(|(_, names)| names);
        names.map(|name| (server.clone(), name.clone()))
    });
    assert_eq!(in_blocks.collect::<Vec<_>>(), names);
    for pair in found.values().flat_map(|blocks| blocks.windows(2)) {
        let [(low, names), (next, _)] = pair else {
            unreachable!()
        };
        assert!(names.iter().all(|name| low <= name && name < next), "{pair:?}");
    }
    found
}

/// `number`'s name: long, so that a block has room for seven of them.
fn named(number: usize) -> UserRow {
    UserRow {
        name: format!("{:02}{}", number * 37 % 100, "x".repeat(500)),
        ..user(&format!("u{number}"))
    }
}

async fn search(work: &mut dyn Work, server: &str, text: &str) -> (Vec<String>, Option<Total>) {
    let query = OverrideQuery {
        server: ServerId::new(format!("id-{server}")),
        only: None,
        search: Some(text.to_owned()),
        among: None,
        counted: true,
        sort: OverrideSort::Entity,
        descending: false,
        cursor: None,
        limit: 200,
    };
    let page = work.overrides().page(&query).await.unwrap();
    let rows = page.rows.iter().map(|row| row.subject.id.clone());
    (rows.collect(), page.total)
}

async fn s01_blocks_hold_what_the_overrides_are_called(store: Arc<dyn Store>, url: &str) {
    let mut work = store.begin().await.unwrap();
    for name in ["notes", "raw"] {
        work.servers().insert(&server(name)).await.unwrap();
    }
    work.save().await.unwrap();
    for number in 0..60 {
        let mut work = store.begin().await.unwrap();
        work.users().insert(&named(number)).await.unwrap();
        for (server, kind) in [("notes", Kind::Manual), ("notes", Kind::OAuth), ("raw", Kind::Manual)] {
            let row = an_override(server, &of_user(&format!("u{number}")), kind);
            work.overrides().insert(&row).await.unwrap();
        }
        work.save().await.unwrap();
        blocks(url).await;
    }
    let full = blocks(url).await;
    let count = |blocks: &Blocks, server: &str| blocks.get(server).map_or(0, Vec::len);
    assert!(count(&full, "id-notes") >= 120 / 7, "{full:?}");
    assert!(count(&full, "id-raw") >= 60 / 7, "{full:?}");
    assert_eq!(full["id-raw"][0].0, "", "the first takes whatever comes before it");

    let mut work = store.begin().await.unwrap();
    let renamed = UserRow {
        name: "00 first".to_owned(),
        ..named(59)
    };
    work.users().update(&renamed).await.unwrap();
    work.users().delete(&UserId::new("id-u7")).await.unwrap();
    let one = an_override("notes", &of_user("u8"), Kind::OAuth).id;
    work.overrides().delete(&one).await.unwrap();
    // Its own work sees it, too.
    let first = (vec!["id-u59".to_owned(); 2], Some(Total::Exactly(2)));
    assert_eq!(search(work.as_mut(), "notes", "00 first").await, first);
    work.save().await.unwrap();
    blocks(url).await;
    let mut work = store.read().await.unwrap();
    assert_eq!(search(work.as_mut(), "notes", "00 first").await, first);
    assert_eq!(search(work.as_mut(), "notes", "00\u{1}first").await.0, [""; 0]);
    drop(work);

    let mut work = store.begin().await.unwrap();
    work.overrides()
        .delete_of_server(&ServerId::new("id-raw"))
        .await
        .unwrap();
    work.save().await.unwrap();
    assert_eq!(count(&blocks(url).await, "id-raw"), 0);
    let mut work = store.begin().await.unwrap();
    let row = an_override("raw", &of_user("u59"), Kind::Manual);
    work.overrides().insert(&row).await.unwrap();
    work.servers().delete(&ServerId::new("id-notes")).await.unwrap();
    work.save().await.unwrap();
    let left = blocks(url).await;
    assert_eq!((count(&left, "id-notes"), count(&left, "id-raw")), (0, 1));
}

async fn s01_blocks_that_two_write_at_once_hold_what_both_wrote(store: Arc<dyn Store>, url: &str) {
    let mut work = store.begin().await.unwrap();
    work.servers().insert(&server("notes")).await.unwrap();
    for number in 0..40 {
        work.users().insert(&named(number)).await.unwrap();
    }
    work.save().await.unwrap();
    let tasks = (0..40).map(|number| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut work = store.begin().await.unwrap();
            let row = an_override("notes", &of_user(&format!("u{number}")), Kind::Manual);
            work.overrides().insert(&row).await.unwrap();
            work.save().await.unwrap();
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let blocks = blocks(url).await;
    let names = blocks["id-notes"].iter().map(|(_, names)| names.len()).sum::<usize>();
    assert_eq!(names, 40);
}

async fn s01_a_search_finds_what_a_program_wrote_that_knows_no_blocks(store: Arc<dyn Store>, url: &str) {
    people_and_servers(&*store).await;
    let rename = "UPDATE overrides SET entity_key = 'zoe' WHERE subject_id = 'id-eve'";
    if url.starts_with("sqlite:") {
        let mut db = SqliteConnection::connect(url).await.unwrap();
        db.execute(rename).await.unwrap();
    } else {
        let mut db = PgConnection::connect(url).await.unwrap();
        db.execute(rename).await.unwrap();
    }
    let mut work = store.read().await.unwrap();
    let found = (vec!["id-eve".to_owned()], Some(Total::Exactly(1)));
    assert_eq!(search(work.as_mut(), "notes", "zoe").await, found);
    assert_eq!(search(work.as_mut(), "notes", "eve@").await.0, [""; 0]);
    drop(work);
    // As at a start.
    store.migrate().await.unwrap();
    let blocks = blocks(url).await;
    assert_eq!(blocks["id-notes"][0].1.last().unwrap(), "zoe");
    let mut work = store.read().await.unwrap();
    assert_eq!(search(work.as_mut(), "notes", "zoe").await, found);
}
