// A client in a process per connection that takes orders as lines of JSON and answers `{result}` or `{error}`.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { cleanEnv } from "../lib/processes.mjs";

export async function openProcess(command, args, token) {
  const child = spawn(command, args, { env: { ...cleanEnv, GATEWAY_TOKEN: token }, stdio: ["pipe", "pipe", "pipe"] });
  let complaints = "";
  child.stderr.on("data", (text) => (complaints += text));
  const ended = new Promise((done) => child.on("close", done));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${command} ended:\n${complaints}`);
    const { result, error } = JSON.parse(value);
    if (error) throw Object.assign(new Error(error.message), error);
    return result;
  };
  const ask = (order) => {
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
    list: () => ask({ do: "list" }),
    call: (name, args) => ask({ do: "call", name, arguments: args }),
    close,
  };
}
