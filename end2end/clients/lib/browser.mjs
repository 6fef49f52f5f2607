// A browser without scripts, as far as signing in and consenting need one: cookies per host, links, forms, and redirects one by one.
import { exchange } from "./exchange.mjs";

export class Browser {
  #cookies = new Map();
  #overkey;

  /** `cookie`: of a session at Overkey, as `World.signIn` gives it. */
  constructor(overkey, cookie) {
    this.#overkey = overkey;
    this.#keep(new URL(overkey.url).host, [cookie]);
  }

  get = (url) => this.#send("GET", new URL(url));

  /** Sends a form as the page at `from` would. */
  post = (url, fields, from = url) =>
    this.#send("POST", new URL(url), {
      body: new URLSearchParams(fields).toString(),
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        origin: new URL(from).origin,
        "sec-fetch-site": "same-origin",
      },
    });

  async #send(method, url, { body, headers = {} } = {}) {
    const cookie = [...(this.#cookies.get(url.host) ?? [])].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await exchange(this.#overkey, method, url, {
      body,
      headers: { accept: "text/html", ...(cookie ? { cookie } : {}), ...headers },
    });
    this.#keep(url.host, answer.headers["set-cookie"] ?? []);
    const location = answer.headers.location && new URL(answer.headers.location, url).href;
    return { status: answer.status, url: url.href, text: answer.text, location };
  }

  #keep(host, lines) {
    const jar = this.#cookies.get(host) ?? new Map();
    for (const line of lines) {
      const [, name, value] = /^([^=;]+)=([^;]*)/.exec(line);
      jar.set(name, value);
    }
    this.#cookies.set(host, jar);
  }
}

/** The first form of a page whose address begins with `action`: where it goes, and its hidden fields. */
export function form(page, action) {
  for (const [, attributes, content] of page.text.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)) {
    const target = attribute(attributes, "action") ?? "";
    if (!target.startsWith(action)) continue;
    const hidden = [...content.matchAll(/<input\b([^>]*)>/g)].filter(
      ([, found]) => attribute(found, "type") === "hidden",
    );
    const fields = hidden.map(([, found]) => [attribute(found, "name"), attribute(found, "value") ?? ""]);
    return { url: new URL(target, page.url).href, fields };
  }
  return undefined;
}

/** Where the link with this id leads. */
export function link(page, id) {
  for (const [, attributes] of page.text.matchAll(/<a\b([^>]*)>/g)) {
    if (attribute(attributes, "id") === id) return attribute(attributes, "href");
  }
  return undefined;
}

function attribute(text, name) {
  const found = new RegExp(`(?:^|\\s)${name}=(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`).exec(text);
  const value = found?.[1] ?? found?.[2] ?? found?.[3];
  return value
    ?.replaceAll("&quot;", '"')
    .replaceAll("&#x27;", "'")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}
