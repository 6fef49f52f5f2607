// OAuth2 servers in the browser, against parts that others wrote: oidc-provider issues the tokens, a FastMCP server checks them.
import type { Locator, Page } from "@playwright/test";
import { ada, bob, eve, expect } from "../fixtures/app.ts";
import { answerProvider, consent, discover, link, test, toProvider, token, whoami } from "../fixtures/oauth.ts";

/** A token's life, so short that a test can wait for its end. */
const short = 2;
const wait = { timeout: 20_000 };

/** The server's row of My connections. */
async function connection(page: Page, server: string): Promise<Locator> {
  await page.goto("/connections");
  return page.getByRole("row").filter({ has: page.getByRole("link", { name: server, exact: true }) });
}

test("S22 S42 a person consents in the browser, and calls carry their token, made for this server", async ({
  page,
  api,
  connected,
  provider,
  notes,
}) => {
  const caller = await connected("first");
  const seen = await token(caller, "first");
  expect(seen).toMatchObject({ sub: "bob", aud: notes });
  expect(seen.scope.split(" ")).toContain("notes:read");
  const grant_types = ["authorization_code", "refresh_token"];
  expect(provider.registrations.at(-1)).toMatchObject({ application_type: "native", grant_types });
  await expect(await connection(page, "first")).toContainText("Ready");
  await link(await api(eve), "first", "oauth_consent_required");
});

test("what is revoked at the provider asks for consent again, and consent mends it", async ({
  page,
  connected,
  provider,
}) => {
  const caller = await connected("revoked", { lifetime: short });
  expect((await token(caller, "revoked")).sub).toBe("bob");
  provider.revoke("bob");
  const reason = async () => (await whoami(caller, "revoked")).error?.data?.reason;
  await expect.poll(reason, wait).toBe("oauth_invalidated");
  expect(provider.tokenRequests.at(-1)).toMatchObject({ grantType: "refresh_token", error: "invalid_grant" });
  const asked = provider.tokenRequests.length;
  const url = await link(caller, "revoked", "oauth_invalidated");
  expect(provider.tokenRequests.length, "a dead refresh token is not tried again").toBe(asked);
  await expect(await connection(page, "revoked")).toContainText("Reconnect");
  await consent(page, url, provider, "bob");
  expect((await token(caller, "revoked")).sub).toBe("bob");
});

test("S61 B7 a new client secret keeps the tokens but does not use them, and consent mends it", async ({
  page,
  world,
  api,
  connected,
  provider,
}) => {
  const client = provider.addClient(`${world.url}/oauth/callback`);
  const settings = { ...discover, client_id: client.id, client_secret: client.secret };
  const caller = await connected("secret", { outboundAuth: settings });
  expect((await token(caller, "secret")).client_id).toBe(client.id);

  const admin = await api(ada);
  const changed = { ...settings, client_secret: provider.newSecret(client.id) };
  const preview = await admin.put("/servers/secret/outbound-auth?dry_run=true", changed);
  expect(preview.effect).toMatchObject({ deleted: 0, invalidated: 1 });
  expect((await token(caller, "secret")).sub, "a preview changes nothing").toBe("bob");
  const match = { "if-match": `"${preview.revision}"` };
  const saved = await admin.send("PUT", "/servers/secret/outbound-auth", changed, match);
  expect(saved.status(), await saved.text()).toBe(200);

  const asked = provider.tokenRequests.length;
  const url = await link(caller, "secret", "oauth_invalidated");
  expect(provider.tokenRequests.length, "the old refresh token is not tried").toBe(asked);
  const { items } = await admin.get("/servers/secret/overrides");
  expect(items).toEqual([expect.objectContaining({ kind: "oauth", state: "reconnect" })]);
  await consent(page, url, provider, "bob");
  expect((await token(caller, "secret")).sub).toBe("bob");
});

test("a person who says no at the provider is told so, and nothing is stored", async ({
  page,
  api,
  register,
  provider,
  signIn,
}) => {
  await register("denied");
  const caller = await api(bob);
  await signIn(bob);
  await toProvider(page, await link(caller, "denied", "oauth_consent_required"), provider);
  await answerProvider(page, "bob", "Deny");
  expect(new URL(page.url()).searchParams.get("problem")).toBe("denied");
  await expect(page.getByText("You did not allow access, so nothing was stored.")).toBeVisible();
  expect((await (await api(ada)).get("/servers/denied/overrides")).items).toEqual([]);
  await link(caller, "denied", "oauth_consent_required");
});

test("G9 a link that was made for somebody else starts nothing", async ({ page, api, register, signIn }) => {
  await register("other");
  const url = await link(await api(eve), "other", "oauth_consent_required");
  await signIn(bob);
  await page.goto(url);
  await expect(page.getByText("This link is for somebody else")).toBeVisible();
  await expect(page.locator('form[action^="/oauth/start/"]')).toHaveCount(0);
});
