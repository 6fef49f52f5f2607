// A client in a process per connection that takes orders as lines of JSON and answers `{result}` or `{error}`; in between it may ask
// its person something, by `{asked}`, and waits for `{action}`.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { cleanEnv } from "../lib/processes.mjs";

export async function openProcess(command, args, token, ask) {
  const child = spawn(command, args, { env: { ...cleanEnv, GATEWAY_TOKEN: token }, stdio: ["pipe", "pipe", "pipe"] });
  let complaints = "";
  child.stderr.on("data", (text) => (complaints += text));
  const ended = new Promise((done) => child.on("close", done));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${command} ended:\n${complaints}`);
    const { result, error, asked } = JSON.parse(value);
    if (asked) {
      child.stdin.write(`${JSON.stringify({ action: await ask(asked) })}\n`);
      return read();
    }
    if (error) throw Object.assign(new Error(error.message), error);
    return result;
  };
  const carryOut = (order) => {
    child.stdin.write(`${JSON.stringify(order)}\n`);
    return read();
  };
  const close = () => {
    child.stdin.end();
    return ended;
  };
  const revision = await read();
  return {
    revision: () => revision,
    list: () => carryOut({ do: "list" }),
    call: (name, args) => carryOut({ do: "call", name, arguments: args }),
    close,
  };
}
