//! Overrides of every kind there is, of owners with every kind of access, and what must be shown of them.

use std::collections::{BTreeMap, BTreeSet};

use domain::actor::{SubjectKind, SubjectRef};
use domain::id::{OverrideId, ServerId, TeamId, UserId, VirtualAccountId};
use domain::outbound::CredentialField;
use domain::overrides::{Condition, Kind, State};
use domain::role::{PlatformRole, ServerRole};
use domain::team::TeamName;
use domain::timestamp::Timestamp;
use serde_json::Value;
use server::store::{Grant, Grantee, OverrideRow, TeamRow, UserRow, VirtualAccountRow, Work};

use crate::support::World;

/// What gives somebody access to the server, if anything does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Way {
    Own,
    OwnSinceTheOverride,
    Team,
    Admin,
    DisabledAdmin,
    Revoked,
    None,
}

impl Way {
    const ALL: [Self; 7] = [
        Self::Own,
        Self::OwnSinceTheOverride,
        Self::Team,
        Self::Admin,
        Self::DisabledAdmin,
        Self::Revoked,
        Self::None,
    ];
    const OF_ACCOUNTS: [Self; 4] = [Self::Own, Self::OwnSinceTheOverride, Self::Revoked, Self::None];

    pub fn has_access(self) -> bool {
        matches!(self, Self::Own | Self::OwnSinceTheOverride | Self::Team | Self::Admin)
    }
}

/// One override to be, and what is known of its owner.
#[derive(Debug, Clone)]
pub struct Case {
    pub way: Way,
    pub of_user: bool,
    pub kind: Kind,
    pub condition: Condition,
    pub expires_at: Option<Timestamp>,
    pub fields: &'static [&'static str],
}

pub fn cases(now: Timestamp) -> Vec<Case> {
    let ends = [-1, 0, 1].map(|later| Some(Timestamp(now.0 + later)));
    let mut cases = Vec::new();
    for (of_user, ways) in [(true, &Way::ALL[..]), (false, &Way::OF_ACCOUNTS)] {
        for way in ways {
            for condition in Condition::ALL {
                for expires_at in ends.into_iter().chain([None]) {
                    for (kind, fields) in [
                        (Kind::Manual, &["API_KEY"][..]),
                        (Kind::Manual, &["OTHER"]),
                        (Kind::OAuth, &["access_token"]),
                    ] {
                        cases.push(Case {
                            way: *way,
                            of_user,
                            kind,
                            condition,
                            expires_at,
                            fields,
                        });
                    }
                }
            }
        }
    }
    cases
}

pub struct Stage<'a> {
    world: &'a World,
    server: ServerId,
    team: TeamId,
    pub now: Timestamp,
    /// The states that must come out, by the override's id, without and with access for everyone.
    expected: BTreeMap<String, [State; 2]>,
}

impl<'a> Stage<'a> {
    pub async fn new(world: &'a World) -> Self {
        let now = world.app.overkey.core.now();
        let mut work = world.app.overkey.core.store.begin().await.unwrap();
        let server = work.servers().find("notes").await.unwrap().unwrap().id;
        let team = TeamRow {
            id: TeamId::new("t"),
            name: TeamName::parse("platform").unwrap(),
            description: String::new(),
            created_at: now,
            members: 0,
            servers: 0,
        };
        work.teams().insert(&team).await.unwrap();
        let grant = grant(&server, Grantee::Team(team.id.clone()));
        work.grants().put(&grant).await.unwrap();
        work.save().await.unwrap();
        Self {
            world,
            server,
            team: team.id,
            now,
            expected: BTreeMap::new(),
        }
    }

    pub async fn add(&mut self, cases: &[Case]) {
        let mut work = self.world.app.overkey.core.store.begin().await.unwrap();
        for case in cases {
            let number = self.expected.len();
            let subject = self.subject(work.as_mut(), case, number).await;
            let row = self.row(case, number, &subject);
            let own = grant(&self.server, Grantee::Subject(subject));
            if matches!(case.way, Way::Own | Way::Revoked) {
                work.grants().put(&own).await.unwrap();
            }
            work.overrides().insert(&row).await.unwrap();
            match case.way {
                Way::OwnSinceTheOverride => drop(work.grants().put(&own).await.unwrap()),
                Way::Revoked => drop(work.grants().remove(&own.server, &own.grantee).await.unwrap()),
                _ => {}
            }
            let asked = [CredentialField {
                key: "API_KEY".to_owned(),
                label: "API_KEY".to_owned(),
                whole_header: false,
            }];
            let facts = row.facts();
            let states = [case.way.has_access(), true].map(|access| facts.state(&asked, access, self.now));
            self.expected.insert(row.id.to_string(), states);
        }
        work.save().await.unwrap();
    }

