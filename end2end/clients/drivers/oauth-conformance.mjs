// The command that the suite runs as the OAuth client, with the address of its server: it registers that server with Overkey, connects
// as its person would, and uses a tool. Prints one line of JSON: how it went. The world is in GATEWAY, as JSON.
import { randomBytes } from "node:crypto";
import { Browser } from "../lib/browser.mjs";
import { Caller } from "../lib/caller.mjs";
import { consent } from "../lib/consent.mjs";
import { exchange } from "../lib/exchange.mjs";
import { settingsFor } from "../oauth-scenarios.mjs";

const gateway = JSON.parse(process.env.GATEWAY);
const { MCP_CONFORMANCE_SCENARIO: scenario, MCP_CONFORMANCE_PROTOCOL_VERSION: revision } = process.env;
const server = process.argv[2];
const outcome = await play().catch((error) => ({ failed: error.message }));
console.log(JSON.stringify(outcome));
process.exitCode = outcome.used ? 0 : 1;

async function play() {
  const name = `suite-${randomBytes(6).toString("hex")}`;
  const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? "{}");
  await register(name, await settingsFor(scenario, server, context));
  const browser = new Browser(gateway, gateway.cookie);
  const outcome = { used: false, reasons: [], consents: [] };
  const caller = new Caller({
    overkey: gateway,
    url: `${gateway.url}/mcp/${name}`,
    token: gateway.callerToken,
    revision,
    onLink: async (link, reason) => {
      outcome.reasons.push(reason);
      const ended = await consent(browser, gateway, link);
      outcome.consents.push(ended);
      if (ended !== "authorized") throw new Error("the consent ended with a problem");
    },
  });
  try {
    await caller.useTool("test-tool");
    outcome.used = true;
  } catch (error) {
    outcome.failed = error.message;
  }
  return outcome;
}

async function register(name, outbound_auth) {
  await admin("POST", "/servers", { name, url: server, outbound_auth });
  await admin("PUT", `/servers/${name}/access/user/${gateway.caller}`, { role: "user" });
}

async function admin(method, path, body) {
  const headers = { authorization: `Bearer ${gateway.adminToken}`, "content-type": "application/json" };
  const answer = await exchange(gateway, method, `${gateway.url}/api/v1${path}`, {
    headers,
    body: JSON.stringify(body),
  });
  if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
}
