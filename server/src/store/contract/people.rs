//! Users, virtual accounts, tokens, sessions, settings, audit.

use super::on_every_store;
use super::world::*;
use crate::store::*;

on_every_store!(
    what_is_called_by_a_nul_is_nobody,
    a_user_comes_back_as_stored,
    an_email_address_is_one_person,
    users_are_listed_by_address_and_found_by_name,
    search_knows_more_letters_than_ascii_and_takes_wildcards_as_letters,
    virtual_accounts_are_listed_by_name,
    a_token_is_found_by_its_hash_alone,
    a_session_ends_when_it_expires,
    a_session_is_replaced_or_kept,
    a_setting_stays_as_first_set,
);

async fn a_user_comes_back_as_stored(store: Arc<dyn Store>) {
    let mut work = store.begin().await.unwrap();
    assert_eq!(work.users().count().await.unwrap(), 0);
    let mut row = user("bob");
    work.users().insert(&row).await.unwrap();
    assert_eq!(work.users().find(&row.id).await.unwrap(), Some(row.clone()));
    row.name = "Robert".to_owned();
    row.password_hash = None;
    row.platform_role = domain::role::PlatformRole::Admin;
    row.disabled_at = Some(Timestamp(99));
    assert!(work.users().update(&row).await.unwrap());
    assert_eq!(work.users().find_by_email("BOB@demo.test").await.unwrap(), Some(row));
    assert!(!work.users().update(&user("nobody")).await.unwrap());
    assert_eq!(work.users().count().await.unwrap(), 1);
    assert_eq!(work.users().find(&UserId::new("nobody")).await.unwrap(), None);
}

async fn an_email_address_is_one_person(store: Arc<dyn Store>) {
    let mut work = store.begin().await.unwrap();
    work.users().insert(&user("bob")).await.unwrap();
    let other = UserRow {
        id: UserId::new("other"),
        email: "Bob@Demo.test".to_owned(),
        ..user("bob")
    };
    let taken = work.users().insert(&other).await;
    assert!(matches!(taken, Err(StoreError::Conflict)), "{taken:?}");
    // The work goes on after it.
    assert_eq!(work.users().count().await.unwrap(), 1);
    work.save().await.unwrap();
}

fn asked(search: &str, cursor: Option<String>, limit: u32) -> PageQuery {
    PageQuery {
        search: Some(search.to_owned()),
        cursor,
        limit,
    }
}

async fn users_are_listed_by_address_and_found_by_name(store: Arc<dyn Store>) {
    let mut work = store.begin().await.unwrap();
    for name in ["eve", "ada", "bob", "mia", "zoe"] {
        work.users().insert(&user(name)).await.unwrap();
    }
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = work.users().list(&asked("", cursor, 2)).await.unwrap();
        seen.push(
            page.items
                .iter()
                .map(|user| user.name.clone())
                .collect::<Vec<_>>()
                .join(" "),
        );
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["Ada Bob", "Eve Mia", "Zoe"]);
    let found = work.users().list(&asked("BO", None, 50)).await.unwrap();
    assert_eq!(found.items, [user("bob")]);
    let none = work.users().list(&asked("nobody", None, 50)).await.unwrap();
    assert!(none.items.is_empty() && none.next.is_none());
    let bad = work.users().list(&asked("", Some("xx".to_owned()), 2)).await;
    assert!(matches!(bad, Err(StoreError::BadCursor)), "{bad:?}");
}

async fn search_knows_more_letters_than_ascii_and_takes_wildcards_as_letters(store: Arc<dyn Store>) {
    let mut work = store.begin().await.unwrap();
    for (id, name) in [("one", "Ünal Ö_z"), ("two", "Unal Oxz"), ("three", "100% \\o/")] {
        let row = UserRow {
            name: name.to_owned(),
            ..user(id)
        };
        work.users().insert(&row).await.unwrap();
    }
    for (search, found) in [
        ("üNAL", "Ünal Ö_z"),
        ("ö_z", "Ünal Ö_z"),
        ("0%", "100% \\o/"),
        ("\\O", "100% \\o/"),
    ] {
        let page = work.users().list(&asked(search, None, 9)).await.unwrap();
        let names: Vec<_> = page.items.iter().map(|user| user.name.as_str()).collect();
        assert_eq!(names, [found], "{search}");
        let hits = work.overrides().search_subjects(search, 9).await.unwrap();
        assert_eq!(hits.len(), 1, "{search}");
    }
}

async fn virtual_accounts_are_listed_by_name(store: Arc<dyn Store>) {
    let mut work = store.begin().await.unwrap();
    for name in ["deploy", "ci-bot"] {
        work.virtual_accounts().insert(&account(name)).await.unwrap();
    }
    let taken = work.virtual_accounts().insert(&account("ci-bot")).await;
    assert!(matches!(taken, Err(StoreError::Conflict)), "{taken:?}");
    let page = work.virtual_accounts().list(&asked("", None, 1), None).await.unwrap();
    assert_eq!(page.items, [account("ci-bot")]);
    let page = work
        .virtual_accounts()
        .list(&asked("", page.next, 1), None)
        .await
        .unwrap();
    assert_eq!((page.items, page.next), (vec![account("deploy")], None));
    let id = VirtualAccountId::new("deploy");
    assert_eq!(
        work.virtual_accounts().find(&id).await.unwrap(),
        Some(account("deploy"))
    );
    assert!(work.virtual_accounts().delete(&id).await.unwrap());
    assert!(!work.virtual_accounts().delete(&id).await.unwrap());
}

