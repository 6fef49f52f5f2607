//! The gateway: one MCP request in, the caller's own credential on it, the upstream's answer out (S40-S43).
//!
//! `call` is a request's whole life, phase by phase; each phase is one file. Bodies pass untouched: a request's is read whole
//! (it is small, and its id is needed should something fail), an answer's is streamed.
//!
//! Invariant: what authenticates a caller to us never reaches an upstream, and a caller never gets another subject's credential.

mod address;
mod answer_body;
mod asked;
mod auth_required;
mod authenticate;
mod authorize;
mod challenge;
mod credential;
mod cross_origin;
mod elicitation;
mod error;
mod forward;
mod legacy_sse;
mod limits;
mod members;
mod message;
mod record;
mod request_state;
mod resolve;
mod respond;
mod rpc_call;
mod sealed_text;
mod session_id;
mod upstreams;
mod watch;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{Method, header};
use axum::response::Response;
use domain::actor::Actor;
use tracing::Instrument;
use url::Url;

use crate::config::LimitsConfig;
use crate::egress::Egress;
use crate::oauth::Oauth;
use crate::seal::Seal;
use crate::services::calls::Calls;
use crate::telemetry::traces;
pub use address::Address;
use answer_body::AnswerBody;
use error::GatewayError;
use limits::{Kind, Limits};
use message::{Message, Transport};
use record::Record;
use request_state::RequestStates;
use session_id::SessionIds;
pub use upstreams::Upstreams;
use watch::{Watch, while_permitted};

#[derive(Debug, Clone)]
pub struct GatewayConfig {
    /// Browser origins that may call us besides our own.
    pub allowed_origins: Vec<String>,
    /// The longest request body, in bytes.
    pub body_limit: usize,
    /// How long it may take to arrive.
    pub body_timeout: Duration,
    /// How long an upstream may take to begin its answer.
    pub first_byte_timeout: Duration,
    /// How long it may then say nothing, unless the answer is an event stream.
    pub idle_timeout: Duration,
    /// How long a call waits for the credential that its person agreed to enter (B09).
    pub credential_wait: Duration,
    pub limits: LimitsConfig,
}

#[derive(Clone)]
pub struct Gateway(Arc<Parts>);

struct Parts {
    calls: Calls,
    egress: Egress,
    oauth: Oauth,
    sessions: SessionIds,
    states: RequestStates,
    public_url: Url,
    limits: Limits,
    config: GatewayConfig,
}

impl Gateway {
    pub fn new(
        calls: Calls,
        egress: Egress,
        oauth: Oauth,
        seal: &Seal,
        public_url: Url,
        config: GatewayConfig,
    ) -> Self {
        Self(Arc::new(Parts {
            calls,
            egress,
            oauth,
            sessions: SessionIds::new(seal),
            states: RequestStates::new(seal),
            public_url,
            limits: Limits::new(config.limits),
            config,
        }))
    }

    /// A call over the network.
    pub async fn answer(&self, address: Address, request: Request) -> Response {
        self.0.answer(&address.server, request, address.transport).await
    }

    /// A call in the name of somebody who is signed in already: for the pages that show what a server offers.
    pub async fn call_as(
        &self,
        actor: &Actor,
        server: &str,
        method: Method,
        headers: axum::http::HeaderMap,
        body: Bytes,
    ) -> Response {
        let message = Message {
            method,
            headers,
            body,
            transport: Transport::StreamableHttp,
        };
        let mut record = Record::start(server);
        let actor = Arc::new(actor.clone());
        let outcome = self.0.carry_out(&mut record, &actor, server, &message).await;
        self.0.end(record, outcome, &message)
    }
}

