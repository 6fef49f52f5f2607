//! Overrides, one at a time.

use std::collections::BTreeMap;

use domain::overrides::{Condition, Kind};
use domain::server::Origin;
use domain::total::Total;

use super::on_every_store;
use super::world::*;
use crate::seal::Sealed;
use crate::store::*;

on_every_store!(
    an_override_comes_back_as_stored,
    d02_one_per_server_subject_and_kind,
    an_override_needs_its_server_and_subject,
    each_is_found_by_what_it_is_asked_for,
    a_renamed_user_is_shown_and_found_by_the_new_name,
    b05_a_use_tells_when_and_whether_it_was_taken,
    b05_a_use_of_an_older_version_tells_nothing,
    b05_only_good_and_rejected_change_by_being_used,
    b05_a_verdict_is_written_down_for_the_version_that_was_tried,
    b05_a_verdict_lifts_no_suspension,
    subjects_are_searched_by_name_address_and_id,
);

async fn an_override_comes_back_as_stored(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let mut work = store.begin().await.unwrap();
    let mut row = an_override("raw", &of_user("bob"), Kind::OAuth);
    work.overrides().insert(&row).await.unwrap();
    assert_eq!(work.overrides().find(&row.id).await.unwrap(), Some(row.clone()));
    row.condition = Condition::Suspended;
    row.sealed = Sealed::from_bytes(vec![9; 5000]);
    row.origin = Origin::stored("https://b.example");
    row.masks = BTreeMap::new();
    row.updated_by = of_account("ci-bot");
    row.updated_by_name = "CI \"bot\"".to_owned();
    row.updated_at = Timestamp(77);
    row.expires_at = None;
    row.last_verified_at = Some(Timestamp(78));
    row.version = 2;
    assert!(work.overrides().update(&row).await.unwrap());
    assert_eq!(work.overrides().find(&row.id).await.unwrap(), Some(row.clone()));
    assert!(work.overrides().delete(&row.id).await.unwrap());
    assert!(!work.overrides().delete(&row.id).await.unwrap());
    assert!(!work.overrides().update(&row).await.unwrap());
    assert_eq!(work.overrides().find(&row.id).await.unwrap(), None);
}

async fn d02_one_per_server_subject_and_kind(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let mut work = store.begin().await.unwrap();
    let again = OverrideRow {
        id: OverrideId::new("another"),
        ..an_override("notes", &of_user("bob"), Kind::Manual)
    };
    let refused = work.overrides().insert(&again).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    let other_kind = an_override("notes", &of_user("bob"), Kind::OAuth);
    work.overrides().insert(&other_kind).await.unwrap();
    let other_server = an_override("raw", &of_user("bob"), Kind::Manual);
    work.overrides().insert(&other_server).await.unwrap();
}

async fn an_override_needs_its_server_and_subject(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let external = SubjectRef {
        kind: domain::actor::SubjectKind::ExternalIdentity,
        id: "x".to_owned(),
    };
    for (server, subject) in [
        ("notes", of_user("nobody")),
        ("notes", of_account("nobody")),
        ("notes", external),
        ("nothing", of_user("bob")),
    ] {
        let mut work = store.begin().await.unwrap();
        let refused = work
            .overrides()
            .insert(&an_override(server, &subject, Kind::Manual))
            .await;
        assert!(
            matches!(refused, Err(StoreError::Dangling)),
            "{server} {subject}: {refused:?}"
        );
    }
}

