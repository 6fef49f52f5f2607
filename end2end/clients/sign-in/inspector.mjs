// The MCP Inspector's command line. It signs people in at a terminal only, so it gets one; it listens for the answer itself.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { root } from "../lib/install.mjs";
import { cleanEnv, temporaryFolder } from "../lib/processes.mjs";
import { deliver } from "./person.mjs";

export async function signInAndCall({ url, open }) {
  const home = temporaryFolder("inspector-login");
  const env = {
    ...cleanEnv,
    HOME: home,
    MCP_CATALOG_PATH: join(home, "catalog.json"),
    BROWSER: "true",
    COLUMNS: "4000",
  };
  const program = `${root}node_modules/.bin/mcp-inspector`;
  const command = [process.execPath, program, "--cli", url, "--transport", "http"];
  command.push("--method", "tools/call", "--tool-name", "whoami", "--format", "json");
  const quoted = command.map((word) => `'${word}'`).join(" ");
  const child = spawn("script", ["-qfec", quoted, "/dev/null"], { env, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  let opened;
  child.stdout.on("data", (text) => {
    said += text;
    const page = /(http:\S+\/oauth\/authorize\?\S+)\s/.exec(said);
    if (page && opened === undefined) opened = open(page[1]).then(deliver);
  });
  const code = await new Promise((done) => child.on("close", done));
  await opened;
  if (code !== 0 || opened === undefined) throw new Error(`exit ${code}: ${said.slice(-400)}`);
  const { result } = JSON.parse(said.slice(said.search(/^\{/m)));
  return result.content[0].text;
}
