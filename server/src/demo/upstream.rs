//! The demo's upstreams: real MCP servers (rmcp) in this process, each checking the credential it gets.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData, JsonObject, ListToolsResult,
    PaginatedRequestParams, ProgressNotificationParam, ServerCapabilities, ServerConfig, Tool, ToolAnnotations,
};
use rmcp::service::{RequestContext, RoleServer};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ServerHandler, serde_json};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;

use super::authorization_server::{DemoProvider, SCOPES};

pub const SHARED_KEY: &str = "sk-shared-demo-key-0001";
/// Asks who the upstream thinks is calling; the same for every demo server.
pub const CURL_ARGUMENTS: &str = r#"-H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' -d '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"whoami","arguments":{}}}'"#;

const MAX_COUNT: u64 = 100;
const MAX_DELAY_MS: u64 = 2_000;

pub struct DemoUpstream {
    /// `http://127.0.0.1:<port>`; each server is at `/<name>/mcp`.
    pub base_url: String,
    /// Whose tokens `tracker` and `machine` take.
    pub provider: DemoProvider,
}

/// What an upstream accepts.
#[derive(Clone)]
enum Accepts {
    /// A person's own key.
    Keys,
    Shared,
    /// Access tokens that were made for it.
    Tokens(ProtectedResource),
    Anybody,
}

/// A server that speaks OAuth: it says where its tokens come from (RFC 9728).
#[derive(Clone)]
struct ProtectedResource {
    /// Its own address.
    resource: String,
    metadata_url: String,
    provider: DemoProvider,
}

/// Who the credential belongs to, as the upstream sees it.
#[derive(Clone)]
struct Caller {
    subject_hint: String,
    fingerprint: Option<String>,
}

/// Listens on a loopback port of the system's choosing until the process ends.
pub async fn start(provider: DemoProvider) -> anyhow::Result<DemoUpstream> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let base_url = format!("http://{}", listener.local_addr()?);
    let mut router = Router::new()
        .merge(server("notes", Accepts::Keys))
        .merge(server("raw", Accepts::Keys))
        .merge(server("shared", Accepts::Shared))
        .merge(server("relay", Accepts::Keys))
        .merge(server("open", Accepts::Anybody));
    for name in ["tracker", "machine"] {
        let path = format!("/.well-known/oauth-protected-resource/{name}/mcp");
        let protected = ProtectedResource {
            resource: format!("{base_url}/{name}/mcp"),
            metadata_url: format!("{base_url}{path}"),
            provider: provider.clone(),
        };
        let metadata = protected.metadata();
        router = router
            .merge(server(name, Accepts::Tokens(protected)))
            .route(&path, get(async move || Json(metadata)));
    }
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(DemoUpstream { base_url, provider })
}

impl ProtectedResource {
    fn metadata(&self) -> Value {
        json!({
            "resource": self.resource,
            "authorization_servers": [self.provider.base_url],
            "scopes_supported": SCOPES,
            "bearer_methods_supported": ["header"],
        })
    }

    fn caller(&self, token: &str) -> Option<String> {
        let grant = self.provider.check(token, &self.resource)?;
        Some(grant.person.unwrap_or(grant.client))
    }
}

fn server(name: &'static str, accepts: Accepts) -> Router {
    // Without sessions one request is a whole call, which is what a `curl` line needs.
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true);
    let service = StreamableHttpService::new(|| Ok(Demo), Arc::new(LocalSessionManager::default()), config);
    Router::new()
        .nest_service(&format!("/{name}/mcp"), service)
        .layer(from_fn_with_state(accepts, check))
}

