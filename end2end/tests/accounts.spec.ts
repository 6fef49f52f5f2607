// Virtual accounts: made by admins, kept in use by their owners; tokens are replaced without a gap.
import type { Page } from "@playwright/test";
import { expectAccessible } from "../fixtures/a11y.ts";
import { ada, bob, eve, expect, settled, signInByForm, test } from "../fixtures/app.ts";

const done = (page: Page, text: RegExp) =>
  expect(page.getByRole("status").filter({ hasText: text }).first()).toBeVisible();

const works = async (page: Page, token: string) => {
  const me = await page.request.get("/api/v1/me", { headers: { authorization: `Bearer ${token}`, cookie: "" } });
  return me.status() === 200;
};

test("an account is made with an owner, its token is shown once and replaced without a gap", async ({
  page,
  signIn,
}) => {
  await signIn(ada);
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Virtual accounts" }).click();
  await page.getByRole("link", { name: "Add virtual account" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Add virtual account" })).toBeVisible();
  await settled(page);
  await page.getByLabel("Name", { exact: true }).fill("ci-bot");
  await page.getByLabel("Owner", { exact: true }).fill("Bob Ng");
  await page.getByRole("button", { name: "Add virtual account" }).click();
  await expect(page.locator("#name-notes")).toContainText("has this name already");
  await page.getByLabel("Name", { exact: true }).fill("night-bot");
  await page.getByLabel("Description (optional)").fill("Runs at night");
  await page.getByRole("button", { name: "Add virtual account" }).click();
  await expect(page.getByText("Copy the token of night-bot now.")).toBeVisible();
  const first = await page.locator(".callout code").innerText();
  expect(first).toMatch(/^ok_va_[A-Za-z0-9_-]+$/);
  expect(await works(page, first)).toBe(true);
  await page.getByRole("link", { name: "Open night-bot" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "night-bot" })).toBeVisible();
  await settled(page);
  expect(await page.content()).not.toContain(first);
  await expect(page.getByText(bob, { exact: true })).toBeVisible();

  await page.getByLabel("Rotate Token", { exact: true }).click();
  await page.getByLabel("The old one works for").selectOption("1");
  await page.getByRole("button", { name: "Rotate Token now" }).click();
  await expect(page.getByText("Token: copy the new token now.")).toBeVisible();
  const second = await page.locator(".callout code").innerText();
  expect(second).not.toBe(first);
  expect(await works(page, first)).toBe(true);
  expect(await works(page, second)).toBe(true);
  await expect(page.getByRole("row").filter({ hasText: "Replaced" })).toHaveCount(1);
  await expectAccessible(page);

  await page.goto("/virtual-accounts/night-bot");
  await settled(page);
  // The one that was replaced offers no second rotation.
  await expect(page.getByLabel("Rotate Token", { exact: true })).toHaveCount(1);
  const replaced = page.getByRole("row").filter({ hasText: "Replaced" });
  await replaced.getByLabel("Revoke Token", { exact: true }).click();
  await replaced.getByRole("button", { name: "Revoke Token now" }).click();
  await done(page, /Token revoked/);
  expect(await works(page, first)).toBe(false);
  expect(await works(page, second)).toBe(true);
});

test("an owner finds the account, replaces its tokens, and changes nothing else", async ({ page, signIn, api }) => {
  const admin = await api(ada);
  await admin.post("/virtual-accounts", { name: "eves-bot", owner: eve });
  await signIn(eve);
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Virtual accounts" }).click();
  await settled(page);
  await expect(page.getByRole("row").filter({ hasText: "ci-bot" })).toHaveCount(0);
  await page.getByRole("link", { name: "eves-bot", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: "eves-bot" })).toBeVisible();
  await settled(page);
  await expect(page.getByRole("link", { name: "Delete virtual account" })).toHaveCount(0);
  await expect(page.getByRole("heading", { name: "Another token" })).toHaveCount(0);
  await page.getByLabel("Rotate Token", { exact: true }).click();
  await page.getByRole("button", { name: "Rotate Token now" }).click();
  const token = await page.locator(".callout code").innerText();
  expect(await works(page, token)).toBe(true);
  expect((await page.goto("/virtual-accounts/ci-bot"))?.status()).toBe(404);
  expect((await page.goto("/virtual-accounts/eves-bot/delete"))?.status()).toBe(403);
  await expect(page.getByText("You are not allowed to do this.")).toBeVisible();
  for (const [path, form] of [
    ["/api/ui/accounts/delete", { account: "eves-bot" }],
    ["/api/ui/accounts/add-token", { account: "eves-bot" }],
    ["/api/ui/accounts/change", { account: "eves-bot", owner: bob }],
  ] as const) {
    const forged = await page.request.post(path, { form, headers: { accept: "application/json" } });
    expect(forged.status(), path).toBe(403);
  }
});

test("an admin changes owner and description, adds a token, and deletes the account", async ({ page, signIn, api }) => {
  const admin = await api(ada);
  await admin.post("/virtual-accounts", { name: "day-bot" });
  await admin.put("/servers/open/access/virtual_account/day-bot", { role: "user" });
  await signIn(ada);
  await page.goto("/virtual-accounts/day-bot");
  await settled(page);
  await page.getByLabel("Owner", { exact: true }).fill("nobody@demo.test");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.locator("#owner-notes")).toContainText("There is no such person");
  await page.getByLabel("Owner", { exact: true }).fill(bob);
  await page.getByLabel("Description (optional)").fill("Runs by day");
  await page.getByRole("button", { name: "Save" }).click();
  await done(page, /Virtual account saved/);
  await page.getByLabel("Name", { exact: true }).fill("Second");
  await page.getByLabel("Expires after").selectOption("30");
  await page.getByRole("button", { name: "Add token" }).click();
  await expect(page.getByText("Second: copy the new token now.")).toBeVisible();
  const token = await page.locator(".callout code").innerText();
  expect(await works(page, token)).toBe(true);
  await page.goto("/virtual-accounts/day-bot");
  await settled(page);
  await expect(page.getByRole("table", { name: "Servers" }).getByRole("row").filter({ hasText: "open" })).toContainText(
    "Own access",
  );
  await page.getByRole("link", { name: "Delete virtual account" }).click();
  await expect(page.getByRole("dialog")).toContainText(
    "Its 2 tokens and 0 overrides go with it; whatever calls with them fails at once. It has access to open.",
  );
  await page.getByRole("dialog").getByRole("button", { name: "Delete virtual account" }).click();
  await done(page, /Virtual account deleted/);
  expect(await works(page, token)).toBe(false);
});

test("a person who owns nothing is not offered the page", async ({ page }) => {
  await signInByForm(page, "mia@demo.test");
  await expect(page.getByRole("link", { name: "Virtual accounts" })).toHaveCount(0);
  expect((await page.goto("/virtual-accounts"))?.status()).toBe(200);
  await expect(page.getByRole("heading", { name: "You answer for none" })).toBeVisible();
});
