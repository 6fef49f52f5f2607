//! B09: a missing credential reaches the person (the decision table in protocol-security 1.6).
//!
//! A client that declared that it can send its person to a URL is asked to: by a result `input_required` (2026-07-28) or the error
//! -32042 (2025-11-25). Everybody else gets the plain error, and so does everybody in the end: the loop ends here, not in the
//! client. On 2026-07-28 the call waits for the credential once the person agreed, and then goes on.

use std::sync::Arc;
use std::time::Instant;

use axum::http::{HeaderName, HeaderValue, Method};
use axum::response::Response;
use domain::actor::{Actor, SubjectRef};
use domain::injection::MissingReason;
use domain::server::ServerName;

use super::auth_required::{AuthRequired, QUESTION, Question};
use super::error::GatewayError;
use super::message::{Message, Transport};
use super::record::Record;
use super::request_state::{ForCall, RequestState};
use super::rpc_call::{self, Action, RpcCall};
use super::{Parts, authorize, credential, resolve};
use crate::services::calls::Caller;

const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
/// I2: how often a person is asked in one call.
const ROUNDS: u8 = 3;

/// A call that brings its person's answer.
struct Answered {
    /// `None` when the answer is missing or makes no sense.
    action: Option<Action>,
    state: RequestState,
    /// As the upstream gets it.
    message: Message,
}

/// A whole call, from the message to the answer or the question.
pub async fn call(
    gateway: &Parts,
    record: &mut Record,
    caller: &Caller,
    server: &str,
    message: &Message,
) -> Result<Response, GatewayError> {
    let actor = &caller.actor;
    if let Some(answered) = answered(gateway, actor, server, message)? {
        return Box::pin(go_on(gateway, record, caller, server, answered)).await;
    }
    // Boxed: it is most of what a call holds, and every function that waits for it would be copied with it.
    let outcome = Box::pin(gateway.carry_out(record, actor, server, message)).await;
    outcome.map_err(|error| ask(gateway, actor, message, error, 1))
}

/// After the person's answer.
async fn go_on(
    gateway: &Parts,
    record: &mut Record,
    caller: &Caller,
    server: &str,
    answered: Answered,
) -> Result<Response, GatewayError> {
    let actor = &caller.actor;
    if matches!(answered.action, Some(Action::Decline | Action::Cancel)) {
        record.actor(actor);
        return Err(declined(gateway, actor, server, answered.state.reason).await);
    }
    let message = &answered.message;
    let mut outcome = gateway.carry_out(record, actor, server, message).await;
    let agreed = answered.action == Some(Action::Accept);
    if let Some(required) = outcome.as_ref().err().and_then(missing).filter(|_| agreed)
        && comes(gateway, record, caller, required).await?
    {
        outcome = gateway.carry_out(record, actor, server, message).await;
    }
    outcome.map_err(|error| ask(gateway, actor, message, error, answered.state.round + 1))
}

/// What our question was answered with; an error when it was another caller's, server's or call's, or too long ago.
fn answered(gateway: &Parts, actor: &Actor, server: &str, message: &Message) -> Result<Option<Answered>, GatewayError> {
    if !is_posted(message) || !rpc_call::may_bring_answer(&message.headers, &message.body) {
        return Ok(None);
    }
    let Some(call) = RpcCall::read(&message.body) else {
        return Ok(None);
    };
    // What does not open is the upstream's own.
    let Some(state) = call.request_state().and_then(|text| gateway.states.open(&text)) else {
        return Ok(None);
    };
    if !state.fits(&for_call(actor, server, &call), gateway.calls.now()) {
        return Err(GatewayError::StaleState);
    }
    Ok(Some(Answered {
        action: call.answer(QUESTION),
        state,
        message: Message {
            method: message.method.clone(),
            headers: message.headers.clone(),
            body: call.without_answers(),
            transport: message.transport.clone(),
        },
    }))
}

/// Whoever said no is not asked again, and the call does not go on behind their back.
async fn declined(gateway: &Parts, actor: &Arc<Actor>, server: &str, reason: MissingReason) -> GatewayError {
    match resolve::resolve(&gateway.calls, actor, server).await {
        Ok(target) => authorize::authorize(&target).map_or_else(
            |error| error,
            |_| credential::required(gateway, actor, &target, reason).into(),
        ),
        Err(error) => error,
    }
}

