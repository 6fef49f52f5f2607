//! Asks a server what it offers, through the gateway, with the credential of whoever looks: just what their client would see.

use std::str::FromStr;

use app::backend;
use app::error::UiError;
use app::features::tools::model::{Answer, Tool, ToolList, ToolResult};
use async_trait::async_trait;
use bytes::Bytes;
use domain::actor::Actor;
use domain::field::FieldError;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::gateway::Gateway;

const PROTOCOL: &str = "2025-11-25";
/// McpAuthRequiredError's code.
const AUTH_REQUIRED: i64 = 4401;
/// As many pages of tools as we ask for; a server that never ends its list would keep us for ever.
const MOST_PAGES: usize = 20;
const MOST_BYTES: usize = 4 * 1024 * 1024;

pub(super) struct Tools(pub(super) Gateway);

/// What came instead of a result.
enum Failure {
    NotFound,
    Missing { text: String, url: String },
    Other(String),
}

#[async_trait]
impl backend::Tools for Tools {
    async fn list(&self, actor: &Actor, server: &str) -> Result<ToolList, UiError> {
        let answer = match self.tools(actor, server).await {
            Ok(tools) => Answer::Tools(tools),
            Err(Failure::NotFound) => return Err(UiError::Gone),
            Err(Failure::Missing { text, url }) => Answer::CredentialMissing {
                text,
                action: path_of(&url),
            },
            Err(Failure::Other(text)) => Answer::Failed(text),
        };
        Ok(ToolList {
            server: server.to_owned(),
            answer,
        })
    }

    async fn call(&self, actor: &Actor, server: &str, tool: &str, arguments: &str) -> Result<ToolResult, UiError> {
        let arguments: Value = match arguments.trim() {
            "" => json!({}),
            text => serde_json::from_str(text).map_err(|error| bad_arguments(&error.to_string()))?,
        };
        if !arguments.is_object() {
            return Err(bad_arguments("an object, such as {\"text\": \"hello\"}, is expected"));
        }
        let outcome = async {
            let session = self.open(actor, server).await?;
            let result = self
                .request(
                    actor,
                    server,
                    &session,
                    "tools/call",
                    json!({ "name": tool, "arguments": arguments }),
                )
                .await;
            self.close(actor, server, &session).await;
            result
        };
        match outcome.await {
            Ok((result, _)) => Ok(ToolResult {
                failed: result["isError"].as_bool().unwrap_or_default(),
                text: text_of(&result),
            }),
            Err(Failure::NotFound) => Err(UiError::Gone),
            Err(Failure::Missing { text, .. } | Failure::Other(text)) => Ok(ToolResult { failed: true, text }),
        }
    }
}

impl Tools {
    async fn tools(&self, actor: &Actor, server: &str) -> Result<Vec<Tool>, Failure> {
        let session = self.open(actor, server).await?;
        let tools = self.pages(actor, server, &session).await;
        self.close(actor, server, &session).await;
        tools
    }

    async fn pages(&self, actor: &Actor, server: &str, session: &HeaderMap) -> Result<Vec<Tool>, Failure> {
        let (mut tools, mut cursor) = (Vec::new(), Value::Null);
        for _ in 0..MOST_PAGES {
            let params = if cursor.is_null() {
                json!({})
            } else {
                json!({ "cursor": cursor })
            };
            let (result, _) = self.request(actor, server, session, "tools/list", params).await?;
            tools.extend(result["tools"].as_array().into_iter().flatten().map(tool));
            cursor = result["nextCursor"].clone();
            if cursor.is_null() {
                break;
            }
        }
        Ok(tools)
    }

    /// Initialises, and gives the headers that later requests carry.
    async fn open(&self, actor: &Actor, server: &str) -> Result<HeaderMap, Failure> {
        let params = json!({
            "protocolVersion": PROTOCOL,
            "capabilities": {},
            "clientInfo": { "name": "overkey-ui", "version": env!("CARGO_PKG_VERSION") },
        });
        let (result, answered) = self
            .request(actor, server, &HeaderMap::new(), "initialize", params)
            .await?;
        let mut session = HeaderMap::new();
        if let Some(id) = answered.get("mcp-session-id") {
            session.insert("mcp-session-id", id.clone());
        }
        let version = result["protocolVersion"].as_str().unwrap_or(PROTOCOL);
        if let Ok(version) = HeaderValue::from_str(version) {
            session.insert("mcp-protocol-version", version);
        }
        let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        self.send(actor, server, Method::POST, &session, &ready).await;
        Ok(session)
    }

    /// Leaves no session behind. What the upstream answers does not matter any more.
    async fn close(&self, actor: &Actor, server: &str, session: &HeaderMap) {
        if session.contains_key("mcp-session-id") {
            self.send(actor, server, Method::DELETE, session, &Value::Null).await;
        }
    }

    async fn request(
        &self,
        actor: &Actor,
        server: &str,
        session: &HeaderMap,
        method: &str,
        params: Value,
    ) -> Result<(Value, HeaderMap), Failure> {
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let response = self.send(actor, server, Method::POST, session, &message).await;
        let (parts, body) = response.into_parts();
        if parts.status == StatusCode::NOT_FOUND && !session.contains_key("mcp-session-id") {
            return Err(Failure::NotFound);
        }
        let stream = parts
            .headers
            .get(http::header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|text| text.starts_with("text/event-stream"));
        let answer = answer(body, stream).await.ok_or_else(|| {
            Failure::Other(format!(
                "The upstream server answered {} and no JSON-RPC message.",
                parts.status
            ))
        })?;
        match answer.get("result") {
            Some(result) => Ok((result.clone(), parts.headers)),
            None => Err(failure(&answer["error"])),
        }
    }

