// @modelcontextprotocol/client 2.x; it checks `iss` (RFC 9207) itself.
import assert from "node:assert/strict";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { Memory } from "./memory.mjs";

export async function signInAndCall({ url, open, era }) {
  const authProvider = new Memory();
  const transport = () => new StreamableHTTPClientTransport(new URL(url), { authProvider });
  const client = () => new Client({ name: "overkey-clients", version: "1.0.0" }, { versionNegotiation: { mode: era } });
  const first = transport();
  await assert.rejects(client().connect(first));
  assert.ok(authProvider.url, "it did not want to open a page");
  const answer = new URL(await open(authProvider.url)).searchParams;
  assert.equal(answer.get("state"), authProvider.state());
  await first.finishAuth(answer);
  const signedIn = client();
  await signedIn.connect(transport());
  await signedIn.listTools();
  const { content } = await signedIn.callTool({ name: "whoami", arguments: {} });
  await signedIn.close();
  return content[0].text;
}
