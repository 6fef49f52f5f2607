//! Opening, asking, closing. The handshake of 2025-11-25 is tried first: whoever speaks an earlier revision answers it too. Who does
//! not know it is asked by the current revision, which has neither handshake nor session.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use serde_json::{Map, Value, json};

use super::answer::{self, ID};
use super::{Failure, Received, Silence, Transport};

const LEGACY: &str = "2025-11-25";
const MODERN: &str = "2026-07-28";
const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const METHOD: HeaderName = HeaderName::from_static("mcp-method");
const NAME: HeaderName = HeaderName::from_static("mcp-name");
/// As many pages of a list as we ask for; a server that never ends its list would keep us for ever.
const MOST_PAGES: usize = 20;
/// JSON-RPC errors of who does not know `initialize`: no such method, an unusable request, no such revision.
const UNKNOWN: [i64; 4] = [-32601, -32600, -32602, -32022];

pub struct Client<T>(pub T);

/// What later requests carry, and what the server says it has.
#[derive(Debug)]
pub struct Session {
    modern: bool,
    headers: HeaderMap,
    capabilities: Value,
}

impl Session {
    /// What to ask of this server so that it has to look at who asks: a list of something it has. The handshake alone is open to
    /// anybody on some servers.
    pub fn something_to_list(&self) -> Option<&'static str> {
        let lists = [
            ("tools", "tools/list"),
            ("resources", "resources/list"),
            ("prompts", "prompts/list"),
        ];
        let has = |name: &str| self.capabilities.get(name).is_some_and(|value| !value.is_null());
        let found = lists.into_iter().find(|(name, _)| has(name)).map(|(_, method)| method);
        // The current revision has no ping, and its handshake was a request like any other.
        found.or((!self.modern).then_some("ping"))
    }
}

impl<T: Transport> Client<T> {
    pub async fn open(&self) -> Result<Session, Failure> {
        match self.initialize().await {
            Err(failure) if may_be_modern(&failure) => match self.discover().await {
                Err(later) if later.refuses() => Err(later),
                Err(_) => Err(failure),
                opened => opened,
            },
            opened => opened,
        }
    }

    async fn initialize(&self) -> Result<Session, Failure> {
        let params = json!({ "protocolVersion": LEGACY, "capabilities": {}, "clientInfo": ourselves() });
        let (result, answered) = self.ask("initialize", HeaderMap::new(), params).await?;
        let mut headers = HeaderMap::new();
        if let Some(id) = answered.get(SESSION) {
            headers.insert(SESSION, id.clone());
        }
        let version = result["protocolVersion"].as_str().unwrap_or(LEGACY);
        if let Ok(version) = HeaderValue::from_str(version) {
            headers.insert(VERSION, version);
        }
        let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        // What is wrong here shows with the next request.
        self.send(Method::POST, headers.clone(), &ready).await.ok();
        Ok(Session {
            modern: false,
            headers,
            capabilities: result["capabilities"].clone(),
        })
    }

    async fn discover(&self) -> Result<Session, Failure> {
        let mut session = Session {
            modern: true,
            headers: HeaderMap::from_iter([(VERSION, HeaderValue::from_static(MODERN))]),
            capabilities: Value::Null,
        };
        let found = self.request(&session, "server/discover", json!({})).await?;
        session.capabilities = found["capabilities"].clone();
        Ok(session)
    }

    pub async fn request(&self, session: &Session, method: &str, params: Value) -> Result<Value, Failure> {
        let mut headers = session.headers.clone();
        let params = if session.modern {
            headers.extend(mirrored(method, &params));
            with_meta(params)
        } else {
            params
        };
        Ok(self.ask(method, headers, params).await?.0)
    }