async fn a_token_is_found_by_its_hash_alone(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let mut work = store.begin().await.unwrap();
    let first = token("t1", &of_user("bob"), 1);
    let second = TokenRow {
        created_at: Timestamp(41),
        expires_at: Some(Timestamp(100)),
        ..token("t2", &of_user("bob"), 2)
    };
    let bots = token("t3", &of_account("ci-bot"), 3);
    for row in [&first, &second, &bots] {
        work.tokens().insert(row).await.unwrap();
    }
    let again = work.tokens().insert(&token("t4", &of_user("eve"), 1)).await;
    assert!(matches!(again, Err(StoreError::Conflict)), "{again:?}");
    assert_eq!(work.tokens().find_by_hash(&[3; 32]).await.unwrap(), Some(bots));
    assert_eq!(work.tokens().find_by_hash(&[4; 32]).await.unwrap(), None);
    assert_eq!(
        work.tokens().list(&of_user("bob")).await.unwrap(),
        [second, first.clone()]
    );

    let uses = [(first.id.clone(), Timestamp(70)), (first.id.clone(), Timestamp(60))];
    work.tokens().record_uses(&uses).await.unwrap();
    work.tokens()
        .record_uses(&[(first.id.clone(), Timestamp(65))])
        .await
        .unwrap();
    let used = work.tokens().find_by_hash(&first.hash).await.unwrap().unwrap();
    assert_eq!(used.last_used_at, Some(Timestamp(70)));

    assert!(!work.tokens().delete(&first.id, &of_user("eve")).await.unwrap());
    assert!(work.tokens().delete(&first.id, &of_user("bob")).await.unwrap());
    assert_eq!(work.tokens().find_by_hash(&first.hash).await.unwrap(), None);
    work.save().await.unwrap();

    let mut work = store.begin().await.unwrap();
    let nobodys = work.tokens().insert(&token("t5", &of_user("nobody"), 5)).await;
    assert!(matches!(nobodys, Err(StoreError::Dangling)), "{nobodys:?}");
}

async fn a_session_ends_when_it_expires(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let mut work = store.begin().await.unwrap();
    for row in [
        session(1, Some("bob"), 100),
        session(2, None, 200),
        session(3, Some("eve"), 300),
    ] {
        assert!(work.sessions().insert(&row).await.unwrap());
    }
    let mut find = async |hash: u8, now| work.sessions().find(&[hash; 32], Timestamp(now)).await.unwrap();
    assert_eq!(find(1, 99).await, Some(session(1, Some("bob"), 100)));
    assert_eq!(find(1, 100).await, None);
    assert_eq!(work.sessions().delete_expired(Timestamp(200)).await.unwrap(), 2);
    assert_eq!(work.sessions().delete_expired(Timestamp(200)).await.unwrap(), 0);
    assert!(work.sessions().find(&[3; 32], Timestamp(0)).await.unwrap().is_some());
    assert!(work.sessions().find(&[2; 32], Timestamp(0)).await.unwrap().is_none());
}

async fn a_session_is_replaced_or_kept(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let mut work = store.begin().await.unwrap();
    let sessions = work.sessions();
    assert!(sessions.insert(&session(1, None, 100)).await.unwrap());
    assert!(!sessions.insert(&session(1, Some("eve"), 900)).await.unwrap());
    assert_eq!(
        sessions.find(&[1; 32], Timestamp(0)).await.unwrap(),
        Some(session(1, None, 100))
    );
    sessions.put(&session(1, Some("bob"), 500)).await.unwrap();
    sessions.put(&session(2, Some("bob"), 500)).await.unwrap();
    sessions.put(&session(3, Some("eve"), 500)).await.unwrap();
    let replaced = sessions.find(&[1; 32], Timestamp(0)).await.unwrap();
    assert_eq!(replaced, Some(session(1, Some("bob"), 500)));
    sessions.delete_of_user(&UserId::new("id-bob")).await.unwrap();
    for (hash, there) in [(1, false), (2, false), (3, true)] {
        let found = sessions.find(&[hash; 32], Timestamp(0)).await.unwrap();
        assert_eq!(found.is_some(), there, "{hash}");
    }
    sessions.delete(&[3; 32]).await.unwrap();
    assert!(sessions.find(&[3; 32], Timestamp(0)).await.unwrap().is_none());
}

async fn a_setting_stays_as_first_set(store: Arc<dyn Store>) {
    let set = |value: &'static str| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut work = store.begin().await.unwrap();
            let mine = work.settings().set_if_absent("installation", value).await.unwrap();
            work.save().await.unwrap();
            mine.then_some(value)
        })
    };
    let tries = [set("a"), set("b"), set("c"), set("d")];
    let mut won = Vec::new();
    for one in tries {
        won.extend(one.await.unwrap());
    }
    assert_eq!(won.len(), 1, "exactly one sets it");
    let mut work = store.read().await.unwrap();
    assert_eq!(
        work.settings().get("installation").await.unwrap().as_deref(),
        Some(won[0])
    );
    assert_eq!(work.settings().get("nothing").await.unwrap(), None);
}

async fn what_is_called_by_a_nul_is_nobody(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let mut work = store.begin().await.unwrap();
    for text in ["\0", "id-bob\0", "notes\0"] {
        assert_eq!(work.users().find(&UserId::new(text)).await.unwrap(), None);
        assert_eq!(work.users().find_by_email(text).await.unwrap(), None);
        assert_eq!(work.servers().find(text).await.unwrap(), None);
        assert_eq!(work.servers().lock(text).await.unwrap(), None);
        assert_eq!(
            work.virtual_accounts()
                .find(&VirtualAccountId::new(text))
                .await
                .unwrap(),
            None
        );
        assert_eq!(work.overrides().find(&OverrideId::new(text)).await.unwrap(), None);
        assert!(
            !work
                .tokens()
                .delete(&TokenId::new(text), &of_user("bob"))
                .await
                .unwrap()
        );
    }
}