impl Parts {
    /// What surrounds every call: methods, origins, and errors made into answers.
    async fn answer(self: &Arc<Self>, server: &str, request: Request, transport: Transport) -> Response {
        let origin = match cross_origin::check(request.headers(), &self.public_url, &self.config.allowed_origins) {
            Ok(origin) => origin,
            Err(error) => return error.respond(&Message::unread(&request)),
        };
        if request.method() == Method::OPTIONS && origin.is_some() {
            return cross_origin::preflight(origin);
        }
        let unread = Message::unread(&request);
        let host = request.headers().get(header::HOST).cloned();
        let mut record = Record::start(server);
        // Pinned, here and in the other phases: `await` copies a future twice that it gets by value.
        let (outcome, message) = match pin!(self.call(&mut record, server, request, transport)).await {
            Ok((outcome, message)) => (outcome, message),
            Err(error) => (Err(error), unread),
        };
        let answer = challenge::describe(
            self.end(record, outcome, &message),
            &self.public_url,
            host.as_ref(),
            server,
        );
        cross_origin::mark(answer, origin)
    }

    /// The answer, and a record of it.
    fn end(&self, record: Record, outcome: Result<Response, GatewayError>, message: &Message) -> Response {
        let result = outcome.as_ref().map_or_else(GatewayError::name, |_| "forwarded");
        let answer = outcome.unwrap_or_else(|error| error.respond(message));
        record.end(&self.calls, message, result, answer.status());
        answer
    }

    /// Authenticated before its body is read: strangers cost nothing. Counted before it is authenticated: what is too much costs even
    /// less.
    async fn call(
        self: &Arc<Self>,
        record: &mut Record,
        server: &str,
        request: Request,
        transport: Transport,
    ) -> Result<(Result<Response, GatewayError>, Message), GatewayError> {
        transport.check_method(request.method())?;
        let mut admission = self.limits.enter(Kind::of(request.method(), request.headers()))?;
        let told = self.calls.listen();
        let (mut parts, body) = request.into_parts();
        let authenticating = authenticate::authenticate(&self.calls, server, &mut parts);
        let authenticating = authenticating.instrument(traces::authenticate());
        let caller = self.limits.meet(authenticating).await??;
        let read = match admission.of(&caller.actor.subject) {
            Ok(()) => message::read(body, &self.config, &mut admission).await,
            Err(full) => Err(full.into()),
        };
        let body = read.inspect_err(|_| record.actor(&caller.actor))?;
        let message = Message {
            method: parts.method,
            headers: parts.headers,
            body,
            transport,
        };
        let outcome = pin!(elicitation::call(self, record, &caller, server, &message)).await;
        admission.let_body_go();
        let watch = Watch {
            gateway: self.clone(),
            proof: caller.proof,
            server: server.to_owned(),
            told,
        };
        Ok((outcome.map(|answer| while_permitted(answer, watch, admission)), message))
    }

    async fn carry_out(
        &self,
        record: &mut Record,
        actor: &Arc<Actor>,
        server: &str,
        message: &Message,
    ) -> Result<Response, GatewayError> {
        record.actor(actor);
        let target = resolve::resolve(&self.calls, actor, server)
            .instrument(traces::decide())
            .await?;
        record.target(&target);
        let permit = authorize::authorize(&target)?;
        let kind = Kind::of(&message.method, &message.headers);
        let place = self.limits.at_server(&target.server.id, kind, message.body.len())?;
        let choosing = credential::credential(self, actor, &target, message).instrument(traces::credential());
        let mut credential = choosing.await?;
        record.sending(&credential, credential.fingerprint(&self.calls));
        let mut sent = pin!(forward::forward(self, permit, &target, &credential, message)).await;
        if is_refused(&sent)
            && let Some(renewed) = Box::pin(credential::renewed(self, actor, &target, &credential)).await?
        {
            credential = renewed;
            record.sending(&credential, credential.fingerprint(&self.calls));
            sent = Box::pin(forward::forward(self, permit, &target, &credential, message)).await;
        }
        record::used(&self.calls, &credential, &sent);
        let answer = sent?;
        record.upstream(answer.status());
        let answer = AnswerBody::within(answer, self.config.idle_timeout, place);
        pin!(respond::respond(self, actor, &target, &credential, message, answer)).await
    }
}

/// 401 says that nothing was done, so that sending the same again is safe.
fn is_refused(sent: &Result<hyper::Response<crate::egress::Answer>, GatewayError>) -> bool {
    sent.as_ref()
        .is_ok_and(|answer| answer.status() == axum::http::StatusCode::UNAUTHORIZED)
}
