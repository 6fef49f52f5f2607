// External identities as admins see them (B02): who came by an identity provider's token, what they may use, and deleting one (D09).
import { expectAccessible } from "../fixtures/a11y.ts";
import { Api } from "../fixtures/api.ts";
import { ada, bob, expect, settled } from "../fixtures/app.ts";
import { photograph } from "../fixtures/screens.ts";
import { audience, machineToken, test } from "../fixtures/sign_on.ts";
import { whoami } from "../fixtures/whoami.ts";

test.describe.configure({ mode: "serial" });

test("nobody has come yet: the page says who will", async ({ page, signIn }) => {
  await signIn(ada);
  await page.goto("/people");
  await settled(page);
  await page.getByRole("navigation", { name: "Directory" }).getByRole("link", { name: "External identities" }).click();
  await expect(page).toHaveURL(/\/external-identities$/);
  await expect(page.getByRole("heading", { level: 1, name: "External identities" })).toBeVisible();
  await expect(page.getByRole("heading", { name: "No external identities yet" })).toBeVisible();
  await expect(page.getByRole("link", { name: "People", exact: true }).first()).toHaveAttribute("aria-current", "page");
  await expectAccessible(page);
  await photograph(page, "identities-none");
});

test("B02 D09 a program appears with its first call, shows what it may use, and goes with all that is its own", async ({
  page,
  request,
  world,
  api,
  signIn,
  provider,
}) => {
  const { id, token } = await machineToken(provider, audience);
  const program = new Api(request, world.url, token);
  const { subject } = await program.get("/me");
  const admin = await api(ada);
  await signIn(ada);
  await page.goto(`/external-identities?search=${id}`);
  await settled(page);
  const row = page.getByRole("row").filter({ has: page.getByRole("link", { name: id, exact: true }) });
  await expect(row).toContainText(provider.issuer);
  await expect(row).toContainText("None kept");
  await expect(row.locator('[data-label="May use"]')).toHaveText("None");

  await admin.put(`/servers/notes/access/external_identity/${subject.id}`, { role: "user" });
  await admin.put("/servers/open/access/everyone/all", { role: "user" });
  await program.put(`/servers/notes/overrides/external_identity/${subject.id}`, { credential: "sk-ci" });
  expect(await whoami(program, "notes")).toEqual({ hint: "ci-bot" });
  // Calls are written once a second.
  const called = async () => (await admin.get(`/external-identities/${subject.id}`)).last_call_at;
  await expect.poll(called).not.toBeNull();
  await page.goto("/external-identities");
  await settled(page);
  await expect(row.locator('[data-label="May use"]')).toHaveText("notes, open");
  await expect(row.locator('[data-label="Last call"] time')).toBeVisible();
  await expectAccessible(page);
  await photograph(page, "identities");

  await row.getByRole("link", { name: `Open ${id}` }).click();
  await expect(page.getByRole("heading", { level: 1, name: id })).toBeVisible();
  await settled(page);
  const servers = page.getByRole("table", { name: "Servers" });
  await expect(servers.getByRole("row").filter({ hasText: "notes" })).toContainText("User");
  await expect(servers.getByRole("row").filter({ hasText: "open" })).toContainText("Everyone");
  await expect(page.getByText("It has one credential of its own stored.")).toBeVisible();
  await expectAccessible(page);
  await photograph(page, "identity");

  await page.getByRole("link", { name: "Delete" }).click();
  await expect(page.getByRole("dialog")).toContainText("Its access and its overrides go with it.");
  await expectAccessible(page);
  await photograph(page, "identity-delete");
  await page.getByRole("button", { name: "Delete external identity" }).click();
  await expect(page.getByRole("status").filter({ hasText: "External identity deleted" }).first()).toBeVisible();
  await expect(row).toHaveCount(0);
  expect((await admin.send("GET", `/external-identities/${subject.id}`)).status()).toBe(404);
  expect((await program.mcp("notes", {})).status()).toBe(404);
});

test("members have no such page", async ({ page, signIn }) => {
  await signIn(bob);
  await page.goto("/external-identities");
  await settled(page);
  await expect(page.getByRole("table")).toHaveCount(0);
  await expect(page.getByRole("heading", { level: 1 })).not.toHaveText("External identities");
});
