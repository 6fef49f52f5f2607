//! Calls of revision 2026-07-28 from a client that can send its person to a URL.

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::{Answer, App, Caller};

pub const REVISION: &str = "2026-07-28";
const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

/// A call of a tool.
pub fn call() -> Value {
    request("tools/call", json!({"name": "whoami", "arguments": {"n": 1}}))
}

pub fn request(method: &str, mut params: Value) -> Value {
    params["_meta"] = json!({
        VERSION: REVISION,
        CAPABILITIES: {"elicitation": {"form": {}, "url": {}}},
        "progressToken": 1,
    });
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
}

/// The same from a client that declares this instead.
pub fn declaring(mut request: Value, capabilities: Value) -> Value {
    request["params"]["_meta"][CAPABILITIES] = capabilities;
    request
}

/// The call repeated with the person's answer, as the SDKs do it.
pub fn answering(call: &Value, asked: &Value, action: &str) -> Value {
    let mut again = call.clone();
    again["id"] = json!(2);
    again["params"]["_meta"]["progressToken"] = json!(2);
    again["params"]["inputResponses"] = json!({"credential": {"action": action}});
    again["params"]["requestState"] = asked["result"]["requestState"].clone();
    again
}

/// A POST of this text.
pub fn post(app: &App, caller: &Caller, server: &str, body: &str) -> RequestBuilder {
    let method = serde_json::from_str::<Value>(body).map_or(Value::Null, |message| message["method"].clone());
    app.http
        .post(app.at(&format!("/mcp/{server}")))
        .bearer_auth(&caller.token)
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", REVISION)
        .header("mcp-method", method.as_str().unwrap_or_default())
        .body(body.to_owned())
}

pub async fn send(app: &App, caller: &Caller, server: &str, message: &Value) -> Answer {
    Answer::of(post(app, caller, server, &message.to_string())).await
}

/// The question that a call must be answered with: the whole message.
pub async fn asked(app: &App, caller: &Caller, server: &str, call: &Value) -> Value {
    let answer = send(app, caller, server, call).await;
    let body = answer.expect(200);
    assert_eq!(body["result"]["resultType"], "input_required", "{answer:?}");
    assert!(body.get("error").is_none(), "{answer:?}");
    body
}

/// McpAuthRequiredError's `reason`, from an answer that must be one.
#[track_caller]
pub fn plain(answer: &Answer) -> String {
    let error = &answer.expect(200)["error"];
    assert_eq!(error["code"], 4401, "{answer:?}");
    let (message, url) = (
        error["message"].as_str().unwrap(),
        error["data"]["url"].as_str().unwrap(),
    );
    assert!(message.ends_with(url), "{answer:?}");
    error["data"]["reason"].as_str().unwrap().to_owned()
}
