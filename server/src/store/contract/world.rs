//! Databases to test on, and rows to put there.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::actor::{SubjectKind, SubjectRef};
use domain::id::{OverrideId, ServerId, TokenId, UserId, VirtualAccountId};
use domain::outbound::Mode;
use domain::overrides::{Condition, Kind};
use domain::role::{PlatformRole, ServerRole};
use domain::server::{ServerName, ServerUrl};
use domain::timestamp::Timestamp;
use sqlx::{Connection, Executor, PgConnection};

use crate::seal::Sealed;
use crate::store::*;

pub(super) async fn on_sqlite(case: impl AsyncFnOnce(Arc<dyn Store>, &str)) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("overkey.db").display());
    case(ready(&url).await, &url).await;
}

/// On a database of its own, dropped afterwards; one that failed is left to be looked at.
#[expect(
    clippy::disallowed_methods,
    reason = "where the tests' PostgreSQL is, is the test set-up's to say"
)]
pub(super) async fn on_postgres(case: impl AsyncFnOnce(Arc<dyn Store>, &str)) {
    let server = std::env::var("OVERKEY_TEST_POSTGRES")
        .expect("OVERKEY_TEST_POSTGRES names no PostgreSQL to test on; `make test` starts one");
    let name = format!("overkey_{}", uuid::Uuid::now_v7().simple());
    let mut admin = PgConnection::connect(&server).await.unwrap();
    admin.execute(&*format!("CREATE DATABASE {name}")).await.unwrap();
    let mut url = url::Url::parse(&server).unwrap();
    url.set_path(&name);
    case(ready(url.as_str()).await, url.as_str()).await;
    admin
        .execute(&*format!("DROP DATABASE {name} WITH (FORCE)"))
        .await
        .unwrap();
}

async fn ready(url: &str) -> Arc<dyn Store> {
    let store = open(url).await.unwrap();
    store.migrate().await.unwrap();
    store.give_chain_key(chain_key());
    store
}

pub(super) fn chain_key() -> ChainKey {
    ChainKey::new(zeroize::Zeroizing::new([5; 32]))
}

pub(super) fn user(name: &str) -> UserRow {
    UserRow {
        id: UserId::new(format!("id-{name}")),
        email: format!("{name}@demo.test"),
        name: format!("{}{}", name[..1].to_uppercase(), &name[1..]),
        password_hash: Some("$argon2id$...".to_owned()),
        platform_role: PlatformRole::Member,
        disabled_at: None,
        created_at: Timestamp(10),
        invited_until: None,
    }
}

pub(super) fn account(name: &str) -> VirtualAccountRow {
    VirtualAccountRow {
        id: VirtualAccountId::new(name),
        description: format!("{name} of the build"),
        owner: None,
        created_by: None,
        created_at: Timestamp(10),
        owner_named: None,
        last_used_at: None,
    }
}

pub(super) fn server(name: &str) -> ServerRow {
    ServerRow {
        id: ServerId::new(format!("id-{name}")),
        name: ServerName::parse(name).unwrap(),
        url: ServerUrl::parse("https://mcp.example.com/mcp").unwrap(),
        description: "Notes for all".to_owned(),
        mode: Mode::ApiKeyIndividual,
        outbound: "{}".to_owned(),
        secrets: Some(Sealed::from_bytes(vec![1, 0, 255])),
        allow_optional: true,
        revision: 1,
        created_by: None,
        created_at: Timestamp(10),
        updated_at: Timestamp(10),
    }
}

pub(super) fn of_user(name: &str) -> SubjectRef {
    SubjectRef {
        kind: SubjectKind::User,
        id: format!("id-{name}"),
    }
}

pub(super) fn of_account(name: &str) -> SubjectRef {
    SubjectRef {
        kind: SubjectKind::VirtualAccount,
        id: name.to_owned(),
    }
}

/// `kind`'s override of `subject` on `server`, as a read gives it back for the people above.
pub(super) fn an_override(server: &str, subject: &SubjectRef, kind: Kind) -> OverrideRow {
    let person = subject.id.strip_prefix("id-").map(user);
    OverrideRow {
        id: OverrideId::new(format!("{server}-{}-{}", subject.id, kind.as_str())),
        server: ServerId::new(format!("id-{server}")),
        subject: subject.clone(),
        subject_name: person.as_ref().map_or(subject.id.clone(), |user| user.name.clone()),
        subject_detail: person.map(|user| user.email),
        kind,
        condition: Condition::Good,
        sealed: Sealed::from_bytes(vec![1, 2, 0, 254]),
        origin: ServerUrl::parse("https://mcp.example.com").unwrap().origin(),
        masks: BTreeMap::from([("API_KEY".to_owned(), "••••••••c123".to_owned())]),
        updated_by: subject.clone(),
        updated_by_name: "Mia".to_owned(),
        created_at: Timestamp(20),
        updated_at: Timestamp(20),
        last_used_at: None,
        last_verified_at: None,
        expires_at: Some(Timestamp(900)),
        version: 1,
        consent: None,
    }
}

pub(super) fn grant(server: &str, grantee: Grantee, role: ServerRole) -> Grant {
    Grant {
        server: ServerId::new(format!("id-{server}")),
        grantee,
        role,
        grantee_name: String::new(),
        granted_at: Timestamp(30),
    }
}

pub(super) fn token(id: &str, owner: &SubjectRef, hash: u8) -> TokenRow {
    TokenRow {
        id: TokenId::new(id),
        owner: owner.clone(),
        name: "laptop".to_owned(),
        hash: vec![hash; 32],
        hint: "ok_pat_ab".to_owned(),
        created_at: Timestamp(40),
        expires_at: None,
        last_used_at: None,
        replaced_at: None,
    }
}

pub(super) fn session(hash: u8, user: Option<&str>, expires_at: i64) -> SessionRow {
    SessionRow {
        id_hash: vec![hash; 32],
        user: user.map(|name| UserId::new(format!("id-{name}"))),
        data: "{}".to_owned(),
        created_at: Timestamp(50),
        expires_at: Timestamp(expires_at),
    }
}

/// Bob and Eve, the virtual account ci-bot, the servers notes and raw; all three have a grant and a manual override on notes.
pub(super) async fn people_and_servers(store: &dyn Store) {
    let mut work = store.begin().await.unwrap();
    for name in ["bob", "eve"] {
        work.users().insert(&user(name)).await.unwrap();
    }
    work.virtual_accounts().insert(&account("ci-bot")).await.unwrap();
    for name in ["notes", "raw"] {
        work.servers().insert(&server(name)).await.unwrap();
    }
    for subject in [of_user("bob"), of_user("eve"), of_account("ci-bot")] {
        let role = grant("notes", Grantee::Subject(subject.clone()), ServerRole::User);
        work.grants().put(&role).await.unwrap();
        let row = an_override("notes", &subject, Kind::Manual);
        work.overrides().insert(&row).await.unwrap();
    }
    work.save().await.unwrap();
}
