// A demo world of our own, and its REST API.
import { fileURLToPath } from "node:url";
import { exchange } from "./exchange.mjs";
import { freePort, serve, temporaryFolder } from "./processes.mjs";

const binary = process.env.OVERKEY_TEST_BIN ?? fileURLToPath(new URL("../../../target/debug/overkey", import.meta.url));

export class World {
  /** `publicUrl`: what it is called, if that is not where it listens, as behind a proxy. */
  static async start(publicUrl) {
    const world = new World();
    world.listen = `http://127.0.0.1:${await freePort()}`;
    world.url = publicUrl ?? world.listen;
    const { log } = await serve(binary, ["demo", "--data", temporaryFolder("clients")], {
      env: { OVERKEY_LISTEN: new URL(world.listen).host, OVERKEY_PUBLIC_URL: world.url },
      url: `${world.listen}/readyz`,
      ready: (answer) => answer.ok,
    });
    world.log = log;
    world.ada = new Person(world, await world.token("ada@demo.test"));
    return world;
  }

  /** Signs in with the form, as a browser without scripts does, and makes a personal access token. */
  async token(email) {
    const cookie = await this.signIn(email);
    const headers = { cookie, "content-type": "application/json" };
    const body = JSON.stringify({ name: "Clients" });
    const answer = await exchange(this, "POST", `${this.url}/api/v1/tokens`, { headers, body });
    if (answer.status !== 201) throw new Error(`no token for ${email}: ${answer.status} ${answer.text}`);
    return JSON.parse(answer.text).token;
  }

  /** The cookie of a new session. */
  async signIn(email) {
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const body = new URLSearchParams({ email, password: "overkey-demo" }).toString();
    const answer = await exchange(this, "POST", `${this.url}/sign-in`, { headers, body });
    const [cookie] = (answer.headers["set-cookie"] ?? []).map((line) => line.split(";")[0]);
    if (cookie === undefined) throw new Error(`${email} could not sign in: ${answer.status}`);
    return cookie;
  }

  /** REST in the name of whoever has this token. */
  as = (token) => new Person(this, token);

  /** What a page says to whoever has this session. */
  page = (url, cookie) => exchange(this, "GET", url, { headers: { cookie } });

  /** Registers an upstream and lets `users` call it. */
  async register(name, url, outbound_auth, users) {
    await this.ada.send("POST", "/servers", { name, url, outbound_auth });
    for (const user of users) await this.ada.send("PUT", `/servers/${name}/access/user/${user}`, { role: "user" });
  }
}

class Person {
  constructor(world, token) {
    this.world = world;
    this.token = token;
  }

  async send(method, path, body) {
    const { status, text } = await exchange(this.world, method, `${this.world.url}/api/v1${path}`, {
      headers: { authorization: `Bearer ${this.token}`, "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (status >= 400) throw new Error(`${method} ${path}: ${status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  }

  setOverride = (server, email, credential) =>
    this.send("PUT", `/servers/${server}/overrides/user/${email}`, { credential });
  removeOverride = (server, email) => this.send("DELETE", `/servers/${server}/overrides/user/${email}`);
}
