// The Python SDK.
import { python, root } from "../lib/install.mjs";
import { openProcess } from "./lines.mjs";

export const open = ({ url, transport, token, era }) =>
  openProcess(python, [`${root}drivers/python.py`, url, transport, era], token);
