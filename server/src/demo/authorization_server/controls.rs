//! What tests count, and the trouble they make: none of it is reachable over HTTP.

use std::collections::VecDeque;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use domain::secret::Secret;
use tokio::sync::OwnedRwLockWriteGuard;

use super::{Client, DemoProvider};

/// Requests that came, whatever was answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub authorization_code: u64,
    pub refresh_token: u64,
    pub client_credentials: u64,
    pub registrations: u64,
    pub revocations: u64,
    /// Refresh tokens that came a second time, which ended what they were made for.
    pub reuses: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// 500 and a page, as from a proxy.
    ServerError,
    /// 503 with `Retry-After`.
    Busy,
    InvalidGrant,
    InvalidClient,
    /// 200 and something that is no JSON.
    Garbage,
}

/// `iss` in the authorization response (RFC 9207).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ResponseIssuer {
    #[default]
    Own,
    Missing,
    Other(String),
}

#[derive(Debug, Clone)]
pub struct Switches {
    /// For the next token requests, first one first; afterwards all is well again.
    pub fail_next: VecDeque<Failure>,
    pub expires_in: bool,
    /// Without, answers bear no refresh token; one given earlier stays good.
    pub refresh_tokens: bool,
    /// A refresh token is good once, and the answer bears the next.
    pub rotate: bool,
    /// Before a token request is looked at.
    pub delay: Option<Duration>,
    pub response_issuer: ResponseIssuer,
    /// Whether clients may register themselves.
    pub registration: bool,
    pub refuse_revocations: bool,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            fail_next: VecDeque::new(),
            expires_in: true,
            refresh_tokens: true,
            rotate: true,
            delay: None,
            response_issuer: ResponseIssuer::Own,
            registration: true,
            refuse_revocations: false,
        }
    }
}

impl DemoProvider {
    pub fn counts(&self) -> Counts {
        *self.shared.counts.borrow()
    }

    /// Returns once enough requests came.
    pub async fn counted(&self, enough: impl Fn(&Counts) -> bool) {
        let mut counts = self.shared.counts.subscribe();
        // The sender lives as long as `self`.
        counts.wait_for(|counts| enough(counts)).await.ok();
    }

    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut self.switches());
    }

    /// Token requests are counted and then wait until this is dropped.
    pub async fn hold(&self) -> OwnedRwLockWriteGuard<()> {
        self.shared.gate.clone().write_owned().await
    }

    pub fn add_client(&self, client: Client) {
        self.books().clients.push(client);
    }

    pub fn change_secret(&self, client: &str, secret: &str) {
        let mut books = self.books();
        for known in books.clients.iter_mut().filter(|known| known.id == client) {
            known.secret = Some(Secret::new(secret));
        }
    }

    /// How many consents of theirs are good.
    pub fn grants_of(&self, person: &str) -> usize {
        self.books().ledger.all_of(person)
    }

    /// As when a person takes back at the provider what they allowed.
    pub fn forget(&self, person: &str) {
        self.books().ledger.end_all_of(person);
    }

    pub(super) fn switches(&self) -> MutexGuard<'_, Switches> {
        self.shared.switches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn count(&self, change: impl FnOnce(&mut Counts)) {
        self.shared.counts.send_modify(change);
    }
}
