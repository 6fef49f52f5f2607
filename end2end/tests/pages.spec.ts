// Every page: no finding of axe in either theme, and pictures at four widths, in both themes, to look at.
import { expectAccessible } from "../fixtures/a11y.ts";
import { ada, bob, expect, mia, settled, test } from "../fixtures/app.ts";
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
});

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
  ["override-new", mia, "/servers/notes/overrides/new"],
  ["override-new-own", bob, "/servers/raw/overrides/new"],
  ["access", mia, "/servers/notes/access"],
  ["activity", mia, "/servers/notes/activity"],
  ["activity-none", bob, "/servers/raw/activity"],
  ["activity-calls", mia, "/servers/notes/activity/calls"],
  ["activity-changes", mia, "/servers/notes/activity/changes"],
  ["activity-everywhere", ada, "/activity"],
  ["audit", ada, "/audit"],
  ["settings", mia, "/servers/notes/settings"],
  ["settings-shared", mia, "/servers/shared/settings"],
  ["settings-discovery", mia, "/servers/tracker/settings"],
  ["settings-machine", mia, "/servers/machine/settings"],
  ["server-delete", mia, "/servers/notes/delete"],
  ["connections", bob, "/connections"],
  ["connect", bob, "/connect/raw"],
  ["connect-consent", bob, "/connect/tracker"],
  ["tokens", bob, "/tokens"],
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
