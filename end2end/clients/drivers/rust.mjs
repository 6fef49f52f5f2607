// rmcp, the Rust SDK. It has no client for the old transport.
import { rustClient } from "../lib/install.mjs";
import { openProcess } from "./lines.mjs";

export const open = ({ url, token, era }) => openProcess(rustClient, [url, era], token);
