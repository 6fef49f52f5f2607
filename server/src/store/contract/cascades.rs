//! D09: what goes when a user, a virtual account or a server goes.

use domain::role::ServerRole;

use super::on_every_store;
use super::world::*;
use crate::store::*;

on_every_store!(
    d09_all_that_is_a_users_goes_with_the_user,
    d09_all_that_is_a_virtual_accounts_goes_with_it,
    d09_all_that_is_a_servers_goes_with_it,
);

/// The subjects with an override on notes, and how many grants there are.
async fn left(work: &mut dyn Work) -> (Vec<String>, usize) {
    let notes = ServerId::new("id-notes");
    let rows = work.overrides().of_server(&notes).await.unwrap();
    let grants = work.grants().list(&notes).await.unwrap().len();
    (rows.into_iter().map(|row| row.subject_name).collect(), grants)
}

async fn d09_all_that_is_a_users_goes_with_the_user(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let mut work = store.begin().await.unwrap();
    let mine = ServerRow {
        created_by: Some(UserId::new("id-bob")),
        ..server("mine")
    };
    work.servers().insert(&mine).await.unwrap();
    work.tokens().insert(&token("t", &of_user("bob"), 1)).await.unwrap();
    work.tokens().insert(&token("e", &of_user("eve"), 2)).await.unwrap();
    work.sessions().put(&session(1, Some("bob"), 900)).await.unwrap();
    work.sessions().put(&session(2, Some("eve"), 900)).await.unwrap();
    assert!(work.users().delete(&UserId::new("id-bob")).await.unwrap());
    work.save().await.unwrap();

    let mut work = store.read().await.unwrap();
    assert_eq!(
        left(work.as_mut()).await,
        (vec!["ci-bot".to_owned(), "Eve".to_owned()], 2)
    );
    assert_eq!(work.tokens().find_by_hash(&[1; 32]).await.unwrap(), None);
    assert!(work.tokens().find_by_hash(&[2; 32]).await.unwrap().is_some());
    assert_eq!(work.sessions().find(&[1; 32], Timestamp(0)).await.unwrap(), None);
    assert!(work.sessions().find(&[2; 32], Timestamp(0)).await.unwrap().is_some());
    // The servers that the person registered stay.
    assert_eq!(work.servers().find("mine").await.unwrap().unwrap().created_by, None);
}

async fn d09_all_that_is_a_virtual_accounts_goes_with_it(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let mut work = store.begin().await.unwrap();
    work.tokens()
        .insert(&token("t", &of_account("ci-bot"), 1))
        .await
        .unwrap();
    let id = VirtualAccountId::new("ci-bot");
    assert!(work.virtual_accounts().delete(&id).await.unwrap());
    assert_eq!(left(work.as_mut()).await, (vec!["Bob".to_owned(), "Eve".to_owned()], 2));
    assert_eq!(work.tokens().find_by_hash(&[1; 32]).await.unwrap(), None);
}

async fn d09_all_that_is_a_servers_goes_with_it(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let mut work = store.begin().await.unwrap();
    let row = an_override("raw", &of_user("bob"), domain::overrides::Kind::Manual);
    work.overrides().insert(&row).await.unwrap();
    let everyone = grant("raw", Grantee::Everyone, ServerRole::User);
    work.grants().put(&everyone).await.unwrap();
    assert!(work.servers().delete(&ServerId::new("id-notes")).await.unwrap());
    assert_eq!(left(work.as_mut()).await, (vec![], 0));
    assert_eq!(work.overrides().everywhere(&of_user("bob")).await.unwrap(), [row]);
    let bobs = work.grants().roles_everywhere(&of_user("bob")).await.unwrap();
    assert_eq!(bobs, [(ServerId::new("id-raw"), ServerRole::User)]);
}
