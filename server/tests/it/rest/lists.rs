//! Pages, cursors and searches of every list.

use serde_json::{Value, json};

use crate::support::world::no_auth;
use crate::support::{Caller, World, on_every_database};

on_every_database!(
    every_list_is_whole_in_pages_of_two,
    bad_limits_and_cursors_are_400,
    searches_take_signs_as_they_are,
    overrides_are_sorted_and_filtered_as_asked,
    a_page_of_one_state_is_no_longer_than_asked,
    b07_the_audit_trail_is_filtered,
);

async fn fill(world: &World) {
    for number in 0..3 {
        world.server(&format!("server-{number}"), no_auth()).await;
        let account = json!({"name": format!("bot-{number}")});
        world
            .app
            .post(&world.ada, "/virtual-accounts", account)
            .await
            .expect(201);
        world
            .app
            .post(&world.ada, "/tokens", json!({"name": format!("token-{number}")}))
            .await
            .expect(201);
        world
            .app
            .post(&world.ada, "/virtual-accounts/ci-bot/tokens", json!({}))
            .await
            .expect(201);
    }
    for caller in [&world.bob, &world.eve, &world.ci_bot, &world.sue, &world.mia] {
        world
            .put_override(&world.mia, "notes", caller, "sk-1")
            .await
            .expect(201);
    }
}

const LISTS: [&str; 8] = [
    "/servers",
    "/users",
    "/virtual-accounts",
    "/tokens",
    "/virtual-accounts/ci-bot/tokens",
    "/servers/notes/overrides",
    "/servers/notes/access",
    "/audit",
];

/// All items, page by page; checks each page's size.
async fn paged(world: &World, caller: &Caller, path: &str, limit: usize) -> Vec<Value> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let sign = if path.contains('?') { '&' } else { '?' };
        let page = world
            .app
            .get(caller, &format!("{path}{sign}limit={limit}{cursor}"))
            .await
            .expect(200);
        let found = page["items"].as_array().unwrap();
        assert!(found.len() <= limit, "{path}: {page}");
        items.extend(found.iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => {
                assert_eq!(found.len(), limit, "{path}: a page that is not the last is full");
                cursor = format!("&cursor={next}");
            }
            None => return items,
        }
        assert!(items.len() < 500, "{path} does not end");
    }
}

async fn every_list_is_whole_in_pages_of_two(world: &World) {
    fill(world).await;
    for path in LISTS {
        let whole = world
            .app
            .get(&world.ada, &format!("{path}?limit=200"))
            .await
            .expect(200);
        let whole = whole["items"].as_array().unwrap().clone();
        assert!(whole.len() > 3, "{path}: {}", whole.len());
        assert_eq!(paged(world, &world.ada, path, 2).await, whole, "{path}");
    }
    // A user's pages hold what they may see, and are as full.
    let servers = paged(world, &world.bob, "/servers", 2).await;
    assert_eq!(servers.len(), 4);
}

async fn bad_limits_and_cursors_are_400(world: &World) {
    for path in LISTS {
        for bad in ["0", "201", "-1", "x", "", "1.5", "99999999999999999999"] {
            let answer = world.app.get(&world.ada, &format!("{path}?limit={bad}")).await;
            assert_eq!(answer.wrong_fields(400, "malformed"), ["limit"], "{path} {bad}");
        }
        for bad in ["*", "é", "AAA=", "%00"] {
            let answer = world.app.get(&world.ada, &format!("{path}?cursor={bad}")).await;
            assert_eq!(answer.wrong_fields(400, "malformed"), ["cursor"], "{path} {bad}");
        }
        let twice = world.app.get(&world.ada, &format!("{path}?limit=1&limit=2")).await;
        assert_eq!(twice.wrong_fields(400, "malformed"), ["query"], "{path}");
    }
}

async fn searches_take_signs_as_they_are(world: &World) {
    fill(world).await;
    for (path, search, found) in [
        ("/servers", "SERVER-", 3),
        ("/servers", "%25", 0),
        ("/servers", "_", 0),
        ("/servers", "server-1", 1),
        ("/users", "bob@", 1),
        ("/users", "\\", 0),
        ("/users", "'%20OR%201=1%20--", 0),
        ("/virtual-accounts", "bot-", 3),
        ("/tokens", "token-2", 1),
        ("/servers/notes/overrides", "eve", 1),
        ("/servers/notes/overrides", "%25", 0),
        ("/servers/notes/access", "bob", 1),
    ] {
        let list = world
            .app
            .get(&world.ada, &format!("{path}?search={search}"))
            .await
            .expect(200);
        assert_eq!(
            list["items"].as_array().unwrap().len(),
            found,
            "{path} {search}: {list}"
        );
    }
}

