// The life of OAuth tokens after the consent, against parts that others wrote: oidc-provider issues and rotates them, a FastMCP server
// checks them. Pages play no part in it, so once is enough.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Api } from "../fixtures/api.ts";
import { bob, eve, expect, mia } from "../fixtures/app.ts";
import { freePort } from "../fixtures/child.ts";
import { consent, link, startNotes, test, token, whoami } from "../fixtures/oauth.ts";

/** A token's life, so short that a test can wait for its end. */
const short = 2;
/** Long enough for its last quarter to count: it is renewed ahead of its end. */
const ahead = 4;
const wait = { timeout: 20_000 };

const seconds = () => Date.now() / 1000;
const refreshes = ({ tokenRequests }: { tokenRequests: { grantType: string }[] }) =>
  tokenRequests.filter(({ grantType }) => grantType === "refresh_token");

test("a token that ends is renewed, and again with the refresh token that came with it", async ({
  connected,
  provider,
}) => {
  const caller = await connected("rotation", { lifetime: ahead });
  const before = refreshes(provider).length;
  const tokens = new Set<string>();
  // A second renewal works only with the refresh token of the first: the provider rotates them.
  const collected = async () => tokens.add((await token(caller, "rotation")).jti).size;
  await expect.poll(collected, wait).toBeGreaterThanOrEqual(3);
  const asked = refreshes(provider).slice(before);
  expect(asked.length).toBeGreaterThanOrEqual(2);
  expect(asked).toEqual(asked.map((one) => ({ ...one, status: 200, error: undefined })));
});

test("many calls with a token that has ended make one renewal", async ({ connected, provider }) => {
  const caller = await connected("storm", { lifetime: short });
  const { jti, exp } = await token(caller, "storm");
  provider.lifetime = 3_600;
  const before = refreshes(provider).length;
  await expect.poll(seconds, wait).toBeGreaterThan(exp + 0.5);
  const seen = await Promise.all(Array.from({ length: 30 }, () => token(caller, "storm")));
  const tokens = new Set(seen.map((one) => one.jti));
  expect(tokens.size).toBe(1);
  expect(tokens).not.toContain(jti);
  expect(refreshes(provider).length - before).toBe(1);
});