/// What is missing, if waiting for the person makes sense. A key that the upstream rejected is there already.
fn missing(error: &GatewayError) -> Option<&AuthRequired> {
    match error {
        GatewayError::AuthRequired(required) if required.reason != MissingReason::OverrideRejected => Some(required),
        _ => None,
    }
}

/// Waits for the credential, and looks again whether the caller may call: they may have lost that in the meantime.
async fn comes(
    gateway: &Parts,
    record: &mut Record,
    caller: &Caller,
    required: &AuthRequired,
) -> Result<bool, GatewayError> {
    let (started, server) = (Instant::now(), required.server.as_str());
    let Parts { calls, config, .. } = gateway;
    let coming = calls.credential_comes(&caller.actor, server, required.instead_of.as_deref());
    let comes = tokio::time::timeout(config.credential_wait, coming).await.is_ok();
    record.waited(started.elapsed());
    if comes && !calls.may_go_on(&caller.proof, server).await? {
        return Err(GatewayError::NotFound);
    }
    Ok(comes)
}

/// A missing credential as a question, where the client takes one; any other error as it is.
fn ask(gateway: &Parts, actor: &Actor, message: &Message, error: GatewayError, round: u8) -> GatewayError {
    match missing(&error).and_then(|required| question(gateway, actor, message, required, round)) {
        Some(question) => GatewayError::Asked(Box::new(question)),
        None => error,
    }
}

fn question(gateway: &Parts, actor: &Actor, message: &Message, required: &AuthRequired, round: u8) -> Option<Question> {
    let headers = &message.headers;
    let call = is_posted(message).then(|| RpcCall::read(&message.body))??;
    let server = required.server.as_str();
    if round <= ROUNDS && call.takes_url_question(headers) {
        let for_call = for_call(actor, server, &call);
        let state = RequestState::new(for_call, round, required.reason, gateway.calls.now());
        return Some(Question::InputRequired {
            required: required.clone(),
            state: gateway.states.seal(&state)?,
        });
    }
    let session = headers.get(SESSION)?.to_str().ok()?;
    let subject = actor.subject.to_string();
    let takes = call.takes_url_error(headers) && gateway.sessions.has_url_elicitation(session, server, &subject);
    takes.then(|| Question::UrlRequired(required.clone()))
}

fn for_call(actor: &Actor, server: &str, call: &RpcCall<'_>) -> ForCall {
    ForCall {
        server: server.to_owned(),
        subject: actor.subject.to_string(),
        digest: call.digest(),
    }
}

/// The session id with a note that the client can be asked, if it declared so: there is no session to keep it in. Where the
/// upstream has no sessions, the note is the whole id. Some upstreams repeat the id in every answer, so the note goes along.
pub fn noted(
    gateway: &Parts,
    message: &Message,
    (server, subject): (&ServerName, &SubjectRef),
    id: Option<HeaderValue>,
) -> Option<HeaderValue> {
    let noted_before = || {
        let session = message.headers.get(SESSION).and_then(|id| id.to_str().ok());
        let noted = |session| (gateway.sessions).has_url_elicitation(session, server.as_str(), &subject.to_string());
        session.is_some_and(noted)
    };
    if !(declared(message) || (id.is_some() && noted_before())) {
        return id;
    }
    let sealed = id.as_ref().map_or(Some(""), |id| id.to_str().ok());
    let note = |sealed| (gateway.sessions).with_url_elicitation(sealed, server.as_str(), &subject.to_string());
    let noted = sealed.and_then(note);
    noted.and_then(|id| HeaderValue::try_from(id).ok()).or(id)
}

/// An `initialize` of a client that can be asked.
fn declared(message: &Message) -> bool {
    is_posted(message)
        && rpc_call::may_initialize(&message.headers, &message.body)
        && RpcCall::read(&message.body).is_some_and(|call| call.declares_url_at_initialize())
}

fn is_posted(message: &Message) -> bool {
    message.method == Method::POST && message.transport == Transport::StreamableHttp
}
