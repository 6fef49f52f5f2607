//! The two trails: chains that only grow at one end and shrink at the other (B07), and calls counted by the hour.

use std::collections::BTreeMap;

use domain::via::{By, Via};

use super::on_every_store;
use super::world::*;
use crate::store::trail::chain::GENESIS;
use crate::store::trail::{UsageBy, UsageCount, UsageKey, UsageQuery, UsageSum, WantedActor};
use crate::store::*;

on_every_store!(
    b07_entries_come_back_as_they_were_written,
    b07_nothing_is_written_before_the_work_is_saved,
    b07_of_many_writers_each_chain_is_one_chain,
    b07_the_trails_are_read_newest_first_in_pages_without_gaps,
    b07_entries_are_found_by_what_is_asked,
    b07_what_retention_removes_is_anchored_and_the_rest_still_fits,
    b07_an_entry_names_the_server_that_had_the_name_then,
    calls_are_counted_whoever_counts_them,
);

fn change(id: &str, at: i64, action: &str, server: Option<&str>) -> AuditRow {
    AuditRow {
        id: id.to_owned(),
        at: Timestamp(at),
        actor: Some(of_user("mia")),
        actor_name: "Mia".to_owned(),
        action: action.to_owned(),
        server_id: None,
        server: server.map(str::to_owned),
        subject: Some(of_user("bob")),
        detail: "{}".to_owned(),
        via: Via {
            address: Some("203.0.113.7".parse().unwrap()),
            by: By::Token(TokenId::new("t1")),
            request: Some("r1".to_owned()),
        },
    }
}

fn call(at: i64, who: &str, tool: &str, failed: bool) -> CallRow {
    CallRow {
        at: Timestamp(at),
        actor: of_user(who),
        actor_name: who.to_owned(),
        action: "credential.injected".to_owned(),
        server: Some((ServerId::new("id-notes"), "notes".to_owned())),
        method: "tools/call".to_owned(),
        tool: Some(tool.to_owned()),
        status: if failed { 502 } else { 200 },
        upstream_status: (!failed).then_some(200),
        outcome: if failed { "unreachable" } else { "forwarded" }.to_owned(),
        failed,
        latency_micros: 12_345,
        credential: "override".to_owned(),
        fingerprint: Some("3f9a".to_owned()),
        via: Via {
            address: None,
            by: By::Session("ab".to_owned()),
            request: None,
        },
    }
}

async fn write(store: &dyn Store, changes: &[AuditRow], calls: &[CallRow]) {
    let mut work = store.begin().await.unwrap();
    for change in changes {
        work.audit().insert(change).await.unwrap();
    }
    work.calls().append(calls).await.unwrap();
    work.save().await.unwrap();
}

async fn page(store: &dyn Store, query: TrailQuery) -> Page<TrailEntry> {
    let query = TrailQuery {
        limit: if query.limit == 0 { 200 } else { query.limit },
        ..query
    };
    store.read().await.unwrap().trails().page(&query).await.unwrap()
}

/// `b`, `call 2`, ...: what an entry is called here.
fn names(entries: &[TrailEntry]) -> Vec<String> {
    let name = |entry: &TrailEntry| match entry {
        TrailEntry::Change(row) => row.id.clone(),
        TrailEntry::Call(seq, _) => format!("call {seq}"),
    };
    entries.iter().map(name).collect()
}

/// How many entries a chain has, each of which must follow from the one before.
async fn whole(store: &dyn Store, trail: Trail) -> usize {
    let mut work = store.read().await.unwrap();
    let ends = work.trails().ends(trail).await.unwrap();
    let mut hash = if ends.anchor_seq == 0 {
        GENESIS.to_vec()
    } else {
        ends.anchor_hash.clone()
    };
    let entries = work.trails().entries(trail, ends.anchor_seq, 10_000).await.unwrap();
    for (place, entry) in (ends.anchor_seq + 1..).zip(&entries) {
        assert_eq!(entry.seq, place);
        assert_eq!(
            entry.hash,
            chain_key().link(trail, place, &hash, &entry.content),
            "{entry:?}"
        );
        hash.clone_from(&entry.hash);
    }
    if let Some(last) = entries.last() {
        assert_eq!((ends.seq, &ends.hash), (last.seq, &last.hash));
    }
    entries.len()
}

