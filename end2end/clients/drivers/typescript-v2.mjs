// @modelcontextprotocol/client 2.x: both eras; `auto` asks with 2026-07-28 first, `pinned` speaks nothing else.
import { Client, SSEClientTransport, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";

export async function open({ url, transport, token, era, ask }) {
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  const Transport = transport === "sse" ? SSEClientTransport : StreamableHTTPClientTransport;
  const client = new Client(
    { name: "overkey-clients", version: "1.0.0" },
    {
      versionNegotiation: { mode: era === "pinned" ? { pin: "2026-07-28" } : era },
      capabilities: ask === undefined ? {} : { elicitation: { form: {}, url: {} } },
    },
  );
  if (ask !== undefined)
    client.setRequestHandler("elicitation/create", async ({ params }) => ({ action: await ask(params) }));
  await client.connect(new Transport(new URL(url), { requestInit }));
  return {
    revision: () => client.getNegotiatedProtocolVersion(),
    list: async () => (await client.listTools()).tools.map((tool) => tool.name),
    call: async (name, args) => (await client.callTool({ name, arguments: args })).content[0].text,
    close: () => client.close(),
  };
}
