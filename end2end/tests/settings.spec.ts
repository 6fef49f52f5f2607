// The settings page: whether notifications are on, and how to switch them on.
import { ada, bob, expect, settled, test } from "../fixtures/app.ts";

test("an admin sees which notifications are on, and how to switch them on", async ({ page, signIn }) => {
  await signIn(ada);
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Settings" }).click();
  await expect(page.getByRole("heading", { name: "Settings", level: 1 })).toBeVisible();
  await expect(page.getByText("OVERKEY_NOTIFY_WEBHOOK_URL")).toBeVisible();
  await expect(page.getByText("OVERKEY_SMTP_URL")).toBeVisible();
  await expect(page.getByText("Nothing yet")).toBeVisible();
  await expect(page.getByRole("button", { name: "Send a test" })).toHaveCount(0);
});

test("nobody but admins sees the settings", async ({ page, signIn }) => {
  await signIn(bob);
  await expect(page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Settings" })).toHaveCount(0);
  const answer = await page.goto("/settings");
  await settled(page);
  expect(answer?.status()).toBe(403);
});
