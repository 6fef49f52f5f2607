//! What the benches begin with: Ada, who is an admin, her server, her own override on it, and her token.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::role::PlatformRole;
use domain::secret::Secret;
use domain::via::Via;
use server::clock::SystemClock;
use server::config::{Config, KeySource};
use server::services::accounts::NewUser;
use server::services::catalog::NewServer;
use server::services::entered::Entered;
use server::services::set_override::SetOverride;
use server::services::tokens::TokenRequest;
use server::startup::Overkey;

pub const SERVER: &str = "notes";
pub const EMAIL: &str = "ada@demo.test";
pub const PASSWORD: &str = "a bench's own password 1";

pub async fn world(database: &str) -> (Overkey, String) {
    let mut config = Config::load(None).expect("settings");
    config.database_url = database.to_owned();
    config.key = KeySource::Value(Secret::new(STANDARD.encode([7u8; 32])));
    config.upstream_allow = vec!["127.0.0.0/8".parse().expect("a network")];
    let url = "http://localhost:8080".parse().expect("a URL");
    let overkey = Overkey::open(config, url, Arc::new(SystemClock))
        .await
        .expect("Overkey");
    let services = &overkey.services;
    let new = NewUser {
        email: EMAIL.to_owned(),
        name: None,
        password: Some(Secret::new(PASSWORD.to_owned())),
        platform_role: PlatformRole::Admin,
    };
    let ada = services
        .sign_in
        .first_admin(new, Via::default())
        .await
        .expect("an admin");
    let auth = r#"{"mode":"api_key_individual","headers":{"Authorization":"Bearer {{API_KEY}}"}}"#;
    let server = NewServer {
        name: SERVER.to_owned(),
        url: "http://127.0.0.1:9/mcp".to_owned(),
        description: String::new(),
        outbound_auth: serde_json::from_str(auth).expect("outbound auth"),
        allow_optional: false,
    };
    services.catalog.create(&ada, server).await.expect("a server");
    let set = SetOverride {
        subject: ada.subject.clone(),
        entered: Entered::One(Secret::new("sk-ada")),
        expires_at: None,
        replace: false,
        verify: false,
    };
    services.overrides.set(&ada, SERVER, set).await.expect("an override");
    let token = services
        .tokens
        .create(&ada, TokenRequest::default())
        .await
        .expect("a token");
    let token = token.value.expose().to_owned();
    (overkey, token)
}
