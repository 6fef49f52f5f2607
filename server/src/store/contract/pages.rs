//! Pages of the overrides tab.

use domain::actor::SubjectKind;
use domain::overrides::{Condition, Kind};
use domain::total::Total;

use super::on_every_store;
use super::world::*;
use crate::store::*;

on_every_store!(
    every_sort_pages_forward_and_back_over_ties,
    names_sort_without_case,
    the_filters_and_the_total_agree,
    s11_only_ones_own,
    a_cursor_of_another_order_is_refused,
    a_cursor_of_a_version_before_goes_on,
    a_page_survives_that_its_neighbour_is_deleted,
);

fn all(sort: OverrideSort) -> OverrideQuery {
    OverrideQuery {
        server: ServerId::new("id-notes"),
        only: None,
        search: None,
        among: None,
        counted: true,
        sort,
        descending: false,
        cursor: None,
        limit: 3,
    }
}

/// Those of the standings on notes that are so.
async fn among(work: &mut dyn Work, is: impl Fn(&Standing) -> bool) -> Option<Vec<Part>> {
    let standings = work.overrides().standings(&ServerId::new("id-notes")).await.unwrap();
    let part = |standing| Part {
        standing,
        ended: None,
        reached: None,
    };
    Some(standings.into_iter().filter(is).map(part).collect())
}

/// Eleven overrides on notes with many ties, and one elsewhere.
async fn filled(store: &dyn Store) {
    let mut work = store.begin().await.unwrap();
    for name in ["notes", "raw"] {
        work.servers().insert(&server(name)).await.unwrap();
    }
    for (number, name) in ["bob", "eve", "ada", "zoe", "mia"].into_iter().enumerate() {
        work.users().insert(&user(name)).await.unwrap();
        for kind in [Kind::Manual, Kind::OAuth] {
            let row = OverrideRow {
                updated_at: Timestamp(20 + number as i64 % 2),
                last_used_at: (number > 2).then_some(Timestamp(60)),
                condition: if number == 0 {
                    Condition::Rejected
                } else {
                    Condition::Good
                },
                ..an_override("notes", &of_user(name), kind)
            };
            work.overrides().insert(&row).await.unwrap();
        }
    }
    work.virtual_accounts().insert(&account("ci-bot")).await.unwrap();
    for name in ["notes", "raw"] {
        let row = an_override(name, &of_account("ci-bot"), Kind::Manual);
        work.overrides().insert(&row).await.unwrap();
    }
    work.save().await.unwrap();
}

fn ids(page: &OverridePage) -> Vec<String> {
    page.rows.iter().map(|row| row.id.to_string()).collect()
}

fn key(sort: OverrideSort, row: &OverrideRow) -> (String, i64) {
    match sort {
        OverrideSort::Entity => (row.subject_name.to_lowercase(), 0),
        OverrideSort::Kind => (row.kind.as_str().to_owned(), 0),
        OverrideSort::UpdatedAt => (String::new(), row.updated_at.0),
        OverrideSort::LastUsed => (String::new(), row.last_used_at.map_or(0, |at| at.0)),
    }
}

async fn every_sort_pages_forward_and_back_over_ties(store: Arc<dyn Store>) {
    filled(&*store).await;
    let mut work = store.read().await.unwrap();
    for sort in [
        OverrideSort::Entity,
        OverrideSort::Kind,
        OverrideSort::UpdatedAt,
        OverrideSort::LastUsed,
    ] {
        for descending in [false, true] {
            let mut query = OverrideQuery {
                descending,
                ..all(sort)
            };
            let mut pages: Vec<OverridePage> = Vec::new();
            loop {
                let page = work.overrides().page(&query).await.unwrap();
                assert_eq!(page.total, Some(Total::Exactly(11)));
                assert_eq!(page.previous.is_some(), !pages.is_empty());
                query.cursor = page.next.clone();
                pages.push(page);
                if query.cursor.is_none() {
                    break;
                }
            }
            let sizes: Vec<_> = pages.iter().map(|page| page.rows.len()).collect();
            assert_eq!(sizes, [3, 3, 3, 2], "{sort:?} {descending}");
            let rows: Vec<_> = pages.iter().flat_map(|page| &page.rows).collect();
            let in_order = rows.is_sorted_by(|a, b| {
                let (a, b) = (key(sort, a), key(sort, b));
                if descending { a >= b } else { a <= b }
            });
            assert!(in_order, "{sort:?} {descending}");
            let distinct: std::collections::BTreeSet<_> = rows.iter().map(|row| row.id.clone()).collect();
            assert_eq!(distinct.len(), 11, "{sort:?} {descending}");

            for (place, there) in pages.iter().enumerate().rev().skip(1) {
                query.cursor = pages[place + 1].previous.clone();
                let page = work.overrides().page(&query).await.unwrap();
                assert_eq!(ids(&page), ids(there), "{sort:?} {descending} back to {place}");
                assert_eq!(page.previous.is_some(), place > 0);
                query.cursor = page.next;
                let on = work.overrides().page(&query).await.unwrap();
                assert_eq!(ids(&on), ids(&pages[place + 1]), "and on again");
            }
        }
    }
}

async fn names_sort_without_case(store: Arc<dyn Store>) {
    filled(&*store).await;
    let mut work = store.read().await.unwrap();
    let query = OverrideQuery {
        limit: 200,
        ..all(OverrideSort::Entity)
    };
    let page = work.overrides().page(&query).await.unwrap();
    let names: Vec<_> = page
        .rows
        .iter()
        .step_by(2)
        .map(|row| row.subject_name.as_str())
        .collect();
    // Ada twice, Bob twice, ci-bot once, so that each step lands on the next name.
    assert_eq!(names, ["Ada", "Bob", "ci-bot", "Eve", "Mia", "Zoe"]);
}