async fn b07_entries_come_back_as_they_were_written(store: Arc<dyn Store>) {
    let written = change("a", 5, "override.added", Some("elsewhere"));
    let own = AuditRow {
        actor: None,
        subject: None,
        server: None,
        via: Via::default(),
        ..change("b", 6, "audit.pruned", None)
    };
    let failed = call(7, "bob", "echo", true);
    let nowhere = CallRow {
        server: None,
        tool: None,
        fingerprint: None,
        ..call(8, "eve", "echo", false)
    };
    write(
        &*store,
        &[written.clone(), own.clone()],
        &[failed.clone(), nowhere.clone()],
    )
    .await;
    let found = page(&*store, TrailQuery::default()).await;
    assert_eq!(
        found.items,
        [
            TrailEntry::Call(2, nowhere),
            TrailEntry::Call(1, failed),
            TrailEntry::Change(own),
            TrailEntry::Change(written),
        ]
    );
}

async fn b07_nothing_is_written_before_the_work_is_saved(store: Arc<dyn Store>) {
    let mut work = store.begin().await.unwrap();
    work.audit()
        .insert(&change("a", 5, "override.added", None))
        .await
        .unwrap();
    drop(work);
    write(&*store, &[change("b", 6, "override.added", None)], &[]).await;
    assert_eq!(names(&page(&*store, TrailQuery::default()).await.items), ["b"]);
    assert_eq!(whole(&*store, Trail::Changes).await, 1);
}

async fn b07_of_many_writers_each_chain_is_one_chain(store: Arc<dyn Store>) {
    let tasks: Vec<_> = (0..12)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                let changes = [1, 2, 3].map(|at| change(&format!("{number}-{at}"), at, "override.added", None));
                // More than go into one statement.
                let calls: Vec<_> = (0..600).map(|at| call(at, "bob", "echo", false)).collect();
                write(&*store, &changes, if number % 4 == 0 { &calls } else { &calls[..1] }).await;
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(whole(&*store, Trail::Changes).await, 36);
    assert_eq!(whole(&*store, Trail::Calls).await, 3 * 600 + 9);
}

async fn b07_the_trails_are_read_newest_first_in_pages_without_gaps(store: Arc<dyn Store>) {
    let changes = [("a", 5), ("b", 7), ("c", 7), ("d", 6)].map(|(id, at)| change(id, at, "override.added", None));
    let calls = [7, 4, 7, 6].map(|at| call(at, "bob", "echo", false));
    write(&*store, &changes, &calls).await;
    let all = ["c", "b", "call 3", "call 1", "d", "call 4", "a", "call 2"];
    assert_eq!(names(&page(&*store, TrailQuery::default()).await.items), all);
    for limit in 1..=8 {
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let query = TrailQuery {
                cursor,
                limit,
                ..TrailQuery::default()
            };
            let found = page(&*store, query).await;
            seen.extend(names(&found.items));
            cursor = found.next;
            if cursor.is_none() {
                break;
            }
            assert_eq!(found.items.len(), limit as usize);
        }
        assert_eq!(seen, all, "by {limit}");
    }
    let mut work = store.read().await.unwrap();
    let bad = TrailQuery {
        cursor: Some("AAA=".to_owned()),
        limit: 1,
        ..TrailQuery::default()
    };
    assert!(matches!(work.trails().page(&bad).await, Err(StoreError::BadCursor)));
}

fn actor(ids: &[&str], name: &str) -> Option<WantedActor> {
    Some(WantedActor {
        ids: ids.iter().map(|id| (*id).to_owned()).collect(),
        name: name.to_owned(),
    })
}

