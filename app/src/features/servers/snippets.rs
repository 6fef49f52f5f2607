//! What to type into each client to reach a server through the gateway.

pub struct Snippet {
    pub client: &'static str,
    pub hint: &'static str,
    pub text: String,
}

pub fn snippets(name: &str, url: &str) -> Vec<Snippet> {
    let snippet = |client, hint, text: String| Snippet { client, hint, text };
    vec![
        snippet(
            "Claude Code",
            "In a terminal, with your token in OVERKEY_TOKEN.",
            format!(
                "claude mcp add --transport http {name} {url} \\\n  --header \"Authorization: Bearer $OVERKEY_TOKEN\""
            ),
        ),
        snippet(
            "Claude Desktop",
            "In claude_desktop_config.json; mcp-remote needs Node.",
            format!(
                r#"{{
  "mcpServers": {{
    "{name}": {{
      "command": "npx",
      "args": ["-y", "mcp-remote", "{url}", "--header", "Authorization:${{AUTH}}"],
      "env": {{ "AUTH": "Bearer YOUR_TOKEN" }}
    }}
  }}
}}"#
            ),
        ),
        snippet(
            "Cursor",
            "In .cursor/mcp.json.",
            format!(
                r#"{{
  "mcpServers": {{
    "{name}": {{
      "url": "{url}",
      "headers": {{ "Authorization": "Bearer ${{env:OVERKEY_TOKEN}}" }}
    }}
  }}
}}"#
            ),
        ),
        snippet(
            "VS Code",
            "In .vscode/mcp.json; VS Code asks for the token and keeps it.",
            format!(
                r#"{{
  "inputs": [
    {{ "type": "promptString", "id": "overkey", "description": "Overkey token", "password": true }}
  ],
  "servers": {{
    "{name}": {{
      "type": "http",
      "url": "{url}",
      "headers": {{ "Authorization": "Bearer ${{input:overkey}}" }}
    }}
  }}
}}"#
            ),
        ),
        snippet(
            "Codex",
            "In ~/.codex/config.toml, with your token in OVERKEY_TOKEN.",
            format!("[mcp_servers.{name}]\nurl = \"{url}\"\nbearer_token_env_var = \"OVERKEY_TOKEN\""),
        ),
        snippet(
            "Python",
            "With the package mcp.",
            format!(
                r#"import asyncio, os
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client

async def main():
    headers = {{"Authorization": f"Bearer {{os.environ['OVERKEY_TOKEN']}}"}}
    async with streamablehttp_client("{url}", headers=headers) as (read, write, _):
        async with ClientSession(read, write) as session:
            await session.initialize()
            print(await session.list_tools())

asyncio.run(main())"#
            ),
        ),
        snippet(
            "TypeScript",
            "With the package @modelcontextprotocol/sdk.",
            format!(
                r#"import {{ Client }} from "@modelcontextprotocol/sdk/client/index.js";
import {{ StreamableHTTPClientTransport }} from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const client = new Client({{ name: "example", version: "1.0.0" }});
await client.connect(
  new StreamableHTTPClientTransport(new URL("{url}"), {{
    requestInit: {{ headers: {{ Authorization: `Bearer ${{process.env.OVERKEY_TOKEN}}` }} }},
  }}),
);
console.log(await client.listTools());"#
            ),
        ),
        snippet(
            "curl",
            "One call, to see that it works.",
            format!(
                r#"curl -s {url} \
  -H "Authorization: Bearer $OVERKEY_TOKEN" \
  -H "Content-Type: application/json" -H "Accept: application/json, text/event-stream" \
  -d '{{"jsonrpc":"2.0","id":1,"method":"initialize","params":{{"protocolVersion":"2025-11-25","capabilities":{{}},"clientInfo":{{"name":"curl","version":"1"}}}}}}'"#
            ),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::snippets;

    #[test]
    fn every_client_gets_this_servers_address_and_no_stray_braces() {
        for snippet in snippets("notes", "https://mcp.example.com/mcp/notes") {
            assert!(
                snippet.text.contains("https://mcp.example.com/mcp/notes"),
                "{}",
                snippet.client
            );
            if snippet.text.starts_with('{') {
                assert!(
                    serde_json::from_str::<serde_json::Value>(&snippet.text).is_ok(),
                    "{}",
                    snippet.text
                );
            }
        }
    }
}