async fn overrides_are_sorted_and_filtered_as_asked(world: &World) {
    for caller in [&world.bob, &world.eve, &world.ci_bot, &world.sue] {
        world.app.clock.advance(10);
        world
            .put_override(&world.mia, "notes", caller, "sk-1")
            .await
            .expect(201);
    }
    let names = async |query: &str| {
        let items = paged(world, &world.mia, &format!("/servers/notes/overrides?{query}"), 3).await;
        let name = |item: &Value| item["subject"]["name"].as_str().unwrap().to_owned();
        items.iter().map(name).collect::<Vec<_>>()
    };
    assert_eq!(names("sort=entity").await, ["bob", "ci-bot", "eve", "sue"]);
    assert_eq!(names("sort=-entity").await, ["sue", "eve", "ci-bot", "bob"]);
    assert_eq!(names("sort=updated_at").await, ["bob", "eve", "ci-bot", "sue"]);
    assert_eq!(names("sort=-updated_at").await, ["sue", "ci-bot", "eve", "bob"]);
    assert_eq!(names("type=virtual_account").await, ["ci-bot"]);
    assert_eq!(names("state=active").await, ["bob", "ci-bot", "eve"]);
    assert_eq!(names("state=no_access").await, ["sue"]);
    for (query, field) in [("sort=name", "sort"), ("type=team", "type"), ("state=good", "state")] {
        let answer = world
            .app
            .get(&world.mia, &format!("/servers/notes/overrides?{query}"))
            .await;
        assert_eq!(answer.wrong_fields(400, "malformed"), [field]);
    }
}

async fn a_page_of_one_state_is_no_longer_than_asked(world: &World) {
    for caller in [
        &world.bob,
        &world.ci_bot,
        &world.eve,
        &world.mia,
        &world.ada,
        &world.sue,
    ] {
        world
            .put_override(&world.mia, "notes", caller, "sk-1")
            .await
            .expect(201);
    }
    // By name: ada, bob (no access), ci-bot, eve, mia, sue (no access).
    world.revoke("notes", &world.bob).await;
    for limit in 1..=4 {
        for (state, expected) in [
            ("active", &["ada", "ci-bot", "eve", "mia"][..]),
            ("no_access", &["bob", "sue"]),
        ] {
            let items = paged(
                world,
                &world.mia,
                &format!("/servers/notes/overrides?state={state}"),
                limit,
            )
            .await;
            let names: Vec<_> = items
                .iter()
                .map(|item| item["subject"]["name"].as_str().unwrap())
                .collect();
            assert_eq!(names, expected, "{state} by {limit}");
        }
    }
}

async fn b07_the_audit_trail_is_filtered(world: &World) {
    world.set(&world.bob, "notes", "sk-1").await;
    world.app.clock.advance(100);
    let since = time::OffsetDateTime::from_unix_timestamp(world.app.overkey.core.now().0).unwrap();
    let since = since.format(&time::format_description::well_known::Rfc3339).unwrap();
    world
        .put_override(&world.mia, "notes", &world.eve, "sk-1")
        .await
        .expect(201);
    let found = async |query: &str| {
        let list = world.app.get(&world.ada, &format!("/audit?{query}")).await.expect(200);
        let actions = list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["action"].as_str().unwrap().to_owned());
        actions.collect::<Vec<_>>()
    };
    assert_eq!(found("action=override.added").await.len(), 2);
    assert_eq!(
        found(&format!("action=override.added&actor={}", world.mia.id))
            .await
            .len(),
        1
    );
    assert_eq!(found("action=override.added&actor=bob").await.len(), 1);
    assert_eq!(found("server=elsewhere").await, Vec::<String>::new());
    assert_eq!(
        found(&format!("since={}", since.replace('+', "%2B"))).await,
        ["override.added"]
    );
    let bad = world.app.get(&world.ada, "/audit?since=yesterday").await;
    assert_eq!(bad.wrong_fields(400, "malformed"), ["since"]);
    let first = world
        .app
        .get(&world.ada, "/audit?action=override.added")
        .await
        .expect(200);
    assert_eq!(
        first["items"][0]["subject"],
        json!({"type": "user", "id": world.eve.id})
    );
    assert_eq!(first["items"][0]["actor"]["id"], world.mia.id, "newest first");
}
