// Upstreams that others wrote: the reference server in both of its HTTP transports, and a FastMCP server that tells its headers.
import { fileURLToPath } from "node:url";
import { python, root } from "./install.mjs";
import { freePort, serve } from "./processes.mjs";

const everything = `${root}node_modules/@modelcontextprotocol/server-everything/dist/index.js`;

/** `transport` is what the reference server calls it: streamableHttp or sse. */
export async function startEverything(transport) {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  await serve(process.execPath, [everything, transport], { env: { PORT: String(port) }, url: `${origin}/` });
  return origin + (transport === "sse" ? "/sse" : "/mcp");
}

/** `kind`: stateless, sessions or sse. */
export async function startHeaders(kind) {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  await serve(python, [`${root}upstreams/headers.py`, kind, String(port)], { url: `${origin}/` });
  return origin + (kind === "sse" ? "/sse" : "/mcp");
}

/** Takes this provider's tokens only. */
export async function startNotes(provider) {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const script = fileURLToPath(new URL("../../oauth/upstream.py", import.meta.url));
  await serve(python, [script, String(port), provider.issuer, "notes:read"], { url: `${origin}/` });
  provider.protect(`${origin}/mcp`);
  return `${origin}/mcp`;
}
