//! A database of the first release: its entries keep their order and become part of the chain at the first start.

use std::path::Path;

use serde_json::json;
use sqlx::migrate::{Migrate, Migrator};
use sqlx::{Connection, PgConnection, SqliteConnection};

use super::by_hand;
use crate::support::database::Postgres;
use crate::support::{App, app};

async fn first_release(folder: &str) -> Migrator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations").join(folder);
    let mut migrations = Migrator::new(path).await.unwrap();
    migrations
        .migrations
        .to_mut()
        .retain(|migration| migration.version == 1);
    migrations
}

async fn migrate<C: Connection + Migrate>(mut connection: C, folder: &str) {
    first_release(folder).await.run_direct(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

async fn upgraded(database: &str) {
    let row = |id: &str, at: i64, server: &str| {
        format!(
            "INSERT INTO audit (id, at, actor_type, actor_id, actor_name, action, server, detail) \
             VALUES ('{id}', {at}, 'user', 'u1', 'Ada', 'server.changed', {server}, '{{}}')"
        )
    };
    let server = "INSERT INTO servers (id, name, search_key, url, description, mode, outbound, allow_optional, revision, \
                  created_at, updated_at) VALUES ('s2', 'notes', 'notes', 'https://a.example/', '', 'none', '{\"mode\":\"none\"}', 0, 1, 50, 50)";
    by_hand(database, server).await;
    // Not in their order.
    for sql in [row("b", 60, "'notes'"), row("a", 10, "'notes'"), row("c", 60, "NULL")] {
        by_hand(database, &sql).await;
    }
    let mut config = app::config();
    config.database_url = database.to_owned();
    let app = App::start(config.clone()).await;
    let ada = app.first_admin("ada").await;
    let list = app.get(&ada, "/audit").await.expect(200);
    let ids: Vec<_> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids[ids.len() - 3..], ["c", "b", "a"]);
    let began = app.get(&ada, "/audit?action=audit.began").await.expect(200);
    assert_eq!(began["items"][0]["detail"], json!({"earlier_entries": "3"}));
    let of_server = app.get(&ada, "/servers/notes/activity/changes").await.expect(200);
    let of_server = of_server["items"].as_array().unwrap();
    assert_eq!(
        (of_server.len(), &of_server[0]["id"]),
        (1, &json!("b")),
        "the other is of an earlier server"
    );
    let whole = async |app: &App| {
        let verdicts = app.overkey.services.audit.verify(&[]).await.unwrap();
        verdicts.into_iter().find_map(|verdict| verdict.broken)
    };
    assert_eq!(whole(&app).await, None);
    // The next start has nothing to link, and nothing that is put there meanwhile is taken for old.
    by_hand(database, "UPDATE audit SET hash = (SELECT anchor_hash FROM chains WHERE name = 'calls'), detail = '{\"x\":\"1\"}' WHERE seq = 2").await;
    let again = App::start(config).await;
    let broken = whole(&again).await.unwrap();
    assert_eq!(broken.seq, 2);
}

#[tokio::test]
async fn b07_entries_of_the_first_release_are_linked_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}?mode=rwc", folder.path().join("overkey.db").display());
    migrate(SqliteConnection::connect(&url).await.unwrap(), "sqlite").await;
    upgraded(&url).await;
}

#[tokio::test]
async fn b07_entries_of_the_first_release_are_linked_postgres() {
    let database = Postgres::create().await;
    migrate(PgConnection::connect(&database.url).await.unwrap(), "postgres").await;
    upgraded(&database.url).await;
    database.remove().await;
}
