// Teams: made by admins, given servers by managers, counting for their members at once (D09, D11).
import type { Page } from "@playwright/test";
import { ada, bob, expect, mia, settled, signInByForm, test } from "../fixtures/app.ts";
import { whoami } from "../fixtures/whoami.ts";

const password = "a colleague's password";

const done = (page: Page, text: RegExp) =>
  expect(page.getByRole("status").filter({ hasText: text }).first()).toBeVisible();

test("a team is made, gets people and a server, and is deleted with its access", async ({ page, signIn, api }) => {
  const admin = await api(ada);
  await admin.post("/users", { email: "kim@demo.test", name: "Kim Yu", password });
  await signIn(ada);
  await page.goto("/teams");
  await settled(page);
  await expect(page.getByRole("heading", { name: "No teams yet" })).toBeVisible();
  await page.getByRole("link", { name: "Add team" }).first().click();
  await settled(page);
  await page.getByLabel("Name", { exact: true }).fill("Platform team");
  await page.getByRole("button", { name: "Add team" }).click();
  await expect(page.locator("#name-notes")).toContainText("lower-case letters");
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue("Platform team");
  await page.getByLabel("Name", { exact: true }).fill("platform");
  await page.getByLabel("Description (optional)").fill("Keeps the lights on");
  await page.getByRole("button", { name: "Add team" }).click();
  await done(page, /Team added/);
  await expect(page).toHaveURL(/\/teams\/platform/);
  await settled(page);
  await page.getByLabel("Who").fill("nobody@demo.test");
  await page.getByRole("button", { name: "Add to the team" }).click();
  await expect(page.locator("#user-notes")).toContainText("There is no such person");
  await page.getByLabel("Who").fill("Kim Yu");
  await page.getByRole("button", { name: "Add to the team" }).click();
  await done(page, /Added to the team/);
  await expect(page.getByRole("row").filter({ hasText: "kim@demo.test" })).toBeVisible();

  // A manager gives the team the server, and sees what it comes to for each.
  const other = await page.context().browser()!.newContext({
    baseURL: new URL(page.url()).origin,
    javaScriptEnabled: test.info().project.use.javaScriptEnabled !== false,
  });
  const mias = await other.newPage();
  await signInByForm(mias, mia);
  await mias.goto("/servers/notes/access");
  await settled(mias);
  await mias.getByLabel("Who", { exact: true }).fill("platform");
  await mias.getByRole("button", { name: "Give access" }).click();
  await done(mias, /Access given/);
  const given = mias.getByRole("table", { name: "Given access" });
  const reached = mias.getByRole("table", { name: "Everybody with access" });
  await expect(given.getByRole("row").filter({ hasText: "platform" })).toContainText("Team");
  await expect(reached.getByRole("row").filter({ hasText: "Kim Yu" })).toContainText("Team platform");
  await mias.getByRole("button", { name: /^Make manager: platform/ }).click();
  await expect(reached.getByRole("row").filter({ hasText: "Kim Yu" })).toContainText("Manager");
  await expect(reached.getByRole("row").filter({ hasText: "Ada Park" })).toContainText("Platform admin");

  // Kim manages through the team.
  const kims = await other.newPage();
  await signInByForm(kims, "kim@demo.test", password);
  expect((await kims.goto("/servers/notes/settings"))?.status()).toBe(200);

  await page.goto("/teams/platform");
  await settled(page);
  await expect(page.getByRole("table", { name: "Servers" }).getByRole("row").filter({ hasText: "notes" })).toContainText(
    "Manager",
  );
  await page.getByRole("link", { name: "Delete team" }).click();
  await expect(page.getByRole("dialog")).toContainText(
    "Its one member stays; what they have through it ends at once. It has access to notes.",
  );
  await page.getByRole("dialog").getByRole("button", { name: "Delete team" }).click();
  await done(page, /Team deleted/);
  expect((await kims.goto("/servers/notes"))?.status()).toBe(404);
  await other.close();
});

test("D09 an override sleeps while its owner is out of the team", async ({ page, signIn, api }) => {
  const [admin, manager, caller] = [await api(ada), await api(mia), await api(bob)];
  await admin.post("/teams", { name: "readers" });
  await admin.put(`/teams/readers/members/${bob}`, {});
  await manager.put("/servers/raw/access/team/readers", { role: "user" });
  await manager.delete(`/servers/raw/access/user/${(await admin.get(`/users/${bob}`)).id}`);
  await caller.put(`/servers/raw/overrides/user/${bob}`, { credential: "Bearer sk-bob" });
  expect(await whoami(caller, "raw")).toEqual({ hint: "bob" });
  await signIn(ada);
  await page.goto("/teams/readers");
  await settled(page);
  await page.getByLabel("Remove Bob Ng", { exact: true }).click();
  await expect(page.getByText("work again when access returns")).toBeVisible();
  await page.getByRole("button", { name: "Remove Bob Ng now" }).click();
  await done(page, /Removed from the team/);
  await expect(page.getByRole("heading", { name: "Nobody is in it yet" })).toBeVisible();
  await page.goto("/servers/raw/overrides");
  await settled(page);
  await expect(page.getByRole("row").filter({ hasText: bob })).toContainText("No access");
  await page.goto("/teams/readers");
  await settled(page);
  await page.getByLabel("Who").fill(bob);
  await page.getByRole("button", { name: "Add to the team" }).click();
  await done(page, /Added to the team/);
  expect(await whoami(caller, "raw")).toEqual({ hint: "bob" });
});

test("a team is renamed; its members are searched", async ({ page, signIn, api }) => {
  const admin = await api(ada);
  await admin.post("/teams", { name: "old-name" });
  for (const email of [bob, mia]) await admin.put(`/teams/old-name/members/${email}`, {});
  await signIn(ada);
  await page.goto("/teams/old-name");
  await settled(page);
  await page.getByLabel("Search members").fill("mia");
  await page.getByRole("button", { name: "Search", exact: true }).click();
  await expect(page.getByRole("row").filter({ hasText: bob })).toHaveCount(0);
  await expect(page.getByRole("row").filter({ hasText: mia })).toBeVisible();
  await page.getByLabel("Name", { exact: true }).fill("readers-and-writers");
  await page.getByRole("button", { name: "Save" }).click();
  await done(page, /Team saved/);
  await expect(page).toHaveURL(/\/teams\/readers-and-writers/);
  await page.goto("/teams?search=WRITERS");
  await settled(page);
  await expect(page.getByRole("row").filter({ hasText: "readers-and-writers" })).toContainText("2 people");
});
