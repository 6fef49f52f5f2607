//! Servers and the grants on them.

use domain::outbound::Mode;
use domain::role::ServerRole;
use domain::server::{ServerName, ServerUrl};

use super::on_every_store;
use super::world::*;
use crate::store::*;

on_every_store!(
    a_server_comes_back_as_stored,
    a_server_name_is_taken_once,
    the_lock_raises_the_revision,
    a_list_shows_only_what_a_grant_reaches,
    servers_are_searched_and_paged,
    a_grant_is_new_or_replaced,
    roles_come_from_ones_own_grant_and_from_everyones,
    a_grant_needs_somebody,
);

async fn a_server_comes_back_as_stored(store: Arc<dyn Store>) {
    let mut work = store.begin().await.unwrap();
    let mut row = server("notes");
    work.servers().insert(&row).await.unwrap();
    assert_eq!(work.servers().find("notes").await.unwrap(), Some(row.clone()));
    row.name = ServerName::parse("memos").unwrap();
    row.url = ServerUrl::parse("http://other.example/x").unwrap();
    row.description = String::new();
    row.mode = Mode::NoAuth;
    row.outbound = r#"{"mode":"none"}"#.to_owned();
    row.secrets = None;
    row.allow_optional = false;
    row.updated_at = Timestamp(11);
    assert!(work.servers().update(&row).await.unwrap());
    assert_eq!(work.servers().find_by_id(&row.id).await.unwrap(), Some(row.clone()));
    assert_eq!(work.servers().find("notes").await.unwrap(), None);
    assert!(work.servers().delete(&row.id).await.unwrap());
    assert!(!work.servers().delete(&row.id).await.unwrap());
    assert!(!work.servers().update(&row).await.unwrap());
}

async fn a_server_name_is_taken_once(store: Arc<dyn Store>) {
    let mut work = store.begin().await.unwrap();
    work.servers().insert(&server("notes")).await.unwrap();
    work.servers().insert(&server("raw")).await.unwrap();
    let other = ServerRow {
        id: ServerId::new("other"),
        ..server("notes")
    };
    let taken = work.servers().insert(&other).await;
    assert!(matches!(taken, Err(StoreError::Conflict)), "{taken:?}");
    let renamed = ServerRow {
        name: ServerName::parse("notes").unwrap(),
        ..server("raw")
    };
    let taken = work.servers().update(&renamed).await;
    assert!(matches!(taken, Err(StoreError::Conflict)), "{taken:?}");
}

/// D07.
async fn the_lock_raises_the_revision(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let mut work = store.begin().await.unwrap();
    let locked = work.servers().lock("notes").await.unwrap().unwrap();
    assert_eq!(
        locked,
        ServerRow {
            revision: 2,
            ..server("notes")
        }
    );
    assert!(work.servers().lock("nothing").await.unwrap().is_none());
    // What `update` is given does not count.
    assert!(work.servers().update(&server("notes")).await.unwrap());
    work.save().await.unwrap();
    let mut work = store.read().await.unwrap();
    assert_eq!(work.servers().find("notes").await.unwrap().unwrap().revision, 2);
    assert_eq!(work.servers().find("raw").await.unwrap().unwrap().revision, 1);
}

fn names(page: &Page<ServerRow>) -> Vec<&str> {
    page.items.iter().map(|server| server.name.as_str()).collect()
}

/// D11.
async fn a_list_shows_only_what_a_grant_reaches(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let mut work = store.begin().await.unwrap();
    work.servers().insert(&server("open")).await.unwrap();
    let everyone = grant("open", Grantee::Everyone, ServerRole::User);
    work.grants().put(&everyone).await.unwrap();
    work.users().insert(&user("zoe")).await.unwrap();
    let all = PageQuery {
        limit: 50,
        ..PageQuery::default()
    };
    for (subject, visible) in [
        (None, vec!["notes", "open", "raw"]),
        (Some(of_user("bob")), vec!["notes", "open"]),
        (Some(of_account("ci-bot")), vec!["notes", "open"]),
        (Some(of_user("zoe")), vec!["open"]),
        // The same id, another kind.
        (Some(of_account("id-bob")), vec!["open"]),
    ] {
        let page = work.servers().list(&all, subject.as_ref()).await.unwrap();
        assert_eq!(names(&page), visible, "{subject:?}");
    }
}

