// Real clients that sign in with nothing but a server's address (B10): `node end2end/clients/login.mjs [part of a client's name]`.
//
// Starts a demo world from OVERKEY_TEST_BIN (default: target/debug/overkey). Each client is given the address of `notes`, where Bob has no
// key yet: it finds the authorization server, registers, and opens a page; Bob allows it there in his browser session and types in his
// key on the way; the client goes on by itself and calls a tool, which answers with the credential that came. Prints a table, and ends
// with 1 when something failed.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { install, root } from "./lib/install.mjs";
import { Browser } from "./lib/browser.mjs";
import { World } from "./lib/world.mjs";
import { allow } from "./sign-in/person.mjs";

const clients = [
  { name: "TypeScript SDK v1", driver: "typescript-v1", package: "@modelcontextprotocol/sdk" },
  { name: "TypeScript SDK v2, auto", driver: "typescript-v2", package: "@modelcontextprotocol/client", era: "auto" },
  {
    name: "TypeScript SDK v2, legacy",
    driver: "typescript-v2",
    package: "@modelcontextprotocol/client",
    era: "legacy",
  },
  { name: "Python SDK, auto", driver: "python", package: "mcp", era: "auto" },
  { name: "Python SDK, legacy", driver: "python", package: "mcp", era: "legacy" },
  { name: "Inspector CLI", driver: "inspector", package: "@modelcontextprotocol/inspector" },
  { name: "mcp-remote", driver: "mcp-remote", package: "mcp-remote" },
];
const key = "sk-bob";
const [bob, eve] = ["bob@demo.test", "eve@demo.test"];

await install();
const world = await World.start();
const asBob = world.as(await world.token(bob));
const rows = [];
for (const client of clients.filter(({ name }) => name.includes(process.argv[2] ?? ""))) {
  const version = await installed(client);
  const result = await attempt(client).catch((error) => `failed: ${error.message.replace(/\s+/g, " ").slice(0, 500)}`);
  rows.push({ client: `${client.name} (${version})`, result });
  console.error(`${client.name} (${version}): ${result}`);
}
if (rows.length === 0) throw new Error(`no client is called ${process.argv[2]}`);
console.log("| client | signs in and calls |\n| --- | --- |");
for (const { client, result } of rows) console.log(`| ${client} | ${result} |`);
process.exit(rows.every(({ result }) => result.startsWith("ok")) ? 0 : 1);

async function attempt({ driver, era }) {
  const { signInAndCall } = await import(`./sign-in/${driver}.mjs`);
  await asBob.removeOverride("notes", bob).catch(ignoreMissing);
  const before = await apps();
  const browser = new Browser(world, await world.signIn(bob));
  const seen = {};
  const open = (url) => allow(browser, url, key, seen);
  const said = await signInAndCall({ url: `${world.url}/mcp/notes`, open, era });
  assert.match(said, /"subject_hint":\s*"bob"/, `the tool said ${said}`);
  assert.ok(seen.asked && seen.key, "Bob was asked for his consent and for his key");
  const [app, ...others] = (await apps()).filter(({ id }) => !before.some((known) => known.id === id));
  assert.deepEqual([app?.server, others], ["notes", []]);
  // Eve, at the same browser afterwards, has nothing of it.
  assert.deepEqual((await world.as(await world.token(eve)).send("GET", "/connected-apps")).items, []);
  return `ok, as “${app.name}” at ${app.redirect_place.replace(/\d{4,}/, "…")}`;
}

async function apps() {
  return (await asBob.send("GET", "/connected-apps")).items;
}

function ignoreMissing(error) {
  if (!/: 404 /.test(error.message)) throw error;
}

/** The version that is locked. */
async function installed({ driver, package: name }) {
  const read = (path) => readFile(root + path, "utf8");
  if (driver === "python") return (await read("requirements.txt")).match(new RegExp(`^${name}==(\\S+)`, "m"))[1];
  return JSON.parse(await read(`node_modules/${name}/package.json`)).version;
}
