// The Access tab: who may use a server, changed by its managers (D09, D11).
import { ada, bob, expect, mia, settled, signInByForm, test } from "../fixtures/app.ts";
import { whoami } from "../fixtures/whoami.ts";

test("a manager gives access, another role, and takes it away; calls follow at once", async ({ page, signIn, api }) => {
  const password = "a colleague's password";
  await (await api(ada)).post("/users", { email: "kim@demo.test", name: "Kim Yu", password, platform_role: "member" });
  await signIn(mia);
  await page.goto("/servers/open/access");
  await settled(page);
  const row = page.getByRole("table", { name: "Given access" }).getByRole("row").filter({ hasText: "Kim Yu" });
  const done = (text: RegExp) => expect(page.getByRole("status").filter({ hasText: text })).toBeVisible();
  await page.getByLabel("Who").fill("Kim");
  await page.getByRole("button", { name: "Give access" }).click();
  await expect(page.locator("#grantee-notes")).toContainText("Which one? Enter one of: kim@demo.test.");
  await page.getByLabel("Who").fill("kim@demo.test");
  await page.getByRole("button", { name: "Give access" }).click();
  await done(/Access given/);
  await expect(row).toContainText("User");
  await page.getByRole("button", { name: /^Make manager: Kim Yu/ }).click();
  await expect(row).toContainText("Manager");

  const context = await page
    .context()
    .browser()!
    .newContext({ baseURL: new URL(page.url()).origin });
  const other = await context.newPage();
  await signInByForm(other, "kim@demo.test", password);
  expect((await other.goto("/servers/open/settings"))?.status()).toBe(200);
  await page
    .getByLabel(/^Remove Kim Yu/)
    .first()
    .click();
  await expect(row.getByText("Overrides are kept, unused, and work again when access returns")).toBeVisible();
  await page.getByRole("button", { name: /^Remove Kim Yu.* now$/ }).click();
  await done(/Access removed/);
  await expect(row).toHaveCount(0);
  expect((await other.goto("/servers/open"))?.status()).toBe(404);
  await context.close();
});

test("D09 an override sleeps while its owner has no access", async ({ page, signIn, api }) => {
  const manager = await api(mia);
  await manager.put("/servers/notes/overrides/user/bob@demo.test", { credential: "sk-bob" });
  await signIn(mia);
  await page.goto("/servers/notes/access");
  await settled(page);
  await page
    .getByLabel(/^Remove Bob Ng/)
    .first()
    .click();
  await page.getByRole("button", { name: /^Remove Bob Ng.* now$/ }).click();
  await expect(page.getByRole("status").filter({ hasText: "Access removed" })).toBeVisible();
  await page.goto("/servers/notes/overrides");
  await expect(page.getByRole("row").filter({ hasText: "bob@demo.test" })).toContainText("No access");
  await page.goto("/servers/notes/access");
  await settled(page);
  await page.getByLabel("Who").fill(bob);
  await page.getByRole("button", { name: "Give access" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Access given" })).toBeVisible();
  expect(await whoami(await api(bob), "notes")).toEqual({ hint: "bob" });
});

test("everyone can be given access", async ({ page, signIn }) => {
  await signIn(mia);
  await page.goto("/servers/open/access");
  await settled(page);
  await page.getByLabel("Who").fill("everyone");
  await page.getByRole("button", { name: "Give access" }).click();
  const given = page.getByRole("table", { name: "Given access" });
  await expect(given.getByRole("rowheader", { name: "Everyone" })).toBeVisible();
  // What it comes to for each: Eve has her own access, too.
  const eves = page.getByRole("table", { name: "Everybody with access" }).getByRole("row").filter({ hasText: "Eve Silva" });
  await expect(eves).toContainText("Own access, everyone");
  await page.getByLabel("Search everybody with access").fill("ada");
  await page.getByRole("button", { name: "Search", exact: true }).click();
  await expect(eves).toHaveCount(0);
  const adas = page.getByRole("table", { name: "Everybody with access" }).getByRole("row").filter({ hasText: "Ada Park" });
  await expect(adas).toContainText("Platform admin");
});

test("a user may not open the tab, nor post its form", async ({ page, signIn }) => {
  await signIn(bob);
  expect((await page.goto("/servers/notes/access"))?.status()).toBe(403);
  await expect(page.getByRole("link", { name: "Access", exact: true })).toHaveCount(0);
  const forged = await page.request.post("/api/ui/access/grant", {
    form: { server: "notes", grantee: bob, role: "manager" },
    headers: { accept: "application/json" },
  });
  expect(forged.status()).toBe(403);
});
