// mcp-remote: makes a remote server look like a local one, for hosts that only speak stdio.
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { root } from "../lib/install.mjs";
import { cleanEnv, freePort, temporaryFolder } from "../lib/processes.mjs";
import { connected } from "./typescript-v1.mjs";

// It keeps logins: not in the home of whoever runs this.
const home = temporaryFolder("mcp-remote");

export async function open({ url, transport, token, ask }) {
  const only = transport === "sse" ? "sse-only" : "http-only";
  // As its documentation says: a header's value goes through the environment, as some hosts break arguments at blanks.
  const args = [`${root}node_modules/.bin/mcp-remote`, url, String(await freePort()), "--allow-http"];
  args.push("--transport", only, "--header", "Authorization:${GATEWAY}");
  const env = { ...cleanEnv, MCP_REMOTE_CONFIG_DIR: home, GATEWAY: `Bearer ${token}` };
  const stdio = new StdioClientTransport({ command: process.execPath, args, env, stderr: "pipe" });
  // Hosts show it as the server's log; when it cannot connect, that is where it says why.
  let log = "";
  stdio.stderr.on("data", (text) => (log += text));
  try {
    return await connected(stdio, ask);
  } catch (error) {
    throw new Error(`${error.message}\n${log}`);
  }
}
