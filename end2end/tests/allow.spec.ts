// Overrides on a server that everybody shares (B01): off unless its settings allow them; switching off deletes, previewed (D07).
import { expectAccessible } from "../fixtures/a11y.ts";
import { bob, expect, mia, settled, test } from "../fixtures/app.ts";
import { Tab } from "../fixtures/tab.ts";
import { whoami } from "../fixtures/whoami.ts";

const own = "Bearer sk-shared-demo-key-0001";

test("S21 B01 a manager allows overrides on the settings page, and adds one", async ({ page, signIn, api }) => {
  await signIn(mia);
  const tab = new Tab(page, "shared");
  await tab.open();
  await expect(tab.add).toHaveCount(0);
  await page.goto("/servers/shared/settings");
  await settled(page);
  const allow = page.getByLabel("Allow Auth Overrides");
  await expect(allow).not.toBeChecked();
  await allow.check();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Settings saved" })).toBeVisible();
  await page.goto("/servers/shared/settings");
  await expect(page.getByLabel("Allow Auth Overrides")).toBeChecked();
  await tab.open();
  await tab.add.click();
  await tab.form.getByLabel("Subject").fill(bob);
  await tab.form.getByLabel("Authorization header", { exact: true }).fill(own);
  await tab.form.getByLabel("Verify now").check();
  await tab.form.getByRole("button", { name: "Submit" }).click();
  await tab.done(/Override added. The server accepts it/);
  expect(await whoami(await api(bob), "shared")).toEqual({ hint: "everybody" });
});

test("B01 D07 switching it off names whose it deletes, wants the name typed, and deletes", async ({
  page,
  signIn,
  api,
}) => {
  const manager = await api(mia);
  await signIn(mia);
  await page.goto("/servers/shared/settings");
  await settled(page);
  await page.getByLabel("Allow Auth Overrides").uncheck();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("This deletes 1 override.")).toBeVisible();
  await expect(page.getByLabel("Allow Auth Overrides")).not.toBeChecked();
  await page.getByText("Whose", { exact: true }).click();
  await expect(page.getByText("Deleted: 1")).toBeVisible();
  await expect(page.getByText("Bob Ng (bob@demo.test)")).toBeVisible();
  await expectAccessible(page);
  expect((await manager.get("/servers/shared/overrides")).items).toHaveLength(1);
  await page.getByLabel("Type shared to confirm").fill("shared");
  await page.getByRole("button", { name: "Confirm and save" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Settings saved" })).toBeVisible();
  expect((await manager.get("/servers/shared/overrides")).items).toEqual([]);
  const tab = new Tab(page, "shared");
  await tab.open();
  await expect(tab.add).toHaveCount(0);
  await expect(page.getByText("Everyone shares this server's own credential")).toBeVisible();
});

test("B01 the box stands where it makes a difference only", async ({ page, signIn }) => {
  await signIn(mia);
  await page.goto("/servers/notes/settings");
  await settled(page);
  const allow = page.getByLabel("Allow Auth Overrides");
  for (const [mode, shown] of [
    ["API Key · Individual", false],
    ["API Key · Shared", true],
    ["OAuth2 · Authorization Code", false],
    ["OAuth2 · Client Credentials", true],
    ["Token passthrough", false],
    ["No auth", false],
  ] as const) {
    await page.getByLabel(mode).check();
    await expect(allow, mode).toBeVisible({ visible: shown });
  }
});