async fn b07_entries_are_found_by_what_is_asked(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let changes = [
        change("a", 15, "override.added", Some("notes")),
        change("b", 16, "override.deleted", Some("raw")),
        AuditRow {
            actor: Some(of_user("bob")),
            actor_name: "Bob".to_owned(),
            subject: Some(of_account("ci-bot")),
            ..change("c", 17, "token.created", None)
        },
    ];
    let calls = [call(15, "bob", "echo", false), call(16, "eve", "count", true)];
    write(&*store, &changes, &calls).await;
    let found = async |query: TrailQuery| names(&page(&*store, query).await.items);
    let ask = TrailQuery::default;
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        found(TrailQuery {
            server: text("notes"),
            ..ask()
        })
        .await,
        ["call 2", "a", "call 1"]
    );
    assert_eq!(
        found(TrailQuery {
            server_id: Some(ServerId::new("id-raw")),
            ..ask()
        })
        .await,
        ["b"]
    );
    assert_eq!(
        found(TrailQuery {
            actor: actor(&["nobody"], "Mia"),
            ..ask()
        })
        .await,
        ["b", "a"]
    );
    for bob in [actor(&["id-bob"], "x"), actor(&["nobody", "id-bob"], "x")] {
        assert_eq!(found(TrailQuery { actor: bob, ..ask() }).await, ["c", "call 1"]);
    }
    for (action, seen) in [
        ("credential.injected", &["call 2", "call 1"][..]),
        ("call.refused", &[]),
    ] {
        let query = TrailQuery {
            action: text(action),
            ..ask()
        };
        assert_eq!(found(query).await, seen, "{action}");
    }
    let part = TrailQuery {
        search: text("inject"),
        ..ask()
    };
    assert_eq!(found(part).await, ["call 2", "call 1"]);
    assert_eq!(
        found(TrailQuery {
            of: Some(of_user("bob")),
            ..ask()
        })
        .await,
        ["c", "b", "a", "call 1"]
    );
    assert_eq!(
        found(TrailQuery {
            action: text("override.added"),
            ..ask()
        })
        .await,
        ["a"]
    );
    assert_eq!(
        found(TrailQuery {
            search: text("Override."),
            ..ask()
        })
        .await,
        ["b", "a"]
    );
    assert_eq!(
        found(TrailQuery {
            search: text("%"),
            ..ask()
        })
        .await,
        Vec::<String>::new()
    );
    assert_eq!(
        found(TrailQuery {
            only: Some(Trail::Calls),
            ..ask()
        })
        .await,
        ["call 2", "call 1"]
    );
    assert_eq!(
        found(TrailQuery {
            only: Some(Trail::Changes),
            ..ask()
        })
        .await,
        ["c", "b", "a"]
    );
    assert_eq!(
        found(TrailQuery {
            tool: text("echo"),
            ..ask()
        })
        .await,
        ["call 1"]
    );
    assert_eq!(
        found(TrailQuery {
            tool: text("tools/call"),
            ..ask()
        })
        .await,
        ["call 2", "call 1"]
    );
    assert_eq!(
        found(TrailQuery {
            failed: Some(true),
            ..ask()
        })
        .await,
        ["call 2"]
    );
    let (since, until) = (Some(Timestamp(16)), Some(Timestamp(17)));
    assert_eq!(found(TrailQuery { since, until, ..ask() }).await, ["b", "call 2"]);
}

async fn b07_what_retention_removes_is_anchored_and_the_rest_still_fits(store: Arc<dyn Store>) {
    // The clocks of replicas differ: the fourth is younger than the fifth.
    let calls = [1, 2, 3, 10, 4, 11].map(|at| call(at, "bob", "echo", false));
    write(&*store, &[], &calls).await;
    let prune = async |before, limit| {
        let mut work = store.begin().await.unwrap();
        let pruned = work
            .trails()
            .prune(Trail::Calls, Timestamp(before), limit)
            .await
            .unwrap();
        work.save().await.unwrap();
        (pruned.entries, pruned.up_to, pruned.more)
    };
    assert_eq!(prune(3, 1).await, (1, 1, true));
    assert_eq!(
        prune(5, 100).await,
        (2, 3, false),
        "nothing is removed from behind a younger one"
    );
    assert_eq!(prune(5, 100).await, (0, 0, false));
    assert_eq!(whole(&*store, Trail::Calls).await, 3);
    let ends = store.read().await.unwrap().trails().ends(Trail::Calls).await.unwrap();
    assert_eq!((ends.anchor_seq, ends.seq), (3, 6));
    assert_eq!(ends.anchor_mac, chain_key().anchor(Trail::Calls, 3, &ends.anchor_hash));
    assert_eq!(prune(100, 100).await, (3, 6, false));
    write(&*store, &[], &[call(12, "bob", "echo", false)]).await;
    assert_eq!(whole(&*store, Trail::Calls).await, 1);
}