    async fn send(
        &self,
        actor: &Actor,
        server: &str,
        method: Method,
        session: &HeaderMap,
        message: &Value,
    ) -> http::Response<impl http_body::Body<Data = Bytes, Error: std::fmt::Debug> + Unpin + use<>> {
        let mut headers = session.clone();
        for (name, value) in [
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
        ] {
            if let Ok(name) = HeaderName::from_str(name) {
                headers.insert(name, HeaderValue::from_static(value));
            }
        }
        let body = if message.is_null() {
            Bytes::new()
        } else {
            Bytes::from(message.to_string())
        };
        self.0.call_as(actor, server, method, headers, body).await
    }
}

/// The answer to request 1: the whole body, or the event of a stream that holds it.
async fn answer<B>(mut body: B, stream: bool) -> Option<Value>
where
    B: http_body::Body<Data = Bytes> + Unpin,
{
    let mut received = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.ok()?.into_data() else { continue };
        received.extend_from_slice(&data);
        if received.len() > MOST_BYTES {
            return None;
        }
        if stream && let Some(found) = answer_in_events(&received) {
            return Some(found);
        }
    }
    if stream {
        answer_in_events(&received)
    } else {
        serde_json::from_slice(&received).ok()
    }
}

fn answer_in_events(received: &[u8]) -> Option<Value> {
    let text = String::from_utf8_lossy(received).replace("\r\n", "\n");
    text.split("\n\n")
        .map(|event| {
            let lines = event.lines().filter_map(|line| line.strip_prefix("data:"));
            lines.map(str::trim_start).collect::<Vec<_>>().join("\n")
        })
        .filter_map(|data| serde_json::from_str::<Value>(&data).ok())
        .find(|message| message["id"] == 1 && (message.get("result").is_some() || message.get("error").is_some()))
}

fn failure(error: &Value) -> Failure {
    let text = error["message"]
        .as_str()
        .unwrap_or("The upstream server answered with an error.");
    match (error["code"].as_i64(), error["data"]["url"].as_str()) {
        (Some(AUTH_REQUIRED), Some(url)) => {
            let text = text.trim_start_matches("McpAuthRequiredError: ");
            let text = text.split(" Open http").next().unwrap_or(text);
            Failure::Missing {
                text: text.to_owned(),
                url: url.to_owned(),
            }
        }
        _ => Failure::Other(text.to_owned()),
    }
}

/// Our own links stay within the page, whatever address it was reached by.
fn path_of(url: &str) -> String {
    url::Url::parse(url).map_or_else(
        |_| "/connections".to_owned(),
        |url| url[url::Position::BeforePath..].to_owned(),
    )
}

fn tool(value: &Value) -> Tool {
    let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let annotations = &value["annotations"];
    let hints = [
        ("readOnlyHint", "Read-only"),
        ("destructiveHint", "Destructive"),
        ("idempotentHint", "Idempotent"),
        ("openWorldHint", "Reaches outside"),
    ];
    Tool {
        name: text("name"),
        title: value["title"]
            .as_str()
            .or(annotations["title"].as_str())
            .map(str::to_owned),
        description: text("description"),
        schema: serde_json::to_string_pretty(&value["inputSchema"]).unwrap_or_default(),
        hints: hints
            .into_iter()
            .filter(|(key, _)| annotations[*key] == true)
            .map(|(_, words)| words.to_owned())
            .collect(),
    }
}

/// The texts of a result; what is no text is named by its type.
fn text_of(result: &Value) -> String {
    let part = |part: &Value| match part["text"].as_str() {
        Some(text) => text.to_owned(),
        None => format!("[{}]", part["type"].as_str().unwrap_or("content")),
    };
    let parts: Vec<String> = result["content"].as_array().into_iter().flatten().map(part).collect();
    if parts.is_empty() {
        serde_json::to_string_pretty(result).unwrap_or_default()
    } else {
        parts.join("\n")
    }
}

fn bad_arguments(reason: &str) -> UiError {
    UiError::Invalid {
        errors: vec![FieldError::new(
            "arguments",
            format!("The arguments are not valid JSON: {reason}."),
        )],
        kept: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_answer_among_a_streams_events() {
        let stream = b"event: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"}\n\n: ping\n\nid: 7\r\ndata: {\"jsonrpc\":\"2.0\",\r\ndata: \"id\":1,\"result\":{\"tools\":[]}}\r\n\r\n";
        assert_eq!(answer_in_events(stream).unwrap()["result"], json!({ "tools": [] }));
        assert_eq!(answer_in_events(&stream[..40]), None);
    }

    #[test]
    fn b09_a_missing_credential_becomes_a_link_within_the_page() {
        let error = json!({ "code": 4401, "message": "McpAuthRequiredError: Bob has no credential for 'notes' yet. Open http://h/connect/notes?subject=user/1", "data": { "url": "http://h/connect/notes?subject=user/1" } });
        let Failure::Missing { text, url } = failure(&error) else {
            panic!("not missing")
        };
        assert_eq!(text, "Bob has no credential for 'notes' yet.");
        assert_eq!(path_of(&url), "/connect/notes?subject=user/1");
    }
}
