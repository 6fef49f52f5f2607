//! An upstream that looks at credentials, in one era or the other: what verifying is tried against.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::soon;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Era {
    /// 2025-11-25, with sessions.
    Legacy,
    /// The same, answering in event streams.
    LegacyEvents,
    /// 2026-07-28.
    Modern,
    /// HTTP+SSE of 2024-11-05.
    Sse,
}

#[derive(Debug, Clone)]
pub struct Behaviour {
    pub era: Era,
    /// The Authorization that it takes; `None`: it does not look.
    pub takes: Option<&'static str>,
    /// How it refuses.
    pub refuses: u16,
    /// Lets everybody shake hands, and looks at who wants to know more.
    pub open_handshake: bool,
    /// Answers everything with this, whoever asks.
    pub always: Option<(u16, &'static str, &'static str)>,
}

impl Behaviour {
    pub const fn taking(authorization: &'static str) -> Self {
        Self {
            era: Era::Legacy,
            takes: Some(authorization),
            refuses: 401,
            open_handshake: false,
            always: None,
        }
    }
}

/// `POST tools/list Bearer sk`: method, JSON-RPC method, and Authorization.
pub type Line = String;

#[derive(Clone)]
struct Shared {
    behaviour: Arc<Mutex<Behaviour>>,
    seen: Arc<Mutex<Vec<Line>>>,
    /// A permit for each answer, once `hold` was called.
    gate: Arc<Semaphore>,
    came: Arc<Semaphore>,
}

pub struct Checking {
    authority: String,
    shared: Shared,
}

const FREE: usize = 1 << 20;

impl Checking {
    pub async fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let authority = listener.local_addr().unwrap().to_string();
        let shared = Shared {
            behaviour: Arc::new(Mutex::new(behaviour)),
            seen: Arc::default(),
            gate: Arc::new(Semaphore::new(FREE)),
            came: Arc::new(Semaphore::new(0)),
        };
        let router = Router::new().fallback(answer).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { authority, shared }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.authority)
    }

    pub fn behave(&self, behaviour: Behaviour) {
        *self.shared.behaviour.lock().unwrap() = behaviour;
    }

    /// What came since the last look.
    pub fn seen(&self) -> Vec<Line> {
        std::mem::take(&mut self.shared.seen.lock().unwrap())
    }

    /// Lets requests wait for `release`.
    pub fn hold(&self) {
        self.shared.gate.forget_permits(FREE);
        self.shared.came.forget_permits(FREE);
    }

    /// Once one has come.
    pub async fn came(&self) {
        soon("a request upstream", self.shared.came.acquire())
            .await
            .unwrap()
            .forget();
    }

    pub fn release(&self) {
        self.shared.gate.add_permits(FREE);
    }
}

async fn answer(State(shared): State<Shared>, method: Method, headers: HeaderMap, body: Bytes) -> Response {
    let message: Value = serde_json::from_slice(&body).unwrap_or_default();
    let authorization = headers.get("authorization").map(|value| value.to_str().unwrap());
    let rpc = message["method"].as_str().unwrap_or_default();
    let line = [method.as_str(), rpc, authorization.unwrap_or("-")];
    let line = line
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    shared.seen.lock().unwrap().push(line);
    shared.came.add_permits(1);
    shared.gate.acquire().await.unwrap().forget();
    let behaviour = shared.behaviour.lock().unwrap().clone();
    if let Some((status, kind, body)) = behaviour.always {
        let response = Response::builder().status(status).header(header::CONTENT_TYPE, kind);
        return response
            .header("location", "http://elsewhere.example/")
            .body(Body::from(body))
            .unwrap();
    }
    let handshake = matches!(rpc, "initialize" | "server/discover" | "notifications/initialized");
    let looks = !(handshake && behaviour.open_handshake);
    if looks && behaviour.takes.is_some_and(|takes| authorization != Some(takes)) {
        // As an upstream may: with what was sent in the text.
        let text = format!("unknown key {}", authorization.unwrap_or_default());
        let error = json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32000, "message": text}});
        let status = StatusCode::from_u16(behaviour.refuses).unwrap();
        return (status, axum::Json(error)).into_response();
    }
    match (behaviour.era, &method) {
        (Era::Legacy | Era::LegacyEvents, &Method::POST) => legacy(behaviour.era, &headers, &message),
        (Era::Legacy | Era::LegacyEvents, &Method::DELETE) => StatusCode::NO_CONTENT.into_response(),
        (Era::Modern, &Method::POST) => modern(&headers, &message),
        (Era::Sse, &Method::GET) => {
            let first = "event: endpoint\ndata: /message\n\n";
            ([(header::CONTENT_TYPE, "text/event-stream")], first).into_response()
        }
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    }
}

const SESSION: &str = "session-1";

fn legacy(era: Era, headers: &HeaderMap, message: &Value) -> Response {
    let in_session = headers.get("mcp-session-id").is_some_and(|value| value == SESSION);
    let result = match message["method"].as_str().unwrap_or_default() {
        "initialize" => {
            let result = json!({"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": {"name": "x", "version": "1"}});
            let mut response = rpc(era, message, &result);
            response
                .headers_mut()
                .insert("mcp-session-id", SESSION.parse().unwrap());
            return response;
        }
        "notifications/initialized" if in_session => return StatusCode::ACCEPTED.into_response(),
        "tools/list" if in_session => json!({"tools": [{"name": "whoami", "inputSchema": {}}]}),
        _ => {
            let error = json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32000, "message": "Bad Request"}});
            return (StatusCode::BAD_REQUEST, axum::Json(error)).into_response();
        }
    };
    rpc(era, message, &result)
}

fn modern(headers: &HeaderMap, message: &Value) -> Response {
    let method = message["method"].as_str().unwrap_or_default();
    let says = |name: &str| headers.get(name).map(|value| value.to_str().unwrap());
    let meta = &message["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"];
    if meta != "2026-07-28" || says("mcp-protocol-version") != Some("2026-07-28") || says("mcp-method") != Some(method)
    {
        let error =
            json!({"code": -32022, "message": "Unsupported protocol version", "data": {"supported": ["2026-07-28"]}});
        let body = json!({"jsonrpc": "2.0", "id": message["id"], "error": error});
        return (StatusCode::BAD_REQUEST, axum::Json(body)).into_response();
    }
    let result = match method {
        "server/discover" => json!({"resultType": "complete", "capabilities": {"prompts": {}}}),
        "prompts/list" => json!({"resultType": "complete", "prompts": []}),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    rpc(Era::Modern, message, &result)
}

fn rpc(era: Era, message: &Value, result: &Value) -> Response {
    let body = json!({"jsonrpc": "2.0", "id": message["id"], "result": result});
    if era == Era::LegacyEvents {
        let progress = json!({"jsonrpc": "2.0", "method": "notifications/message", "params": {}});
        let events = format!(": hi\n\ndata: {progress}\n\ndata: {body}\n\n");
        return ([(header::CONTENT_TYPE, "text/event-stream")], events).into_response();
    }
    axum::Json(body).into_response()
}