async fn check(State(accepts): State<Accepts>, mut request: Request, next: Next) -> Response {
    match caller(&accepts, request.headers()) {
        Some(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        None => unauthorized(&accepts, request.headers().contains_key(header::AUTHORIZATION)),
    }
}

/// RFC 6750 section 3: a request without a token is told where to get one, one with a bad token that it is bad.
fn unauthorized(accepts: &Accepts, given: bool) -> Response {
    let mut challenge = "Bearer realm=\"demo upstream\"".to_owned();
    if let Accepts::Tokens(protected) = accepts {
        let [read, _] = SCOPES;
        challenge += &format!(", resource_metadata=\"{}\", scope=\"{read}\"", protected.metadata_url);
        if given {
            challenge += ", error=\"invalid_token\"";
        }
    }
    let headers = [(header::WWW_AUTHENTICATE, challenge)];
    (StatusCode::UNAUTHORIZED, headers, "unknown key").into_response()
}

fn caller(accepts: &Accepts, headers: &HeaderMap) -> Option<Caller> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let value = given.next().and_then(|value| value.to_str().ok());
    if given.next().is_some() {
        return None;
    }
    let fingerprint = value.map(|value| format!("{:x}", Sha256::digest(value.as_bytes()))[..12].to_owned());
    let key = value.and_then(|value| value.strip_prefix("Bearer "));
    let subject_hint = match (accepts, key) {
        (Accepts::Keys, Some("sk-bob")) => "bob".to_owned(),
        (Accepts::Keys, Some("sk-eve")) => "eve".to_owned(),
        (Accepts::Keys, Some("sk-ci")) => "ci-bot".to_owned(),
        (Accepts::Shared, Some(SHARED_KEY)) => "everybody".to_owned(),
        (Accepts::Tokens(protected), Some(token)) => protected.caller(token)?,
        (Accepts::Anybody, _) => "anybody".to_owned(),
        (Accepts::Keys | Accepts::Shared | Accepts::Tokens(_), _) => return None,
    };
    Some(Caller {
        subject_hint,
        fingerprint,
    })
}

#[derive(Clone, Copy)]
struct Demo;

impl ServerHandler for Demo {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(vec![
            tool(
                "whoami",
                "Tells which credential this upstream saw, and whose it is.",
                &json!({}),
            ),
            tool(
                "echo",
                "Answers what it is told.",
                &json!({ "message": { "type": "string", "description": "What to say back" } }),
            ),
            tool(
                "count",
                "Counts slowly, with progress.",
                &json!({
                    "to": { "type": "integer", "minimum": 1, "maximum": MAX_COUNT, "default": 5 },
                    "delay_ms": { "type": "integer", "minimum": 0, "maximum": MAX_DELAY_MS, "default": 200 },
                }),
            ),
        ]))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = request.arguments.unwrap_or_default();
        let text = match request.name.as_ref() {
            "whoami" => whoami(&context).to_string(),
            "echo" => arguments
                .get("message")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            "count" => count(&arguments, &context).await,
            name => return Err(ErrorData::invalid_params(format!("there is no tool {name}"), None)),
        };
        Ok(CallToolResult::success(vec![ContentBlock::text(text)]).into())
    }
}

fn tool(name: &'static str, description: &'static str, properties: &Value) -> Tool {
    let schema: JsonObject = match json!({ "type": "object", "properties": properties }) {
        Value::Object(schema) => schema,
        _ => JsonObject::new(),
    };
    Tool::new(name, description, schema).with_annotations(ToolAnnotations::new().read_only(true))
}

fn whoami(context: &RequestContext<RoleServer>) -> Value {
    let parts = context.extensions.get::<http::request::Parts>();
    let caller = parts.and_then(|parts| parts.extensions.get::<Caller>());
    json!({
        "subject_hint": caller.map(|caller| caller.subject_hint.as_str()),
        "credential_fingerprint": caller.and_then(|caller| caller.fingerprint.as_deref()),
    })
}

async fn count(arguments: &JsonObject, context: &RequestContext<RoleServer>) -> String {
    let number = |name: &str, otherwise: u64, most: u64| {
        arguments
            .get(name)
            .and_then(Value::as_u64)
            .unwrap_or(otherwise)
            .min(most)
    };
    let (to, delay) = (number("to", 5, MAX_COUNT), number("delay_ms", 200, MAX_DELAY_MS));
    for step in 1..=to {
        tokio::select! {
            () = context.ct.cancelled() => return "cancelled".to_owned(),
            () = tokio::time::sleep(Duration::from_millis(delay)) => {}
        }
        if let Some(token) = context.meta.get_progress_token() {
            #[expect(clippy::cast_precision_loss, reason = "at most a hundred")]
            let progress = ProgressNotificationParam::new(token, step as f64).with_total(to as f64);
            context.peer.notify_progress(progress).await.ok();
        }
    }
    format!("counted to {to}")
}
