// A real authorization server for the tests: oidc-provider with sign-in and consent pages of our own, and levers that a test can pull.
//
// It is on `localhost` while Overkey is on 127.0.0.1, so that browsers take them for two sites.
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { errors, Provider } from "oidc-provider";
import { exchange } from "../clients/lib/exchange.mjs";
import { pages } from "./pages.mjs";
import { Storage } from "./storage.mjs";

/** The password of every account. */
export const password = "provider-demo";
const day = 24 * 60 * 60;
/** Which scope asks for which claims. */
const told = { email: ["email", "email_verified"], profile: ["name"], groups: ["groups"] };

/**
 * @typedef {object} TokenRequest
 * @property {string} grantType
 * @property {string} clientId
 * @property {number} status what was answered
 * @property {string} [error] OAuth's code for it
 * @property {boolean} proven whether it brought a PKCE verifier
 */

export class AuthorizationServer {
  #storage = new Storage();
  #resources = new Set();
  #listener;
  #provider;
  #down = false;
  #scopes = [];
  #knows;
  #people;
  /** Seconds; counts for tokens issued from now on. */
  lifetime = 3_600;
  /** Every request to the token endpoint since the start, in order.
   * @type {TokenRequest[]} */
  tokenRequests = [];
  /** What browsers were sent here with, in order.
   * @type {Record<string, string | undefined>[]} */
  authorizations = [];
  /** Clients that registered themselves, as they asked to be.
   * @type {Record<string, unknown>[]} */
  registrations = [];
  /** Without a slash at the end. */
  issuer = "";

  /**
   * @param {object} [options]
   * @param {string[]} [options.accounts] who may sign in, each with `password`
   * @param {string[]} [options.scopes] what there is to allow
   * @param {Record<string, Record<string, unknown>>} [options.people] what it says about accounts to those whom people sign on to
   * @param {{url: string, listen: string}} [options.knows] takes clients by their metadata documents; those of `url` are at `listen`
   */
  static async start({ accounts = ["bob", "eve"], scopes = ["notes:read", "notes:write"], people, knows } = {}) {
    const server = new AuthorizationServer();
    server.#scopes = scopes;
    server.#people = people;
    server.#knows = knows;
    server.#listener = createServer();
    await new Promise((done) => server.#listener.listen(0, "127.0.0.1", () => done(undefined)));
    server.issuer = `http://localhost:${server.#listener.address().port}`;
    server.#provider = server.#configured();
    server.#listener.on("request", pages(server.#provider, { accounts, password }));
    return server;
  }

  async stop() {
    this.#listener.closeAllConnections();
    await new Promise((done) => this.#listener.close(done));
  }

  /** Issues tokens for this server from now on: JWTs with `resource` as their audience.
   * @param {string} resource */
  protect(resource) {
    this.#resources.add(resource);
  }

  /** A client that a person registered here by hand.
   * @param {string} redirectUri
   * @param {Record<string, unknown>} [more] */
  addClient(redirectUri, more = {}) {
    const client = {
      client_id: `by-hand-${randomUUID().slice(0, 8)}`,
      client_secret: randomUUID(),
      redirect_uris: [redirectUri],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      ...more,
    };
    this.#storage.put("Client", client.client_id, client);
    return { id: client.client_id, secret: client.client_secret };
  }

  /** The old secret ends at once.
   * @param {string} clientId */
  newSecret(clientId) {
    const secret = randomUUID();
    this.#storage.put("Client", clientId, { ...this.#storage.get("Client", clientId), client_secret: secret });
    return secret;
  }

  /** Takes back all that this account allowed, as its owner would on the provider's pages. Answers how many refresh tokens died.
   * @param {string} account */
  revoke(account) {
    return this.#storage.removeGrantsOf(account);
  }

  /** How many refresh tokens of this account are good.
   * @param {string} account */
  alive(account) {
    return this.#storage.refreshTokensOf(account);
  }

  /** What it says about this account from now on.
   * @param {string} account
   * @param {Record<string, unknown>} claims */
  describe(account, claims) {
    this.#people = { ...this.#people, [account]: claims };
  }

  /** While down, the token endpoint answers 503.
   * @param {boolean} down */
  setDown(down) {
    this.#down = down;
  }

  #configured() {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const provider = new Provider(this.issuer, {
      adapter: this.#storage.adapter(),
      jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), alg: "RS256", use: "sig", kid: "tests" }] },
      cookies: { keys: [randomUUID()] },
      findAccount: (_, id) => ({ accountId: id, claims: () => ({ ...this.#people?.[id], sub: id }) }),
      ...(this.#people === undefined ? {} : { claims: told }),
      interactions: { url: (_, { uid }) => `/interaction/${uid}` },
      scopes: ["openid", "offline_access", ...this.#scopes],
      fetch: (url) => this.#fetch(url),
      rotateRefreshToken: true,
      ttl: {
        AccessToken: () => this.lifetime,
        ClientCredentials: () => this.lifetime,
        RefreshToken: day,
        Grant: day,
        Session: day,
        Interaction: 600,
        AuthorizationCode: 60,
      },
      features: {
        devInteractions: { enabled: false },
        clientCredentials: { enabled: true },
        introspection: { enabled: true },
        revocation: { enabled: true },
        registration: { enabled: true },
        clientIdMetadataDocument: { enabled: this.#knows !== undefined, ack: "draft-02" },
        resourceIndicators: {
          enabled: true,
          defaultResource: () => undefined,
          getResourceServerInfo: (_, resource) => {
            if (!this.#resources.has(resource)) throw new errors.InvalidTarget();
            return {
              scope: this.#scopes.join(" "),
              audience: resource,
              accessTokenTTL: this.lifetime,
              accessTokenFormat: "jwt",
              jwt: { sign: { alg: "RS256" } },
            };
          },
        },
      },
    });
    provider.use((ctx, next) => this.#watch(ctx, next));
    provider.on("registration_create.success", (ctx) => this.registrations.push(ctx.oidc.body));
    return provider;
  }

  /** Documents of the one it knows, from where that listens; nothing else. */
  async #fetch(url) {
    if (new URL(url).origin !== this.#knows?.url) throw new Error(`${url} is not known here`);
    const { status, headers, text } = await exchange(this.#knows, "GET", url, {
      headers: { accept: "application/json" },
    });
    return new Response(text, { status, headers: { "content-type": headers["content-type"] } });
  }

  async #watch(ctx, next) {
    if (ctx.path === "/auth") {
      await next();
      this.authorizations.push({ ...ctx.oidc?.params });
      return;
    }
    if (ctx.path !== "/token") return next();
    if (this.#down) {
      ctx.status = 503;
    } else {
      await next();
    }
    this.tokenRequests.push({
      grantType: ctx.oidc?.params?.grant_type ?? "",
      clientId: ctx.oidc?.client?.clientId ?? "",
      status: ctx.status,
      error: ctx.body?.error,
      proven: ctx.oidc?.params?.code_verifier !== undefined,
    });
  }
}
