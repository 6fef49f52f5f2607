// What going to another kind of outbound auth does to overrides, as a manager meets it (S52, S53, S56, S57, S62).
import type { Page } from "@playwright/test";
import { bob, expect, mia, settled, test } from "../fixtures/app.ts";
import { whoami } from "../fixtures/whoami.ts";

const path = "/servers/notes/overrides/user/bob@demo.test";

/** Chooses a kind on the settings page, and what it needs besides; leaves the page before it is saved. */
async function choose(page: Page, kind: string, fill: () => Promise<void> = async () => {}): Promise<void> {
  await page.goto("/servers/notes/settings");
  await settled(page);
  await page.getByLabel(kind).check();
  await fill();
  await page.getByRole("button", { name: "Save" }).click();
}

async function confirmDeletion(page: Page): Promise<void> {
  await expect(page.getByText("This deletes 1 override.")).toBeVisible();
  await page.getByText("Whose", { exact: true }).click();
  await expect(page.getByText("Bob Ng (bob@demo.test)")).toBeVisible();
  await page.getByLabel("Type notes to confirm").fill("notes");
  await page.getByRole("button", { name: "Confirm and save" }).click();
  await saved(page);
}

async function saved(page: Page): Promise<void> {
  await expect(page.getByRole("status").filter({ hasText: "Settings saved" })).toBeVisible();
}

test("S52 from an API key to OAuth2 the keys are deleted, and everybody has to consent", async ({
  page,
  signIn,
  api,
}) => {
  const manager = await api(mia);
  await manager.put(path, { credential: "sk-bob" });
  await signIn(mia);
  const discover = page.getByLabel("Find the provider from the server (discovery)");
  await choose(page, "OAuth2 · Authorization Code", () => discover.check());
  await confirmDeletion(page);
  expect((await manager.get("/servers/notes/overrides")).items).toEqual([]);
  expect((await whoami(await api(bob), "notes")).error?.data?.reason).toBe("oauth_consent_required");
});

test("S53 S62 from OAuth2 to an API key what was there is deleted, and each adds their own", async ({
  page,
  signIn,
  api,
}) => {
  const manager = await api(mia);
  await manager.put(path, { credential: "Bearer of another kind" });
  await signIn(mia);
  const headers = page.getByLabel("Headers that each person fills");
  await choose(page, "API Key · Individual", () => headers.fill("Authorization: Bearer {{API_KEY}}"));
  await confirmDeletion(page);
  expect((await whoami(await api(bob), "notes")).error?.data?.reason).toBe("override_missing");
  await manager.put(path, { credential: "sk-bob" });
  expect(await whoami(await api(bob), "notes")).toEqual({ hint: "bob" });
});

test("S56 to no auth the overrides are deleted", async ({ page, signIn, api }) => {
  const manager = await api(mia);
  await manager.put(path, { credential: "sk-bob" });
  await signIn(mia);
  await choose(page, "No auth");
  await confirmDeletion(page);
  expect((await manager.get("/servers/notes/overrides")).items).toEqual([]);
});

test("S57 from no auth there is nothing to delete, so nothing is asked", async ({ page, signIn, api }) => {
  await signIn(mia);
  const headers = page.getByLabel("Headers that each person fills");
  await choose(page, "API Key · Individual", () => headers.fill("Authorization: Bearer {{API_KEY}}"));
  await saved(page);
  expect((await whoami(await api(bob), "notes")).error?.data?.reason).toBe("override_missing");
});
