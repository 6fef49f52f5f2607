//! Asks a server what it offers, through the gateway, with the credential of whoever looks: just what their client would see.

use app::backend;
use app::error::UiError;
use app::features::tools::model::{Answer, Tool, ToolList, ToolResult};
use async_trait::async_trait;
use bytes::Bytes;
use domain::actor::Actor;
use domain::field::FieldError;
use http::{HeaderMap, Method, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::mcp::{Client, Failure, Received, Silence, Transport};

/// McpAuthRequiredError's code.
const AUTH_REQUIRED: i64 = 4401;

pub(super) struct Tools(pub(super) Gateway);

/// What came instead of a result, for a person.
enum Trouble {
    NotFound,
    Missing { text: String, url: String },
    Other(String),
}

/// The gateway, as whoever looks.
struct Through<'a> {
    gateway: &'a Gateway,
    actor: &'a Actor,
    server: &'a str,
}

#[async_trait]
impl Transport for Through<'_> {
    async fn send(&self, method: Method, headers: HeaderMap, body: Bytes) -> Result<Received, Silence> {
        let answer = self
            .gateway
            .call_as(self.actor, self.server, method, headers, body)
            .await;
        Ok(answer.map(|body| body.map_err(Into::into).boxed_unsync()))
    }
}

#[async_trait]
impl backend::Tools for Tools {
    async fn list(&self, actor: &Actor, server: &str) -> Result<ToolList, UiError> {
        let answer = match self.tools(actor, server).await.map_err(trouble) {
            Ok(tools) => Answer::Tools(tools),
            Err(Trouble::NotFound) => return Err(UiError::Gone),
            Err(Trouble::Missing { text, url }) => Answer::CredentialMissing {
                text,
                action: path_of(&url),
            },
            Err(Trouble::Other(text)) => Answer::Failed(text),
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
        let params = json!({ "name": tool, "arguments": arguments });
        match self.tool(actor, server, params).await.map_err(trouble) {
            Ok(result) => Ok(ToolResult {
                failed: result["isError"].as_bool().unwrap_or_default(),
                text: text_of(&result),
            }),
            Err(Trouble::NotFound) => Err(UiError::Gone),
            Err(Trouble::Missing { text, .. } | Trouble::Other(text)) => Ok(ToolResult { failed: true, text }),
        }
    }
}

impl Tools {
    fn client<'a>(&'a self, actor: &'a Actor, server: &'a str) -> Client<Through<'a>> {
        Client(Through {
            gateway: &self.0,
            actor,
            server,
        })
    }

    async fn tools(&self, actor: &Actor, server: &str) -> Result<Vec<Tool>, Failure> {
        let client = self.client(actor, server);
        let session = client.open().await?;
        let tools = client.list(&session, "tools/list", "tools").await;
        client.close(&session).await;
        Ok(tools?.iter().map(tool).collect())
    }

    async fn tool(&self, actor: &Actor, server: &str, params: Value) -> Result<Value, Failure> {
        let client = self.client(actor, server);
        let session = client.open().await?;
        let result = client.request(&session, "tools/call", params).await;
        client.close(&session).await;
        result
    }
}

fn trouble(failure: Failure) -> Trouble {
    match failure {
        // The gateway's own answer, or an upstream's that is not where its URL says.
        Failure::Status(StatusCode::NOT_FOUND) => Trouble::NotFound,
        Failure::Error(_, error) => told(&error),
        Failure::Status(status) => Trouble::Other(format!(
            "The upstream server answered {status} and no JSON-RPC message."
        )),
        Failure::Silent(_) => Trouble::Other("The upstream server did not answer.".to_owned()),
    }
}

fn told(error: &Value) -> Trouble {
    let text = error["message"]
        .as_str()
        .unwrap_or("The upstream server answered with an error.");
    match (error["code"].as_i64(), error["data"]["url"].as_str()) {
        (Some(AUTH_REQUIRED), Some(url)) => {
            let text = text.trim_start_matches("McpAuthRequiredError: ");
            let text = text.split(" Open http").next().unwrap_or(text);
            Trouble::Missing {
                text: text.to_owned(),
                url: url.to_owned(),
            }
        }
        _ => Trouble::Other(text.to_owned()),
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
    fn b09_a_missing_credential_becomes_a_link_within_the_page() {
        let error = json!({ "code": 4401, "message": "McpAuthRequiredError: Bob has no credential for 'notes' yet. Open http://h/connect/notes?subject=user/1", "data": { "url": "http://h/connect/notes?subject=user/1" } });
        let Trouble::Missing { text, url } = told(&error) else {
            panic!("not missing")
        };
        assert_eq!(text, "Bob has no credential for 'notes' yet.");
        assert_eq!(path_of(&url), "/connect/notes?subject=user/1");
    }
}
