// The Python SDK. It prints the page to open, and takes the address it is sent back to as a line.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { python, root } from "../lib/install.mjs";
import { cleanEnv } from "../lib/processes.mjs";

export async function signInAndCall({ url, open, era }) {
  const child = spawn(python, [`${root}sign-in/python.py`, url, era], {
    env: cleanEnv,
    stdio: ["pipe", "pipe", "pipe"],
  });
  let complaints = "";
  child.stderr.on("data", (text) => (complaints += text));
  for await (const line of createInterface({ input: child.stdout })) {
    const { page, result } = JSON.parse(line);
    if (page) child.stdin.write(`${await open(page)}\n`);
    else return result;
  }
  throw new Error(`it ended:\n${complaints.slice(-400)}`);
}
