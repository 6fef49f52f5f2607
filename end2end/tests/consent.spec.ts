// A person authorizes Overkey at a server's provider, looks at what they authorized, and takes it back (S22, S42, S55, D12, B09).
import { expectAccessible } from "../fixtures/a11y.ts";
import { bob, eve, expect, mia, settled, test } from "../fixtures/app.ts";
import { answerProvider, consent, toProvider } from "../fixtures/provider.ts";
import { photograph } from "../fixtures/screens.ts";
import { Tab } from "../fixtures/tab.ts";
import { whoami } from "../fixtures/whoami.ts";

test("S55 B09 the link in the error leads to the provider and back, and calls carry the token", async ({
  page,
  signIn,
  api,
}) => {
  const caller = await api(bob);
  const { error } = await whoami(caller, "tracker");
  expect(error?.data?.reason).toBe("oauth_consent_required");
  await signIn(bob);
  await page.goto(error?.data?.url ?? "");
  await settled(page);
  await expect(page.getByRole("heading", { name: "Connect to tracker" })).toBeVisible();
  await expect(page.getByText("You (Bob Ng)")).toBeVisible();
  await expectAccessible(page);
  await toProvider(page);
  await expectAccessible(page);
  await photograph(page, "provider-sign-in");
  await page.getByRole("button", { name: "Continue as Bob Ng" }).click();
  await expect(page.getByRole("button", { name: "Allow" })).toBeVisible();
  await expectAccessible(page);
  await photograph(page, "provider-allow");
  await page.getByRole("button", { name: "Allow" }).click();
  await page.waitForURL(/\/connect\/tracker\?done=authorized$/);
  await settled(page);
  await expect(page.getByRole("status").filter({ hasText: "Authorized. The next request uses it." })).toBeVisible();
  const card = page.getByRole("region", { name: "My authorization" });
  await expect(card).toContainText("Active");
  await expect(card).toContainText("You (Bob Ng)");
  await expect(card).toContainText("127.0.0.1:");
  await expect(card.getByText("read", { exact: true })).toBeVisible();
  await expectAccessible(page);
  await photograph(page, "connect-authorized");
  expect(await whoami(caller, "tracker")).toEqual({ hint: "bob" });
  expect(await page.content()).not.toMatch(/dp_(access|refresh|secret)_/);
});

test("S07 S11 the token is a row of its owner's on the tab, masked, and managers see it too", async ({
  page,
  signIn,
}) => {
  const tab = new Tab(page, "tracker");
  await signIn(bob);
  await tab.open();
  await expect(page.getByText("Users authorize themselves; managers may also enter")).toBeVisible();
  const row = tab.row("Bob Ng");
  for (const text of ["User", "OAuth2", "Authorized", "Active"]) await expect(row).toContainText(text);
  await expect(row.getByRole("link", { name: "Edit" })).toHaveCount(0);
  await expect(row.getByRole("link", { name: "Disconnect my authorization" })).toBeVisible();
  await expect(tab.add).toHaveCount(0);
  await expectAccessible(page);
  await photograph(page, "overrides-token");
  expect(await page.content()).not.toMatch(/dp_(access|refresh|secret)_/);

  await signIn(mia);
  await tab.open();
  await expect(tab.row("Bob Ng").getByRole("link", { name: "Disconnect the authorization of Bob Ng" })).toBeVisible();

  await signIn(eve);
  await tab.open();
  await expect(page.getByText("You have not authorized yet")).toBeVisible();
  await expect(tab.row("Bob Ng")).toHaveCount(0);
});

test("lists, overview and connections say how it stands", async ({ page, signIn }) => {
  const row = (server: string) =>
    page.getByRole("row").filter({ has: page.getByRole("link", { name: server, exact: true }) });
  await signIn(bob);
  await page.goto("/connections");
  await expect(row("tracker")).toContainText("Ready");
  await expect(row("tracker")).toContainText("OAuth");
  await expect(row("machine")).toContainText("Shared by everyone");

  await signIn(eve);
  await page.goto("/servers?status=needs_consent");
  await settled(page);
  await expect(row("tracker")).toContainText("Needs consent");
  await page.getByRole("link", { name: "Authorize: tracker" }).click();
  await expect(page).toHaveURL(/\/connect\/tracker$/);
  await page.goto("/servers/tracker");
  await settled(page);
  const credential = page.getByRole("region", { name: "My credential" });
  await expect(credential).toContainText("Calls fail until you authorize Overkey");
  await expect(credential.getByRole("link", { name: "Authorize" })).toHaveAttribute("href", "/connect/tracker");
});

