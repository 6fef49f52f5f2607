// The Python SDK.
import { python, root } from "../lib/install.mjs";
import { openProcess } from "./lines.mjs";

export function open({ url, transport, token, era, ask }) {
  const mode = era === "pinned" ? "2026-07-28" : era;
  const declared = ask === undefined ? "nothing" : "elicitation";
  return openProcess(python, [`${root}drivers/python.py`, url, transport, mode, declared], token, ask);
}