    /// All pages of a list, as far as it is sensible.
    pub async fn list(&self, session: &Session, method: &str, member: &str) -> Result<Vec<Value>, Failure> {
        let (mut found, mut params) = (Vec::new(), json!({}));
        for _ in 0..MOST_PAGES {
            let page = self.request(session, method, params).await?;
            found.extend(page[member].as_array().into_iter().flatten().cloned());
            match &page["nextCursor"] {
                Value::Null => break,
                cursor => params = json!({ "cursor": cursor }),
            }
        }
        Ok(found)
    }

    /// Leaves no session behind. What the server answers does not matter any more.
    pub async fn close(&self, session: &Session) {
        if session.headers.contains_key(SESSION) {
            self.send(Method::DELETE, session.headers.clone(), &Value::Null)
                .await
                .ok();
        }
    }

    /// HTTP+SSE of 2024-11-05, as far as its stream opens.
    pub async fn stream_opens(&self) -> Result<(), Failure> {
        let answer = self.send(Method::GET, HeaderMap::new(), &Value::Null).await;
        let answer = answer.map_err(Failure::Silent)?;
        if answer.status().is_success() && answer::is_stream(answer.headers()) {
            Ok(())
        } else {
            Err(Failure::Status(answer.status()))
        }
    }

    async fn ask(&self, method: &str, headers: HeaderMap, params: Value) -> Result<(Value, HeaderMap), Failure> {
        let message = json!({ "jsonrpc": "2.0", "id": ID, "method": method, "params": params });
        let answer = self
            .send(Method::POST, headers, &message)
            .await
            .map_err(Failure::Silent)?;
        let (parts, body) = answer.into_parts();
        if !parts.status.is_success() && !answer::may_hold_one(&parts.headers) {
            return Err(Failure::Status(parts.status));
        }
        let read = answer::read(&parts.headers, body).await;
        let mut answer = read.ok_or(Failure::Status(parts.status))?;
        match answer.get_mut("result") {
            Some(result) if parts.status.is_success() => Ok((result.take(), parts.headers)),
            Some(_) => Err(Failure::Status(parts.status)),
            None => Err(Failure::Error(parts.status, answer["error"].take())),
        }
    }

    async fn send(&self, method: Method, mut headers: HeaderMap, message: &Value) -> Result<Received, Silence> {
        let body = if message.is_null() {
            headers.insert(header::ACCEPT, HeaderValue::from_static("text/event-stream"));
            Bytes::new()
        } else {
            let both = HeaderValue::from_static("application/json, text/event-stream");
            headers.insert(header::ACCEPT, both);
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            Bytes::from(message.to_string())
        };
        self.0.send(method, headers, body).await
    }
}

/// Whoever refuses the credential, is in trouble or asks us to wait does not say that he speaks another revision.
fn may_be_modern(failure: &Failure) -> bool {
    let unknown = |error: &Value| error["code"].as_i64().is_some_and(|code| UNKNOWN.contains(&code));
    failure.is_clients_fault() || matches!(failure, Failure::Error(_, error) if unknown(error))
}

fn ourselves() -> Value {
    json!({ "name": "overkey", "version": env!("CARGO_PKG_VERSION") })
}

/// What each request of the current revision says of itself.
fn with_meta(params: Value) -> Value {
    let mut params = match params {
        Value::Object(params) => params,
        _ => Map::new(),
    };
    params.insert(
        "_meta".to_owned(),
        json!({
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": ourselves(),
        }),
    );
    Value::Object(params)
}

/// Headers that repeat a part of the body (revision 2026-07-28).
fn mirrored(method: &str, params: &Value) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Ok(method) = HeaderValue::from_str(method) {
        headers.insert(METHOD, method);
    }
    if let Some(name) = params["name"].as_str() {
        let plain = name.bytes().all(|byte| (0x21..=0x7e).contains(&byte)) && !name.starts_with("=?");
        let encoded = if plain {
            name.to_owned()
        } else {
            format!("=?base64?{}?=", STANDARD.encode(name))
        };
        headers.extend(HeaderValue::try_from(encoded).map(|name| (NAME, name)));
    }
    headers
}
