// OAuth2 servers against parts that others wrote: oidc-provider issues the tokens, a FastMCP server checks them.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ada, bob, eve, expect, mia } from "../fixtures/app.ts";
import type { Api } from "../fixtures/api.ts";
import { answerProvider, consent, link, test, toProvider, token, whoami } from "../fixtures/oauth.ts";

/** So short that tests can wait for its end. */
const short = 4;
const long = 3_600;
const discover = { mode: "oauth2_authorization_code", discover: true };

/** Registers the upstream under a name of its own and lets Bob and Eve use it. */
async function register(admin: Api, name: string, url: string, outbound_auth: object): Promise<void> {
  await admin.post("/servers", { name, url, outbound_auth });
  for (const user of [bob, eve]) await admin.put(`/servers/${name}/access/user/${user}`, { role: "user" });
  await admin.put(`/servers/${name}/access/user/${mia}`, { role: "manager" });
}

const seconds = () => Date.now() / 1000;
const refreshes = ({ tokenRequests }: { tokenRequests: { grantType: string }[] }) =>
  tokenRequests.filter(({ grantType }) => grantType === "refresh_token");

test.beforeEach(({ provider }) => {
  provider.lifetime = long;
  provider.setDown(false);
});

test("S22 S42 a person consents in the browser, and calls carry their token, made for this server", async (parts) => {
  const { page, signIn, api, provider, notes } = parts;
  await register(await api(ada), "consent", notes, discover);
  const caller = await api(bob);
  const url = await link(caller, "consent", "oauth_consent_required");
  await signIn(bob);
  await consent(page, url, provider, "bob");
  const seen = await token(caller, "consent");
  expect(seen).toMatchObject({ sub: "bob", aud: notes });
  expect(seen.scope).toContain("notes:read");
  await page.goto("/connections");
  await expect(page.getByRole("row").filter({ hasText: "consent" })).not.toContainText(/consent needed|not connected/i);
  const registered = provider.registrations.at(-1);
  expect(registered).toMatchObject({
    application_type: "native",
    grant_types: ["authorization_code", "refresh_token"],
  });
  await link(await api(eve), "consent", "oauth_consent_required");
});

test("a token that ends is renewed, again with the refresh token that came with it, and nobody notices", async (parts) => {
  const { page, signIn, api, provider, notes } = parts;
  await register(await api(ada), "rotation", notes, discover);
  const caller = await api(bob);
  provider.lifetime = short;
  await signIn(bob);
  await consent(page, await link(caller, "rotation", "oauth_consent_required"), provider, "bob");
  const before = refreshes(provider).length;
  const tokens = new Set<string>();
  // A second renewal works only with the refresh token of the first: the provider rotates them.
  const collected = async () => tokens.add((await token(caller, "rotation")).jti).size;
  await expect.poll(collected, { timeout: 30_000 }).toBeGreaterThanOrEqual(3);
  const asked = refreshes(provider).slice(before);
  expect(asked.length).toBeGreaterThanOrEqual(2);
  expect(asked).toEqual(asked.map((one) => ({ ...one, status: 200, error: undefined })));
});

test("many calls with a token that has ended make one renewal", async ({ page, signIn, api, provider, notes }) => {
  await register(await api(ada), "storm", notes, discover);
  const caller = await api(bob);
  provider.lifetime = short;
  await signIn(bob);
  await consent(page, await link(caller, "storm", "oauth_consent_required"), provider, "bob");
  const { jti, exp } = await token(caller, "storm");
  provider.lifetime = long;
  const before = refreshes(provider).length;
  await expect.poll(seconds, { timeout: 15_000 }).toBeGreaterThan(exp + 0.5);
  const seen = await Promise.all(Array.from({ length: 30 }, () => token(caller, "storm")));
  const tokens = new Set(seen.map((one) => one.jti));
  expect(tokens.size).toBe(1);
  expect(tokens).not.toContain(jti);
  expect(refreshes(provider).length - before).toBe(1);
});

