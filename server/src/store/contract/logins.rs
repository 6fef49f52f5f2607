//! MCP clients' sign-ins: what is there once, what goes with what, and what is removed.

use domain::login::client::Client;
use domain::login::redirect::RedirectUri;

use super::on_every_store;
use super::world::*;
use crate::store::*;

on_every_store!(
    a_code_is_taken_once_and_found_as_what_it_became,
    a_refresh_token_is_used_once_and_goes_with_its_grant,
    what_has_ended_is_removed_and_nothing_else,
    clients_that_nobody_uses_make_place,
    grants_go_with_their_person_and_their_server,
);

fn redirect() -> RedirectUri {
    RedirectUri::parse("http://127.0.0.1:1/cb").unwrap()
}

fn app(client: &str) -> LoginApp {
    LoginApp {
        client_id: client.to_owned(),
        name: "App".to_owned(),
        place: "127.0.0.1:1".to_owned(),
    }
}

fn code(hash: u8, expires_at: i64) -> LoginCodeRow {
    LoginCodeRow {
        hash: vec![hash],
        user: user("bob").id,
        server: server("notes").id,
        app: app("c"),
        redirect_uri: redirect(),
        challenge: "challenge".to_owned(),
        refreshes: true,
        expires_at: Timestamp(expires_at),
    }
}

fn grant(id: &str, whose: &str, client: &str, expires_at: i64) -> LoginGrantRow {
    LoginGrantRow {
        id: id.to_owned(),
        user: user(whose).id,
        server: server("notes").id,
        server_name: "notes".to_owned(),
        app: app(client),
        code_hash: id.as_bytes().to_vec(),
        created_at: Timestamp(10),
        last_used_at: None,
        expires_at: Timestamp(expires_at),
    }
}

fn token(hash: u8, grant: &str, kind: LoginTokenKind, expires_at: i64) -> LoginTokenRow {
    LoginTokenRow {
        hash: vec![hash],
        grant: grant.to_owned(),
        kind,
        expires_at: Timestamp(expires_at),
        used_at: None,
    }
}

async fn people(store: &Arc<dyn Store>) -> Box<dyn Work> {
    let mut work = store.begin().await.unwrap();
    for name in ["bob", "eve"] {
        work.users().insert(&user(name)).await.unwrap();
    }
    work.servers().insert(&server("notes")).await.unwrap();
    work
}

async fn a_code_is_taken_once_and_found_as_what_it_became(store: Arc<dyn Store>) {
    let mut work = people(&store).await;
    work.logins().add_code(&code(1, 60)).await.unwrap();
    assert!(work.logins().knows_code(&[1]).await.unwrap());
    assert_eq!(work.logins().take_code(&[1]).await.unwrap(), Some(code(1, 60)));
    assert_eq!(work.logins().take_code(&[1]).await.unwrap(), None);
    let became = LoginGrantRow {
        code_hash: vec![1],
        ..grant("g", "bob", "c", 60)
    };
    work.logins().add_grant(&became).await.unwrap();
    assert_eq!(work.logins().grant_of_code(&[1]).await.unwrap(), Some(became));
    assert_eq!(work.logins().grant_of_code(&[2]).await.unwrap(), None);
}

async fn a_refresh_token_is_used_once_and_goes_with_its_grant(store: Arc<dyn Store>) {
    let mut work = people(&store).await;
    work.logins().add_grant(&grant("g", "bob", "c", 60)).await.unwrap();
    work.logins()
        .add_token(&token(1, "g", LoginTokenKind::Refresh, 60))
        .await
        .unwrap();
    work.logins()
        .add_token(&token(2, "g", LoginTokenKind::Access, 60))
        .await
        .unwrap();
    assert!(work.logins().use_refresh(&[1], Timestamp(20)).await.unwrap());
    assert!(!work.logins().use_refresh(&[1], Timestamp(20)).await.unwrap());
    assert!(
        !work.logins().use_refresh(&[2], Timestamp(20)).await.unwrap(),
        "no refresh token"
    );
    let found = work.logins().find_token(&[1]).await.unwrap().unwrap();
    assert_eq!(found.token.used_at, Some(Timestamp(20)));
    assert_eq!(
        (found.user, found.server_name.as_str(), found.client_id.as_str()),
        (user("bob").id, "notes", "c")
    );
    // What was used last stands at the grant.
    let used = [(domain::id::TokenId::new("g"), Timestamp(30))];
    work.tokens().record_uses(&used).await.unwrap();
    let listed = work.logins().list_grants(&user("bob").id, Timestamp(20)).await.unwrap();
    assert_eq!(listed.first().and_then(|grant| grant.last_used_at), Some(Timestamp(30)));
    assert!(
        work.logins()
            .list_grants(&user("eve").id, Timestamp(20))
            .await
            .unwrap()
            .is_empty()
    );
    assert!(work.logins().delete_grant("g").await.unwrap());
    assert!(!work.logins().delete_grant("g").await.unwrap());
    assert_eq!(work.logins().find_token(&[2]).await.unwrap(), None);
}

