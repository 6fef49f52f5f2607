// Child processes and folders that go when this process does, and waiting by asking instead of by sleeping.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const patience = 60_000;
const running = new Set();
const folders = [];
process.on("exit", () => {
  running.forEach((child) => child.kill("SIGKILL"));
  folders.forEach((folder) => rmSync(folder, { recursive: true, force: true }));
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

/** The environment without the settings of whoever runs this: Overkey refuses names it does not know. */
export const cleanEnv = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith("OVERKEY_")),
);

/** Starts a server and waits until `url` answers HTTP at all (or `ready` says yes to the answer). */
export async function serve(command, args, { env = {}, cwd, url, ready = () => true }) {
  const child = spawn(command, args, { cwd, env: { ...cleanEnv, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  let said = "";
  let ended = false;
  child.stdout.on("data", (text) => (said += text));
  child.stderr.on("data", (text) => (said += text));
  child.on("error", (error) => (said += error.message));
  child.on("close", () => {
    ended = true;
    running.delete(child);
  });
  const giveUp = Date.now() + patience;
  for (;;) {
    if (ended) throw new Error(`${command} ${args.join(" ")} ended before it was ready:\n${said}`);
    const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer !== undefined && ready(answer)) break;
    if (Date.now() > giveUp) throw new Error(`${url} was not ready after ${patience / 1000} s:\n${said}`);
    await pause(50);
  }
  return { log: () => said };
}

/** Runs a program to its end. */
export async function run(command, args, { env = {}, cwd } = {}) {
  const child = spawn(command, args, { cwd, env: { ...cleanEnv, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  const [out, err] = [[], []];
  child.stdout.on("data", (text) => out.push(text));
  child.stderr.on("data", (text) => err.push(text));
  const code = await new Promise((done, fail) => child.on("error", fail).on("close", done));
  running.delete(child);
  return { code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() };
}

export function temporaryFolder(name) {
  const folder = mkdtempSync(join(tmpdir(), `overkey-${name}-`));
  folders.push(folder);
  return folder;
}

export async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}
