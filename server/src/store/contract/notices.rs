//! The outbox: told once, taken up by one, settled by who has it.

use super::on_every_store;
use crate::store::*;

on_every_store!(
    the_same_is_told_once_by_each_channel,
    each_is_taken_up_by_one_and_again_after_its_time,
    who_took_too_long_has_no_say,
    what_is_over_is_forgotten_and_what_waits_is_not,
);

fn notice(id: &str, channel: NoticeChannel, once: &str) -> NoticeRow {
    NoticeRow {
        id: id.to_owned(),
        channel,
        once: once.to_owned(),
        event: "override.set".to_owned(),
        recipient: String::new(),
        payload: "{}".to_owned(),
        created_at: Timestamp(10),
        state: NoticeState::Waiting,
        attempts: 0,
        next_at: Timestamp(10),
        finished_at: None,
        problem: None,
    }
}

async fn put(store: &dyn Store, row: NoticeRow) -> bool {
    let mut work = store.begin().await.unwrap();
    let new = work.notices().put(&row).await.unwrap();
    work.save().await.unwrap();
    new
}

async fn claim(store: &dyn Store, now: i64) -> Option<NoticeRow> {
    let mut work = store.begin().await.unwrap();
    let claimed = work.notices().claim(Timestamp(now), Timestamp(now + 60)).await.unwrap();
    work.save().await.unwrap();
    claimed
}

async fn settle(store: &dyn Store, row: NoticeRow, state: NoticeState) -> bool {
    let row = NoticeRow {
        state,
        finished_at: (state != NoticeState::Waiting).then_some(Timestamp(20)),
        problem: Some("busy".to_owned()),
        ..row
    };
    let mut work = store.begin().await.unwrap();
    let ours = work.notices().settle(&row).await.unwrap();
    work.save().await.unwrap();
    ours
}

async fn the_same_is_told_once_by_each_channel(store: Arc<dyn Store>) {
    assert!(put(&*store, notice("1", NoticeChannel::Webhook, "set/a/1")).await);
    assert!(put(&*store, notice("2", NoticeChannel::Mail, "set/a/1")).await);
    assert!(!put(&*store, notice("3", NoticeChannel::Mail, "set/a/1")).await);
    assert!(put(&*store, notice("4", NoticeChannel::Mail, "set/a/2")).await);
    let mut work = store.read().await.unwrap();
    let ids: Vec<_> = work
        .notices()
        .latest(2)
        .await
        .unwrap()
        .into_iter()
        .map(|row| row.id)
        .collect();
    assert_eq!(ids, ["4", "2"], "newest first");
    assert_eq!(work.notices().count(NoticeState::Waiting).await.unwrap(), 3);
}

async fn each_is_taken_up_by_one_and_again_after_its_time(store: Arc<dyn Store>) {
    put(&*store, notice("1", NoticeChannel::Webhook, "a")).await;
    put(&*store, notice("2", NoticeChannel::Webhook, "b")).await;
    assert!(
        !store
            .read()
            .await
            .unwrap()
            .notices()
            .is_due(Timestamp(9))
            .await
            .unwrap()
    );
    assert!(
        store
            .read()
            .await
            .unwrap()
            .notices()
            .is_due(Timestamp(10))
            .await
            .unwrap()
    );
    assert_eq!(claim(&*store, 9).await, None);
    let first = claim(&*store, 10).await.unwrap();
    assert_eq!(
        (first.id.as_str(), first.attempts, first.next_at),
        ("1", 1, Timestamp(70))
    );
    assert_eq!(claim(&*store, 10).await.unwrap().id, "2");
    assert_eq!(claim(&*store, 69).await, None);
    let again = claim(&*store, 70).await.unwrap();
    assert_eq!((again.id.as_str(), again.attempts), ("1", 2));
}

async fn who_took_too_long_has_no_say(store: Arc<dyn Store>) {
    put(&*store, notice("1", NoticeChannel::Webhook, "a")).await;
    let slow = claim(&*store, 10).await.unwrap();
    let quick = claim(&*store, 70).await.unwrap();
    assert!(!settle(&*store, slow.clone(), NoticeState::Failed).await);
    assert!(settle(&*store, quick.clone(), NoticeState::Sent).await);
    assert!(!settle(&*store, quick, NoticeState::Waiting).await, "it is over");
    let mut work = store.read().await.unwrap();
    assert_eq!(work.notices().latest(9).await.unwrap()[0].state, NoticeState::Sent);
}

async fn what_is_over_is_forgotten_and_what_waits_is_not(store: Arc<dyn Store>) {
    for id in ["1", "2"] {
        put(&*store, notice(id, NoticeChannel::Mail, id)).await;
    }
    let taken = claim(&*store, 10).await.unwrap();
    settle(&*store, taken, NoticeState::Failed).await;
    let mut work = store.begin().await.unwrap();
    assert_eq!(work.notices().forget_before(Timestamp(20)).await.unwrap(), 0);
    assert_eq!(work.notices().forget_before(Timestamp(21)).await.unwrap(), 1);
    assert_eq!(work.notices().count(NoticeState::Waiting).await.unwrap(), 1);
    assert_eq!(work.notices().count(NoticeState::Failed).await.unwrap(), 0);
}
