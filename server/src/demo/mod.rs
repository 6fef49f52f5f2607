//! The demo world: people, servers and real upstreams in one process, fresh at every start.

pub mod authorization_server;
pub mod upstream;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow};
use domain::actor::{Actor, SubjectRef};
use domain::outbound_input::OutboundInput;
use domain::role::{PlatformRole, ServerRole};
use domain::secret::Secret;
use domain::via::{By, Via};
use serde_json::json;

use self::authorization_server::{DemoProvider, MACHINE_CLIENT, MACHINE_SECRET, Options};
use self::upstream::DemoUpstream;
use crate::cli::say;
use crate::clock::SystemClock;
use crate::config::{Config, KeySource};
use crate::services::ServiceError;
use crate::services::Services;
use crate::services::accounts::NewUser;
use crate::services::catalog::NewServer;
use crate::services::tokens::TokenRequest;
use crate::services::virtual_accounts::NewAccount;
use crate::startup::{self, Overkey};
use crate::store::{Grantee, UserRow};

const PASSWORD: &str = "overkey-demo";
const DATABASE: &str = "overkey-demo.db";
const KEY: &str = "overkey-demo.key";

/// What the demo prints and tests sign in with.
pub struct World {
    pub ada: Actor,
    pub mia: Actor,
    pub bob: Actor,
    pub eve: Actor,
    pub bob_token: Secret,
    pub ci_bot_token: Secret,
}

/// `overkey demo`.
pub async fn serve(config: Config, data: Option<PathBuf>) -> anyhow::Result<()> {
    let temporary;
    let folder = match data {
        Some(folder) => {
            std::fs::create_dir_all(&folder).with_context(|| format!("Cannot make the folder {}", folder.display()))?;
            folder
        }
        None => {
            temporary = tempfile::Builder::new()
                .prefix("overkey-demo-")
                .tempdir()
                .context("Cannot make a temporary folder")?;
            temporary.path().to_owned()
        }
    };
    remove_earlier_world(&folder)?;
    let listener = startup::bind(config.listen).await?;
    let url = startup::public_url(&config, listener.local_addr()?)?;
    let overkey = Overkey::open(config_for(config, &folder)?, url, Arc::new(SystemClock)).await?;
    let provider = DemoProvider::start(Options::default()).await?;
    let upstreams = upstream::start(provider).await?;
    let world = build(&overkey.services, &upstreams).await?;
    announce(&overkey, &world);
    startup::run(&overkey, listener).await
}

/// Makes everybody and everything the interface names.
pub async fn build(services: &Services, upstreams: &DemoUpstream) -> anyhow::Result<World> {
    let person = |name: &str| NewUser {
        email: format!(
            "{}@demo.test",
            name.split(' ').next().unwrap_or_default().to_lowercase()
        ),
        name: Some(name.to_owned()),
        password: Some(Secret::new(PASSWORD)),
        platform_role: PlatformRole::Member,
    };
    let ada = services
        .sign_in
        .first_admin(
            person("Ada Park"),
            Via {
                by: By::CommandLine,
                ..Via::default()
            },
        )
        .await?;
    let mut people = Vec::new();
    for name in ["Mia Kern", "Bob Ng", "Eve Silva"] {
        people.push(actor(
            &services.accounts.create_user(&ada, person(name)).await.map_err(told)?,
        ));
    }
    let [mia, bob, eve] = people.try_into().map_err(|_| anyhow!("three people"))?;
    let (ci_bot, ci_bot_token) = services
        .virtual_accounts
        .create(
            &ada,
            NewAccount {
                name: "ci-bot".to_owned(),
                description: "Runs the nightly checks".to_owned(),
                owner: None,
            },
            TokenRequest {
                name: "Nightly checks".to_owned(),
                expires_at: None,
            },
        )
        .await
        .map_err(told)?;
    for server in servers(upstreams)? {
        let name = server.name.clone();
        services.catalog.create(&ada, server).await.map_err(told)?;
        for (subject, role) in [
            (mia.subject.clone(), ServerRole::Manager),
            (bob.subject.clone(), ServerRole::User),
            (eve.subject.clone(), ServerRole::User),
            (SubjectRef::virtual_account(&ci_bot.id), ServerRole::User),
        ] {
            services
                .catalog
                .grant(&ada, &name, Grantee::Subject(subject), role)
                .await
                .map_err(told)?;
        }
    }
    let bob_token = services
        .tokens
        .create(
            &bob,
            TokenRequest {
                name: "Demo client".to_owned(),
                expires_at: None,
            },
        )
        .await
        .map_err(told)?;
    Ok(World {
        ada,
        mia,
        bob,
        eve,
        bob_token: bob_token.value,
        ci_bot_token: ci_bot_token.value,
    })
}

