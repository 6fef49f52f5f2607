// The MCP Inspector's command line for connections that stay (`mcpdo`): unlike `--cli` it can ask its person something.
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { root } from "../lib/install.mjs";
import { run, temporaryFolder } from "../lib/processes.mjs";

const program = `${root}node_modules/.bin/mcpdo`;
const eras = { auto: "auto", legacy: "legacy", pinned: "modern" };

export async function open({ url, token, era, ask }) {
  const mcpdo = await privateDaemon();
  const elicit = ask === undefined ? "off" : "both";
  const header = `Authorization: Bearer ${token}`;
  const connect = ["connect", url, "--transport", "http", "--era", eras[era], "--elicit", elicit, "--header", header];
  const close = () => mcpdo("daemon", "stop");
  try {
    await mcpdo(...connect);
  } catch (error) {
    await close();
    throw error;
  }
  // It lists the tools before every call of one, and lists ask nothing; resources are read at once.
  const settled = async (answer) => {
    const pending = answer.elicitationPending;
    if (pending === undefined) return answer;
    const action = await ask(pending);
    return settled(
      await mcpdo("elicitation/respond", pending.elicitationId, action === "accept" ? "--done" : "--cancel"),
    );
  };
  return {
    revision: () => undefined,
    list: async () => (await mcpdo("tools/list")).tools.map((tool) => tool.name),
    call: async (name) => (await settled(await mcpdo("tools/call", name))).content[0].text,
    read: async (uri) => (await settled(await mcpdo("resources/read", uri))).contents[0].text,
    close,
  };
}

/** A daemon of our own, with a home of its own. */
async function privateDaemon() {
  const home = temporaryFolder("mcpdo");
  const env = { HOME: home, MCP_CATALOG_PATH: join(home, "catalog.json"), MCP_INSPECTOR_SECRET_STORE: "memory" };
  const { out } = await run(process.execPath, [program, "private"], { env });
  for (const [, name, value] of out.matchAll(/^export (\w+)='(.*)'$/gm)) env[name] = value;
  const connection = `c${randomBytes(4).toString("hex")}`;
  return async (...args) => {
    const options = ["--format", "json", "--stored-auth-only", "--connection", connection];
    const { code, out, err } = await run(process.execPath, [program, ...options, ...args], { env });
    if (code !== 0) throw new Error(`exit ${code}: ${err}`);
    return JSON.parse(out);
  };
}
