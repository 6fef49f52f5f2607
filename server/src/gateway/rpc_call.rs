//! One JSON-RPC request, read as far as B09 needs it. Only for calls that lack a credential or bring a person's answer: all others
//! pass unread.

use axum::body::Bytes;
use axum::http::HeaderMap;
use memchr::memmem;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::members::Object;

/// What `input_required` came with (MCP 2026-07-28).
pub const MODERN: &str = "2026-07-28";
/// What `-32042` came with, and the only revision that has it.
pub const LEGACY: &str = "2025-11-25";
const VERSION_HEADER: &str = "mcp-protocol-version";
const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
/// The requests that may be answered with `input_required`.
const MAY_ASK: &[&str] = &["tools/call", "resources/read", "prompts/get"];
const STATE: &str = "requestState";
const ANSWERS: &str = "inputResponses";
const META: &str = "_meta";

/// A person's answer to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Accept,
    Decline,
    Cancel,
}

#[derive(Debug)]
pub struct RpcCall<'a> {
    envelope: Object<'a>,
    params: Object<'a>,
    method: String,
}

impl<'a> RpcCall<'a> {
    /// `None` for anything but a single request with parameters.
    pub fn read(body: &'a [u8]) -> Option<Self> {
        let envelope = Object::read(std::str::from_utf8(body).ok()?)?;
        envelope.get("id").filter(|id| *id != "null")?;
        let method = envelope.string("method")?;
        let params = envelope.object("params")?;
        Some(Self {
            envelope,
            params,
            method,
        })
    }

    /// May be answered with a question to the person: the revision, the method and the client's capabilities say so.
    pub fn takes_url_question(&self, headers: &HeaderMap) -> bool {
        let meta = self.params.object(META);
        meta.is_some_and(|meta| {
            has_version(headers, MODERN)
                && meta.string(VERSION).as_deref() == Some(MODERN)
                && MAY_ASK.contains(&self.method.as_str())
                && meta.object(CAPABILITIES).is_some_and(|it| declares_url(&it))
        })
    }

    /// May be answered with `-32042`, if its client declared at `initialize` that it can.
    pub fn takes_url_error(&self, headers: &HeaderMap) -> bool {
        has_version(headers, LEGACY) && self.method == "tools/call"
    }

    /// An `initialize` whose client declares that it can send its person to a URL.
    pub fn declares_url_at_initialize(&self) -> bool {
        self.method == "initialize"
            && self.params.string("protocolVersion").as_deref() == Some(LEGACY)
            && self.params.object("capabilities").is_some_and(|it| declares_url(&it))
    }

    pub fn request_state(&self) -> Option<String> {
        self.params.string(STATE)
    }

    /// The answer to the question with this key.
    pub fn answer(&self, key: &str) -> Option<Action> {
        let answer = self.params.object(ANSWERS)?.object(key)?;
        serde_json::from_str(answer.get("action")?).ok()
    }

    /// The whole message without what a person's answer came in; every other byte as it was.
    pub fn without_answers(&self) -> Bytes {
        Bytes::from(self.envelope.with("params", &self.params.without(&[STATE, ANSWERS])))
    }