async fn servers_are_searched_and_paged(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let mut work = store.begin().await.unwrap();
    let query = |search: &str, cursor| PageQuery {
        search: Some(search.to_owned()),
        cursor,
        limit: 1,
    };
    let page = work.servers().list(&query("FOR ALL", None), None).await.unwrap();
    assert_eq!(names(&page), ["notes"]);
    let page = work.servers().list(&query("FOR ALL", page.next), None).await.unwrap();
    assert_eq!((names(&page), &page.next), (vec!["raw"], &None));
    let page = work.servers().list(&query("ra_", None), None).await.unwrap();
    assert!(page.items.is_empty());
}

async fn a_grant_is_new_or_replaced(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let mut work = store.begin().await.unwrap();
    let bob = Grantee::Subject(of_user("bob"));
    let notes = ServerId::new("id-notes");
    assert!(
        !work
            .grants()
            .put(&grant("notes", bob.clone(), ServerRole::Manager))
            .await
            .unwrap()
    );
    assert!(
        work.grants()
            .put(&grant("notes", Grantee::Everyone, ServerRole::User))
            .await
            .unwrap()
    );
    let listed = work.grants().list(&notes).await.unwrap();
    let shown: Vec<_> = listed
        .iter()
        .map(|grant| (grant.grantee_name.as_str(), grant.role))
        .collect();
    assert_eq!(
        shown,
        [
            ("Everyone", ServerRole::User),
            ("Bob (bob@demo.test)", ServerRole::Manager),
            ("Eve (eve@demo.test)", ServerRole::User),
            ("ci-bot", ServerRole::User),
        ]
    );
    assert_eq!(listed[1].grantee, bob);
    assert!(work.grants().remove(&notes, &bob).await.unwrap());
    assert!(!work.grants().remove(&notes, &bob).await.unwrap());
    assert_eq!(work.grants().list(&notes).await.unwrap().len(), 3);
}

async fn roles_come_from_ones_own_grant_and_from_everyones(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let mut work = store.begin().await.unwrap();
    let (notes, raw) = (ServerId::new("id-notes"), ServerId::new("id-raw"));
    for row in [
        grant("notes", Grantee::Subject(of_user("bob")), ServerRole::Manager),
        grant("notes", Grantee::Everyone, ServerRole::User),
        grant("raw", Grantee::Everyone, ServerRole::User),
    ] {
        work.grants().put(&row).await.unwrap();
    }
    let mut roles = work.grants().roles(&notes, &of_user("bob")).await.unwrap();
    roles.sort();
    assert_eq!(roles, [ServerRole::User, ServerRole::Manager]);
    assert_eq!(
        work.grants().roles(&raw, &of_user("bob")).await.unwrap(),
        [ServerRole::User]
    );
    assert_eq!(
        work.grants().roles(&notes, &of_user("zoe")).await.unwrap(),
        [ServerRole::User]
    );
    let everywhere = work.grants().roles_everywhere(&of_user("bob")).await.unwrap();
    assert_eq!(everywhere, [(notes, ServerRole::Manager), (raw, ServerRole::User)]);
}

async fn a_grant_needs_somebody(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    for (server, grantee) in [
        ("notes", Grantee::Subject(of_user("nobody"))),
        ("notes", Grantee::Subject(of_account("nobody"))),
        ("notes", Grantee::Team(domain::id::TeamId::new("nobody"))),
        ("nothing", Grantee::Subject(of_user("bob"))),
    ] {
        let mut work = store.begin().await.unwrap();
        let put = work.grants().put(&grant(server, grantee, ServerRole::User)).await;
        assert!(matches!(put, Err(StoreError::Dangling)), "{put:?}");
    }
}
