//! How people and programs come in and are put out: invitations, admins, owners, replaced tokens, and the marks for open streams.

use domain::id::TeamId;
use domain::role::{PlatformRole, ServerRole};
use domain::team::TeamName;

use super::on_every_store;
use super::world::*;
use crate::store::*;

on_every_store!(
    a_new_invitation_ends_the_one_before,
    an_invitation_is_taken_once,
    of_two_admins_who_demote_each_other_one_stays,
    disabled_admins_are_none_who_act,
    an_account_has_an_owner_until_they_go,
    a_token_is_replaced_once,
    whatever_takes_a_right_away_leaves_a_mark,
    marks_are_forgotten,
);

fn invitation(user: &str, hash: u8) -> InvitationRow {
    InvitationRow {
        user: UserId::new(format!("id-{user}")),
        hash: vec![hash; 32],
        created_at: Timestamp(10),
        expires_at: Timestamp(100),
    }
}

async fn a_new_invitation_ends_the_one_before(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let mut work = store.begin().await.unwrap();
    let bob = UserId::new("id-bob");
    work.invitations().put(&invitation("bob", 1)).await.unwrap();
    work.invitations().put(&invitation("eve", 2)).await.unwrap();
    let second = InvitationRow {
        expires_at: Timestamp(200),
        ..invitation("bob", 3)
    };
    work.invitations().put(&second).await.unwrap();
    assert_eq!(work.invitations().find(&[1; 32]).await.unwrap(), None);
    assert_eq!(work.invitations().find(&[3; 32]).await.unwrap(), Some(second));
    let found = work.users().find(&bob).await.unwrap().unwrap();
    assert_eq!(found.invited_until, Some(Timestamp(200)));
    assert!(work.invitations().remove(&bob).await.unwrap());
    assert!(!work.invitations().remove(&bob).await.unwrap());
    assert_eq!(work.users().find(&bob).await.unwrap().unwrap().invited_until, None);
    // D09: it goes with the person.
    assert!(work.users().delete(&UserId::new("id-eve")).await.unwrap());
    assert_eq!(work.invitations().find(&[2; 32]).await.unwrap(), None);
    work.save().await.unwrap();
    let mut work = store.begin().await.unwrap();
    let nobodys = work.invitations().put(&invitation("nobody", 4)).await;
    assert!(matches!(nobodys, Err(StoreError::Dangling)), "{nobodys:?}");
}

async fn an_invitation_is_taken_once(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let mut work = store.begin().await.unwrap();
    work.invitations().put(&invitation("bob", 1)).await.unwrap();
    work.save().await.unwrap();
    let take = || {
        let store = store.clone();
        tokio::spawn(async move {
            let mut work = store.begin().await.unwrap();
            let taken = work.invitations().take(&[1; 32]).await.unwrap();
            work.save().await.unwrap();
            taken
        })
    };
    let tries = [take(), take(), take(), take()];
    let mut taken = Vec::new();
    for one in tries {
        taken.extend(one.await.unwrap());
    }
    assert_eq!(taken, [invitation("bob", 1)], "exactly one gets it");
}

fn admin(name: &str) -> UserRow {
    UserRow {
        platform_role: PlatformRole::Admin,
        ..user(name)
    }
}

async fn of_two_admins_who_demote_each_other_one_stays(store: Arc<dyn Store>) {
    let mut work = store.begin().await.unwrap();
    for name in ["ada", "zoe"] {
        work.users().insert(&admin(name)).await.unwrap();
    }
    work.save().await.unwrap();
    let demote = |name: &'static str| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut work = store.begin().await.unwrap();
            let acting = work.users().lock_acting_admins().await.unwrap();
            let others = acting.iter().filter(|id| id.as_str() != format!("id-{name}")).count();
            if others > 0 {
                work.users().update(&user(name)).await.unwrap();
            }
            work.save().await.unwrap();
        })
    };
    let (one, two) = (demote("ada"), demote("zoe"));
    one.await.unwrap();
    two.await.unwrap();
    let mut work = store.begin().await.unwrap();
    assert_eq!(work.users().lock_acting_admins().await.unwrap().len(), 1);
}

async fn disabled_admins_are_none_who_act(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let mut work = store.begin().await.unwrap();
    let out = UserRow {
        disabled_at: Some(Timestamp(5)),
        ..admin("out")
    };
    for row in [&admin("zoe"), &out, &admin("ada")] {
        work.users().insert(row).await.unwrap();
    }
    let acting = work.users().lock_acting_admins().await.unwrap();
    assert_eq!(acting, [UserId::new("id-ada"), UserId::new("id-zoe")]);
}

