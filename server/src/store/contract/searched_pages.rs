//! Searches of the overrides tab, which find few, or many, or as many as are just counted: pages and totals are those of a list of all.

use std::collections::BTreeSet;

use domain::actor::SubjectKind;
use domain::id::VirtualAccountId;
use domain::overrides::Kind;
use domain::total::Total;

use super::on_every_store;
use super::world::*;
use crate::store::*;

on_every_store!(
    s01_a_search_finds_what_a_list_of_all_shows_of_it,
    s01_pages_are_the_same_when_nothing_is_counted,
    s01_a_total_is_right_when_the_last_few_are_deleted,
);

/// 200 overrides whose owners have "few" in their names, 203 with "many", 1001 with "mos", of which 1000 with "most". By name, the first
/// of the second stands alone, and so does the first of the third.
async fn filled(store: &dyn Store) {
    let mut work = store.begin().await.unwrap();
    for name in ["notes", "raw"] {
        work.servers().insert(&server(name)).await.unwrap();
    }
    let people = [("few", 100), ("many", 101), ("mos", 1), ("most", 500)];
    let people = people.map(|(name, count)| (0..count).map(move |n| format!("{name}-{n:03}")));
    for (number, name) in people.into_iter().flatten().enumerate() {
        work.users().insert(&user(&name)).await.unwrap();
        for kind in [Kind::Manual, Kind::OAuth] {
            if (&*name, kind) == ("mos-000", Kind::OAuth) {
                continue;
            }
            let row = OverrideRow {
                updated_at: Timestamp((number * 31 % 17) as i64),
                last_used_at: (number % 3 > 0).then_some(Timestamp((number * 37 % 19) as i64)),
                ..an_override("notes", &of_user(&name), kind)
            };
            work.overrides().insert(&row).await.unwrap();
        }
    }
    work.users().insert(&user("elsewhere-few-many")).await.unwrap();
    let row = an_override("raw", &of_user("elsewhere-few-many"), Kind::Manual);
    work.overrides().insert(&row).await.unwrap();
    let account = VirtualAccountRow {
        id: VirtualAccountId::new("a-many"),
        ..account("a-many")
    };
    work.virtual_accounts().insert(&account).await.unwrap();
    let row = an_override("notes", &of_account("a-many"), Kind::Manual);
    work.overrides().insert(&row).await.unwrap();
    work.save().await.unwrap();
}

fn of_notes(search: &str) -> OverrideQuery {
    OverrideQuery {
        server: ServerId::new("id-notes"),
        only: None,
        search: Some(search.to_owned()),
        among: None,
        counted: true,
        sort: OverrideSort::Entity,
        descending: false,
        cursor: None,
        limit: 170,
    }
}

/// To the end and back to the start.
async fn pages(work: &mut dyn Work, mut query: OverrideQuery) -> Vec<OverridePage> {
    let mut pages = Vec::new();
    loop {
        let page = work.overrides().page(&query).await.unwrap();
        query.cursor = page.next.clone();
        pages.push(page);
        if query.cursor.is_none() {
            break;
        }
    }
    let mut there = pages.len() - 1;
    query.cursor = pages[there].previous.clone();
    while query.cursor.is_some() {
        there -= 1;
        let page = work.overrides().page(&query).await.unwrap();
        assert_eq!(ids(&page), ids(&pages[there]), "{query:?}");
        query.cursor = page.previous;
    }
    assert_eq!(there, 0, "{query:?}");
    pages
}

fn ids(page: &OverridePage) -> Vec<&str> {
    page.rows.iter().map(|row| row.id.as_str()).collect()
}

async fn s01_a_search_finds_what_a_list_of_all_shows_of_it(store: Arc<dyn Store>) {
    filled(&*store).await;
    let mut work = store.read().await.unwrap();
    let standings = work.overrides().standings(&ServerId::new("id-notes")).await.unwrap();
    let whole = |standing: &Standing| Part {
        standing: standing.clone(),
        ended: None,
        reached: None,
    };
    let people = standings.iter().filter(|one| one.subject_kind == SubjectKind::User);
    let people: Vec<Part> = people.map(whole).collect();
    let manual = standings.iter().filter(|one| one.kind == Kind::Manual);
    let manual: Vec<Part> = manual
        .map(|standing| Part {
            ended: Some((false, Timestamp(899))),
            ..whole(standing)
        })
        .collect();
    for sort in [
        OverrideSort::Entity,
        OverrideSort::Kind,
        OverrideSort::UpdatedAt,
        OverrideSort::LastUsed,
    ] {
        for (descending, among) in [
            (false, None),
            (true, None),
            (true, Some(&manual)),
            (false, Some(&people)),
        ] {
            let all = OverrideQuery {
                search: None,
                sort,
                descending,
                among: among.cloned(),
                ..of_notes("")
            };
            let shown = pages(work.as_mut(), all.clone()).await;
            for (search, found) in [
                ("FEW", 200),
                ("many", 203),
                ("many-1", 2),
                ("w-00", 20),
                ("most", 1000),
                ("mos", 1001),
                ("-", 1404),
                ("nobody", 0),
            ] {
                let query = OverrideQuery {
                    search: Some(search.to_owned()),
                    ..all.clone()
                };
                let what = format!("{query:?}");
                let part = search.to_lowercase();
                let right: Vec<&str> = shown.iter().flat_map(ids).filter(|id| id.contains(&part)).collect();
                assert!(among.is_some() || right.len() == found, "{what}");
                let pages = pages(work.as_mut(), query).await;
                let totals: BTreeSet<_> = pages.iter().map(|page| page.total).collect();
                assert_eq!(totals, [Some(Total::up_to(1_000, right.len() as i64))].into(), "{what}");
                assert_eq!(pages.iter().flat_map(ids).collect::<Vec<_>>(), right, "{what}");
            }
        }
    }
}

async fn s01_pages_are_the_same_when_nothing_is_counted(store: Arc<dyn Store>) {
    filled(&*store).await;
    let mut work = store.read().await.unwrap();
    for search in ["few", "many", "mos", ""] {
        let counted = of_notes(search);
        let right = pages(work.as_mut(), counted.clone()).await;
        let uncounted = OverrideQuery {
            counted: false,
            ..counted
        };
        let same = pages(work.as_mut(), uncounted).await;
        assert!(same.iter().map(ids).eq(right.iter().map(ids)), "{search}");
        assert!(same.iter().all(|page| page.total.is_none()), "{search}");
    }
}

async fn s01_a_total_is_right_when_the_last_few_are_deleted(store: Arc<dyn Store>) {
    filled(&*store).await;
    let mut work = store.begin().await.unwrap();
    let first = work.overrides().page(&of_notes("w-00")).await.unwrap();
    let all = OverrideQuery {
        limit: 10,
        ..of_notes("w-00")
    };
    let begun = work.overrides().page(&all).await.unwrap();
    for row in &first.rows {
        work.overrides().delete(&row.id).await.unwrap();
    }
    let next = OverrideQuery {
        cursor: begun.next,
        ..all
    };
    let page = work.overrides().page(&next).await.unwrap();
    assert_eq!(
        (page.rows.len(), page.total, &page.next),
        (0, Some(Total::Exactly(0)), &None)
    );
    assert!(page.previous.is_some());
}
