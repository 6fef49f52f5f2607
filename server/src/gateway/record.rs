//! Phase 7: what happened, for logs, metrics and "last used". Names and numbers; never a value.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use axum::response::Response;
use domain::actor::Actor;
use domain::injection::Choice;
use domain::overrides::Kind;
use hyper::body::Incoming;
use metrics::{counter, histogram};
use tracing::info;

use super::credential::CallCredential;
use super::error::GatewayError;
use crate::services::calls::Calls;

pub struct Record {
    started: Instant,
    server: String,
    subject: &'static str,
    plan: &'static str,
    upstream: Option<StatusCode>,
    /// For a person; not what the call itself took.
    waited: Duration,
}

impl Record {
    pub fn start(server: &str) -> Self {
        Self {
            started: Instant::now(),
            server: server.to_owned(),
            subject: "unknown",
            plan: "none",
            upstream: None,
            waited: Duration::ZERO,
        }
    }

    pub fn actor(&mut self, actor: &Actor) {
        self.subject = actor.subject.kind.as_str();
    }

    pub fn credential(&mut self, credential: &CallCredential) {
        self.plan = match credential.inner.choice {
            Choice::Own(_, Kind::Manual) => "override",
            Choice::Own(_, Kind::OAuth) => "oauth_token",
            Choice::ServerDefault => "server_default",
            Choice::PassThrough => "passthrough",
            Choice::Nothing => "nothing",
            Choice::Missing(_) => "missing",
        };
    }

    pub fn upstream(&mut self, status: StatusCode) {
        self.upstream = Some(status);
    }

    pub fn waited(&mut self, time: Duration) {
        self.waited += time;
    }

    /// The labels are bounded: no caller, server or path of a caller's choosing.
    pub fn end(self, outcome: &Result<Response, GatewayError>) {
        let seconds = self.started.elapsed().saturating_sub(self.waited).as_secs_f64();
        let result = outcome.as_ref().map_or_else(GatewayError::name, |_| "forwarded");
        counter!("overkey_gateway_calls_total", "plan" => self.plan, "result" => result).increment(1);
        histogram!("overkey_gateway_first_byte_seconds", "plan" => self.plan).record(seconds);
        info!(
            server.name = %self.server,
            subject.kind = self.subject,
            plan = self.plan,
            upstream.status = self.upstream.map(|status| status.as_u16()),
            result,
            duration_ms = seconds * 1_000.0,
            waited_ms = self.waited.as_secs_f64() * 1_000.0,
            "gateway.call"
        );
    }
}

/// B05: 401 is a rejection, any success an acceptance; other answers say nothing about the credential.
pub fn used(calls: &Calls, credential: &CallCredential, sent: &Result<hyper::Response<Incoming>, GatewayError>) {
    let accepted = match sent {
        // Tokens are invalidated instead, once renewing them did not help.
        Ok(answer) if answer.status() == StatusCode::UNAUTHORIZED => credential.token.is_none().then_some(false),
        Ok(answer) if answer.status().is_success() => Some(true),
        Ok(_) => None,
        Err(_) => return,
    };
    calls.used(&credential.inner, accepted);
}
