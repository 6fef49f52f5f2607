// Real clients through the gateway to real servers: `node end2end/clients/run.mjs [part of a client's name]`.
//
// Starts a demo world from OVERKEY_TEST_BIN (default: target/debug/overkey) and upstreams on free ports, runs every client against every
// upstream, then looks at what each shows when a credential is missing, prints two tables, and ends with 1 when something failed.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { ownOverride, referenceServer } from "./checks.mjs";
import { buildRustClient, install, root } from "./lib/install.mjs";
import { startEverything, startHeaders } from "./lib/upstreams.mjs";
import { World } from "./lib/world.mjs";
import { missingCredential } from "./missing.mjs";

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

// `cannotAsk`: does not declare that it can send its person to a URL. `listsFirst`: lists the tools before every call of one, and
// lists ask nobody. `silent`: what it says instead of our text when it cannot connect, and so shows no link.
const told = [
  ...clients.filter(({ name }) => /SDK/.test(name)),
  {
    name: "TypeScript SDK v2, pinned to 2026-07-28",
    driver: "typescript-v2",
    package: "@modelcontextprotocol/client",
    era: "pinned",
    silent: /did not offer pinned protocol version/,
  },
  { name: "Python SDK, pinned to 2026-07-28", driver: "python", package: "mcp", era: "pinned" },
  ...clients.filter(({ driver }) => driver === "inspector").map((client) => ({ ...client, cannotAsk: true })),
  ...["auto", "legacy", "pinned"].map((era) => ({
    name: `Inspector mcpdo, ${era === "pinned" ? "modern" : era}`,
    driver: "mcpdo",
    package: "@modelcontextprotocol/inspector",
    era,
    listsFirst: true,
    silent: era === "pinned" ? /did not offer pinned protocol version/ : undefined,
  })),
  ...clients.filter(({ driver }) => driver === "mcp-remote"),
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
for (const { name, auth, start } of upstreams) {
  await world.register(name, await start(), auth, [caller, bystander]);
  // Somebody else's override must never be the one that arrives.
  if (auth === individual) await world.ada.setOverride(name, bystander, "sk-of-the-bystander");
}
const gatewayToken = await world.token(caller);
const chosen = ({ name }) => name.includes(process.argv[2] ?? "");
if (![...clients, ...told].some(chosen)) throw new Error(`no client is called ${process.argv[2]}`);
const failures = (await tryAll()) + (await tellAll());
process.exit(failures === 0 ? 0 : 1);

async function tryAll() {
  const rows = [];
  for (const client of clients.filter(chosen)) {
    const driver = await import(`./drivers/${client.driver}.mjs`);
    const version = await installed(client);
    for (const upstream of upstreams.filter(({ transport }) => transport === (client.only ?? transport))) {
      const outcome = await attempt(driver, client, upstream);
      const row = { client: `${client.name} (${version})`, upstream: upstream.name, transport: upstream.transport };
      rows.push({ ...row, revision: outcome.revision ?? "", result: outcome.result });
      console.error(`${row.client} -> ${row.upstream}: ${outcome.result}`);
    }
  }
  return report(rows, ({ result }) => result.startsWith("ok"));
}

/** B09: what each client shows when a credential is missing. */
async function tellAll() {
  const [cookie, other] = [await world.signIn(caller), await world.signIn(bystander)];
  const usable = async (link) => {
    const { status, text } = await world.page(link, cookie);
    assert.ok(status === 200 && text.includes("Save my key"), `${link} leads its person nowhere: ${status}`);
    const { text: foreign } = await world.page(link, other);
    assert.ok(foreign.includes("This link is for somebody else"), `${link} works for others (G9)`);
  };
  const rows = [];
  for (const client of told.filter(chosen)) {
    const driver = await import(`./drivers/${client.driver}.mjs`);
    const version = await installed(client);
    for (const upstream of upstreams.filter(({ auth, transport }) => auth === individual && transport === "http"))
      for (const declared of client.cannotAsk ? [false] : [false, true]) {
        const shown = await look(driver, client, upstream, { declared, usable });
        const name = `${client.name} (${version})`;
        rows.push({ client: name, upstream: upstream.name, declared: declared ? "yes" : "no", ...shown });
        console.error(
          `${name} -> ${upstream.name}, ${declared ? "" : "not "}declared: ${Object.values(shown).join(" | ")}`,
        );
      }
  }
  return report(rows, ({ onConnect }) => !onConnect.startsWith("failed"));
}

async function look(driver, client, upstream, { declared, usable }) {
  const tools = toolsFor(driver, client, upstream);
  const { name } = upstream;
  const add = async () => {
    const credential = `sk-${randomBytes(12).toString("hex")}`;
    await world.as(gatewayToken).setOverride(name, caller, credential);
    return credential;
  };
  // Both of these upstreams offer 2026-07-28.
  const asks = declared && ["auto", "pinned"].includes(client.era);
  try {
    return await missingCredential({ ...tools, ...client, add, usable, declared, asks });
  } catch (error) {
    return { onConnect: failed(error), inBetween: "" };
  }
}

async function attempt(driver, client, upstream) {
  const tools = toolsFor(driver, client, upstream);
  try {
    const { revision, remark } = await upstream.check(tools);
    return { revision, result: remark ? `ok; ${remark}` : "ok" };
  } catch (error) {
    return { result: failed(error) };
  }
}

function toolsFor(driver, { era, sseRefusal }, { name, transport }) {
  const url = `${world.url}/mcp/${name}${transport === "sse" ? "/sse" : ""}`;
  return {
    open: (ask) => driver.open({ url, transport, token: gatewayToken, era, ask }),
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
}

function failed(error) {
  return `failed: ${error.message.replace(/\s+/g, " ").slice(0, 400)}`;
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

/** Prints a table and answers how many of its rows are not as they should be. */
function report(rows, isGood) {
  if (rows.length > 0) print(rows);
  const bad = rows.filter((row) => !isGood(row)).length;
  console.log(`\n${rows.length - bad} ok, ${bad} failed\n`);
  return bad;
}

function print(rows) {
  const columns = Object.keys(rows[0] ?? {});
  const width = (column) => Math.max(column.length, ...rows.map((row) => row[column].length));
  const line = (cell) => `| ${columns.map((column) => cell(column).padEnd(width(column))).join(" | ")} |`;
  console.log(line((column) => column));
  console.log(line((column) => "-".repeat(width(column))));
  for (const row of rows) console.log(line((column) => row[column]));
}
