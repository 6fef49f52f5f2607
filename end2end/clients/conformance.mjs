// The official conformance suite, directly and through the gateway: `node end2end/clients/conformance.mjs`.
//
// What counts is that no check differs: what a server gets right or wrong, it gets right or wrong through the gateway, too.
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { startPython, startTypescript } from "./lib/fixtures.mjs";
import { install, root } from "./lib/install.mjs";
import { run } from "./lib/processes.mjs";
import { nodeOfTheSuite, suite } from "./lib/suite.mjs";
import { startTokenProxy } from "./lib/token-proxy.mjs";
import { World } from "./lib/world.mjs";

const caller = "bob@demo.test";
const revisions = ["2025-11-25", "2026-07-28"];
const fixtures = { typescript: startTypescript, python: startPython };
const results = `${root}.conformance`;

await install();
await rm(results, { recursive: true, force: true });
const world = await World.start();
const differing = await compareAll();
process.exit(differing === 0 ? 0 : 1);

async function compareAll() {
  const gateway = await startTokenProxy(world.url, await world.token(caller));
  let differing = 0;
  for (const [name, start] of Object.entries(fixtures)) {
    const direct = await start();
    await world.register(`${name}-fixture`, direct, { mode: "none" }, [caller]);
    for (const revision of revisions) {
      const left = await checks(direct, revision, `${name}-${revision}-direct`);
      const right = await checks(`${gateway}/mcp/${name}-fixture`, revision, `${name}-${revision}-gateway`);
      const differences = compare(left, right);
      differing += differences.length;
      console.log(`${name} ${revision}: direct ${total(left)}; gateway ${total(right)}; ${differences.length} differ`);
      for (const line of differences) console.log(`  ${line}`);
    }
  }
  return differing;
}

/** Every check of every scenario, by scenario and place. */
async function checks(url, revision, name) {
  const folder = `${results}/${name}`;
  await mkdir(folder, { recursive: true });
  const args = [suite, "server", "--url", url, "--requirements", revision, "-o", folder];
  const { code, out, err } = await run(nodeOfTheSuite(), args, { cwd: root });
  const found = new Map();
  for (const scenario of await readdir(folder)) {
    const plain = scenario.replace(/-\d{4}-\d\d-\d\dT[\d-]+Z$/, "");
    // A scenario that broke off leaves a folder without checks.
    found.set(plain, JSON.parse(await readFile(`${folder}/${scenario}/checks.json`, "utf8").catch(() => "[]")));
  }
  if (found.size === 0) throw new Error(`the suite found nothing to check (exit ${code}):\n${out}${err}`);
  return { code, found };
}

function compare(left, right) {
  const told = ({ id, status, errorMessage = "" }) => `${id} ${status} ${errorMessage}`;
  const differences = left.code === right.code ? [] : [`exit code: direct ${left.code}, gateway ${right.code}`];
  for (const scenario of new Set([...left.found.keys(), ...right.found.keys()])) {
    const [direct, gateway] = [left, right].map(({ found }) => (found.get(scenario) ?? []).map(told));
    if (direct.length === 0 && gateway.length === 0) differences.push(`${scenario}: nothing was checked`);
    for (let at = 0; at < Math.max(direct.length, gateway.length); at++) {
      if (direct[at] === gateway[at]) continue;
      differences.push(`${scenario}: direct ${direct[at] ?? "nothing"}; gateway ${gateway[at] ?? "nothing"}`);
    }
  }
  return differences;
}

function total({ code, found }) {
  const all = [...found.values()].flat();
  const count = (status) => all.filter((check) => check.status === status).length;
  return `${all.length} checks, ${count("SUCCESS")} passed, ${count("FAILURE")} failed, exit ${code}`;
}
