// Signing in and out.
import { bob, expect, settled, signInByForm, test } from "../fixtures/app.ts";

test("a wrong password and an unknown address get the same answer", async ({ page }) => {
  const answers = [];
  for (const email of [bob, "nobody@demo.test"]) {
    await page.goto("/sign-in");
    await settled(page);
    await page.getByLabel("E-mail address").fill(email);
    await page.getByLabel("Password").fill("wrong");
    await page.getByRole("button", { name: "Sign in" }).click();
    answers.push(await page.getByRole("alert").innerText());
  }
  expect(answers).toEqual(Array(2).fill("The e-mail address or the password is wrong."));
});

test("signing out ends the session on the server", async ({ page }) => {
  await signInByForm(page, bob);
  const cookies = await page.context().cookies();
  await page.getByLabel("My menu, Bob Ng").click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL(/\/sign-in/);
  await page.context().addCookies(cookies);
  await page.goto("/servers");
  await expect(page).toHaveURL(/\/sign-in/);
});

test("the theme is chosen by a button and kept", async ({ page, signIn }) => {
  await signIn(bob);
  await page.getByRole("button", { name: "Dark theme" }).click();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await page.goto("/tokens");
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
});
