// @modelcontextprotocol/sdk 1.x.
import assert from "node:assert/strict";
import { UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { Memory } from "./memory.mjs";

export async function signInAndCall({ url, open }) {
  const authProvider = new Memory();
  const transport = () => new StreamableHTTPClientTransport(new URL(url), { authProvider });
  const client = () => new Client({ name: "overkey-clients", version: "1.0.0" });
  const first = transport();
  await assert.rejects(client().connect(first), UnauthorizedError);
  const answer = new URL(await open(authProvider.url)).searchParams;
  assert.equal(answer.get("state"), authProvider.state());
  await first.finishAuth(answer.get("code"));
  const signedIn = client();
  await signedIn.connect(transport());
  await signedIn.listTools();
  const { content } = await signedIn.callTool({ name: "whoami", arguments: {} });
  await signedIn.close();
  return content[0].text;
}
