//! Works: all or nothing, one after the other where it matters.

use domain::overrides::Kind;
use tokio::sync::oneshot;

use super::on_every_store;
use super::world::*;
use crate::store::*;

on_every_store!(
    a_work_that_is_dropped_did_nothing,
    a_look_stays_as_it_was_and_waits_for_nobody,
    a_look_writes_nothing,
    the_lock_makes_the_second_writer_wait,
    what_is_held_does_not_change_meanwhile,
    of_many_writers_no_raise_is_lost,
    d02_of_many_at_once_one_adds_the_override,
    migrating_again_changes_nothing,
    it_answers,
);

async fn a_work_that_is_dropped_did_nothing(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let mut work = store.begin().await.unwrap();
    work.users().insert(&user("zoe")).await.unwrap();
    assert!(work.servers().delete(&ServerId::new("id-notes")).await.unwrap());
    drop(work);
    let mut work = store.begin().await.unwrap();
    assert_eq!(work.users().find(&UserId::new("id-zoe")).await.unwrap(), None);
    assert!(work.servers().find("notes").await.unwrap().is_some());
    let kept = work.overrides().of_server(&ServerId::new("id-notes")).await.unwrap();
    assert_eq!(kept.len(), 3);
}

async fn a_look_stays_as_it_was_and_waits_for_nobody(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let mut writer = store.begin().await.unwrap();
    writer.servers().lock("notes").await.unwrap();
    writer.users().insert(&user("zoe")).await.unwrap();
    let mut look = store.read().await.unwrap();
    assert_eq!(look.users().count().await.unwrap(), 2);
    assert_eq!(look.servers().find("notes").await.unwrap().unwrap().revision, 1);
    writer.save().await.unwrap();
    assert_eq!(look.users().count().await.unwrap(), 2, "still the same look");
    let mut next = store.read().await.unwrap();
    assert_eq!(next.users().count().await.unwrap(), 3);
}

async fn a_look_writes_nothing(store: Arc<dyn Store>) {
    let mut look = store.read().await.unwrap();
    let refused = look.users().insert(&user("zoe")).await;
    assert!(matches!(refused, Err(StoreError::Broken(_))), "{refused:?}");
}

async fn the_lock_makes_the_second_writer_wait(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let mut first = store.begin().await.unwrap();
    assert_eq!(first.servers().lock("notes").await.unwrap().unwrap().revision, 2);
    let (started, has_started) = oneshot::channel();
    let other = store.clone();
    let second = tokio::spawn(async move {
        started.send(()).unwrap();
        let mut work = other.begin().await.unwrap();
        let row = work.servers().lock("notes").await.unwrap().unwrap();
        work.save().await.unwrap();
        row
    });
    has_started.await.unwrap();
    // Every chance to overtake: these wait for the database, and the task above runs meanwhile.
    for _ in 0..20 {
        store.ping().await.unwrap();
    }
    assert!(!second.is_finished());
    let changed = ServerRow {
        description: "First".to_owned(),
        ..server("notes")
    };
    first.servers().update(&changed).await.unwrap();
    first.save().await.unwrap();
    let seen = second.await.unwrap();
    assert_eq!((seen.revision, seen.description.as_str()), (3, "First"));
}

async fn what_is_held_does_not_change_meanwhile(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let id = ServerId::new("id-notes");
    let mut first = store.begin().await.unwrap();
    assert_eq!(
        first.servers().hold(&id).await.unwrap().unwrap().revision,
        1,
        "not raised"
    );
    let (started, has_started) = oneshot::channel();
    let other = store.clone();
    let second = tokio::spawn(async move {
        started.send(()).unwrap();
        let mut work = other.begin().await.unwrap();
        work.servers().lock("notes").await.unwrap().unwrap();
        work.save().await.unwrap();
    });
    has_started.await.unwrap();
    // As above.
    for _ in 0..20 {
        store.ping().await.unwrap();
    }
    assert!(!second.is_finished());
    assert_eq!(first.servers().hold(&id).await.unwrap().unwrap().revision, 1);
    first.save().await.unwrap();
    second.await.unwrap();
    let mut work = store.begin().await.unwrap();
    assert_eq!(work.servers().hold(&id).await.unwrap().unwrap().revision, 2);
    assert_eq!(work.servers().hold(&ServerId::new("nothing")).await.unwrap(), None);
}

async fn of_many_writers_no_raise_is_lost(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let tasks: Vec<_> = (0..12)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut work = store.begin().await.unwrap();
                let row = work.servers().lock("notes").await.unwrap().unwrap();
                work.save().await.unwrap();
                row.revision
            })
        })
        .collect();
    let mut seen = Vec::new();
    for task in tasks {
        seen.push(task.await.unwrap());
    }
    seen.sort_unstable();
    assert_eq!(seen, (2..14).collect::<Vec<i64>>());
}

async fn d02_of_many_at_once_one_adds_the_override(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                let row = OverrideRow {
                    id: OverrideId::new(format!("o{number}")),
                    ..an_override("raw", &of_user("bob"), Kind::Manual)
                };
                // Without the server's lock: the table alone must hold.
                let mut work = store.begin().await.unwrap();
                let added = work.overrides().insert(&row).await;
                work.save().await.unwrap();
                added
            })
        })
        .collect();
    let mut added = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(()) => added += 1,
            Err(error) => assert!(matches!(error, StoreError::Conflict), "{error:?}"),
        }
    }
    assert_eq!(added, 1);
    let mut work = store.read().await.unwrap();
    assert_eq!(
        work.overrides()
            .of_server(&ServerId::new("id-raw"))
            .await
            .unwrap()
            .len(),
        1
    );
}

async fn migrating_again_changes_nothing(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    store.migrate().await.unwrap();
    let mut work = store.read().await.unwrap();
    assert_eq!(work.users().count().await.unwrap(), 2);
}

async fn it_answers(store: Arc<dyn Store>) {
    store.ping().await.unwrap();
}