    /// Of the method and its parameters, in any order. Without what differs between a call and its repetition: answers, and
    /// the metadata, which holds a new progress token each time.
    pub fn digest(&self) -> String {
        let mut parts: Vec<_> = self.params.iter().collect();
        parts.retain(|(name, _)| ![STATE, ANSWERS, META].contains(name));
        parts.sort_unstable();
        let mut hash = Sha256::new();
        for part in [self.method.as_str()]
            .into_iter()
            .chain(parts.into_iter().flat_map(|(name, value)| [name, value]))
        {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        format!("{:x}", hash.finalize())
    }
}

/// Cheap, for every call: whether it is worth reading for a person's answer.
pub fn may_bring_answer(headers: &HeaderMap, body: &[u8]) -> bool {
    has_version(headers, MODERN) && memmem::find(body, STATE.as_bytes()).is_some()
}

/// Cheap, for every answer: whether its request is worth reading as an `initialize`. Later messages name the revision.
pub fn may_initialize(headers: &HeaderMap, body: &[u8]) -> bool {
    !headers.contains_key(VERSION_HEADER) && memmem::find(body, b"initialize").is_some()
}

fn has_version(headers: &HeaderMap, version: &str) -> bool {
    headers.get(VERSION_HEADER).is_some_and(|value| value == version)
}

/// An empty `elicitation` means forms only.
fn declares_url(capabilities: &Object<'_>) -> bool {
    let elicitation = capabilities.object("elicitation");
    elicitation.is_some_and(|elicitation| elicitation.object("url").is_some())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use serde_json::{Value, json};

    use super::*;

    fn version(version: &'static str) -> HeaderMap {
        let value = HeaderValue::from_static(version);
        HeaderMap::from_iter([(axum::http::HeaderName::from_static(VERSION_HEADER), value)])
    }

    /// As the SDKs send it: a call whose client declared `elicitation`.
    fn modern(method: &str, elicitation: &Value) -> Value {
        json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": {
            "name": "echo",
            "arguments": {"a": 1},
            "_meta": {VERSION: MODERN, CAPABILITIES: {"elicitation": elicitation}},
        }})
    }

    fn takes_question(headers: &HeaderMap, message: &Value) -> bool {
        let body = message.to_string();
        RpcCall::read(body.as_bytes()).is_some_and(|call| call.takes_url_question(headers))
    }

    #[test]
    fn b09_i4_a_question_is_for_three_methods_of_2026_07_28_and_clients_that_declared_it() {
        let (now, url) = (version(MODERN), || json!({"form": {}, "url": {}}));
        for method in ["tools/call", "resources/read", "prompts/get"] {
            assert!(takes_question(&now, &modern(method, &url())), "{method}");
        }
        for method in ["tools/list", "server/discover", "resources/list", "completion/complete"] {
            assert!(!takes_question(&now, &modern(method, &url())), "{method}");
        }
        for undeclared in [json!({}), json!({"form": {}}), json!({"url": null}), Value::Null] {
            assert!(
                !takes_question(&now, &modern("tools/call", &undeclared)),
                "{undeclared}"
            );
        }
        assert!(
            !takes_question(&version(LEGACY), &modern("tools/call", &url())),
            "header and body differ"
        );
        assert!(!takes_question(&HeaderMap::new(), &modern("tools/call", &url())));
        let mut other = modern("tools/call", &url());
        other["params"]["_meta"][VERSION] = json!(LEGACY);
        assert!(!takes_question(&now, &other), "header and body differ");
        let mut notification = modern("tools/call", &url());
        notification.as_object_mut().unwrap().remove("id");
        assert!(!takes_question(&now, &notification));
        assert!(!takes_question(&now, &json!([modern("tools/call", &url())])));
    }

    #[test]
    fn b09_the_error_is_for_tool_calls_of_2025_11_25() {
        let takes = |method: &str, headers: &HeaderMap| {
            let body = modern(method, &json!({})).to_string();
            RpcCall::read(body.as_bytes()).unwrap().takes_url_error(headers)
        };
        assert!(takes("tools/call", &version(LEGACY)));
        assert!(!takes("tools/list", &version(LEGACY)));
        assert!(!takes("tools/call", &version(MODERN)));
        assert!(!takes("tools/call", &version("2025-06-18")));
        assert!(!takes("tools/call", &HeaderMap::new()));
    }

    #[test]
    fn b09_what_a_client_declares_at_initialize() {
        let declares = |version: &str, capabilities: Value| {
            let params = json!({"protocolVersion": version, "capabilities": capabilities});
            let body = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}).to_string();
            assert!(may_initialize(&HeaderMap::new(), body.as_bytes()));
            RpcCall::read(body.as_bytes()).unwrap().declares_url_at_initialize()
        };
        assert!(declares(LEGACY, json!({"elicitation": {"url": {}}})));
        assert!(!declares(LEGACY, json!({"elicitation": {}})));
        assert!(!declares(LEGACY, json!({})));
        assert!(!declares("2025-06-18", json!({"elicitation": {"url": {}}})));
    }

    /// Clients repeat a call with another id and another progress token.
    #[test]
    fn b09_a_repeated_call_has_the_same_digest_and_any_other_call_another() {
        let digest = |message: &Value| RpcCall::read(message.to_string().as_bytes()).unwrap().digest();
        let first = modern("tools/call", &json!({"url": {}}));
        let mut again = first.clone();
        again["id"] = json!(2);
        again["params"]["_meta"]["progressToken"] = json!(2);
        again["params"]["requestState"] = json!("sealed");
        again["params"]["inputResponses"] = json!({"credential": {"action": "accept"}});
        assert_eq!(digest(&first), digest(&again));
        let changes: [fn(&mut Value); 4] = [
            |call| call["method"] = json!("prompts/get"),
            |call| call["params"]["name"] = json!("other"),
            |call| call["params"]["arguments"]["a"] = json!(2),
            |call| call["params"]["uri"] = json!("file:///a"),
        ];
        for change in changes {
            let mut other = first.clone();
            change(&mut other);
            assert_ne!(digest(&first), digest(&other), "{other}");
        }
    }

    #[test]
    fn b09_answers_are_read_by_their_key_and_cut_out_of_the_text() {
        let body = r#" {"id":2, "params":{"inputResponses":{"credential":{"action":"decline"},"x":{"action":"oh"}},"name":"e\u0063ho","arguments":{"requestState":1e400},"requestState":"s"},"method":"tools/call"}"#;
        let call = RpcCall::read(body.as_bytes()).unwrap();
        assert_eq!(call.request_state().as_deref(), Some("s"));
        assert_eq!(call.answer("credential"), Some(Action::Decline));
        assert_eq!(call.answer("x"), None);
        assert_eq!(call.answer("y"), None);
        let left =
            r#" {"id":2, "params":{"name":"e\u0063ho","arguments":{"requestState":1e400}},"method":"tools/call"}"#;
        assert_eq!(call.without_answers(), left);
    }
}
