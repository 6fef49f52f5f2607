// Holds the REST API against its own description: Schemathesis reads /api/v1/openapi.json, makes requests of it, right ones
// and wrong ones, and looks at each answer. A demo world of its own, in a folder that goes afterwards; the same requests each
// time.
//
//   OVERKEY_TEST_BIN=../target/debug/overkey node contract/run.mjs [more options of `schemathesis run`]
import { fileURLToPath } from "node:url";
import { installPython } from "../clients/lib/install.mjs";
import { freePort, run, serve, temporaryFolder } from "../clients/lib/processes.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const binary = process.env.OVERKEY_TEST_BIN;
if (binary === undefined) throw new Error("OVERKEY_TEST_BIN names no overkey to test");

await installPython(here);
if (process.argv.includes("--install")) process.exit(0);

const data = temporaryFolder("contract");
const url = `http://127.0.0.1:${await freePort()}`;
const settings = { OVERKEY_LISTEN: new URL(url).host, OVERKEY_LOG: "error" };
const world = await serve(binary, ["demo", "--data", data], {
  env: settings,
  url: `${url}/readyz`,
  ready: (answer) => answer.ok,
});
const database = { OVERKEY_DATABASE_URL: `sqlite:${data}/overkey-demo.db` };
const made = await run(binary, ["token", "create", "--user", "ada@demo.test"], { env: database });
if (made.code !== 0) throw new Error(made.err);

const options = [
  ["--header", `Authorization: Bearer ${made.out.trim()}`],
  // Without links between routes there is nothing for the stateful phase.
  ["--phases", "examples,coverage,fuzzing"],
  // That a name is taken, a person unknown or a cursor made up no description can say: such requests are refused, and rightly.
  ["--exclude-checks", "positive_data_acceptance"],
  ["--generation-deterministic"],
  ["--max-examples", "8", "--max-time", "60", "--no-shrink", "--continue-on-failure"],
  ["--warnings", "off", "--request-timeout", "20"],
].flat();
const { code, out, err } = await run(
  `${here}.venv/bin/schemathesis`,
  [
    ...["--config-file", `${here}schemathesis.toml`],
    ...["run", `${url}/api/v1/openapi.json`, ...options, ...process.argv.slice(2)],
  ],
  { cwd: data, env: { NO_COLOR: "1", SCHEMATHESIS_HOOKS: `${here}hooks.py` } },
);
console.log(out + err);
// Panics and errors of the server's own are failures, whatever was answered.
const log = world.log();
const trouble = log.split("\n").filter((line) => /panicked|"ERROR"| ERROR /.test(line));
if (trouble.length > 0) console.log(`The server's log:\n${trouble.join("\n")}`);

const tested = Number(/Tested: (\d+)/.exec(out)?.[1] ?? 0);
const bad = code !== 0 || trouble.length > 0 || tested === 0;
const failed = bad ? Math.max(1, Number(/(\d+) unique failures/.exec(out)?.[1] ?? 0)) : 0;
console.log(failed === 0 ? `  ${tested} passed` : `  ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
