// The Tools tab: what the server offers, asked with my own credential.
import { bob, eve, expect, settled, test } from "../fixtures/app.ts";

test("lists the tools of a server", async ({ page, signIn }) => {
  await signIn(bob);
  await page.goto("/servers/open/tools");
  await settled(page);
  for (const tool of ["whoami", "echo", "count"]) {
    await expect(page.getByRole("heading", { name: tool, level: 3 })).toBeVisible();
  }
  await page.getByRole("searchbox", { name: "Search tools" }).fill("slowly");
  await page.getByRole("button", { name: "Search", exact: true }).click();
  await expect(page.getByRole("heading", { name: "echo", level: 3 })).toHaveCount(0);
  await expect(page.getByRole("heading", { name: "count", level: 3 })).toBeVisible();
});

test("without a credential it says where to add one", async ({ page, signIn }) => {
  await signIn(eve);
  await page.goto("/servers/notes/tools");
  await settled(page);
  await expect(page.getByText("has no credential for 'notes' yet")).toBeVisible();
  await page.getByRole("link", { name: "See what is missing" }).click();
  await expect(page.getByRole("heading", { name: "Connect to notes" })).toBeVisible();
});