test("a session with the upstream goes on after a renewal", async ({ page, world, signIn, api, provider, notes }) => {
  await register(await api(ada), "session", notes, discover);
  const caller = await api(bob);
  provider.lifetime = short;
  await signIn(bob);
  await consent(page, await link(caller, "session", "oauth_consent_required"), provider, "bob");
  const client = new Client({ name: "overkey-end2end", version: "1.0.0" });
  const requestInit = { headers: { authorization: `Bearer ${caller.token}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(`${world.url}/mcp/session`), { requestInit }));
  const call = async () => {
    const { content } = (await client.callTool({ name: "whoami", arguments: {} })) as any;
    return JSON.parse(content[0].text).jti as string;
  };
  const first = await call();
  await expect.poll(call, { timeout: 15_000 }).not.toBe(first);
  await client.close();
});

test("a provider that is down takes nothing away", async ({ page, signIn, api, provider, notes }) => {
  await register(await api(ada), "outage", notes, discover);
  const caller = await api(bob);
  provider.lifetime = short;
  await signIn(bob);
  await consent(page, await link(caller, "outage", "oauth_consent_required"), provider, "bob");
  const { exp } = await token(caller, "outage");
  provider.setDown(true);
  await expect.poll(seconds, { timeout: 15_000 }).toBeGreaterThan(exp + 0.5);
  const { error } = await whoami(caller, "outage");
  expect(error, "a call without a token that can be used").toBeDefined();
  expect(error?.data?.reason).toBeUndefined();
  provider.setDown(false);
  await expect.poll(async () => (await whoami(caller, "outage")).token?.sub, { timeout: 30_000 }).toBe("bob");
});

test("what is revoked at the provider asks for consent again, and consent mends it", async (parts) => {
  const { page, signIn, api, provider, notes } = parts;
  await register(await api(ada), "revoked", notes, discover);
  const caller = await api(bob);
  provider.lifetime = short;
  await signIn(bob);
  await consent(page, await link(caller, "revoked", "oauth_consent_required"), provider, "bob");
  expect((await token(caller, "revoked")).sub).toBe("bob");
  provider.revoke("bob");
  const reason = async () => (await whoami(caller, "revoked")).error?.data?.reason;
  await expect.poll(reason, { timeout: 15_000 }).toBe("oauth_invalidated");
  expect(provider.tokenRequests.at(-1)).toMatchObject({ grantType: "refresh_token", error: "invalid_grant" });
  const asked = provider.tokenRequests.length;
  const url = await link(caller, "revoked", "oauth_invalidated");
  expect(provider.tokenRequests.length, "a dead refresh token is not tried again").toBe(asked);
  await page.goto("/connections");
  await expect(page.getByRole("row").filter({ hasText: "revoked" })).toContainText(/reconnect/i);
  provider.lifetime = long;
  await consent(page, url, provider, "bob");
  expect((await token(caller, "revoked")).sub).toBe("bob");
});

test("S61 B7 a new client secret keeps the tokens but does not use them, and consent mends it", async (parts) => {
  const { page, world, signIn, api, provider, notes } = parts;
  const admin = await api(ada);
  const client = provider.addClient(`${world.url}/oauth/callback`);
  const settings = { ...discover, client_id: client.id, client_secret: client.secret };
  await register(admin, "secret", notes, settings);
  const caller = await api(bob);
  await signIn(bob);
  await consent(page, await link(caller, "secret", "oauth_consent_required"), provider, "bob");
  expect((await token(caller, "secret")).client_id).toBe(client.id);

  const changed = { ...settings, client_secret: provider.newSecret(client.id) };
  const preview = await admin.put("/servers/secret/outbound-auth?dry_run=true", changed);
  expect(preview.effect).toMatchObject({ deleted: 0, invalidated: 1 });
  expect((await token(caller, "secret")).sub, "a preview changes nothing").toBe("bob");
  const saved = await admin.send("PUT", "/servers/secret/outbound-auth", changed, {
    "if-match": `"${preview.revision}"`,
  });
  expect(saved.status(), await saved.text()).toBe(200);

  const asked = provider.tokenRequests.length;
  const url = await link(caller, "secret", "oauth_invalidated");
  expect(provider.tokenRequests.length, "the old refresh token is not tried").toBe(asked);
  const { items } = await admin.get("/servers/secret/overrides");
  expect(items).toHaveLength(1);
  expect(items[0]).toMatchObject({ kind: "oauth", subject: { type: "user" } });
  await consent(page, url, provider, "bob");
  expect((await token(caller, "secret")).sub).toBe("bob");
});

test("D12 S22 a manager's override wins over the token until it is removed", async (parts) => {
  const { page, signIn, api, provider, notes } = parts;
  await register(await api(ada), "manual", notes, discover);
  const caller = await api(bob);
  await signIn(bob);
  await consent(page, await link(caller, "manual", "oauth_consent_required"), provider, "bob");
  const manager = await api(mia);
  await manager.put("/servers/manual/overrides/user/bob@demo.test", { credential: "Bearer made-by-hand" });
  const { error } = await whoami(caller, "manual");
  expect(error?.data?.reason, "the upstream refuses what was typed in").toBe("override_rejected");
  await manager.delete("/servers/manual/overrides/user/bob@demo.test");
  expect((await token(caller, "manual")).sub).toBe("bob");
});

test("a person who says no at the provider is told so, and nothing is stored", async (parts) => {
  const { page, signIn, api, provider, notes } = parts;
  const admin = await api(ada);
  await register(admin, "denied", notes, discover);
  const caller = await api(bob);
  await signIn(bob);
  await toProvider(page, await link(caller, "denied", "oauth_consent_required"), provider);
  await answerProvider(page, "bob", "Deny");
  expect(new URL(page.url()).searchParams.get("problem")).toBe("denied");
  await expect(page.getByText("You did not allow access, so nothing was stored.")).toBeVisible();
  expect((await admin.get("/servers/denied/overrides")).items).toEqual([]);
  await link(caller, "denied", "oauth_consent_required");
});

test("G9 a link that was made for somebody else starts nothing", async ({ page, signIn, api, notes }) => {
  await register(await api(ada), "other", notes, discover);
  const url = await link(await api(eve), "other", "oauth_consent_required");
  await signIn(bob);
  await page.goto(url);
  await expect(page.getByText("This link is for somebody else")).toBeVisible();
  await expect(page.locator('form[action^="/oauth/start/"]')).toHaveCount(0);
});

test("disconnecting over REST forgets the token", async ({ page, signIn, api, provider, notes }) => {
  await register(await api(ada), "forgotten", notes, discover);
  const caller = await api(bob);
  await signIn(bob);
  await consent(page, await link(caller, "forgotten", "oauth_consent_required"), provider, "bob");
  expect((await token(caller, "forgotten")).sub).toBe("bob");
  await caller.delete("/servers/forgotten/overrides/user/bob@demo.test?kind=oauth");
  await link(caller, "forgotten", "oauth_consent_required");
});

test("client credentials: one token for everybody, asked for once until it ends", async ({ api, provider, notes }) => {
  const client = provider.addClient("", { redirect_uris: [], response_types: [], grant_types: ["client_credentials"] });
  await register(await api(ada), "machinery", notes, {
    mode: "oauth2_client_credentials",
    token_url: `${provider.issuer}/token`,
    client_id: client.id,
    client_secret: client.secret,
    scopes: ["notes:read"],
  });
  const callers = [await api(bob), await api(eve)];
  provider.lifetime = short;
  const asked = () => provider.tokenRequests.filter(({ clientId }) => clientId === client.id).length;
  const storm = Array.from({ length: 10 }, () => callers.map((caller) => token(caller, "machinery"))).flat();
  const seen = await Promise.all(storm);
  expect(new Set(seen.map(({ jti, sub }) => `${jti} ${sub}`)).size).toBe(1);
  expect(seen[0]).toMatchObject({ sub: client.id, aud: notes });
  expect(asked()).toBe(1);
  const next = async () => (await token(callers[0] as Api, "machinery")).jti;
  await expect.poll(next, { timeout: 15_000 }).not.toBe(seen[0]?.jti);
  expect(asked()).toBe(2);
});
