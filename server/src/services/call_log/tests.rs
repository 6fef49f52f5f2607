use domain::actor::{SubjectKind, SubjectRef};
use domain::role::PlatformRole;

use super::*;
use crate::clock::TestClock;
use crate::store::trail::{UsageBy, UsageQuery};
use crate::store::{self, ChainKey, TrailEntry, TrailQuery};

async fn store() -> Arc<dyn Store> {
    let store = store::open("sqlite::memory:").await.unwrap();
    store.migrate().await.unwrap();
    store.give_chain_key(ChainKey::new(zeroize::Zeroizing::new([1; 32])));
    store
}

fn called(tool: &str) -> Called {
    let subject = SubjectRef {
        kind: SubjectKind::User,
        id: "bob".to_owned(),
    };
    Called {
        actor: Actor::new(subject, "Bob", PlatformRole::Member).into(),
        server: Some((ServerId::new("s1"), ServerName::parse("notes").unwrap())),
        method: "tools/call".to_owned(),
        tool: Some(tool.to_owned()),
        status: 200,
        upstream_status: Some(200),
        outcome: "forwarded",
        sent: true,
        credential: "override",
        fingerprint: Some("00".into()),
        latency: Duration::from_millis(3),
    }
}

async fn entries(store: &Arc<dyn Store>) -> Vec<TrailEntry> {
    let query = TrailQuery {
        limit: 200,
        ..TrailQuery::default()
    };
    store.read().await.unwrap().trails().page(&query).await.unwrap().items
}

#[tokio::test]
async fn b07_what_a_full_queue_drops_is_counted_and_told() {
    let (store, clock) = (store().await, Arc::new(TestClock::at(7_200)));
    let log = CallLog::with_room(store.clone(), clock, 4);
    // The one writer is taken, so that nothing can be written until it is given back.
    let taken = store.begin().await.unwrap();
    for _ in 0..40 {
        log.offer(called("echo"), Timestamp(7_200));
        tokio::task::yield_now().await;
    }
    let dropped = log.queue.lock().dropped;
    assert!(dropped > 0, "forty do not fit into a queue of four and a batch of four");
    drop(taken);
    log.flush().await;
    log.flush().await;
    let entries = entries(&store).await;
    let written = entries
        .iter()
        .filter(|entry| matches!(entry, TrailEntry::Call(..)))
        .count() as u64;
    let told: u64 = entries
        .iter()
        .filter_map(|entry| match entry {
            TrailEntry::Change(row) if row.action == "calls.dropped" => Some(row),
            _ => None,
        })
        .map(|row| {
            serde_json::from_str::<serde_json::Value>(&row.detail).unwrap()["calls"]
                .as_str()
                .unwrap()
                .parse::<u64>()
                .unwrap()
        })
        .sum();
    assert_eq!(written + told, 40);
}

#[tokio::test]
async fn names_that_callers_make_up_are_not_counted_without_end() {
    let (store, clock) = (store().await, Arc::new(TestClock::at(7_200)));
    let log = CallLog::start(store.clone(), clock);
    for number in 0..300 {
        log.offer(called(&format!("tool-{number}")), Timestamp(7_200));
    }
    log.flush().await;
    let query = UsageQuery {
        server: Some(ServerId::new("s1")),
        actor: None,
        from: 7_200,
        to: 10_800,
    };
    let mut work = store.read().await.unwrap();
    let sums = work.calls().sums(&query, UsageBy::Tool).await.unwrap();
    assert_eq!(sums.len(), 101);
    let others = sums.iter().find(|sum| sum.key == "(other)\n").unwrap();
    assert_eq!(others.count.calls, 200);
    assert_eq!(sums.iter().map(|sum| sum.count.calls).sum::<u64>(), 300);
}
