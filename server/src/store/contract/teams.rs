//! Teams, and the roles that come through them.

use domain::id::TeamId;
use domain::reach::{Given, Source};
use domain::role::{PlatformRole, ServerRole};
use domain::team::TeamName;

use super::on_every_store;
use super::world::*;
use crate::store::*;

on_every_store!(
    a_team_is_found_by_id_and_by_name,
    teams_are_searched_and_paged,
    members_come_once_and_are_listed_by_address,
    a_grant_to_a_team_counts_for_its_members,
    d09_a_teams_grants_go_with_it_and_its_members_places_go_with_them,
    whoever_has_a_role_is_listed_with_where_it_comes_from,
    the_list_of_whoever_has_a_role_is_whole_in_pages_and_searched,
);

fn team(name: &str) -> TeamRow {
    TeamRow {
        id: TeamId::new(format!("id-{name}")),
        name: TeamName::parse(name).unwrap(),
        description: format!("{name} of Ümit"),
        created_at: Timestamp(10),
        members: 0,
        servers: 0,
    }
}

fn user_id(name: &str) -> UserId {
    UserId::new(format!("id-{name}"))
}

fn of_team(name: &str) -> Grantee {
    Grantee::Team(TeamId::new(format!("id-{name}")))
}

fn asked(search: &str, cursor: Option<String>, limit: u32) -> PageQuery {
    PageQuery {
        search: Some(search.to_owned()),
        cursor,
        limit,
    }
}

/// The team platform with Bob in it, beside `people_and_servers`.
async fn with_a_team(store: &dyn Store) {
    people_and_servers(store).await;
    let mut work = store.begin().await.unwrap();
    work.teams().insert(&team("platform")).await.unwrap();
    let id = team("platform").id;
    assert!(
        work.teams()
            .add_member(&id, &user_id("bob"), Timestamp(20))
            .await
            .unwrap()
    );
    work.save().await.unwrap();
}

async fn a_team_is_found_by_id_and_by_name(store: Arc<dyn Store>) {
    let mut work = store.begin().await.unwrap();
    work.teams().insert(&team("platform")).await.unwrap();
    for name in ["platform", "id-platform"] {
        assert_eq!(work.teams().find(name).await.unwrap(), Some(team("platform")), "{name}");
    }
    for name in ["", "plat", "PLATFORM", "platform\0"] {
        assert_eq!(work.teams().find(name).await.unwrap(), None, "{name:?}");
    }
    let taken = TeamRow {
        id: TeamId::new("other"),
        ..team("platform")
    };
    let taken = work.teams().insert(&taken).await;
    assert!(matches!(taken, Err(StoreError::Conflict)), "{taken:?}");
    work.teams().insert(&team("data")).await.unwrap();
    let renamed = TeamRow {
        description: "Other".to_owned(),
        name: TeamName::parse("infra").unwrap(),
        ..team("platform")
    };
    assert!(work.teams().update(&renamed).await.unwrap());
    assert_eq!(work.teams().find("infra").await.unwrap(), Some(renamed.clone()));
    assert_eq!(work.teams().find("platform").await.unwrap(), None);
    let missing = TeamRow {
        id: TeamId::new("nobody"),
        ..team("x")
    };
    assert!(!work.teams().update(&missing).await.unwrap());
    work.save().await.unwrap();
    let mut work = store.begin().await.unwrap();
    let taken = TeamRow {
        name: TeamName::parse("data").unwrap(),
        ..renamed
    };
    let taken = work.teams().update(&taken).await;
    assert!(matches!(taken, Err(StoreError::Conflict)), "{taken:?}");
}

async fn teams_are_searched_and_paged(store: Arc<dyn Store>) {
    let mut work = store.begin().await.unwrap();
    for name in ["platform", "data", "a_b"] {
        work.teams().insert(&team(name)).await.unwrap();
    }
    let names = |page: &Page<TeamRow>| page.items.iter().map(|row| row.name.to_string()).collect::<Vec<_>>();
    let page = work.teams().list(&asked("", None, 2)).await.unwrap();
    assert_eq!(names(&page), ["a_b", "data"]);
    let page = work.teams().list(&asked("", page.next, 2)).await.unwrap();
    assert_eq!((names(&page), &page.next), (vec!["platform".to_owned()], &None));
    for (search, found) in [("DATA", vec!["data"]), ("a_", vec!["a_b"]), ("x of üm", vec![])] {
        let page = work.teams().list(&asked(search, None, 9)).await.unwrap();
        assert_eq!(names(&page), found, "{search}");
    }
    let page = work.teams().list(&asked("of ümIT", None, 9)).await.unwrap();
    assert_eq!(page.items.len(), 3);
}

