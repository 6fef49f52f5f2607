// The official conformance suite's scenarios of an OAuth client, with Overkey as the client:
// `node end2end/clients/oauth-conformance.mjs [part of a scenario's name]`.
//
// The suite plays the MCP server and its authorization server, and counts what Overkey does to them. drivers/oauth-conformance.mjs is
// the person: it follows the links that Overkey's errors give. Ends with 1 when a scenario that applies fails.
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { install, root } from "./lib/install.mjs";
import { run } from "./lib/processes.mjs";
import { nodeOfTheSuite, suite } from "./lib/suite.mjs";
import { World } from "./lib/world.mjs";
import { scenarios } from "./oauth-scenarios.mjs";

const caller = "bob@demo.test";
const results = `${root}.oauth-conformance`;
const command = `${process.execPath} ${fileURLToPath(new URL("drivers/oauth-conformance.mjs", import.meta.url))}`;

await install();
await rm(results, { recursive: true, force: true });
const worlds = { http: await gateway(), https: await gateway("https://overkey.test") };
const rows = [];
for (const scenario of scenarios.filter(({ name }) => name.includes(process.argv[2] ?? ""))) {
  for (const revision of scenario.revisions) {
    const row = scenario.without ? skipped(scenario, revision) : await attempt(scenario, revision);
    rows.push(row);
    console.error(Object.values(row).join(" | "));
  }
}
print(rows);
const failed = rows.filter(({ result }) => result.startsWith("failed")).length;
const passed = rows.filter(({ result }) => result.startsWith("passed")).length;
console.log(`\n${passed} passed, ${failed} failed, ${rows.length - passed - failed} do not apply`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);

/** A demo world, and what the driver needs to know of it. */
async function gateway(publicUrl) {
  const world = await World.start(publicUrl);
  const [cookie, callerToken] = [await world.signIn(caller), await world.token(caller)];
  return { url: world.url, listen: world.listen, adminToken: world.ada.token, caller, callerToken, cookie };
}

function skipped({ name, without }, revision) {
  return { scenario: name, revision, registration: "", checks: "", result: `does not apply: ${without}` };
}

async function attempt({ name, world = "http", ends }, revision) {
  const folder = `${results}/${name.replace("/", "-")}-${revision}-${world}`;
  await mkdir(folder, { recursive: true });
  // Extensions belong to no revision, so they have to be forced into one.
  const wanted = ["--scenario", name, "--spec-version", revision, "--force"];
  const args = [suite, "client", "--command", command, ...wanted, "-o", folder];
  const env = { GATEWAY: JSON.stringify(worlds[world]) };
  const { out, err } = await run(nodeOfTheSuite(), args, { cwd: root, env });
  const [checks, said] = await outcome(folder).catch((error) => [[], { failed: `${error.message}\n${out}${err}` }]);
  const counts = checks.filter(({ status }) => status === "SUCCESS" || status === "FAILURE").length;
  const bad = checks.filter(
    (check) => ["FAILURE", "WARNING"].includes(check.status) && !ownDocument(check, worlds[world]),
  );
  const problem = verdict(counts, bad, said, ends);
  return {
    scenario: name,
    revision,
    registration: world === "https" ? "own document" : "as the server offers",
    checks: `${checks.filter(({ status }) => status === "SUCCESS").length} of ${counts}`,
    result:
      problem === undefined
        ? `passed${ends ? ` (${ends})` : ""}`
        : `failed: ${problem.replace(/\s+/g, " ").slice(0, 600)}`,
  };
}

/** What the suite counted, and the driver's last line. */
async function outcome(folder) {
  const [only] = await readdir(folder, { recursive: true }).then((found) =>
    found.filter((path) => path.endsWith("checks.json")),
  );
  const said = await readFile(`${folder}/${only.replace("checks.json", "stdout.txt")}`, "utf8");
  return [JSON.parse(await readFile(`${folder}/${only}`, "utf8")), JSON.parse(said.trim().split("\n").at(-1))];
}

/** The suite has one address in mind for every client's own document; a client with its own is as good. */
function ownDocument({ id, status, details }, { url }) {
  const ours = `${url}/oauth/client-metadata.json`;
  return id === "cimd-client-id-used" && status === "WARNING" && details.actualClientId === ours;
}

function verdict(counts, bad, said, ends) {
  if (bad.length > 0) return bad.map(({ id, description }) => `${id}: ${description}`).join("; ");
  if (counts === 0) return `nothing was checked: ${JSON.stringify(said)}`;
  if (ends === undefined) return said.used ? undefined : JSON.stringify(said);
  const refused = ends === "refused" && said.consents.every((one) => one === "authorized");
  const met = !said.used && (refused || said.consents.at(-1) === ends);
  return met ? undefined : `ended otherwise: ${JSON.stringify(said)}`;
}

function print(rows) {
  const columns = Object.keys(rows[0] ?? {});
  const width = (column) => Math.max(column.length, ...rows.map((row) => row[column].length));
  const line = (cell) => `| ${columns.map((column) => cell(column).padEnd(width(column))).join(" | ")} |`;
  console.log(line((column) => column));
  console.log(line((column) => "-".repeat(width(column))));
  for (const row of rows) console.log(line((column) => row[column]));
}
