//! What a warm call costs before it goes on its way: who calls, which server, may they, and with which credential (S40 to S43).
//!
//! `cargo bench -p server` prints it. The goal is two microseconds at most for all of it (`bench/README.md`).

#![expect(clippy::expect_used, reason = "a bench that cannot begin has nothing to say")]

use std::hint::black_box;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use criterion::{Criterion, criterion_group, criterion_main};
use domain::role::{PlatformRole, ServerAction, decide};
use domain::secret::Secret;
use domain::via::Via;
use futures_util::FutureExt;
use server::clock::SystemClock;
use server::config::{Config, KeySource};
use server::services::accounts::NewUser;
use server::services::calls::{Calls, Opened};
use server::services::catalog::NewServer;
use server::services::entered::Entered;
use server::services::set_override::SetOverride;
use server::services::tokens::TokenRequest;
use server::startup::Overkey;
use tokio::runtime::Runtime;

const SERVER: &str = "notes";

/// Somebody with an override of their own, and their gateway token.
async fn world() -> (Overkey, String) {
    let mut config = Config::load(None).expect("settings");
    config.database_url = "sqlite::memory:".to_owned();
    config.key = KeySource::Value(Secret::new(STANDARD.encode([7u8; 32])));
    config.upstream_allow = vec!["127.0.0.0/8".parse().expect("a network")];
    let url = "http://localhost:8080".parse().expect("a URL");
    let overkey = Overkey::open(config, url, Arc::new(SystemClock))
        .await
        .expect("Overkey");
    let services = &overkey.services;
    let new = NewUser {
        email: "ada@demo.test".to_owned(),
        name: None,
        password: None,
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

/// The phases of a call as the gateway goes through them.
async fn decided(calls: &Calls, token: &str) -> Opened {
    let caller = calls.authenticate_at(token, SERVER).await.expect("a good token");
    let target = calls
        .target(&caller.actor, SERVER)
        .await
        .expect("a database")
        .expect("the server");
    decide(target.role, ServerAction::Call).expect("a role");
    calls.open(&target).expect("a credential")
}

fn decision(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let (overkey, token) = runtime.block_on(world());
    let calls = &overkey.services.calls;
    runtime.block_on(decided(calls, &token));
    let _inside = runtime.enter();
    criterion.bench_function("credential decision, warm", |bencher| {
        bencher.iter_batched(
            || runtime.block_on(decided(calls, &token)),
            // Copies are proven good once in a while: between two proofs nothing waits, and nothing may.
            |_| black_box(decided(calls, &token).now_or_never().expect("a warm call never waits")),
            criterion::BatchSize::SmallInput,
        );
    });
}

criterion_group!(benches, decision);
criterion_main!(benches);