async fn an_account_has_an_owner_until_they_go(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let mut work = store.begin().await.unwrap();
    let bob = UserId::new("id-bob");
    let owned = VirtualAccountRow {
        owner: Some(bob.clone()),
        created_by: Some(UserId::new("id-eve")),
        ..account("deploy")
    };
    work.virtual_accounts().insert(&owned).await.unwrap();
    let bobs = VirtualAccountRow {
        owner_named: Some(("Bob".to_owned(), "bob@demo.test".to_owned())),
        ..owned.clone()
    };
    let all = PageQuery {
        limit: 9,
        ..PageQuery::default()
    };
    let page = work.virtual_accounts().list(&all, Some(&bob)).await.unwrap();
    assert_eq!(page.items, [bobs.clone()]);
    assert_eq!(work.virtual_accounts().list(&all, None).await.unwrap().items.len(), 2);
    let used = [(TokenId::new("t1"), Timestamp(70)), (TokenId::new("t2"), Timestamp(60))];
    for (id, hash) in [("t1", 1), ("t2", 2)] {
        work.tokens()
            .insert(&token(id, &of_account("deploy"), hash))
            .await
            .unwrap();
    }
    work.tokens().record_uses(&used).await.unwrap();
    let found = work.virtual_accounts().find(&owned.id).await.unwrap().unwrap();
    assert_eq!(found.last_used_at, Some(Timestamp(70)));
    let described = VirtualAccountRow {
        description: "Deploys".to_owned(),
        owner: Some(UserId::new("id-eve")),
        ..owned.clone()
    };
    assert!(work.virtual_accounts().update(&described).await.unwrap());
    assert!(!work.virtual_accounts().update(&account("nothing")).await.unwrap());
    let found = work.virtual_accounts().find(&owned.id).await.unwrap().unwrap();
    assert_eq!(
        (found.description.as_str(), &found.owner),
        ("Deploys", &described.owner)
    );
    assert!(work.users().delete(&UserId::new("id-eve")).await.unwrap());
    let found = work.virtual_accounts().find(&owned.id).await.unwrap().unwrap();
    assert_eq!((found.owner, found.owner_named), (None, None));
}

async fn a_token_is_replaced_once(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let mut work = store.begin().await.unwrap();
    let bots = of_account("ci-bot");
    work.tokens().insert(&token("t1", &bots, 1)).await.unwrap();
    let id = TokenId::new("t1");
    assert_eq!(
        work.tokens().find(&id, &bots).await.unwrap(),
        Some(token("t1", &bots, 1))
    );
    assert_eq!(work.tokens().find(&id, &of_user("bob")).await.unwrap(), None);
    let (at, ends) = (Timestamp(50), Timestamp(90));
    assert!(!work.tokens().replace(&id, &of_user("bob"), at, ends).await.unwrap());
    assert!(work.tokens().replace(&id, &bots, at, ends).await.unwrap());
    assert!(!work.tokens().replace(&id, &bots, at, Timestamp(99)).await.unwrap());
    let replaced = TokenRow {
        replaced_at: Some(at),
        expires_at: Some(ends),
        ..token("t1", &bots, 1)
    };
    assert_eq!(work.tokens().find_by_hash(&[1; 32]).await.unwrap(), Some(replaced));
}

/// How many marks a use case leaves.
async fn marks(work: &mut dyn Work) -> usize {
    work.revocations().since(60).await.unwrap().len()
}

async fn whatever_takes_a_right_away_leaves_a_mark(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let mut work = store.begin().await.unwrap();
    let work = work.as_mut();
    let team = TeamRow {
        id: TeamId::new("id-platform"),
        name: TeamName::parse("platform").unwrap(),
        description: String::new(),
        created_at: Timestamp(1),
        members: 0,
        servers: 0,
    };
    work.teams().insert(&team).await.unwrap();
    let (bob, eve) = (UserId::new("id-bob"), UserId::new("id-eve"));
    work.teams().add_member(&team.id, &bob, Timestamp(1)).await.unwrap();
    work.tokens().insert(&token("t", &of_user("bob"), 1)).await.unwrap();
    work.tokens().insert(&token("u", &of_user("bob"), 2)).await.unwrap();
    let everyone = grant("raw", Grantee::Everyone, ServerRole::User);
    work.grants().put(&everyone).await.unwrap();
    assert_eq!(marks(work).await, 0, "nobody lost anything");

    let mut before = 0;
    let mut marked = async |work: &mut dyn Work, what: &str| {
        let now = marks(work).await;
        assert_eq!(now, before + 1, "{what}");
        before = now;
    };
    work.tokens().delete(&TokenId::new("t"), &of_user("bob")).await.unwrap();
    marked(work, "a revoked token").await;
    let (id, at) = (TokenId::new("u"), Timestamp(1));
    work.tokens().replace(&id, &of_user("bob"), at, at).await.unwrap();
    marked(work, "a replaced token").await;
    work.grants()
        .remove(&ServerId::new("id-raw"), &Grantee::Everyone)
        .await
        .unwrap();
    marked(work, "a grant").await;
    work.teams().remove_member(&team.id, &bob).await.unwrap();
    marked(work, "a place in a team").await;
    work.teams().delete(&team.id).await.unwrap();
    marked(work, "a team").await;
    let out = UserRow {
        disabled_at: Some(Timestamp(1)),
        ..user("bob")
    };
    work.users().update(&out).await.unwrap();
    marked(work, "a disabled person").await;
    work.users().delete(&eve).await.unwrap();
    marked(work, "a deleted person").await;
    work.virtual_accounts()
        .delete(&VirtualAccountId::new("ci-bot"))
        .await
        .unwrap();
    marked(work, "a virtual account").await;
    work.servers().delete(&ServerId::new("id-raw")).await.unwrap();
    marked(work, "a server").await;
}

async fn marks_are_forgotten(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let mut work = store.begin().await.unwrap();
    assert!(work.users().delete(&UserId::new("id-bob")).await.unwrap());
    assert_eq!(work.revocations().since(60).await.unwrap().len(), 1);
    // "The last minus sixty seconds" begin in a minute.
    assert_eq!(work.revocations().since(-60).await.unwrap().len(), 0);
    assert_eq!(work.revocations().forget_before(3_600).await.unwrap(), 0);
    assert_eq!(work.revocations().forget_before(-60).await.unwrap(), 1);
    assert_eq!(work.revocations().since(3_600).await.unwrap().len(), 0);
    work.save().await.unwrap();
}
