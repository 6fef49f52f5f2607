//! External identities, people's links with identity providers, and sign-ons that count once.

use domain::actor::SubjectRef;
use domain::id::ExternalIdentityId;
use domain::overrides::Kind;
use domain::role::ServerRole;

use super::on_every_store;
use super::world::*;
use crate::store::*;

on_every_store!(
    a_subject_of_an_issuer_is_there_once,
    an_external_identity_is_found_listed_and_renamed,
    what_an_external_identity_has_goes_with_it,
    a_person_is_linked_once_with_each_issuer,
    a_sign_on_is_used_once,
);

fn external(id: &str, issuer: &str, subject: &str) -> ExternalIdentityRow {
    ExternalIdentityRow {
        id: ExternalIdentityId::new(id),
        issuer: issuer.to_owned(),
        subject: subject.to_owned(),
        name: format!("Build {subject}"),
        created_at: Timestamp(10),
    }
}

fn of_external(id: &str) -> SubjectRef {
    SubjectRef::external_identity(&ExternalIdentityId::new(id))
}

async fn a_subject_of_an_issuer_is_there_once(store: Arc<dyn Store>) {
    let mut work = store.begin().await.unwrap();
    let identities = work.external_identities();
    identities
        .insert(&external("1", "https://a.example", "x"))
        .await
        .unwrap();
    let again = identities.insert(&external("2", "https://a.example", "x")).await;
    assert!(matches!(again, Err(StoreError::Conflict)), "{again:?}");
    // A7: another issuer's, and another spelling, is somebody else.
    identities
        .insert(&external("2", "https://b.example", "x"))
        .await
        .unwrap();
    identities
        .insert(&external("3", "https://a.example", "X"))
        .await
        .unwrap();
    let found = identities.find_by_subject("https://b.example", "x").await.unwrap();
    assert_eq!(found, Some(external("2", "https://b.example", "x")));
    assert_eq!(
        identities.find_by_subject("https://c.example", "x").await.unwrap(),
        None
    );
    assert_eq!(identities.find_by_subject("a\0", "x").await.unwrap(), None);
}

async fn an_external_identity_is_found_listed_and_renamed(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let mut work = store.begin().await.unwrap();
    for (id, subject) in [("1", "b"), ("2", "a")] {
        let row = external(id, "https://a.example", subject);
        work.external_identities().insert(&row).await.unwrap();
    }
    work.overrides()
        .insert(&an_override("notes", &of_external("1"), Kind::Manual))
        .await
        .unwrap();
    let query = |search: Option<&str>, cursor| PageQuery {
        search: search.map(str::to_owned),
        cursor,
        limit: 1,
    };
    let first = work.external_identities().list(&query(None, None)).await.unwrap();
    assert_eq!(first.items, [external("2", "https://a.example", "a")]);
    let second = work.external_identities().list(&query(None, first.next)).await.unwrap();
    assert_eq!((second.items[0].id.as_str(), second.next), ("1", None));
    let named = work
        .external_identities()
        .list(&query(Some("BUILD B"), None))
        .await
        .unwrap();
    assert_eq!(named.items[0].id.as_str(), "1");

    let hits = work.overrides().search_subjects("a.example", 10).await.unwrap();
    assert_eq!(hits.len(), 2);
    assert_eq!(
        (hits[0].subject.clone(), hits[0].detail.as_str()),
        (of_external("2"), "https://a.example")
    );
    let row = ExternalIdentityRow {
        name: "Zebra".to_owned(),
        ..external("1", "https://a.example", "b")
    };
    assert!(work.external_identities().rename(&row).await.unwrap());
    let found = work
        .overrides()
        .of_subject(&ServerId::new("id-notes"), &of_external("1"))
        .await
        .unwrap();
    assert_eq!(found[0].subject_name, "Zebra");
    assert_eq!(found[0].subject_detail.as_deref(), Some("https://a.example"));
    let hits = work.overrides().search_subjects("zebra", 10).await.unwrap();
    assert_eq!(hits.len(), 1);
}

async fn what_an_external_identity_has_goes_with_it(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let (mut work, notes) = (store.begin().await.unwrap(), ServerId::new("id-notes"));
    work.external_identities()
        .insert(&external("1", "https://a.example", "x"))
        .await
        .unwrap();
    let given = grant("notes", Grantee::Subject(of_external("1")), ServerRole::User);
    assert!(work.grants().put(&given).await.unwrap());
    work.overrides()
        .insert(&an_override("notes", &of_external("1"), Kind::Manual))
        .await
        .unwrap();
    assert_eq!(
        work.grants().roles(&notes, &of_external("1")).await.unwrap(),
        [ServerRole::User]
    );
    let listed = work.grants().list(&notes).await.unwrap();
    let name = listed
        .iter()
        .find(|one| one.grantee == given.grantee)
        .map(|one| one.grantee_name.as_str());
    assert_eq!(name, Some("Build x (https://a.example)"));
    let reach = work
        .grants()
        .reach(
            &notes,
            &PageQuery {
                limit: 50,
                ..PageQuery::default()
            },
        )
        .await
        .unwrap();
    assert!(
        reach
            .items
            .iter()
            .any(|row| row.subject == of_external("1") && row.given.len() == 1)
    );

    assert!(
        work.external_identities()
            .delete(&ExternalIdentityId::new("1"))
            .await
            .unwrap()
    );
    assert_eq!(work.grants().roles(&notes, &of_external("1")).await.unwrap(), []);
    assert_eq!(work.overrides().everywhere(&of_external("1")).await.unwrap(), []);
    work.save().await.unwrap();
    let mut work = store.begin().await.unwrap();
    let nobodys = work.grants().put(&given).await;
    assert!(matches!(nobodys, Err(StoreError::Dangling)), "{nobodys:?}");
}

async fn a_person_is_linked_once_with_each_issuer(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let link = |issuer: &str, subject: &str, name: &str| UserIdentityRow {
        issuer: issuer.to_owned(),
        subject: subject.to_owned(),
        user: UserId::new(format!("id-{name}")),
        linked_at: Timestamp(10),
    };
    let mut work = store.begin().await.unwrap();
    work.user_identities().link(&link("a", "x", "bob")).await.unwrap();
    work.user_identities().link(&link("b", "x", "bob")).await.unwrap();
    for taken in [link("a", "x", "eve"), link("a", "y", "bob")] {
        let refused = work.user_identities().link(&taken).await;
        assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    }
    assert_eq!(
        work.user_identities().find("a", "x").await.unwrap(),
        Some(link("a", "x", "bob"))
    );
    assert_eq!(work.user_identities().find("a", "X").await.unwrap(), None);
    assert_eq!(
        work.user_identities()
            .of_user(&UserId::new("id-bob"))
            .await
            .unwrap()
            .len(),
        2
    );
    work.users().delete(&UserId::new("id-bob")).await.unwrap();
    assert_eq!(work.user_identities().find("a", "x").await.unwrap(), None);
}

async fn a_sign_on_is_used_once(store: Arc<dyn Store>) {
    let mut work = store.begin().await.unwrap();
    let sign_ons = work.user_identities();
    assert!(sign_ons.use_sign_on(&[1; 32], Timestamp(100)).await.unwrap());
    assert!(!sign_ons.use_sign_on(&[1; 32], Timestamp(100)).await.unwrap());
    assert!(sign_ons.use_sign_on(&[2; 32], Timestamp(200)).await.unwrap());
    assert_eq!(sign_ons.forget_sign_ons(Timestamp(100)).await.unwrap(), 1);
    assert!(!sign_ons.use_sign_on(&[2; 32], Timestamp(200)).await.unwrap());
}
