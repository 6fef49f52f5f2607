// @modelcontextprotocol/sdk 1.x: what most of today's clients are built on. Knows revisions up to 2025-11-25.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

export async function open({ url, transport, token, ask }) {
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  const Transport = transport === "sse" ? SSEClientTransport : StreamableHTTPClientTransport;
  return connected(new Transport(new URL(url), { requestInit }), ask);
}

/** Shared with mcp-remote, which is spoken to over stdio. What the server asks for in between (`ask`), 2025-11-25 tells by an error. */
export async function connected(transport, ask) {
  const capabilities = ask === undefined ? {} : { elicitation: { form: {}, url: {} } };
  const client = new Client({ name: "overkey-clients", version: "1.0.0" }, { capabilities });
  await client.connect(transport);
  return {
    revision: () => transport.protocolVersion,
    list: async () => (await client.listTools()).tools.map((tool) => tool.name),
    call: async (name, args) => (await client.callTool({ name, arguments: args })).content[0].text,
    close: () => client.close(),
  };
}