test("a session with the upstream goes on after a renewal", async ({ world, connected }) => {
  const caller = await connected("session", { lifetime: ahead });
  const client = new Client({ name: "overkey-end2end", version: "1.0.0" });
  const requestInit = { headers: { authorization: `Bearer ${caller.token}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(`${world.url}/mcp/session`), { requestInit }));
  const call = async () => {
    const { content } = (await client.callTool({ name: "whoami", arguments: {} })) as any;
    return JSON.parse(content[0].text).jti as string;
  };
  const first = await call();
  await expect.poll(call, wait).not.toBe(first);
  await client.close();
});

test("a provider that is down takes nothing away", async ({ connected, provider }) => {
  const caller = await connected("outage", { lifetime: short });
  const { exp } = await token(caller, "outage");
  provider.setDown(true);
  await expect.poll(seconds, wait).toBeGreaterThan(exp + 0.5);
  const { error } = await whoami(caller, "outage");
  expect(error, "a call without a token that can be used").toBeDefined();
  expect(error?.data?.reason).toBeUndefined();
  provider.setDown(false);
  await expect.poll(async () => (await whoami(caller, "outage")).token?.sub, wait).toBe("bob");
});

test("S22 a provider whose addresses a manager typed in, and that wants the client's secret in the form", async ({
  world,
  connected,
  provider,
}) => {
  const redirect = `${world.url}/oauth/callback`;
  const client = provider.addClient(redirect, { token_endpoint_auth_method: "client_secret_post" });
  const caller = await connected("typed-in", {
    lifetime: short,
    outboundAuth: {
      mode: "oauth2_authorization_code",
      authorization_url: `${provider.issuer}/auth`,
      token_url: `${provider.issuer}/token`,
      client_id: client.id,
      client_secret: client.secret,
      scopes: ["notes:read", "offline_access"],
    },
  });
  const first = await token(caller, "typed-in");
  expect(first).toMatchObject({ sub: "bob", client_id: client.id, scope: "notes:read" });
  await expect.poll(async () => (await token(caller, "typed-in")).jti, wait).not.toBe(first.jti);
});

test("when a server begins to ask for another scope, the next consent has it", async ({
  page,
  connected,
  provider,
}) => {
  const origin = `http://127.0.0.1:${await freePort()}`;
  let upstream = await startNotes(provider, origin, ["notes:read"]);
  const caller = await connected("wider", { url: `${origin}/mcp` });
  expect((await token(caller, "wider")).scope).toBe("notes:read");

  await upstream.stop();
  upstream = await startNotes(provider, origin, ["notes:read", "notes:write"]);
  // FastMCP calls a token without it invalid: 401, not 403.
  await consent(page, await link(caller, "wider", "oauth_invalidated"), provider, "bob");
  const { scope, jti } = await token(caller, "wider");
  expect(scope.split(" ").sort()).toEqual(["notes:read", "notes:write"]);
  expect((await token(caller, "wider")).jti).toBe(jti);
  await upstream.stop();
});

test("D12 S22 a manager's override wins over the token until it is removed", async ({ api, connected }) => {
  const caller = await connected("manual");
  const manager = await api(mia);
  await manager.put("/servers/manual/overrides/user/bob@demo.test", { credential: "Bearer made-by-hand" });
  const { error } = await whoami(caller, "manual");
  expect(error?.data?.reason, "the upstream refuses what was typed in").toBe("override_rejected");
  await manager.delete("/servers/manual/overrides/user/bob@demo.test");
  expect((await token(caller, "manual")).sub).toBe("bob");
});

test("disconnecting over REST forgets the token, here and at the provider", async ({ connected, provider }) => {
  const caller = await connected("forgotten");
  expect((await token(caller, "forgotten")).sub).toBe("bob");
  const alive = provider.alive("bob");
  await caller.delete("/servers/forgotten/overrides/user/bob@demo.test?kind=oauth");
  await link(caller, "forgotten", "oauth_consent_required");
  await expect.poll(() => provider.alive("bob"), wait).toBe(alive - 1);
});

test("client credentials: one token for everybody, asked for once until it ends", async ({
  api,
  register,
  provider,
  notes,
}) => {
  const client = provider.addClient("", { redirect_uris: [], response_types: [], grant_types: ["client_credentials"] });
  const settings = {
    mode: "oauth2_client_credentials",
    token_url: `${provider.issuer}/token`,
    client_id: client.id,
    client_secret: client.secret,
    scopes: ["notes:read"],
  };
  const callers = [await api(bob), await api(eve)];
  const asked = () => provider.tokenRequests.filter(({ clientId }) => clientId === client.id).length;
  provider.lifetime = 3_600;
  await register("machinery", settings);
  const storm = Array.from({ length: 10 }, () => callers.map((caller) => token(caller, "machinery"))).flat();
  const seen = await Promise.all(storm);
  expect(new Set(seen.map(({ jti, sub }) => `${jti} ${sub}`)).size).toBe(1);
  expect(seen[0]).toMatchObject({ sub: client.id, aud: notes });
  expect(asked()).toBe(1);

  // Another server with the same client has a token of its own.
  provider.lifetime = short;
  await register("machinery-too", settings);
  const tokens = new Set<string>();
  const collected = async () => tokens.add((await token(callers[0] as Api, "machinery-too")).jti).size;
  await expect.poll(collected, wait).toBeGreaterThanOrEqual(2);
  expect(tokens).not.toContain(seen[0]?.jti);
  expect(asked()).toBe(1 + tokens.size);
});
