// Installs what package-lock.json and requirements.txt name, once per version of those files.
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { run } from "./processes.mjs";

export const root = fileURLToPath(new URL("..", import.meta.url));
export const python = `${root}.venv/bin/python`;
export const rustClient = `${root}.rust/debug/overkey-rust-client`;

export async function install() {
  await once("package-lock.json", "node_modules", [["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]]);
  await installPython();
}

/** Python alone: the browser tests have a FastMCP server, and the check of the REST API has packages of its own. */
export async function installPython(folder = root) {
  const pip = [`${folder}.venv/bin/python`, "-m", "pip"];
  await once(
    "requirements.txt",
    ".venv",
    [
      ["python3", "-m", "venv", "--clear", ".venv"],
      [...pip, "install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt"],
    ],
    folder,
  );
}

export async function buildRustClient() {
  await must("cargo", ["build", "--locked", "--manifest-path", "rust/Cargo.toml", "--target-dir", ".rust"]);
}

async function once(lock, made, commands, folder = root) {
  const wanted = createHash("sha256")
    .update(await readFile(folder + lock))
    .digest("hex");
  const stamp = `${folder}${made}/.installed`;
  if ((await readFile(stamp, "utf8").catch(() => "")) === wanted) return;
  for (const [command, ...args] of commands) await must(command, args, folder);
  await writeFile(stamp, wanted);
}

async function must(command, args, cwd = root) {
  const { code, out, err } = await run(command, args, { cwd });
  if (code !== 0) throw new Error(`${command} ${args.join(" ")}: exit ${code}\n${out}${err}`);
}
