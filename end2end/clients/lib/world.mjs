// A demo world of our own, and its REST API.
import { fileURLToPath } from "node:url";
import { freePort, serve, temporaryFolder } from "./processes.mjs";

const binary = process.env.OVERKEY_TEST_BIN ?? fileURLToPath(new URL("../../../target/debug/overkey", import.meta.url));

export class World {
  static async start() {
    const world = new World();
    world.url = `http://127.0.0.1:${await freePort()}`;
    const { log } = await serve(binary, ["demo", "--data", temporaryFolder("clients")], {
      env: { OVERKEY_LISTEN: new URL(world.url).host, OVERKEY_PUBLIC_URL: world.url },
      url: `${world.url}/readyz`,
      ready: (answer) => answer.ok,
    });
    world.log = log;
    world.ada = new Person(world, await world.token("ada@demo.test"));
    return world;
  }

  /** Signs in with the form, as a browser without scripts does, and makes a personal access token. */
  async token(email) {
    const form = new URLSearchParams({ email, password: "overkey-demo" });
    const signedIn = await fetch(`${this.url}/sign-in`, { method: "POST", body: form, redirect: "manual" });
    const [cookie] = signedIn.headers.getSetCookie().map((text) => text.split(";")[0]);
    if (cookie === undefined) throw new Error(`${email} could not sign in: ${signedIn.status}`);
    const answer = await fetch(`${this.url}/api/v1/tokens`, {
      method: "POST",
      headers: { cookie, "content-type": "application/json" },
      body: JSON.stringify({ name: "Clients" }),
    });
    if (answer.status !== 201) throw new Error(`no token for ${email}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()).token;
  }

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
    const answer = await fetch(`${this.world.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${this.token}`, "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  }

  setOverride = (server, email, credential) =>
    this.send("PUT", `/servers/${server}/overrides/user/${email}`, { credential });
  removeOverride = (server, email) => this.send("DELETE", `/servers/${server}/overrides/user/${email}`);
}