async fn each_is_found_by_what_it_is_asked_for(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let mut work = store.begin().await.unwrap();
    let (notes, bob) = (ServerId::new("id-notes"), of_user("bob"));
    let manual = an_override("notes", &bob, Kind::Manual);
    let oauth = an_override("notes", &bob, Kind::OAuth);
    let elsewhere = an_override("raw", &bob, Kind::Manual);
    work.overrides().insert(&oauth).await.unwrap();
    work.overrides().insert(&elsewhere).await.unwrap();
    let overrides = work.overrides();
    let found = overrides.find_for(&notes, &bob, Kind::OAuth).await.unwrap();
    assert_eq!(found.as_ref(), Some(&oauth));
    assert_eq!(
        overrides.find_for(&notes, &of_user("eve"), Kind::OAuth).await.unwrap(),
        None
    );
    assert_eq!(
        overrides.of_subject(&notes, &bob).await.unwrap(),
        [manual.clone(), oauth.clone()]
    );
    // The same id, another kind of subject.
    assert!(
        overrides
            .of_subject(&notes, &of_account("id-bob"))
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        overrides.everywhere(&bob).await.unwrap(),
        [manual, oauth, elsewhere.clone()]
    );
    assert_eq!(overrides.of_server(&notes).await.unwrap().len(), 4);
    assert_eq!(overrides.delete_of_server(&notes).await.unwrap(), 4);
    assert!(overrides.of_server(&notes).await.unwrap().is_empty());
    assert_eq!(overrides.everywhere(&bob).await.unwrap(), [elsewhere]);
}

async fn a_renamed_user_is_shown_and_found_by_the_new_name(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let mut work = store.begin().await.unwrap();
    let renamed = UserRow {
        name: "Ärmel".to_owned(),
        ..user("bob")
    };
    assert!(work.users().update(&renamed).await.unwrap());
    let rows = work.overrides().of_server(&ServerId::new("id-notes")).await.unwrap();
    let names: Vec<_> = rows.iter().map(|row| row.subject_name.as_str()).collect();
    assert_eq!(names, ["ci-bot", "Eve", "Ärmel"]);
    let query = OverrideQuery {
        server: ServerId::new("id-notes"),
        only: None,
        search: Some("ÄRM".to_owned()),
        among: None,
        counted: true,
        sort: OverrideSort::Entity,
        descending: false,
        cursor: None,
        limit: 10,
    };
    assert_eq!(
        work.overrides().page(&query).await.unwrap().total,
        Some(Total::Exactly(1))
    );
}

fn used(row: &OverrideRow, at: i64, accepted: Option<bool>) -> OverrideUse {
    OverrideUse {
        id: row.id.clone(),
        version: row.version,
        at: Timestamp(at),
        accepted,
    }
}

/// Condition and last use after some uses.
async fn after(work: &mut dyn Work, row: &OverrideRow, uses: &[OverrideUse]) -> (Condition, Option<i64>) {
    work.overrides().record_uses(uses).await.unwrap();
    let row = work.overrides().find(&row.id).await.unwrap().unwrap();
    (row.condition, row.last_used_at.map(|at| at.0))
}

async fn b05_a_use_tells_when_and_whether_it_was_taken(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let mut work = store.begin().await.unwrap();
    let row = an_override("notes", &of_user("bob"), Kind::Manual);
    let mut seen = Vec::new();
    for uses in [
        vec![used(&row, 50, None)],
        vec![used(&row, 60, Some(false))],
        vec![used(&row, 55, None)],
        vec![used(&row, 70, Some(true))],
        vec![used(&row, 80, Some(true)), used(&row, 81, Some(false))],
    ] {
        seen.push(after(work.as_mut(), &row, &uses).await);
    }
    let (good, rejected) = (Condition::Good, Condition::Rejected);
    assert_eq!(
        seen,
        [
            (good, Some(50)),
            (rejected, Some(60)),
            (rejected, Some(60)),
            (good, Some(70)),
            (rejected, Some(81))
        ]
    );
    let eve = work
        .overrides()
        .find(&an_override("notes", &of_user("eve"), Kind::Manual).id)
        .await;
    assert_eq!(eve.unwrap().unwrap().last_used_at, None, "the others are left alone");
}