async fn the_filters_and_the_total_agree(store: Arc<dyn Store>) {
    filled(&*store).await;
    let mut work = store.read().await.unwrap();
    let one = all(OverrideSort::UpdatedAt);
    for (query, total) in [
        (
            OverrideQuery {
                search: Some("BOB@".to_owned()),
                ..one.clone()
            },
            2,
        ),
        (
            OverrideQuery {
                search: Some(" b ".to_owned()),
                ..one.clone()
            },
            3,
        ),
        (
            OverrideQuery {
                search: Some("b%b".to_owned()),
                ..one.clone()
            },
            0,
        ),
        (
            OverrideQuery {
                among: among(work.as_mut(), |one| one.subject_kind == SubjectKind::VirtualAccount).await,
                ..one.clone()
            },
            1,
        ),
        (
            OverrideQuery {
                among: among(work.as_mut(), |one| one.subject_kind == SubjectKind::User).await,
                ..one.clone()
            },
            10,
        ),
        (
            OverrideQuery {
                among: among(work.as_mut(), |one| one.condition == Condition::Rejected).await,
                ..one.clone()
            },
            2,
        ),
        (
            OverrideQuery {
                search: Some("eve".to_owned()),
                among: among(work.as_mut(), |one| one.condition == Condition::Rejected).await,
                ..one.clone()
            },
            0,
        ),
        (
            OverrideQuery {
                server: ServerId::new("id-raw"),
                ..one.clone()
            },
            1,
        ),
    ] {
        let page = work.overrides().page(&query).await.unwrap();
        assert_eq!(page.total, Some(Total::Exactly(total)), "{query:?}");
        assert_eq!(page.rows.len() as i64, total.min(3), "{query:?}");
        assert_eq!(page.next.is_some(), total > 3, "{query:?}");
    }
}

async fn s11_only_ones_own(store: Arc<dyn Store>) {
    filled(&*store).await;
    let mut work = store.read().await.unwrap();
    let query = OverrideQuery {
        only: Some(of_user("bob")),
        ..all(OverrideSort::Entity)
    };
    let page = work.overrides().page(&query).await.unwrap();
    assert_eq!(page.total, Some(Total::Exactly(2)));
    assert!(page.rows.len() == 2 && page.rows.iter().all(|row| row.subject == of_user("bob")));
    let query = OverrideQuery {
        search: Some("eve".to_owned()),
        ..query
    };
    assert_eq!(
        work.overrides().page(&query).await.unwrap().total,
        Some(Total::Exactly(0))
    );
}

async fn a_cursor_of_another_order_is_refused(store: Arc<dyn Store>) {
    filled(&*store).await;
    let mut work = store.read().await.unwrap();
    let mut query = all(OverrideSort::UpdatedAt);
    let cursor = work.overrides().page(&query).await.unwrap().next;
    assert!(cursor.is_some());
    query.cursor = cursor;
    for (sort, descending, cursor) in [
        (OverrideSort::LastUsed, false, query.cursor.clone()),
        (OverrideSort::UpdatedAt, true, query.cursor.clone()),
        (OverrideSort::UpdatedAt, false, Some("not one".to_owned())),
        (OverrideSort::UpdatedAt, false, Some(String::new())),
    ] {
        let query = OverrideQuery {
            sort,
            descending,
            cursor,
            ..query.clone()
        };
        let page = work.overrides().page(&query).await;
        assert!(matches!(page, Err(StoreError::BadCursor)), "{query:?}");
    }
    assert!(work.overrides().page(&query).await.is_ok(), "the look goes on");
}

/// They held a number as the total, or none.
async fn a_cursor_of_a_version_before_goes_on(store: Arc<dyn Store>) {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    filled(&*store).await;
    let mut work = store.read().await.unwrap();
    let first = work.overrides().page(&all(OverrideSort::Entity)).await.unwrap();
    let mut query = OverrideQuery {
        cursor: first.next,
        ..all(OverrideSort::Entity)
    };
    let right = work.overrides().page(&query).await.unwrap();
    let json = URL_SAFE_NO_PAD.decode(query.cursor.unwrap()).unwrap();
    let (list, mut spot): (String, serde_json::Value) = serde_json::from_slice(&json).unwrap();
    assert!(spot.as_object_mut().unwrap().remove("known").is_some());
    for total in [serde_json::json!(300), serde_json::Value::Null] {
        spot["total"] = total;
        let json = serde_json::to_vec(&(&list, &spot)).unwrap();
        query.cursor = Some(URL_SAFE_NO_PAD.encode(json));
        let page = work.overrides().page(&query).await.unwrap();
        assert_eq!((ids(&page), page.total), (ids(&right), None));
    }
}

async fn a_page_survives_that_its_neighbour_is_deleted(store: Arc<dyn Store>) {
    filled(&*store).await;
    let mut work = store.begin().await.unwrap();
    let mut query = OverrideQuery {
        limit: 9,
        ..all(OverrideSort::Entity)
    };
    let first = work.overrides().page(&query).await.unwrap();
    query.cursor = first.next.clone();
    let second = work.overrides().page(&query).await.unwrap();
    assert_eq!(second.rows.len(), 2);
    // The row that the cursor points after, and all of the second page.
    for row in second.rows.iter().chain(first.rows.last()) {
        work.overrides().delete(&row.id).await.unwrap();
    }
    let empty = work.overrides().page(&query).await.unwrap();
    assert_eq!(
        (empty.rows.len(), &empty.next, empty.total),
        (0, &None, Some(Total::Exactly(8)))
    );
    query.cursor = empty.previous;
    let back = work.overrides().page(&query).await.unwrap();
    assert_eq!(ids(&back), ids(&first)[..8]);
}