async fn b07_an_entry_names_the_server_that_had_the_name_then(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    write(&*store, &[change("a", 15, "server.created", Some("notes"))], &[]).await;
    let mut work = store.begin().await.unwrap();
    work.servers().delete(&ServerId::new("id-notes")).await.unwrap();
    work.audit()
        .insert(&change("b", 16, "server.deleted", Some("notes")))
        .await
        .unwrap();
    work.save().await.unwrap();
    let mut work = store.begin().await.unwrap();
    let again = ServerRow {
        id: ServerId::new("id-notes-2"),
        ..server("notes")
    };
    work.servers().insert(&again).await.unwrap();
    work.audit()
        .insert(&change("c", 17, "server.created", Some("notes")))
        .await
        .unwrap();
    work.save().await.unwrap();
    let of = async |id: &str| {
        let query = TrailQuery {
            server_id: Some(ServerId::new(id)),
            ..TrailQuery::default()
        };
        names(&page(&*store, query).await.items)
    };
    assert_eq!(of("id-notes").await, ["a"]);
    assert_eq!(
        of("id-notes-2").await,
        ["c"],
        "the new server's managers do not see the old one's entries"
    );
}

fn key(hour: i64, who: &str, tool: &str, step: Option<u8>) -> UsageKey {
    UsageKey {
        server: ServerId::new("id-notes"),
        hour,
        actor: of_user(who),
        method: "tools/call".to_owned(),
        tool: tool.to_owned(),
        step,
    }
}

async fn calls_are_counted_whoever_counts_them(store: Arc<dyn Store>) {
    let counts = BTreeMap::from([
        (key(3_600, "bob", "echo", Some(9)), UsageCount { calls: 2, failed: 1 }),
        (key(3_600, "eve", "echo", Some(9)), UsageCount { calls: 3, failed: 0 }),
        (key(7_200, "bob", "", None), UsageCount { calls: 1, failed: 1 }),
    ]);
    let tasks = [(); 6].map(|()| {
        let (store, counts) = (store.clone(), counts.clone());
        tokio::spawn(async move {
            let mut work = store.begin().await.unwrap();
            work.calls().count(&counts).await.unwrap();
            work.save().await.unwrap();
        })
    });
    for task in tasks {
        task.await.unwrap();
    }
    let sum = |key: &str, step, calls, failed| UsageSum {
        key: key.to_owned(),
        step,
        count: UsageCount { calls, failed },
    };
    let asked = |actor, from, to| UsageQuery {
        server: Some(ServerId::new("id-notes")),
        actor,
        from,
        to,
    };
    let mut work = store.begin().await.unwrap();
    let all = asked(None, 0, 10_800);
    let by_time = work.calls().sums(&all, UsageBy::Time(3_600)).await.unwrap();
    assert_eq!(by_time, [sum("3600", Some(9), 30, 6), sum("7200", None, 6, 6)]);
    let in_one = work.calls().sums(&all, UsageBy::Time(21_600)).await.unwrap();
    assert_eq!(in_one, [sum("0", None, 6, 6), sum("0", Some(9), 30, 6)]);
    let by_tool = work.calls().sums(&all, UsageBy::Tool).await.unwrap();
    assert_eq!(
        by_tool,
        [sum("tools/call\n", None, 6, 6), sum("tools/call\necho", Some(9), 30, 6)]
    );
    let of_eve = asked(Some(of_user("eve")), 0, 10_800);
    let by_actor = work.calls().sums(&of_eve, UsageBy::Actor).await.unwrap();
    assert_eq!(by_actor, [sum("user/id-eve", Some(9), 18, 0)]);
    let later = UsageQuery {
        server: None,
        ..asked(None, 7_200, 10_800)
    };
    assert_eq!(
        work.calls().sums(&later, UsageBy::Server).await.unwrap(),
        [sum("id-notes", None, 6, 6)]
    );
    assert_eq!(work.calls().forget_counts(Timestamp(7_200)).await.unwrap(), 2);
    assert_eq!(work.calls().sums(&all, UsageBy::Server).await.unwrap().len(), 1);
}
