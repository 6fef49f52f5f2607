//! Phase 7: what happened, for the trail of calls, logs, metrics and "last used". Names and numbers; never a value.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use domain::actor::Actor;
use domain::injection::Choice;
use domain::overrides::Kind;
use tracing::{debug, info};

use super::asked::{Asked, asked};
use super::credential::CallCredential;
use super::error::GatewayError;
use super::message::Message;
use crate::egress::Answer;
use crate::services::call_log::Called;
use crate::services::calls::{CallServer, Calls, Target};
use crate::telemetry::{measures, traces};

pub struct Record {
    started: Instant,
    server: String,
    actor: Option<Arc<Actor>>,
    target: Option<Arc<CallServer>>,
    plan: &'static str,
    fingerprint: Option<Arc<str>>,
    sent: bool,
    upstream: Option<StatusCode>,
    /// For a person; not what the call itself took.
    waited: Duration,
}

impl Record {
    pub fn start(server: &str) -> Self {
        Self {
            started: Instant::now(),
            server: server.to_owned(),
            actor: None,
            target: None,
            plan: "none",
            fingerprint: None,
            sent: false,
            upstream: None,
            waited: Duration::ZERO,
        }
    }

    pub fn actor(&mut self, actor: &Arc<Actor>) {
        self.actor = Some(actor.clone());
    }

    pub fn target(&mut self, target: &Target) {
        self.target = Some(target.server.clone());
    }

    /// It goes to the upstream with this, whatever comes of it.
    pub fn sending(&mut self, credential: &CallCredential, fingerprint: Option<Arc<str>>) {
        self.sent = true;
        self.upstream = None;
        self.fingerprint = fingerprint;
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

    /// The labels are bounded: no caller, server or path of a caller's choosing. `answered` is what the caller gets.
    pub fn end(self, calls: &Calls, message: &Message, result: &'static str, answered: StatusCode) {
        let latency = self.started.elapsed().saturating_sub(self.waited);
        let seconds = latency.as_secs_f64();
        let subject = self
            .actor
            .as_ref()
            .map_or("unknown", |actor| actor.subject.kind.as_str());
        let request = self.actor.as_ref().and_then(|actor| actor.via.request.as_deref());
        let server = self.target.as_ref().map(|server| server.name.as_str());
        traces::called(server, subject, self.plan, result);
        measures::call(measures::Call {
            server,
            plan: self.plan,
            result,
            upstream: self.upstream.map(|status| status.as_u16()),
            seconds,
        });
        macro_rules! line {
            ($level:ident) => {
                $level!(
                    server.name = %self.server,
                    subject.kind = subject,
                    request.id = request,
                    plan = self.plan,
                    upstream.status = self.upstream.map(|status| status.as_u16()),
                    result,
                    duration_ms = seconds * 1_000.0,
                    waited_ms = self.waited.as_secs_f64() * 1_000.0,
                    "gateway.call"
                )
            };
        }
        // Every call is in the trail; the log tells of those that somebody may have to look into. Of what is too much there are many,
        // and a metric counts them.
        let went_well = result == "forwarded" && self.upstream.is_none_or(|status| status.as_u16() < 400);
        if went_well || result == "overloaded" {
            line!(debug);
        } else {
            line!(info);
        }
        // Strangers leave no rows: they could fill the disk.
        if let Some(actor) = self.actor {
            let Asked { method, name } = asked(message);
            calls.record(Called {
                actor,
                server: self.target.map(|server| (server.id.clone(), server.name.clone())),
                method,
                tool: name,
                status: answered.as_u16(),
                upstream_status: self.upstream.map(|status| status.as_u16()),
                outcome: result,
                sent: self.sent,
                credential: self.plan,
                fingerprint: self.fingerprint,
                latency,
            });
        }
    }
}

/// B05: 401 is a rejection, any success an acceptance; other answers say nothing about the credential.
pub fn used(calls: &Calls, credential: &CallCredential, sent: &Result<hyper::Response<Answer>, GatewayError>) {
    let accepted = match sent {
        // Tokens are invalidated instead, once renewing them did not help.
        Ok(answer) if answer.status() == StatusCode::UNAUTHORIZED => credential.token.is_none().then_some(false),
        Ok(answer) if answer.status().is_success() => Some(true),
        Ok(_) => None,
        Err(_) => return,
    };
    calls.used(&credential.inner, accepted);
}
