//! rmcp, one connection, driven by lines of JSON on standard input: `list`, `call`, and the end of input.

use anyhow::Context;
use rmcp::ServiceError;
use rmcp::model::{CallToolRequestParams, ProtocolVersion};
use rmcp::service::{ClientLifecycleMode, RoleClient, RunningService, serve_client_with_lifecycle};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

type Client = RunningService<RoleClient, ()>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().context("an address")?;
    let era = arguments.next().context("auto or legacy")?;
    let client = match connect(url, &era).await {
        Ok(client) => client,
        Err(error) => {
            println!("{}", json!({ "error": { "message": error.to_string() } }));
            return Ok(());
        }
    };
    let revision = client.peer_info().map(|info| info.protocol_version.to_string());
    println!("{}", json!({ "result": revision }));
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let answer = match carry_out(&client, serde_json::from_str(&line)?).await {
            Ok(result) => json!({ "result": result }),
            Err(error) => json!({ "error": failure(error) }),
        };
        println!("{answer}");
    }
    client.cancel().await?;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a token on the command line is for all to see")]
async fn connect(url: String, era: &str) -> anyhow::Result<Client> {
    let token = std::env::var("GATEWAY_TOKEN")?;
    let config = StreamableHttpClientTransportConfig::with_uri(url).auth_header(token);
    let lifecycle = match era {
        "auto" => ClientLifecycleMode::Auto {
            preferred_versions: vec![ProtocolVersion::V_2026_07_28],
            legacy_version: None,
        },
        _ => ClientLifecycleMode::Initialize,
    };
    let transport = StreamableHttpClientTransport::from_config(config);
    let client = serve_client_with_lifecycle((), transport, lifecycle).await;
    // What the server said is only in the error's Debug form.
    client.map_err(|error| anyhow::anyhow!("{error:?}"))
}

async fn carry_out(client: &Client, order: Value) -> Result<Value, ServiceError> {
    if order["do"] == "list" {
        let tools = client.list_all_tools().await?;
        return Ok(tools.into_iter().map(|tool| tool.name.to_string()).collect());
    }
    let name = order["name"].as_str().unwrap_or_default().to_owned();
    let arguments = order["arguments"].as_object().cloned().unwrap_or_default();
    let result = client
        .call_tool(CallToolRequestParams::new(name).with_arguments(arguments))
        .await?;
    Ok(json!(
        result
            .content
            .first()
            .and_then(|content| content.as_text())
            .map(|text| &text.text)
    ))
}

fn failure(error: ServiceError) -> Value {
    match error {
        ServiceError::McpError(error) => json!({ "message": error.message, "code": error.code.0, "data": error.data }),
        other => json!({ "message": other.to_string() }),
    }
}
