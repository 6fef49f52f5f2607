// The MCP Inspector's command line. Each command is a connection of its own.
import { join } from "node:path";
import { root } from "../lib/install.mjs";
import { run, temporaryFolder } from "../lib/processes.mjs";

// It writes a catalogue and looks for stored logins: not into the home of whoever runs this.
const home = temporaryFolder("inspector");
const env = { HOME: home, MCP_CATALOG_PATH: join(home, "catalog.json") };
const program = `${root}node_modules/.bin/mcp-inspector`;

export async function open({ url, transport, token, era }) {
  const common = ["--cli", url, "--transport", transport === "sse" ? "sse" : "http", "--header"];
  common.push(`Authorization: Bearer ${token}`, "--stored-auth-only", "--protocol-era", era, "--format", "json");
  const ask = async (...args) => {
    const { code, out, err } = await run(process.execPath, [program, ...common, ...args], { env });
    if (code !== 0) throw failure(code, err);
    return JSON.parse(out);
  };
  await ask("--method", "tools/list");
  return {
    revision: () => undefined,
    list: async () => (await ask("--method", "tools/list")).result.tools.map((tool) => tool.name),
    call: async (name, args) => {
      const answer = await ask("--method", "tools/call", "--tool-name", name, "--tool-args-json", JSON.stringify(args));
      return answer.result.content[0].text;
    },
    close: async () => {},
  };
}

function failure(code, err) {
  return new Error(`exit ${code}: ${err}`);
}
