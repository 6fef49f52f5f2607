//! What managers do meanwhile: overrides are replaced, deleted and entered again, and a server's mode goes to and fro.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};

use super::clients::Field;
use super::ledger::{SHARED, Server, own};
use crate::rest::Rest;

const BETWEEN: Duration = Duration::from_millis(20);
const BETWEEN_MODES: Duration = Duration::from_secs(4);

pub struct Changes {
    rest: Rest,
    field: Arc<Field>,
    random: StdRng,
    /// The newest version that was entered, for each caller on each server.
    versions: Vec<[u32; Server::ALL.len()]>,
    present: Vec<[bool; Server::ALL.len()]>,
    shared: bool,
    pub replaced: u64,
    pub deleted: u64,
    pub modes: u64,
}

pub fn individual() -> Value {
    json!({"mode": "api_key_individual", "headers": {"Authorization": "Bearer {{API_KEY}}"}})
}

impl Changes {
    pub fn new(rest: Rest, field: Arc<Field>, callers: usize, seed: u64) -> Self {
        let random = StdRng::seed_from_u64(seed);
        let (versions, present) = (
            vec![Default::default(); callers],
            vec![[false; Server::ALL.len()]; callers],
        );
        Self {
            rest,
            field,
            random,
            versions,
            present,
            shared: false,
            replaced: 0,
            deleted: 0,
            modes: 0,
        }
    }

    /// The next part of the load.
    pub fn moved_to(&mut self, field: Arc<Field>) {
        self.field = field;
    }

    /// Everybody gets a credential everywhere.
    pub async fn enter_all(&mut self) -> Result<()> {
        for server in Server::ALL {
            self.enter_for_all(server).await?;
        }
        Ok(())
    }

    async fn enter_for_all(&mut self, server: Server) -> Result<()> {
        for caller in 0..self.versions.len() {
            self.enter(caller, server).await?;
        }
        Ok(())
    }

    /// Changes until it is told to stop, and leaves everybody with a credential.
    pub async fn run(&mut self) -> Result<()> {
        let mut shifted = Instant::now();
        while !self.field.stop.load(Ordering::Relaxed) {
            if shifted.elapsed() > BETWEEN_MODES {
                self.shift().await?;
                shifted = Instant::now();
            }
            let caller = self.random.random_range(0..self.versions.len());
            let server = Server::ALL[self.random.random_range(0..Server::ALL.len())];
            let keep = server.must_not_fail() || !self.present[caller][server as usize] || self.random.random_bool(0.7);
            match server {
                Server::Shifting if self.shared => {}
                _ if keep => self.enter(caller, server).await?,
                _ => self.delete(caller, server).await?,
            }
            tokio::time::sleep(BETWEEN).await;
        }
        Ok(())
    }

    /// Calls that begin after the answer carry this version or a newer one.
    async fn enter(&mut self, caller: usize, server: Server) -> Result<()> {
        let version = self.versions[caller][server as usize] + 1;
        let path = format!("/servers/{}/overrides/virtual_account/soak-{caller}", server.name());
        self.rest
            .change("PUT", &path, &json!({"credential": own(caller, server, version)}))
            .await?;
        self.versions[caller][server as usize] = version;
        self.present[caller][server as usize] = true;
        self.field.ledger.oldest_is(caller, server, version);
        self.replaced += 1;
        Ok(())
    }

    /// Calls that begin after the answer carry none of those there were.
    async fn delete(&mut self, caller: usize, server: Server) -> Result<()> {
        let path = format!("/servers/{}/overrides/virtual_account/soak-{caller}", server.name());
        self.rest.change("DELETE", &path, &Value::Null).await?;
        self.gone(caller, server);
        self.deleted += 1;
        Ok(())
    }

    fn gone(&mut self, caller: usize, server: Server) {
        self.present[caller][server as usize] = false;
        self.field
            .ledger
            .oldest_is(caller, server, self.versions[caller][server as usize] + 1);
    }

    /// To shared keys, which deletes all overrides, or back, after which everybody enters theirs again.
    async fn shift(&mut self) -> Result<()> {
        self.modes += 1;
        if self.shared {
            self.set_mode(&individual()).await?;
            self.shared = false;
            self.field.ledger.shared.store(false, Ordering::SeqCst);
            return self.enter_for_all(Server::Shifting).await;
        }
        self.field.ledger.shared.store(true, Ordering::SeqCst);
        let header = format!("Bearer {SHARED}");
        self.set_mode(&json!({"mode": "api_key_shared", "headers": {"Authorization": header}}))
            .await?;
        self.shared = true;
        for caller in 0..self.versions.len() {
            self.gone(caller, Server::Shifting);
        }
        Ok(())
    }

    /// As everybody has to: a preview first, and its revision.
    async fn set_mode(&mut self, auth: &Value) -> Result<()> {
        let path = format!("/servers/{}/outbound-auth", Server::Shifting.name());
        let preview = self.rest.change("PUT", &format!("{path}?dry_run=true"), auth).await?;
        let revision = preview["revision"].as_str().context("a preview without a revision")?;
        let headers = format!("if-match: \"{revision}\"\r\n");
        let (status, answer) = self.rest.ask("PUT", &path, &headers, auth).await?;
        if status >= 300 {
            bail!("the mode was not changed: {status} {answer}");
        }
        Ok(())
    }
}
