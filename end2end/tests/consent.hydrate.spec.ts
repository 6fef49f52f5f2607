// What scripts add to the OAuth2 pages, and the way through them by keyboard alone.
import { ada, bob, expect, settled, test } from "../fixtures/app.ts";

test("B09 to the provider and back by keyboard alone", async ({ page, signIn }) => {
  await signIn(bob);
  await page.goto("/connect/tracker");
  await settled(page);
  const press = async (name: string) => {
    const button = page.getByRole("button", { name, exact: true });
    await expect(button).toBeVisible();
    for (let step = 0; step < 40; step++) {
      if (await button.evaluate((element) => element === document.activeElement)) break;
      await page.keyboard.press("Tab");
    }
    await expect(button).toBeFocused();
    await page.keyboard.press("Enter");
  };
  await press("Authorize");
  await press("Continue as Bob Ng");
  await press("Allow");
  await expect(page.getByRole("status").filter({ hasText: "Authorized" })).toBeVisible();
});

test("the redirect URL is copied", async ({ page, signIn, world, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await signIn(ada);
  await page.goto("/servers/new");
  await settled(page);
  await page.getByLabel("OAuth2 · Authorization Code").check();
  await page.getByRole("button", { name: "Copy the redirect URL" }).click();
  await expect(page.getByText("Copied")).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(`${world.url}/oauth/callback`);
});

test("discovery hides only addresses that nobody entered", async ({ page, signIn }) => {
  await signIn(ada);
  await page.goto("/servers/new");
  await settled(page);
  await page.getByLabel("OAuth2 · Authorization Code").check();
  const discover = page.getByLabel("Find the provider from the server (discovery)");
  await discover.uncheck();
  await page.getByLabel("Token URL").fill("https://id.example.com/token");
  await discover.check();
  await expect(page.getByLabel("Token URL")).toBeVisible();
  await expect(page.getByLabel("Authorization URL")).toBeHidden();
});
