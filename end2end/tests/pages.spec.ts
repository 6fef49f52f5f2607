// Every page: no finding of axe in either theme, and pictures at four widths, in both themes, to look at.
import { expectAccessible } from "../fixtures/a11y.ts";
import type { Api } from "../fixtures/api.ts";
import { ada, bob, eve, expect, mia, settled, test } from "../fixtures/app.ts";
import { photograph } from "../fixtures/screens.ts";
import { whoami } from "../fixtures/whoami.ts";

const secret = "sk-bob-0123456789-9f3c";

test.beforeEach(async ({ api }) => {
  const manager = await api(mia);
  await manager.put("/servers/notes/overrides/user/bob@demo.test", { credential: secret });
  await manager.put("/servers/notes/overrides/virtual_account/ci-bot", { credential: "sk-ci" });
  // One that the upstream rejects, and some that it answers.
  await whoami(await api(bob), "notes");
  for (const who of [ada, mia, bob]) await whoami(await api(who), "open");
  await furnish(await api(ada), manager);
});

/** A team, somebody invited and somebody disabled, so that admins' pages show what they can. */
async function furnish(admin: Api, manager: Api): Promise<void> {
  if ((await admin.send("GET", "/teams/platform")).ok()) return;
  await admin.post("/teams", { name: "platform", description: "Keeps the lights on" });
  for (const email of [bob, eve]) await admin.put(`/teams/platform/members/${email}`, {});
  await manager.put("/servers/notes/access/team/platform", { role: "manager" });
  await admin.post("/users", { email: "kim@demo.test", name: "Kim Yu", invite: true });
  await admin.post("/users", { email: "lee@demo.test", name: "Lee Roy" });
  await admin.patch("/users/lee@demo.test", { disabled: true });
}

const pages: [name: string, who: string, path: string][] = [
  ["servers", bob, "/servers"],
  ["server-new", ada, "/servers/new"],
  ["overview", bob, "/servers/notes"],
  ["tools", bob, "/servers/open/tools"],
  ["tools-missing", mia, "/servers/notes/tools"],
  ["overrides", mia, "/servers/notes/overrides"],
  ["overrides-own", bob, "/servers/notes/overrides"],
  ["overrides-none", bob, "/servers/raw/overrides"],
  ["overrides-consent", bob, "/servers/tracker/overrides"],
  ["overrides-consent-manager", mia, "/servers/tracker/overrides"],
  ["override-new-consent", mia, "/servers/tracker/overrides/new"],
  ["overrides-unsupported", mia, "/servers/shared/overrides"],
  ["why", mia, "/servers/notes/overrides/why?subject=bob@demo.test"],
  ["why-own", bob, "/servers/notes/overrides/why"],
  ["override-new", mia, "/servers/notes/overrides/new"],
  ["override-new-own", bob, "/servers/raw/overrides/new"],
  ["access", mia, "/servers/notes/access"],
  ["activity", mia, "/servers/notes/activity"],
  ["activity-none", bob, "/servers/raw/activity"],
  ["activity-calls", mia, "/servers/notes/activity/calls"],
  ["activity-changes", mia, "/servers/notes/activity/changes"],
  ["activity-everywhere", ada, "/activity"],
  ["audit", ada, "/audit"],
  ["settings-platform", ada, "/settings"],
  ["settings", mia, "/servers/notes/settings"],
  ["settings-shared", mia, "/servers/shared/settings"],
  ["settings-discovery", mia, "/servers/tracker/settings"],
  ["settings-machine", mia, "/servers/machine/settings"],
  ["server-delete", mia, "/servers/notes/delete"],
  ["connections", bob, "/connections"],
  ["connect", bob, "/connect/raw"],
  ["connect-consent", bob, "/connect/tracker"],
  ["tokens", bob, "/tokens"],
  ["people", ada, "/people"],
  ["people-none", ada, "/people?search=nobody"],
  ["person-new", ada, "/people/new"],
  ["person", ada, "/people/bob@demo.test"],
  ["person-invited", ada, "/people/kim@demo.test"],
  ["person-delete", ada, "/people/bob@demo.test/delete"],
  ["teams", ada, "/teams"],
  ["team-new", ada, "/teams/new"],
  ["team", ada, "/teams/platform"],
  ["team-delete", ada, "/teams/platform/delete"],
  ["accounts", ada, "/virtual-accounts"],
  ["accounts-none", bob, "/virtual-accounts"],
  ["account-new", ada, "/virtual-accounts/new"],
  ["account", ada, "/virtual-accounts/ci-bot"],
  ["account-delete", ada, "/virtual-accounts/ci-bot/delete"],
  ["not-found", bob, "/nothing-here"],
];

for (const [name, who, path] of pages) {
  test(`${name} is accessible and fits`, async ({ page, signIn }) => {
    await signIn(who);
    await page.goto(path);
    await settled(page);
    await expect(page.locator("h1")).toHaveCount(1);
    // S08: neither in what is shown nor in what the scripts wake up from.
    expect(await page.content()).not.toContain(secret.slice(0, -4));
    await expectAccessible(page);
    await photograph(page, name);
  });
}

test("an invitation is accessible and fits, alive and dead", async ({ page, api }) => {
  const { invitation } = await (
    await api(ada)
  ).post("/users", { email: "new@demo.test", name: "Newton", invite: true });
  await page.goto(invitation.url);
  await settled(page);
  await expectAccessible(page);
  await photograph(page, "invite");
  await (await api(ada)).delete("/users/new@demo.test");
  await page.goto(invitation.url);
  await settled(page);
  await expectAccessible(page);
  await photograph(page, "invite-dead");
});

test("the sign-in page is accessible and fits", async ({ page }) => {
  await page.goto("/sign-in");
  await settled(page);
  await expectAccessible(page);
  await photograph(page, "sign-in");
});

test("edit and delete are accessible and fit", async ({ page, signIn }) => {
  await signIn(mia);
  for (const [name, link] of [
    ["override-edit", "Edit the override of Bob Ng"],
    ["override-delete", "Delete the override of Bob Ng"],
  ] as const) {
    await page.goto("/servers/notes/overrides");
    await settled(page);
    await page.getByRole("link", { name: link }).click();
    await expect(page.getByRole("dialog")).toBeVisible();
    await expectAccessible(page);
    await photograph(page, name);
  }
});
