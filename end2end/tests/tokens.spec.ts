// Gateway tokens: shown once, used, revoked.
import { bob, expect, settled, test } from "../fixtures/app.ts";

test("a new token is shown once, works, and stops working when revoked", async ({ page, signIn, request, world }) => {
  await signIn(bob);
  await page.goto("/tokens");
  await settled(page);
  await page.getByLabel("Name", { exact: true }).fill("Laptop");
  await page.getByRole("button", { name: "Create token" }).click();
  await expect(page.getByText("Laptop: copy it now.")).toBeVisible();
  const token = await page.locator(".callout code").innerText();
  expect(token).toMatch(/^ok_pat_[A-Za-z0-9_-]+$/);
  const me = () => request.get(`${world.url}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } });
  expect((await me()).status()).toBe(200);
  await page.goto("/tokens");
  await settled(page);
  expect(await page.content()).not.toContain(token);
  await expect(page.getByRole("row").filter({ hasText: "Laptop" })).toContainText(token.slice(0, 12));
  await page.getByLabel("Revoke Laptop", { exact: true }).click();
  await page.getByRole("button", { name: "Revoke Laptop now" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Token revoked" })).toBeVisible();
  expect((await me()).status()).toBe(401);
});

test("two tokens revoked one after the other are both gone", async ({ page, signIn, api }) => {
  const owner = await api(bob);
  for (const name of ["First", "Second"]) await owner.post("/tokens", { name });
  await signIn(bob);
  await page.goto("/tokens");
  await settled(page);
  for (const name of ["First", "Second"]) {
    await page.getByLabel(`Revoke ${name}`, { exact: true }).click();
    await page.getByRole("button", { name: `Revoke ${name} now` }).click();
    await expect(page.getByRole("row").filter({ hasText: name })).toHaveCount(0);
  }
});
