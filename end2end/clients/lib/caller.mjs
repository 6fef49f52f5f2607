// An MCP client in a few lines, of both eras, that does with a link what its person would.
import { exchange } from "./exchange.mjs";

/** So that limits have to be the gateway's. */
const patience = 6;

const modern = "2026-07-28";
const protocol = "io.modelcontextprotocol";
const clientInfo = { name: "overkey-conformance", version: "1.0.0" };

export class Caller {
  #id = 0;
  #session;

  /** `url` is the gateway's endpoint; `onLink` resolves when the person has followed it. */
  constructor({ overkey, url, token, revision, onLink }) {
    Object.assign(this, { overkey, url, token, revision, onLink });
  }

  /** Connects, lists the tools, calls the one named. */
  async useTool(name) {
    if (this.revision === modern) {
      await this.request("server/discover", {});
    } else {
      await this.request("initialize", { protocolVersion: this.revision, capabilities: {}, clientInfo });
      await this.#post({ jsonrpc: "2.0", method: "notifications/initialized" });
    }
    await this.request("tools/list", {});
    return this.request("tools/call", { name, arguments: {} });
  }

  /** The result; an error with a link is answered by following it and asking again. */
  async request(method, params) {
    for (let attempt = 0; attempt < patience; attempt++) {
      const { result, error } = await this.#post(this.#message(method, params));
      if (error === undefined) return result;
      const link = error.data?.type === "McpAuthRequiredError" ? error.data.url : undefined;
      if (link === undefined) throw new Error(`${method}: ${error.code} ${error.message}`);
      await this.onLink(link, error.data.reason);
    }
    throw new Error(`${method}: still asked to consent after ${patience} times`);
  }

  #message(method, params) {
    const meta = {
      [`${protocol}/protocolVersion`]: this.revision,
      [`${protocol}/clientCapabilities`]: {},
      [`${protocol}/clientInfo`]: clientInfo,
    };
    const all = this.revision === modern ? { ...params, _meta: meta } : params;
    return { jsonrpc: "2.0", id: ++this.#id, method, params: all };
  }

  async #post(message) {
    const headers = {
      authorization: `Bearer ${this.token}`,
      accept: "application/json, text/event-stream",
      "content-type": "application/json",
      ...(message.method === "initialize" ? {} : { "mcp-protocol-version": this.revision }),
      ...(this.revision === modern ? { "mcp-method": message.method } : {}),
      ...(this.revision === modern && message.params?.name ? { "mcp-name": message.params.name } : {}),
      ...(this.#session === undefined ? {} : { "mcp-session-id": this.#session }),
    };
    const answer = await exchange(this.overkey, "POST", this.url, { headers, body: JSON.stringify(message) });
    this.#session ??= answer.headers["mcp-session-id"];
    if (message.id === undefined) return {};
    const body = /^text\/event-stream/.test(answer.headers["content-type"] ?? "") ? event(answer.text) : answer.text;
    try {
      return JSON.parse(body);
    } catch {
      throw new Error(`${message.method}: ${answer.status} ${answer.text.slice(0, 500)}`);
    }
  }
}

/** The data of the stream's first message. */
function event(text) {
  const lines = text.split(/\r?\n/).filter((line) => line.startsWith("data:"));
  return lines.map((line) => line.slice(5).trim()).find((data) => data !== "") ?? "";
}