test("S22 D12 what a manager enters wins over the token until it is deleted", async ({ page, signIn, api }) => {
  const caller = await api(bob);
  await signIn(mia);
  const tab = new Tab(page, "tracker");
  await tab.open();
  await tab.add.click();
  await expect(tab.form.getByText("Virtual accounts cannot authorize at a provider")).toBeVisible();
  await tab.form.getByLabel("Subject").fill(bob);
  await tab.form.getByLabel("Authorization header", { exact: true }).fill("Bearer made-by-hand");
  await tab.form.getByRole("button", { name: "Submit" }).click();
  await tab.done(/Override added/);
  expect((await whoami(caller, "tracker")).error?.data?.reason).toBe("override_rejected");

  await signIn(bob);
  await page.goto("/connect/tracker");
  await settled(page);
  await expect(page.getByText("Mia Kern entered an Authorization header for you here. It wins")).toBeVisible();
  await expect(page.getByRole("region", { name: "My authorization" })).toContainText(
    "It is good, but calls carry the header",
  );
  await expectAccessible(page);
  await photograph(page, "connect-manual-wins");
  await page.getByRole("link", { name: "See it on the server's page" }).click();
  await page.getByRole("link", { name: "Delete the override of Bob Ng" }).click();
  await expect(tab.form.getByText("carry what was authorized at the provider")).toBeVisible();
  await tab.form.getByRole("button", { name: "Delete" }).click();
  await tab.done(/Override deleted/);
  expect(await whoami(caller, "tracker")).toEqual({ hint: "bob" });
});

test("S22 a manager enters a header for a virtual account, which cannot authorize", async ({ page, signIn, api }) => {
  await signIn(mia);
  const tab = new Tab(page, "tracker");
  await tab.open();
  await tab.add.click();
  await tab.form.getByLabel("Subject").fill("ci-bot");
  await tab.form.getByLabel("Authorization header", { exact: true }).fill("Bearer made-by-hand");
  await tab.form.getByRole("button", { name: "Submit" }).click();
  await tab.done(/Override added/);
  const { items } = await (await api(mia)).get("/servers/tracker/overrides");
  const kinds = items.map(({ subject, kind }: any) => `${subject.type} ${kind}`);
  expect(kinds.sort()).toEqual(["user oauth", "virtual_account manual"]);
});

test("disconnecting asks once, goes back, and the next call asks for consent", async ({ page, signIn, api }) => {
  await signIn(bob);
  await page.goto("/connect/tracker");
  await settled(page);
  await page.getByRole("link", { name: "Disconnect" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("This deletes your authorization on tracker.");
  await expectAccessible(page);
  await photograph(page, "disconnect");
  await dialog.getByRole("link", { name: "Cancel" }).click();
  await expect(page).toHaveURL(/\/connect\/tracker$/);
  expect(await whoami(await api(bob), "tracker")).toEqual({ hint: "bob" });
  await page.getByRole("link", { name: "Disconnect" }).click();
  await dialog.getByRole("button", { name: "Disconnect" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Disconnected. The token is deleted." })).toBeVisible();
  await expect(page.getByRole("button", { name: "Authorize", exact: true })).toBeVisible();
  expect((await whoami(await api(bob), "tracker")).error?.data?.reason).toBe("oauth_consent_required");
});

test("who says no at the provider is told that nothing was stored", async ({ page, signIn, api }) => {
  await signIn(eve);
  await page.goto("/connect/tracker");
  await settled(page);
  await toProvider(page);
  await answerProvider(page, "Eve Silva", "Deny");
  await expect(page).toHaveURL(/\/connect\/tracker\?problem=denied$/);
  await expect(page.getByRole("alert").filter({ hasText: "You did not allow access" })).toBeVisible();
  await expectAccessible(page);
  await photograph(page, "connect-denied");
  expect((await (await api(eve)).get("/servers/tracker/overrides")).items).toEqual([]);
  // And from here it works.
  await toProvider(page);
  await answerProvider(page, "Eve Silva", "Allow");
  expect(await whoami(await api(eve), "tracker")).toEqual({ hint: "eve" });
});

test("G6 an address puts no words into the page", async ({ page, signIn }) => {
  await signIn(bob);
  await page.goto("/connect/tracker?problem=Send+your+password+to+evil.example&done=evil");
  await settled(page);
  await expect(page.getByRole("heading", { name: "Connect to tracker" })).toBeVisible();
  await expect(page.getByText(/evil/)).toHaveCount(0);
  await page.goto("/connections?problem=another_session");
  await settled(page);
  await expect(page.getByRole("alert").filter({ hasText: "another browser session" })).toBeVisible();
});

test("G9 a link that was made for somebody else starts nothing", async ({ page, signIn, api }) => {
  const url = (await whoami(await api(bob), "tracker")).error?.data?.url ?? "";
  expect(url).toContain("/connect/tracker?subject=user%2F");
  await signIn(eve);
  await page.goto(url);
  await settled(page);
  await expect(page.getByText("This link is for somebody else")).toBeVisible();
  await expect(page.locator('form[action^="/oauth/start/"]')).toHaveCount(0);
});

test("S23 machine signs in by itself, and its tab says why there is nothing to override", async ({
  page,
  signIn,
  api,
}) => {
  expect(await whoami(await api(bob), "machine")).toEqual({ hint: "overkey-machine" });
  await signIn(mia);
  await page.goto("/servers/machine/overrides");
  await settled(page);
  await expect(page.getByText("No overrides on this server")).toBeVisible();
});

test("the same person may authorize again", async ({ page, signIn, api }) => {
  await signIn(bob);
  await consent(page, "tracker", "Bob Ng");
  await consent(page, "tracker", "Bob Ng");
  const { items } = await (await api(bob)).get("/servers/tracker/overrides");
  expect(items).toHaveLength(1);
  expect(await whoami(await api(bob), "tracker")).toEqual({ hint: "bob" });
});
