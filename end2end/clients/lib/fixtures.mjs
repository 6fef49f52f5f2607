// The SDKs' own conformance servers, from their repositories at fixed commits. They are fetched, not copied into this one.
import { mkdir, stat } from "node:fs/promises";
import { python, root } from "./install.mjs";
import { freePort, run, serve } from "./processes.mjs";

/** Another place to fetch from, such as a local clone, is given by environment variables of these names. */
const sources = {
  typescript: {
    from: process.env.TYPESCRIPT_SDK ?? "https://github.com/modelcontextprotocol/typescript-sdk",
    commit: "3924de99df834302d89f5997a1b64ca268282284",
    folder: "test/conformance/src",
  },
  python: {
    from: process.env.PYTHON_SDK ?? "https://github.com/modelcontextprotocol/python-sdk",
    commit: "57394b0548d1e2dc2dce8d67d84985769df3b8bb",
    folder: "examples/servers/everything-server",
  },
};

export async function startTypescript() {
  const folder = await fetched("typescript");
  const port = await freePort();
  const args = ["--import", "tsx", `${folder}/everythingServer.ts`];
  await serve(process.execPath, args, { cwd: root, env: { PORT: String(port) }, url: `http://localhost:${port}/` });
  return `http://localhost:${port}/mcp`;
}

export async function startPython() {
  const folder = await fetched("python");
  const port = await freePort();
  const args = ["-m", "mcp_everything_server", "--port", String(port)];
  await serve(python, args, { env: { PYTHONPATH: folder }, url: `http://localhost:${port}/` });
  return `http://localhost:${port}/mcp`;
}

async function fetched(name) {
  const { from, commit, folder } = sources[name];
  // Below this folder, so that the TypeScript one finds our packages.
  const place = `${root}.fixtures/${name}-${commit.slice(0, 12)}`;
  if (!(await stat(`${place}/${folder}`).catch(() => undefined))) {
    await mkdir(place, { recursive: true });
    await git(place, "init", "--quiet");
    await git(place, "fetch", "--quiet", "--depth", "1", from, commit);
    await git(place, "checkout", "--quiet", commit, "--", folder);
  }
  return `${place}/${folder}`;
}

async function git(place, ...args) {
  const { code, err } = await run("git", ["-C", place, ...args]);
  if (code !== 0) throw new Error(`git ${args.join(" ")}: ${err}`);
}