/// One per mode; all point at the demo upstream.
fn servers(upstreams: &DemoUpstream) -> anyhow::Result<Vec<NewServer>> {
    let described = [
        (
            "notes",
            "Team notes. Everybody brings their own API key.",
            r#"{"mode":"api_key_individual","headers":{"Authorization":"Bearer {{API_KEY}}"}}"#.to_owned(),
        ),
        (
            "raw",
            "The same notes, for whole Authorization headers.",
            r#"{"mode":"api_key_individual","headers":{"Authorization":null}}"#.to_owned(),
        ),
        (
            "shared",
            "A search index behind one key for everybody.",
            format!(
                r#"{{"mode":"api_key_shared","headers":{{"Authorization":"Bearer {}"}}}}"#,
                upstream::SHARED_KEY
            ),
        ),
        (
            "tracker",
            "The issue tracker. Everybody allows Overkey once, at its own sign-in page.",
            r#"{"mode":"oauth2_authorization_code","discover":true}"#.to_owned(),
        ),
        (
            "machine",
            "Build machines. Overkey signs in to them for everybody.",
            json!({
                "mode": "oauth2_client_credentials",
                "token_url": upstreams.provider.token_url(),
                "client_id": MACHINE_CLIENT,
                "client_secret": MACHINE_SECRET,
            })
            .to_string(),
        ),
        (
            "relay",
            "Callers bring their own upstream token with every request.",
            r#"{"mode":"token_passthrough"}"#.to_owned(),
        ),
        (
            "open",
            "A public weather service that asks nobody for anything.",
            r#"{"mode":"none"}"#.to_owned(),
        ),
    ];
    described
        .into_iter()
        .map(|(name, description, auth)| {
            Ok(NewServer {
                name: name.to_owned(),
                url: format!("{}/{name}/mcp", upstreams.base_url),
                description: description.to_owned(),
                outbound_auth: serde_json::from_str::<OutboundInput>(&auth)?,
                allow_optional: false,
            })
        })
        .collect()
}

/// Loopback upstreams, a database and a key of its own: nothing of a real installation is touched.
fn config_for(config: Config, folder: &Path) -> anyhow::Result<Config> {
    let mut upstream_allow = config.upstream_allow;
    upstream_allow.extend(["127.0.0.0/8".parse()?, "::1/128".parse::<ipnet::IpNet>()?]);
    let database_url = format!("sqlite:{}", folder.join(DATABASE).display());
    Ok(Config {
        database_url,
        key: KeySource::File(folder.join(KEY)),
        upstream_allow,
        ..config
    })
}

fn remove_earlier_world(folder: &Path) -> anyhow::Result<()> {
    for name in [
        DATABASE.to_owned(),
        format!("{DATABASE}-wal"),
        format!("{DATABASE}-shm"),
        KEY.to_owned(),
    ] {
        let file = folder.join(name);
        if file.exists() {
            std::fs::remove_file(&file).with_context(|| format!("Cannot remove {}", file.display()))?;
        }
    }
    Ok(())
}

fn announce(overkey: &Overkey, world: &World) {
    let url = overkey.core.public_url.as_str().trim_end_matches('/');
    say(&format!(
        r#"
Overkey's demo world is at {url}

  sign in as        who that is               password (all)
  ada@demo.test     admin                     {PASSWORD}
  mia@demo.test     manager of every server
  bob@demo.test     user
  eve@demo.test     user

A proxied MCP call, with Bob's gateway token:

  curl -s {url}/mcp/open -H 'Authorization: Bearer {token}' {call}

`notes` wants a key of Bob's own: add sk-bob for him on {url}/servers/notes/overrides as Mia, and call /mcp/notes.
`tracker` wants Bob to authorize Overkey: open {url}/connect/tracker as Bob, and call /mcp/tracker.
ci-bot's gateway token: {ci_bot}
"#,
        token = world.bob_token.expose(),
        call = upstream::CURL_ARGUMENTS,
        ci_bot = world.ci_bot_token.expose(),
    ));
}

fn actor(row: &UserRow) -> Actor {
    Actor::new(SubjectRef::user(&row.id), row.name.clone(), row.platform_role).by(By::CommandLine)
}

fn told(error: ServiceError) -> anyhow::Error {
    match error {
        ServiceError::Invalid(errors) => anyhow!("{errors:?}"),
        other => other.into(),
    }
}