    async fn subject(&self, work: &mut dyn Work, case: &Case, number: usize) -> SubjectRef {
        let name = format!("{:?}-{number}", case.way).to_lowercase();
        if !case.of_user {
            let account = VirtualAccountRow {
                id: VirtualAccountId::new(name.clone()),
                description: String::new(),
                owner: None,
                created_by: None,
                created_at: self.now,
                owner_named: None,
                last_used_at: None,
            };
            work.virtual_accounts().insert(&account).await.unwrap();
            return SubjectRef {
                kind: SubjectKind::VirtualAccount,
                id: name,
            };
        }
        let admin = matches!(case.way, Way::Admin | Way::DisabledAdmin);
        let user = UserRow {
            // In the order in which they came.
            id: UserId::new(format!("id-{number:05}-{name}")),
            email: format!("{name}@demo.test"),
            name,
            password_hash: None,
            platform_role: if admin {
                PlatformRole::Admin
            } else {
                PlatformRole::Member
            },
            disabled_at: (case.way == Way::DisabledAdmin).then_some(self.now),
            created_at: self.now,
            invited_until: None,
        };
        work.users().insert(&user).await.unwrap();
        if case.way == Way::Team {
            work.teams().add_member(&self.team, &user.id, self.now).await.unwrap();
        }
        SubjectRef::user(&user.id)
    }

    fn row(&self, case: &Case, number: usize, subject: &SubjectRef) -> OverrideRow {
        OverrideRow {
            // In no order of theirs.
            id: OverrideId::new(format!("{:03}-{number}", number * 7919 % 997)),
            server: self.server.clone(),
            subject: subject.clone(),
            subject_name: String::new(),
            subject_detail: None,
            kind: case.kind,
            condition: case.condition,
            sealed: server::seal::Sealed::from_bytes(vec![1]),
            origin: domain::server::Origin::stored("https://mcp.example.com"),
            masks: case
                .fields
                .iter()
                .map(|key| ((*key).to_owned(), "••••••••".to_owned()))
                .collect(),
            updated_by: subject.clone(),
            updated_by_name: "Mia".to_owned(),
            created_at: self.now,
            // With many alike.
            updated_at: Timestamp(self.now.0 - (number * 31 % 17) as i64),
            last_used_at: (!number.is_multiple_of(3)).then(|| Timestamp(self.now.0 - (number * 37 % 19) as i64)),
            last_verified_at: None,
            expires_at: case.expires_at,
            version: 1,
            consent: None,
        }
    }

    pub async fn list(&self, query: &str) -> Vec<Value> {
        let (mut items, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/servers/notes/overrides?{query}{cursor}");
            let page = self.world.app.get(&self.world.ada, &path).await.expect(200);
            let found = page["items"].as_array().unwrap();
            assert!(!found.is_empty() || items.is_empty(), "{query}: an empty page");
            items.extend(found.iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return items,
            }
        }
    }

    /// Every state, and every type, of one sort.
    pub async fn agree(&self, sort: &str, limit: usize, everyone: bool) {
        let all = self.list(&format!("sort={sort}&limit=200")).await;
        assert_eq!(all.len(), self.expected.len(), "{sort}");
        for item in &all {
            let states = &self.expected[item["id"].as_str().unwrap()];
            assert_eq!(item["state"], states[usize::from(everyone)].as_str(), "{item}");
        }
        let there: BTreeSet<_> = all.iter().map(|item| item["state"].as_str().unwrap()).collect();
        for state in State::ALL {
            assert_eq!(
                there.contains(state.as_str()),
                state != State::NoAccess || !everyone,
                "{state:?}"
            );
            let shown = self
                .list(&format!("sort={sort}&limit={limit}&state={}", state.as_str()))
                .await;
            let right = all.iter().filter(|item| item["state"] == state.as_str());
            assert_same(&format!("{sort} {state:?}"), &shown, right);
            let query = format!("sort={sort}&limit=200&type=user&search=own&state={}", state.as_str());
            let right = all.iter().filter(|item| {
                item["state"] == state.as_str()
                    && item["subject"]["type"] == "user"
                    && item["subject"]["name"].as_str().unwrap().contains("own")
            });
            assert_same(&query, &self.list(&query).await, right);
        }
        for kind in ["user", "virtual_account", "external_identity"] {
            let shown = self.list(&format!("sort={sort}&limit={limit}&type={kind}")).await;
            let right = all.iter().filter(|item| item["subject"]["type"] == kind);
            assert_same(&format!("{sort} {kind}"), &shown, right);
        }
    }
}

fn grant(server: &ServerId, grantee: Grantee) -> Grant {
    Grant {
        server: server.clone(),
        grantee,
        role: ServerRole::User,
        grantee_name: String::new(),
        granted_at: Timestamp(0),
    }
}

fn assert_same<'a>(what: &str, shown: &[Value], right: impl Iterator<Item = &'a Value>) {
    let ids = |item: &Value| item["id"].as_str().unwrap().to_owned();
    let shown: Vec<String> = shown.iter().map(ids).collect();
    assert_eq!(shown, right.map(ids).collect::<Vec<_>>(), "{what}");
}
