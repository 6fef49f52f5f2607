// Real clients through the gateway to real servers: `node end2end/clients/run.mjs [part of a client's name]`.
//
// Starts a demo world from OVERKEY_TEST_BIN (default: target/debug/overkey) and upstreams on free ports, runs every client against every
// upstream, prints a table, and ends with 1 when something failed.
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { ownOverride, referenceServer } from "./checks.mjs";
import { buildRustClient, install, root } from "./lib/install.mjs";
import { startEverything, startHeaders } from "./lib/upstreams.mjs";
import { World } from "./lib/world.mjs";

const caller = "bob@demo.test";
const bystander = "eve@demo.test";

// `sseRefusal`: all that a client says when a message over the old transport is refused, where that is not our text.
const clients = [
  { name: "TypeScript SDK v1", driver: "typescript-v1", package: "@modelcontextprotocol/sdk" },
  { name: "TypeScript SDK v2, auto", driver: "typescript-v2", package: "@modelcontextprotocol/client", era: "auto" },
  {
    name: "TypeScript SDK v2, legacy",
    driver: "typescript-v2",
    package: "@modelcontextprotocol/client",
    era: "legacy",
  },
  {
    name: "Python SDK, auto",
    driver: "python",
    package: "mcp",
    era: "auto",
    sseRefusal: /timed out|connection closed/i,
  },
  {
    name: "Python SDK, legacy",
    driver: "python",
    package: "mcp",
    era: "legacy",
    sseRefusal: /timed out|connection closed/i,
  },
  {
    name: "Inspector CLI, auto",
    driver: "inspector",
    package: "@modelcontextprotocol/inspector",
    era: "auto",
    sseRefusal: /403/,
  },
  {
    name: "Inspector CLI, legacy",
    driver: "inspector",
    package: "@modelcontextprotocol/inspector",
    era: "legacy",
    sseRefusal: /403/,
  },
  { name: "rmcp, auto", driver: "rust", package: "rmcp", era: "auto", only: "http" },
  { name: "rmcp, legacy", driver: "rust", package: "rmcp", era: "legacy", only: "http" },
  { name: "mcp-remote", driver: "mcp-remote", package: "mcp-remote" },
];

const individual = { mode: "api_key_individual", headers: { Authorization: "Bearer {{API_KEY}}" } };
const none = { mode: "none" };
const upstreams = [
  {
    name: "everything",
    transport: "http",
    check: referenceServer,
    auth: none,
    start: () => startEverything("streamableHttp"),
  },
  { name: "everything-sse", transport: "sse", check: referenceServer, auth: none, start: () => startEverything("sse") },
  { name: "headers", transport: "http", check: ownOverride, auth: individual, start: () => startHeaders("stateless") },
  {
    name: "headers-sessions",
    transport: "http",
    check: ownOverride,
    auth: individual,
    start: () => startHeaders("sessions"),
  },
  { name: "headers-sse", transport: "sse", check: ownOverride, auth: individual, start: () => startHeaders("sse") },
];

await install();
await buildRustClient();
const world = await World.start();
const failures = await tryAll();
process.exit(failures === 0 ? 0 : 1);

async function tryAll() {
  for (const { name, auth, start } of upstreams) {
    await world.register(name, await start(), auth, [caller, bystander]);
    // Somebody else's override must never be the one that arrives.
    if (auth === individual) await world.ada.setOverride(name, bystander, "sk-of-the-bystander");
  }
  const gatewayToken = await world.token(caller);
  const rows = [];
  for (const client of clients.filter(({ name }) => name.includes(process.argv[2] ?? ""))) {
    const driver = await import(`./drivers/${client.driver}.mjs`);
    const version = await installed(client);
    for (const upstream of upstreams.filter(({ transport }) => transport === (client.only ?? transport))) {
      const outcome = await attempt(driver, client, upstream, gatewayToken);
      const row = { client: `${client.name} (${version})`, upstream: upstream.name, transport: upstream.transport };
      rows.push({ ...row, revision: outcome.revision ?? "", result: outcome.result });
      console.error(`${row.client} -> ${row.upstream}: ${outcome.result}`);
    }
  }
  print(rows);
  const failed = rows.filter(({ result }) => !result.startsWith("ok")).length;
  console.log(`\n${rows.length - failed} ok, ${failed} failed`);
  return rows.length === 0 ? 1 : failed;
}

async function attempt(driver, { era, sseRefusal }, { name, transport, check }, gatewayToken) {
  const url = `${world.url}/mcp/${name}${transport === "sse" ? "/sse" : ""}`;
  const tools = {
    open: () => driver.open({ url, transport, token: gatewayToken, era }),
    set: async () => {
      const credential = `sk-${randomBytes(12).toString("hex")}`;
      await world.ada.setOverride(name, caller, credential);
      return credential;
    },
    remove: () => world.ada.removeOverride(name, caller).catch(ignoreMissing),
    gatewayToken,
    transport,
    refusal: transport === "sse" ? sseRefusal : undefined,
  };
  try {
    const { revision, remark } = await check(tools);
    return { revision, result: remark ? `ok; ${remark}` : "ok" };
  } catch (error) {
    return { result: `failed: ${error.message.replace(/\s+/g, " ").slice(0, 400)}` };
  }
}

/** What is not there need not be removed. */
function ignoreMissing(error) {
  if (!/: 404 /.test(error.message)) throw error;
}

/** The version that is locked. */
async function installed({ driver, package: name }) {
  const read = (path) => readFile(root + path, "utf8");
  if (driver === "python") return (await read("requirements.txt")).match(new RegExp(`^${name}==(\\S+)`, "m"))[1];
  if (driver === "rust")
    return (await read("rust/Cargo.lock")).match(new RegExp(`name = "${name}"\nversion = "(.+)"`))[1];
  return JSON.parse(await read(`node_modules/${name}/package.json`)).version;
}

function print(rows) {
  const columns = Object.keys(rows[0] ?? {});
  const width = (column) => Math.max(column.length, ...rows.map((row) => row[column].length));
  const line = (cell) => `| ${columns.map((column) => cell(column).padEnd(width(column))).join(" | ")} |`;
  console.log(line((column) => column));
  console.log(line((column) => "-".repeat(width(column))));
  for (const row of rows) console.log(line((column) => row[column]));
}
