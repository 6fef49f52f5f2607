//! Going through sealed values: in pieces, in order, past what others hold, and never over somebody's new value (B06).

use domain::id::{ServerId, UserId};
use domain::overrides::Kind;
use domain::timestamp::Timestamp;

use super::on_every_store;
use super::world::*;
use crate::seal::Sealed;
use crate::store::*;

on_every_store!(
    b06_values_are_counted_by_the_key_that_wraps_them,
    b06_each_kind_is_gone_through_in_order_until_nothing_is_left,
    b06_a_value_that_was_replaced_meanwhile_is_left_alone,
    b06_what_somebody_holds_is_passed_over,
    b06_nothing_but_the_value_changes,
    b06_a_setting_is_replaced_only_if_it_is_what_it_was,
);

/// As `seal` writes them: the key's id in bytes 2 to 5.
fn wrapped(key: u8, content: u8) -> Sealed {
    Sealed::from_bytes(vec![1, 0, 0, 0, key, content])
}

fn account_override(number: usize) -> OverrideRow {
    OverrideRow {
        sealed: wrapped(1, 7),
        ..an_override("raw", &of_account(&format!("bot-{number:03}")), Kind::Manual)
    }
}

/// 150 overrides on raw with key 1; the three on notes, and the servers' secrets, are too short to name a key.
async fn many(store: &dyn Store) {
    people_and_servers(store).await;
    let mut work = store.begin().await.unwrap();
    for number in 0..150 {
        let row = account_override(number);
        work.virtual_accounts().insert(&account(&row.subject.id)).await.unwrap();
        work.overrides().insert(&row).await.unwrap();
    }
    work.save().await.unwrap();
}

async fn keys(store: &dyn Store, kind: SealedKind) -> Vec<(Option<u32>, u64)> {
    let mut keys = store.read().await.unwrap().sealed_values().keys(kind).await.unwrap();
    keys.sort_unstable();
    keys
}

async fn next(work: &mut dyn Work, kind: SealedKind, beyond: Option<&SealedPlace>) -> Vec<SealedRow> {
    work.sealed_values().lock_next(kind, 2, beyond).await.unwrap()
}

async fn b06_values_are_counted_by_the_key_that_wraps_them(store: Arc<dyn Store>) {
    many(&*store).await;
    assert_eq!(keys(&*store, SealedKind::Override).await, [(None, 3), (Some(1), 150)]);
    assert_eq!(keys(&*store, SealedKind::Server).await, [(None, 2)]);
    assert_eq!(keys(&*store, SealedKind::Consent).await, []);
    let mut work = store.begin().await.unwrap();
    let none = ServerRow {
        secrets: None,
        ..server("open")
    };
    work.servers().insert(&none).await.unwrap();
    work.save().await.unwrap();
    assert_eq!(
        keys(&*store, SealedKind::Server).await,
        [(None, 2)],
        "it has no secrets"
    );
}

async fn b06_each_kind_is_gone_through_in_order_until_nothing_is_left(store: Arc<dyn Store>) {
    many(&*store).await;
    let mut work = store.begin().await.unwrap();
    for (server, issuer) in [("id-notes", "b"), ("id-raw", "a"), ("id-notes", "a")] {
        let client = OAuthClientRow {
            server: ServerId::new(server),
            issuer: issuer.to_owned(),
            sealed: wrapped(1, 3),
            created_at: Timestamp(1),
        };
        work.consents().add_client(&client).await.unwrap();
    }
    work.sessions().insert(&session(1, Some("bob"), 900)).await.unwrap();
    for byte in [9, 8] {
        let pending = PendingConsent {
            state_hash: vec![byte; 32],
            session_hash: vec![1; 32],
            user: UserId::new("id-bob"),
            server: ServerId::new("id-raw"),
            sealed: wrapped(1, byte),
            expires_at: Timestamp(900),
        };
        work.consents().begin(&pending).await.unwrap();
    }
    work.save().await.unwrap();
    for (kind, number) in [
        (SealedKind::Server, 2),
        (SealedKind::Override, 153),
        (SealedKind::OAuthClient, 3),
        (SealedKind::Consent, 2),
    ] {
        let mut found = Vec::new();
        let mut beyond = None;
        loop {
            let mut work = store.begin().await.unwrap();
            let rows = next(work.as_mut(), kind, beyond.as_ref()).await;
            let Some(last) = rows.last() else { break };
            assert!(rows.len() <= 64);
            beyond = Some(last.place.clone());
            for row in &rows {
                assert_eq!(row.place.kind(), kind);
                assert!(
                    work.sealed_values().replace(row, &wrapped(2, 0)).await.unwrap(),
                    "{row:?}"
                );
            }
            work.save().await.unwrap();
            found.extend(rows);
        }
        assert_eq!(found.len(), number, "{kind:?}");
        assert_eq!(keys(&*store, kind).await, [(Some(2), number as u64)], "{kind:?}");
        let mut work = store.begin().await.unwrap();
        assert_eq!(next(work.as_mut(), kind, None).await, [], "{kind:?}");
    }
}

