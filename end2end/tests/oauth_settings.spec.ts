// OAuth2 servers by form: fields, messages, secrets, and what a change of the client does (S61, D07, D08).
import { ada, bob, expect, mia, settled, test } from "../fixtures/app.ts";
import { expectAccessible } from "../fixtures/a11y.ts";
import { consent, issuerOf, registerClient } from "../fixtures/provider.ts";
import { photograph } from "../fixtures/screens.ts";
import { whoami } from "../fixtures/whoami.ts";

const authorizationCode = "OAuth2 · Authorization Code";

test("an admin registers an Authorization Code server, with messages at the fields", async ({
  page,
  signIn,
  api,
  world,
}) => {
  const admin = await api(ada);
  const issuer = await issuerOf(admin);
  const { url } = await admin.get("/servers/tracker");
  const client = await registerClient(issuer, `${world.url}/oauth/callback`);
  await signIn(ada);
  await page.goto("/servers/new");
  await settled(page);
  await page.getByLabel("Name", { exact: true }).fill("issues");
  await page.getByLabel("URL", { exact: true }).fill(url);
  await expect(page.getByLabel("Client ID")).toBeHidden();
  await page.getByLabel(authorizationCode).check();
  await expect(page.getByLabel("Client ID")).toBeVisible();
  await expect(page.getByText(`${world.url}/oauth/callback`)).toBeVisible();
  // Discovery is on to begin with, and needs no addresses.
  const discover = page.getByLabel("Find the provider from the server (discovery)");
  await expect(discover).toBeChecked();
  await expect(page.getByLabel("Token URL")).toBeHidden();
  await expectAccessible(page);
  await photograph(page, "server-new-discovery");
  await discover.uncheck();
  await page.getByLabel("Token URL").fill("nonsense");
  await page.getByLabel("Client secret", { exact: true }).fill(client.secret);
  await page.getByLabel("Scopes (optional)").fill('read "write"');
  await page.getByRole("button", { name: "Add server" }).click();
  const message = (field: string) => page.locator(`[id="outbound_auth.${field}-notes"] .field-error`);
  await expect(message("authorization_url")).toHaveText("Enter the authorization URL, or choose discovery.");
  await expect(message("token_url")).toBeVisible();
  await expect(message("client_id")).toHaveText("Enter the client ID, or choose discovery.");
  await expect(message("scopes")).toBeVisible();
  await expect(page.getByLabel("Token URL")).toHaveValue("nonsense");
  await expect(discover).not.toBeChecked();
  expect(page.url()).not.toContain(client.secret);
  expect(await page.content()).not.toContain(client.secret);
  await expectAccessible(page);
  await photograph(page, "server-new-oauth-errors");

  await page.getByLabel("Authorization URL").fill(`${issuer}/authorize`);
  await page.getByLabel("Token URL").fill(`${issuer}/token`);
  await page.getByLabel("Client ID").fill(client.id);
  await page.getByLabel("Scopes (optional)").fill("read write");
  if (test.info().project.use.javaScriptEnabled === false) {
    // Nothing carried the secret, and the form does not forget that there was one.
    await page.getByRole("button", { name: "Add server" }).click();
    await expect(message("client_secret")).toContainText("Enter it again");
    await expect(page.getByLabel("Client ID")).toHaveValue(client.id);
    await page.getByLabel("Client secret", { exact: true }).fill(client.secret);
  }
  await page.getByRole("button", { name: "Add server" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Server added" })).toBeVisible();
  const { outbound_auth } = await admin.get("/servers/issues");
  expect(outbound_auth).toEqual({
    mode: "oauth2_authorization_code",
    authorization_url: `${issuer}/authorize`,
    token_url: `${issuer}/token`,
    client_id: client.id,
    client_secret: `••••••••${client.secret.slice(-4)}`,
    scopes: ["read", "write"],
  });
  await admin.put(`/servers/issues/access/user/${bob}`, { role: "user" });
  await admin.put(`/servers/issues/access/user/${mia}`, { role: "manager" });
});

test("the connect page names the provider and the scopes before it is asked", async ({ page, signIn, api }) => {
  const { host } = new URL(await issuerOf(await api(ada)));
  await signIn(bob);
  await page.goto("/connect/issues");
  await settled(page);
  await expect(page.getByText(`Its provider, ${host}, asks you to sign in`)).toBeVisible();
  await expect(page.getByText("read, write", { exact: true })).toBeVisible();
  await consent(page, "issues", "Bob Ng");
});

test("D07 the same settings saved, secret left empty, change nothing", async ({ page, signIn, api }) => {
  await signIn(mia);
  await page.goto("/servers/issues/settings");
  await settled(page);
  await expect(page.getByLabel(authorizationCode)).toBeChecked();
  await expect(page.getByText(/Stored: ••••••••.{4}\. Leave empty to keep it\./)).toBeVisible();
  await expect(page.getByLabel("Client secret", { exact: true })).toHaveValue("");
  await expect(page.getByLabel("Scopes (optional)")).toHaveValue("read write");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Nothing was different" })).toBeVisible();
  expect((await whoami(await api(bob), "issues")).hint).toBe("bob");
});

test("S61 another client: the preview says who must authorize again, and only confirmed it counts", async ({
  page,
  signIn,
  api,
  world,
}) => {
  // Two saves, axe in both themes and eight pictures.
  test.slow();
  const client = await registerClient(await issuerOf(await api(ada)), `${world.url}/oauth/callback`);
  const caller = await api(bob);
  await signIn(mia);
  await page.goto("/servers/issues/settings");
  await settled(page);
  await page.getByLabel("Client ID").fill(client.id);
  await page.getByLabel("Client secret", { exact: true }).fill(client.secret);
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("This invalidates 1 override.")).toBeVisible();
  await expect(page.getByText("must authorize again before their next call")).toBeVisible();
  await page.getByText("Whose", { exact: true }).click();
  await expect(page.getByText("Must authorize again: 1")).toBeVisible();
  await expect(page.getByText("Bob Ng (bob@demo.test)")).toBeVisible();
  await expect(page.getByLabel("Client ID")).toHaveValue(client.id);
  await expectAccessible(page);
  await photograph(page, "settings-client-changed");
  expect((await whoami(caller, "issues")).hint, "a preview changes nothing").toBe("bob");
  if (test.info().project.use.javaScriptEnabled === false) {
    // Confirmed without it, the change would be another one than the one that was shown.
    await page.getByRole("button", { name: "Confirm and save" }).click();
    await expect(page.getByText("Enter it again: a secret is not kept").first()).toBeVisible();
    expect((await whoami(caller, "issues")).hint).toBe("bob");
    await page.getByLabel("Client secret", { exact: true }).fill(client.secret);
    await page.getByRole("button", { name: "Save" }).click();
    await expect(page.getByText("This invalidates 1 override.")).toBeVisible();
    await page.getByLabel("Client secret", { exact: true }).fill(client.secret);
  }
  await page.getByRole("button", { name: "Confirm and save" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Settings saved" })).toBeVisible();
  expect((await whoami(caller, "issues")).error?.data?.reason).toBe("oauth_invalidated");

  await signIn(bob);
  await page.goto("/connections");
  await expect(page.getByRole("row").filter({ hasText: "issues" })).toContainText("Reconnect");
  await page.getByRole("link", { name: "Authorize again: issues" }).click();
  await expect(page.getByRole("region", { name: "My authorization" })).toContainText("Reconnect");
  await settled(page);
  await expectAccessible(page);
  await photograph(page, "connect-reconnect");
  await consent(page, "issues", "Bob Ng");
  expect((await whoami(caller, "issues")).hint).toBe("bob");
});

test("a stored client secret can be removed", async ({ page, signIn, api }) => {
  await signIn(mia);
  await page.goto("/servers/issues/settings");
  await settled(page);
  await page.getByLabel("Remove the stored client secret").check();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("This invalidates 1 override.")).toBeVisible();
  await page.getByRole("button", { name: "Confirm and save" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Settings saved" })).toBeVisible();
  const { outbound_auth } = await (await api(mia)).get("/servers/issues");
  expect(outbound_auth.client_secret).toBeUndefined();
  await page.goto("/servers/issues/settings");
  await settled(page);
  await expect(page.getByLabel("Remove the stored client secret")).toHaveCount(0);
});

test("with a registration URL, Overkey needs no client ID", async ({ page, signIn, api }) => {
  const admin = await api(ada);
  const issuer = await issuerOf(admin);
  await signIn(mia);
  await page.goto("/servers/issues/settings");
  await settled(page);
  await page.getByLabel("Client ID").fill("");
  await page.getByLabel("Registration URL (optional)").fill(`${issuer}/register`);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: "Confirm and save" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Settings saved" })).toBeVisible();
  await signIn(bob);
  await consent(page, "issues", "Bob Ng");
  expect((await whoami(await api(bob), "issues")).hint).toBe("bob");
});

test("D06 another address suspends a token, and its owner is told to authorize again", async ({
  page,
  signIn,
  api,
}) => {
  const manager = await api(mia);
  const { url } = await manager.get("/servers/issues");
  await manager.patch("/servers/issues", { url: url.replace("127.0.0.1", "localhost") });
  expect((await whoami(await api(bob), "issues")).error?.data?.reason).toBe("override_suspended");
  await signIn(bob);
  await page.goto("/servers/issues");
  await settled(page);
  await page.getByRole("link", { name: "Authorize again" }).click();
  const card = page.getByRole("region", { name: "My authorization" });
  await expect(card).toContainText("Suspended");
  await expect(card).toContainText("Authorized for another address of this server.");
});

test("S54 from consent to one token for everybody, by form", async ({ page, signIn, api }) => {
  const issuer = await issuerOf(await api(ada));
  await signIn(mia);
  await page.goto("/servers/tracker/settings");
  await settled(page);
  await expect(page.getByLabel("Find the provider from the server (discovery)")).toBeChecked();
  await page.getByLabel("OAuth2 · Client Credentials").check();
  await expect(page.getByLabel("Authorization URL")).toBeHidden();
  await expect(page.getByLabel("Find the provider from the server (discovery)")).toBeHidden();
  await page.getByRole("button", { name: "Save" }).click();
  const message = (field: string) => page.locator(`[id="outbound_auth.${field}-notes"] .field-error`);
  await expect(message("token_url")).toHaveText("Enter the token URL.");
  await expect(message("client_id")).toHaveText("Enter the client ID.");
  await expect(message("client_secret")).toHaveText("Enter the client secret.");
  await page.getByLabel("Token URL").fill(`${issuer}/token`);
  await page.getByLabel("Client ID").fill("overkey-machine");
  await page.getByLabel("Client secret", { exact: true }).fill("machine-secret-demo-0001");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Settings saved" })).toBeVisible();
  expect((await whoami(await api(bob), "tracker")).hint).toBe("overkey-machine");
  expect(await page.content()).not.toContain("machine-secret-demo");
});

test("who may not add servers gets no form", async ({ page, signIn }) => {
  await signIn(bob);
  const answer = await page.goto("/servers/new");
  expect(answer?.status()).toBe(403);
  await expect(page.getByLabel("Client ID")).toHaveCount(0);
});