async fn members_come_once_and_are_listed_by_address(store: Arc<dyn Store>) {
    with_a_team(&*store).await;
    let id = team("platform").id;
    let mut work = store.begin().await.unwrap();
    let (bob, eve) = (user_id("bob"), user_id("eve"));
    assert!(!work.teams().add_member(&id, &bob, Timestamp(99)).await.unwrap());
    assert!(work.teams().add_member(&id, &eve, Timestamp(21)).await.unwrap());
    let out = UserRow {
        disabled_at: Some(Timestamp(5)),
        ..user("eve")
    };
    work.users().update(&out).await.unwrap();
    let member = |name: &str, disabled, at| MemberRow {
        user: user_id(name),
        email: format!("{name}@demo.test"),
        name: user(name).name,
        disabled,
        added_at: Timestamp(at),
    };
    let page = work.teams().members(&id, &asked("", None, 1)).await.unwrap();
    assert_eq!(page.items, [member("bob", false, 20)]);
    let page = work.teams().members(&id, &asked("", page.next, 1)).await.unwrap();
    assert_eq!((page.items, page.next), (vec![member("eve", true, 21)], None));
    let page = work.teams().members(&id, &asked("EVE", None, 9)).await.unwrap();
    assert_eq!(page.items.len(), 1);
    assert_eq!(work.teams().find("platform").await.unwrap().unwrap().members, 2);
    let teams = work.teams().of_user(&bob).await.unwrap();
    assert_eq!(
        teams,
        [TeamRow {
            members: 2,
            ..team("platform")
        }]
    );
    assert!(work.teams().remove_member(&id, &bob).await.unwrap());
    assert!(!work.teams().remove_member(&id, &bob).await.unwrap());
    assert_eq!(work.teams().of_user(&bob).await.unwrap(), []);
    work.save().await.unwrap();
    for (team, user) in [("platform", "nobody"), ("nothing", "bob")] {
        let mut work = store.begin().await.unwrap();
        let team = TeamId::new(format!("id-{team}"));
        let added = work.teams().add_member(&team, &user_id(user), Timestamp(1)).await;
        assert!(matches!(added, Err(StoreError::Dangling)), "{added:?}");
    }
}

async fn a_grant_to_a_team_counts_for_its_members(store: Arc<dyn Store>) {
    with_a_team(&*store).await;
    let (notes, raw) = (ServerId::new("id-notes"), ServerId::new("id-raw"));
    let mut work = store.begin().await.unwrap();
    for server in ["notes", "raw"] {
        let manager = grant(server, of_team("platform"), ServerRole::Manager);
        assert!(work.grants().put(&manager).await.unwrap());
    }
    let mut roles = work.grants().roles(&notes, &of_user("bob")).await.unwrap();
    roles.sort();
    assert_eq!(roles, [ServerRole::User, ServerRole::Manager]);
    let everywhere = work.grants().roles_everywhere(&of_user("bob")).await.unwrap();
    assert_eq!(
        everywhere,
        [(notes.clone(), ServerRole::Manager), (raw.clone(), ServerRole::Manager)]
    );
    // Neither for others nor for what has the same id and is no person.
    for other in [of_user("eve"), of_account("id-bob"), of_account("ci-bot")] {
        assert_eq!(work.grants().roles(&raw, &other).await.unwrap(), [], "{other}");
        let visible = work.servers().list(&asked("raw", None, 9), Some(&other)).await.unwrap();
        assert!(visible.items.is_empty(), "{other}");
    }
    let visible = work
        .servers()
        .list(&asked("", None, 9), Some(&of_user("bob")))
        .await
        .unwrap();
    assert_eq!(visible.items.len(), 2);
    let asked_for = [of_user("bob"), of_user("eve"), of_account("id-bob")];
    let reached = work.grants().reached(&raw, &asked_for).await.unwrap();
    assert_eq!(reached, [of_user("bob")]);
    let listed = work.grants().list(&raw).await.unwrap();
    assert_eq!(
        listed
            .iter()
            .map(|one| (&one.grantee, one.grantee_name.as_str()))
            .collect::<Vec<_>>(),
        [(&of_team("platform"), "platform")]
    );
    assert_eq!(
        work.teams().servers(&team("platform").id).await.unwrap(),
        [
            (ServerName::parse("notes").unwrap(), ServerRole::Manager),
            (ServerName::parse("raw").unwrap(), ServerRole::Manager)
        ]
    );
    assert_eq!(work.teams().find("platform").await.unwrap().unwrap().servers, 2);
    let id = team("platform").id;
    work.teams().remove_member(&id, &user_id("bob")).await.unwrap();
    assert_eq!(
        work.grants().roles(&notes, &of_user("bob")).await.unwrap(),
        [ServerRole::User]
    );
    assert_eq!(work.grants().roles(&raw, &of_user("bob")).await.unwrap(), []);
}