async fn b05_a_use_of_an_older_version_tells_nothing(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let mut work = store.begin().await.unwrap();
    let old = an_override("notes", &of_user("bob"), Kind::Manual);
    let new = OverrideRow {
        version: 2,
        ..old.clone()
    };
    assert!(work.overrides().update(&new).await.unwrap());
    let seen = after(work.as_mut(), &new, &[used(&old, 90, Some(false))]).await;
    assert_eq!(seen, (Condition::Good, None));
}

/// D06, S61: what suspended or invalidated it is lifted by people only.
async fn b05_only_good_and_rejected_change_by_being_used(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let mut work = store.begin().await.unwrap();
    for condition in [Condition::Suspended, Condition::Invalidated] {
        let row = OverrideRow {
            condition,
            ..an_override("notes", &of_user("bob"), Kind::Manual)
        };
        work.overrides().update(&row).await.unwrap();
        for accepted in [true, false] {
            let seen = after(work.as_mut(), &row, &[used(&row, 90, Some(accepted))]).await;
            assert_eq!(seen, (condition, Some(90)));
        }
    }
}

async fn b05_a_verdict_is_written_down_for_the_version_that_was_tried(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let mut work = store.begin().await.unwrap();
    let row = an_override("notes", &of_account("ci-bot"), Kind::Manual);
    let mut seen = Vec::new();
    for (version, taken, at) in [(1, false, 94), (1, true, 95), (1, false, 96), (2, true, 97)] {
        let there = work
            .overrides()
            .record_verdict(&row.id, version, taken, Timestamp(at))
            .await;
        let row = work.overrides().find(&row.id).await.unwrap().unwrap();
        seen.push((there.unwrap(), row.condition, row.last_verified_at.map(|at| at.0)));
    }
    let (good, rejected) = (Condition::Good, Condition::Rejected);
    assert_eq!(
        seen,
        [
            (true, rejected, None),
            (true, good, Some(95)),
            (true, rejected, Some(95)),
            (false, rejected, Some(95))
        ]
    );
    let other = an_override("notes", &of_user("bob"), Kind::Manual);
    assert_eq!(
        work.overrides()
            .find(&other.id)
            .await
            .unwrap()
            .unwrap()
            .last_verified_at,
        None
    );
}

async fn b05_a_verdict_lifts_no_suspension(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let mut work = store.begin().await.unwrap();
    let row = OverrideRow {
        condition: Condition::Suspended,
        ..an_override("notes", &of_user("bob"), Kind::Manual)
    };
    work.overrides().update(&row).await.unwrap();
    for taken in [true, false] {
        work.overrides()
            .record_verdict(&row.id, 1, taken, Timestamp(90))
            .await
            .unwrap();
        let row = work.overrides().find(&row.id).await.unwrap().unwrap();
        assert_eq!(row.condition, Condition::Suspended, "D06");
    }
}

async fn subjects_are_searched_by_name_address_and_id(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let mut work = store.begin().await.unwrap();
    for (search, found) in [
        ("", vec!["Bob", "ci-bot", "Eve"]),
        ("BOB", vec!["Bob"]),
        ("eve@demo", vec!["Eve"]),
        ("id-eve", vec!["Eve"]),
        ("b", vec!["Bob", "ci-bot"]),
        ("zoe", vec![]),
    ] {
        let hits = work.overrides().search_subjects(search, 10).await.unwrap();
        let names: Vec<_> = hits.iter().map(|hit| hit.name.as_str()).collect();
        assert_eq!(names, found, "{search}");
    }
    let hits = work.overrides().search_subjects("", 2).await.unwrap();
    assert_eq!(hits.len(), 2);
    assert_eq!(
        (&hits[0].subject, hits[0].detail.as_str()),
        (&of_user("bob"), "bob@demo.test")
    );
    assert_eq!(
        (&hits[1].subject, hits[1].detail.as_str()),
        (&of_account("ci-bot"), "ci-bot of the build")
    );
}
