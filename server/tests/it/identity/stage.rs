//! A world that takes the tokens of two providers.

use std::collections::BTreeMap;

use domain::id::VirtualAccountId;
use domain::identity::{Algorithm, Rules, TokenType};
use reqwest::Method;
use server::config::{Config, ProviderConfig};

use crate::support::idp::{AUDIENCE, Idp};
use crate::support::world::CALL;
use crate::support::{Answer, Caller, World};

pub struct Stage {
    pub world: World,
    pub idp: Idp,
    pub other: Idp,
}

impl Stage {
    pub async fn new() -> Self {
        Self::with(|_| ()).await
    }

    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let (idp, other) = (Idp::start(1).await, Idp::start(2).await);
        let providers = vec![taken(&idp), taken(&other)];
        let world = World::with(|config| {
            config.identity_providers = providers;
            change(config);
        })
        .await;
        Self { world, idp, other }
    }

    pub fn now(&self) -> i64 {
        use server::clock::Clock;
        self.world.app.clock.now().0
    }

    /// `/me`, as this token sees it.
    pub async fn me(&self, token: &str) -> Answer {
        self.get(token, "/me").await
    }

    pub async fn get(&self, token: &str, path: &str) -> Answer {
        let app = &self.world.app;
        Answer::of(app.http.get(app.at(&format!("/api/v1{path}"))).bearer_auth(token)).await
    }

    pub async fn call(&self, token: &str, server: &str) -> Answer {
        let app = &self.world.app;
        let request = app.http.request(Method::POST, app.at(&format!("/mcp/{server}")));
        let request = request
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream");
        Answer::of(request.bearer_auth(token).body(CALL)).await
    }

    /// Whom a token is for, after its first call.
    pub async fn caller(&self, idp: &Idp, subject: &str) -> Caller {
        let token = idp.access_token(subject, self.now());
        let me = self.me(&token).await.expect(200);
        assert_eq!(me["subject"]["type"], "external_identity", "{me}");
        Caller {
            kind: "external_identity",
            id: me["subject"]["id"].as_str().unwrap().to_owned(),
            token,
        }
    }
}

pub fn taken(idp: &Idp) -> ProviderConfig {
    ProviderConfig {
        rules: Rules {
            issuer: idp.issuer.clone(),
            audiences: vec![AUDIENCE.to_owned()],
            algorithms: vec![Algorithm::EdDsa, Algorithm::Rs256],
            token_type: TokenType::AccessToken,
            accounts: BTreeMap::from([("pipeline".to_owned(), VirtualAccountId::new("ci-bot"))]),
            external: true,
        },
        jwks_url: None,
        subject_claim: "sub".to_owned(),
        account_claim: "azp".to_owned(),
        name_claim: "name".to_owned(),
    }
}