async fn what_has_ended_is_removed_and_nothing_else(store: Arc<dyn Store>) {
    let mut work = people(&store).await;
    for (number, end) in [(1, 100), (2, 200)] {
        let id = number.to_string();
        work.logins().add_code(&code(number, end)).await.unwrap();
        work.logins().add_grant(&grant(&id, "bob", "c", 300)).await.unwrap();
        work.logins()
            .add_token(&token(number, &id, LoginTokenKind::Access, end))
            .await
            .unwrap();
    }
    work.logins().add_grant(&grant("3", "bob", "c", 90)).await.unwrap();
    work.logins().prolong_grant("1", Timestamp(200)).await.unwrap();
    assert_eq!(work.logins().delete_expired(Timestamp(100)).await.unwrap(), 3);
    assert!(work.logins().knows_code(&[2]).await.unwrap() && !work.logins().knows_code(&[1]).await.unwrap());
    assert!(work.logins().find_token(&[1]).await.unwrap().is_none());
    assert!(work.logins().find_token(&[2]).await.unwrap().is_some());
    let left = work
        .logins()
        .list_grants(&user("bob").id, Timestamp(250))
        .await
        .unwrap();
    assert_eq!(left.len(), 2, "prolonging never shortens");
}

async fn clients_that_nobody_uses_make_place(store: Arc<dyn Store>) {
    let mut work = people(&store).await;
    for (id, used_at) in [("a", 10), ("b", 20), ("c", 5), ("d", 30)] {
        let row = LoginClientRow {
            id: id.to_owned(),
            client: Client {
                name: (id == "a").then(|| "A".to_owned()),
                redirect_uris: vec![redirect()],
                refreshes: true,
            },
            created_at: Timestamp(1),
            used_at: Timestamp(used_at),
        };
        work.login_clients().insert(&row).await.unwrap();
        assert_eq!(work.login_clients().find(id).await.unwrap(), Some(row));
    }
    work.logins().add_grant(&grant("g", "bob", "c", 60)).await.unwrap();
    work.login_clients().touch("a", Timestamp(25)).await.unwrap();
    work.login_clients().touch("a", Timestamp(3)).await.unwrap();
    // The longest unused of those that nobody allowed anything: not c.
    assert_eq!(work.login_clients().evict(1).await.unwrap(), 1);
    assert_eq!(work.login_clients().find("b").await.unwrap(), None);
    assert_eq!(work.login_clients().delete_idle(Timestamp(25)).await.unwrap(), 1);
    assert_eq!(work.login_clients().count().await.unwrap(), 2);
    assert!(work.login_clients().find("c").await.unwrap().is_some());
    assert_eq!(work.login_clients().find("a\0").await.unwrap(), None);
}

async fn grants_go_with_their_person_and_their_server(store: Arc<dyn Store>) {
    let mut work = people(&store).await;
    work.logins().add_grant(&grant("b", "bob", "c", 60)).await.unwrap();
    work.logins().add_grant(&grant("e", "eve", "c", 60)).await.unwrap();
    work.logins().add_code(&code(1, 60)).await.unwrap();
    assert!(work.users().delete(&user("bob").id).await.unwrap());
    assert_eq!(work.logins().find_grant("b").await.unwrap(), None);
    assert!(!work.logins().knows_code(&[1]).await.unwrap());
    assert!(work.servers().delete(&server("notes").id).await.unwrap());
    assert_eq!(work.logins().find_grant("e").await.unwrap(), None);
}
