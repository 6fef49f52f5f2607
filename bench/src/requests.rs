//! The requests of the load, as bytes made beforehand, and the answer that each must get.

use std::net::SocketAddr;

use serde_json::json;

/// The revisions of MCP: with sessions, and without.
pub const LEGACY: &str = "2025-11-25";
pub const MODERN: &str = "2026-07-28";
/// The session that the upstream opens; a gateway may show its clients another name of it.
pub const SESSION: &str = "bench-session";
/// Events of one streamed answer.
pub const EVENTS: usize = 10;

/// A request, and what its answer's body must be, to the byte.
#[derive(Debug, Clone)]
pub struct Prepared {
    pub bytes: Vec<u8>,
    pub expected: Vec<u8>,
}

/// Where a request goes and in whose name.
#[derive(Debug, Clone)]
pub struct Way {
    pub address: SocketAddr,
    pub path: String,
    /// What goes after `Authorization: Bearer`.
    pub token: String,
    /// What the upstream must have seen: it says so in each answer.
    pub credential: String,
}

impl Way {
    /// A small `tools/call` of the current revision.
    pub fn call(&self) -> Prepared {
        Prepared {
            bytes: self.post(&modern_headers("echo"), &tool_call("echo", true)),
            expected: small_answer(&self.credential).into_bytes(),
        }
    }

    /// The same of the revision before, in a session.
    pub fn call_in_session(&self, session: &str) -> Prepared {
        let headers = [("mcp-protocol-version", LEGACY), ("mcp-session-id", session)];
        Prepared {
            bytes: self.post(&headers, &tool_call("echo", false)),
            expected: small_answer(&self.credential).into_bytes(),
        }
    }

    /// A `tools/call` that is answered by a stream of events.
    pub fn streamed(&self) -> Prepared {
        Prepared {
            bytes: self.post(&modern_headers("count"), &tool_call("count", true)),
            expected: (1..=EVENTS)
                .map(|number| event(number, &self.credential))
                .collect::<String>()
                .into_bytes(),
        }
    }

    /// Opens a session.
    pub fn initialize(&self) -> Vec<u8> {
        let body = json!({
            "jsonrpc": "2.0", "id": 1, "method": "initialize",
            "params": {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}},
        });
        self.post(&[], &body.to_string())
    }

    /// The stream of a session on which the server may say something, and mostly does not.
    pub fn listen(&self, session: Option<&str>) -> Vec<u8> {
        let head = format!(
            "GET {} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\naccept: text/event-stream\r\n",
            self.path, self.address, self.token
        );
        let session = session
            .map(|session| format!("mcp-session-id: {session}\r\n"))
            .unwrap_or_default();
        format!("{head}mcp-protocol-version: {LEGACY}\r\n{session}\r\n").into_bytes()
    }

    fn post(&self, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
        let mut text = format!(
            "POST {} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n",
            self.path, self.address, self.token
        );
        text +=
            "user-agent: bench/1\r\ncontent-type: application/json\r\naccept: application/json, text/event-stream\r\n";
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        text += &format!("content-length: {}\r\n\r\n{body}", body.len());
        text.into_bytes()
    }
}

fn modern_headers(tool: &str) -> [(&'static str, &str); 3] {
    [
        ("mcp-protocol-version", MODERN),
        ("mcp-method", "tools/call"),
        ("mcp-name", tool),
    ]
}

fn tool_call(tool: &str, modern: bool) -> String {
    let mut params = json!({"name": tool, "arguments": {"text": "The quick brown fox jumps over the lazy dog"}});
    if modern {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientCapabilities": {},
        });
    }
    json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).to_string()
}

/// What the upstream answers to a small call; `$http_authorization` stands for the credential in its configuration.
pub fn small_answer(credential: &str) -> String {
    let text = format!(r#"{{"type":"text","text":"{credential}"}}"#);
    format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"resultType":"complete","content":[{text}],"isError":false}}}}"#)
}

/// One event of a streamed answer.
pub fn event(number: usize, credential: &str) -> String {
    let data = if number == EVENTS {
        small_answer(credential)
    } else {
        let params = format!(r#"{{"progressToken":1,"progress":{number},"total":{EVENTS}}}"#);
        format!(r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{params}}}"#)
    };
    format!("event: message\ndata: {data}\n\n")
}
