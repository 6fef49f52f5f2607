// mcp-remote: what hosts start that only speak stdio. It listens for the answer itself.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { root } from "../lib/install.mjs";
import { cleanEnv, freePort, temporaryFolder } from "../lib/processes.mjs";
import { deliver } from "./person.mjs";

export async function signInAndCall({ url, open }) {
  const args = [`${root}node_modules/.bin/mcp-remote`, url, String(await freePort()), "--allow-http"];
  args.push("--transport", "http-only");
  // No PATH: there is no browser to be opened but the test's.
  const env = { ...cleanEnv, MCP_REMOTE_CONFIG_DIR: temporaryFolder("mcp-remote-login"), PATH: "" };
  const stdio = new StdioClientTransport({ command: process.execPath, args, env, stderr: "pipe" });
  let log = "";
  const opened = new Promise((done, fail) => {
    stdio.stderr.on("data", (text) => {
      log += text;
      const page = /visiting:\s+(http\S+)\s/.exec(log);
      if (page) done(open(page[1]).then(deliver));
    });
    stdio.stderr.on("end", () => fail(new Error(`it ended:\n${log}`)));
  });
  const client = new Client({ name: "overkey-clients", version: "1.0.0" });
  await Promise.all([client.connect(stdio), opened]);
  await client.listTools();
  const { content } = await client.callTool({ name: "whoami", arguments: {} });
  opened.catch(() => {});
  await client.close();
  return content[0].text;
}