async fn b06_a_value_that_was_replaced_meanwhile_is_left_alone(store: Arc<dyn Store>) {
    many(&*store).await;
    let mut work = store.begin().await.unwrap();
    let rows = next(work.as_mut(), SealedKind::Override, None).await;
    let row = rows.into_iter().find(|row| row.sealed == wrapped(1, 7)).unwrap();
    drop(work);
    let SealedPlace::Override { id, .. } = &row.place else {
        panic!("{row:?}")
    };
    let mut work = store.begin().await.unwrap();
    let mut newer = work.overrides().find(id).await.unwrap().unwrap();
    newer.sealed = wrapped(1, 99);
    work.overrides().update(&newer).await.unwrap();
    work.save().await.unwrap();
    let mut work = store.begin().await.unwrap();
    assert!(!work.sealed_values().replace(&row, &wrapped(2, 7)).await.unwrap());
    assert_eq!(work.overrides().find(id).await.unwrap().unwrap().sealed, wrapped(1, 99));
}

/// On SQLite there is one writer at a time, so nobody can hold anything.
async fn b06_what_somebody_holds_is_passed_over(store: Arc<dyn Store>) {
    many(&*store).await;
    let mut first = store.begin().await.unwrap();
    let held = next(first.as_mut(), SealedKind::Override, None).await;
    let second = tokio::time::timeout(std::time::Duration::from_millis(500), store.begin()).await;
    let Ok(second) = second else { return };
    let mut second = second.unwrap();
    let others = next(second.as_mut(), SealedKind::Override, None).await;
    assert!(others.iter().all(|row| !held.contains(row)));
    assert_eq!((held.len(), others.len()), (64, 64));
}

async fn b06_nothing_but_the_value_changes(store: Arc<dyn Store>) {
    many(&*store).await;
    let mut work = store.begin().await.unwrap();
    let before = work.overrides().find(&account_override(5).id).await.unwrap().unwrap();
    let is_it = |row: &&SealedRow| matches!(&row.place, SealedPlace::Override { id, .. } if *id == before.id);
    let mut found = next(work.as_mut(), SealedKind::Override, None).await;
    while !found.iter().any(|row| is_it(&row)) {
        let last = found.last().unwrap().place.clone();
        found = next(work.as_mut(), SealedKind::Override, Some(&last)).await;
    }
    let row = found.iter().find(is_it).unwrap();
    assert!(work.sealed_values().replace(row, &wrapped(2, 7)).await.unwrap());
    work.save().await.unwrap();
    let after = store
        .read()
        .await
        .unwrap()
        .overrides()
        .find(&before.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        after,
        OverrideRow {
            sealed: wrapped(2, 7),
            ..before
        }
    );
}

async fn b06_a_setting_is_replaced_only_if_it_is_what_it_was(store: Arc<dyn Store>) {
    let mut work = store.begin().await.unwrap();
    let settings = work.settings();
    assert!(!settings.replace("key_check", "a", "b").await.unwrap(), "there is none");
    settings.set_if_absent("key_check", "a").await.unwrap();
    assert!(!settings.replace("key_check", "b", "c").await.unwrap());
    assert!(settings.replace("key_check", "a", "b").await.unwrap());
    assert_eq!(settings.get("key_check").await.unwrap().as_deref(), Some("b"));
}