async fn d09_a_teams_grants_go_with_it_and_its_members_places_go_with_them(store: Arc<dyn Store>) {
    with_a_team(&*store).await;
    let raw = ServerId::new("id-raw");
    let mut work = store.begin().await.unwrap();
    let id = team("platform").id;
    work.teams()
        .add_member(&id, &user_id("eve"), Timestamp(1))
        .await
        .unwrap();
    work.grants()
        .put(&grant("raw", of_team("platform"), ServerRole::User))
        .await
        .unwrap();
    assert!(work.users().delete(&user_id("eve")).await.unwrap());
    assert_eq!(work.teams().find("platform").await.unwrap().unwrap().members, 1);
    assert!(work.teams().delete(&id).await.unwrap());
    assert!(!work.teams().delete(&id).await.unwrap());
    work.save().await.unwrap();
    let mut work = store.begin().await.unwrap();
    assert_eq!(work.grants().list(&raw).await.unwrap(), []);
    assert_eq!(work.grants().roles(&raw, &of_user("bob")).await.unwrap(), []);
    assert_eq!(work.teams().of_user(&user_id("bob")).await.unwrap(), []);
    assert!(work.users().find(&user_id("bob")).await.unwrap().is_some());
}

fn given(role: ServerRole, source: Source) -> Given {
    Given { role, source }
}

async fn whoever_has_a_role_is_listed_with_where_it_comes_from(store: Arc<dyn Store>) {
    with_a_team(&*store).await;
    let (notes, raw) = (ServerId::new("id-notes"), ServerId::new("id-raw"));
    let mut work = store.begin().await.unwrap();
    let admin = UserRow {
        platform_role: PlatformRole::Admin,
        ..user("ada")
    };
    work.users().insert(&admin).await.unwrap();
    work.users().insert(&user("zoe")).await.unwrap();
    work.grants()
        .put(&grant("notes", of_team("platform"), ServerRole::Manager))
        .await
        .unwrap();
    let through = Source::Team("platform".to_owned());
    let direct = given(ServerRole::User, Source::Direct);
    let row = |subject: SubjectRef, detail: &str, role, given: Vec<Given>| ReachRow {
        name: subject
            .id
            .strip_prefix("id-")
            .map_or(subject.id.clone(), |name| user(name).name),
        subject,
        detail: detail.to_owned(),
        disabled: false,
        platform_role: role,
        given,
    };
    let members = PlatformRole::Member;
    let ada = row(of_user("ada"), "ada@demo.test", PlatformRole::Admin, vec![]);
    let bobs = vec![direct.clone(), given(ServerRole::Manager, through)];
    let bob = row(of_user("bob"), "bob@demo.test", members, bobs.clone());
    let bot = row(
        of_account("ci-bot"),
        "ci-bot of the build",
        members,
        vec![direct.clone()],
    );
    let eve = row(of_user("eve"), "eve@demo.test", members, vec![direct]);
    let page = work.grants().reach(&notes, &asked("", None, 9)).await.unwrap();
    assert_eq!(page.items, [ada.clone(), bob, bot, eve]);
    // Without a grant nobody but admins; with everyone's all that there are.
    let page = work.grants().reach(&raw, &asked("", None, 9)).await.unwrap();
    assert_eq!(page.items, [ada]);
    let everyone = grant("raw", Grantee::Everyone, ServerRole::User);
    work.grants().put(&everyone).await.unwrap();
    let page = work.grants().reach(&raw, &asked("", None, 9)).await.unwrap();
    let everyones = given(ServerRole::User, Source::Everyone);
    assert_eq!(page.items.len(), 5);
    assert!(
        page.items.iter().all(|row| row.given == [everyones.clone()]),
        "{page:?}"
    );
    assert_eq!(
        work.grants().reach_of(&of_user("bob")).await.unwrap(),
        [
            (ServerName::parse("notes").unwrap(), sorted(bobs)),
            (ServerName::parse("raw").unwrap(), vec![everyones])
        ]
        .map(|(name, grants)| (name, sorted(grants)))
    );
}

/// The database gives them in any order.
fn sorted(mut grants: Vec<Given>) -> Vec<Given> {
    grants.sort_by(|a, b| a.source.cmp(&b.source));
    grants
}

async fn the_list_of_whoever_has_a_role_is_whole_in_pages_and_searched(store: Arc<dyn Store>) {
    with_a_team(&*store).await;
    let notes = ServerId::new("id-notes");
    let mut work = store.begin().await.unwrap();
    work.grants()
        .put(&grant("notes", of_team("platform"), ServerRole::Manager))
        .await
        .unwrap();
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = work.grants().reach(&notes, &asked("", cursor, 1)).await.unwrap();
        seen.extend(page.items.into_iter().map(|row| (row.name, row.given.len())));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let expected = [("Bob", 2), ("ci-bot", 1), ("Eve", 1)];
    assert_eq!(seen, expected.map(|(name, grants)| (name.to_owned(), grants)));
    for (search, found) in [("EVE@", 1), ("bot", 1), ("b", 2), ("nobody", 0), ("_", 0)] {
        let page = work.grants().reach(&notes, &asked(search, None, 9)).await.unwrap();
        assert_eq!(page.items.len(), found, "{search}");
    }
    let bad = work.grants().reach(&notes, &asked("", Some("e30".to_owned()), 9)).await;
    assert!(matches!(bad, Err(StoreError::BadCursor)), "{bad:?}");
}
