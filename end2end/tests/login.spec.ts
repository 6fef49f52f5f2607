// Signing MCP clients in (B10): the consent, the key on the way, the way back, and the list of apps. With scripts and without.
import { expectAccessible } from "../fixtures/a11y.ts";
import { bob, eve, expect, password, settled, signInByForm, test as base } from "../fixtures/app.ts";
import { McpClient } from "../fixtures/mcp_client.ts";
import { photograph } from "../fixtures/screens.ts";

const test = base.extend<{ client: McpClient }>({
  client: async ({ request, world }, use) => {
    const client = await McpClient.start(request, world.url, "Desk helper");
    await use(client);
    await client.stop();
  },
});

test("B10: a client signs somebody in from its address alone, asks for the missing key, and is disconnected", async ({
  page,
  client,
}) => {
  test.slow();
  await page.context().clearCookies();
  await page.goto(client.page("notes"));
  await settled(page);
  await page.getByLabel(/^e-?mail/i).fill(bob);
  await page.getByLabel(/^password/i).fill(password);
  await page.getByRole("button", { name: /^sign in/i }).click();

  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Let Desk helper use notes?");
  await expect(page.getByText("Nobody has checked that it is what its name says.")).toBeVisible();
  await expect(page.getByText(new URL(client.origin).host)).toBeVisible();
  await expect(page.getByText(bob)).toBeVisible();
  await expectAccessible(page);
  await photograph(page, "login-consent");
  await page.getByRole("button", { name: "Allow", exact: true }).click();

  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Your key for notes");
  await expectAccessible(page);
  await photograph(page, "login-key");
  await page.getByRole("button", { name: /^Save my key/ }).click();
  await expect(page.getByText("Enter the credential.").first()).toBeVisible();
  await page.getByLabel("API_KEY", { exact: true }).fill("sk-bob");
  await page.getByRole("button", { name: /^Save my key/ }).click();
  await expect(page).toHaveTitle("Signed in");

  const { access_token } = await client.tokens();
  const called = await client.call("notes", access_token);
  expect(called.status).toBe(200);
  expect(called.text).toContain("bob");
  expect((await client.call("raw", access_token)).status).toBe(401);

  await page.goto("/tokens");
  await settled(page);
  const row = page.getByRole("row", { name: /Desk helper/ });
  await expect(row).toContainText("notes");
  await expectAccessible(page);
  await photograph(page, "connected-apps");
  await row.getByText("Disconnect", { exact: true }).click();
  await row.getByRole("button", { name: /Disconnect Desk helper/ }).click();
  await expect(page.getByText("Disconnected. The app no longer works")).toBeVisible();
  await expect(row).toHaveCount(0);
  expect((await client.call("notes", access_token)).status).toBe(401);
});

test("B10: a second person in the same browser gets nothing of the first's", async ({ page, client }) => {
  await signInByForm(page, bob);
  await page.goto(client.page("open"));
  const old = await page.locator('input[name="ticket"]').inputValue();
  await page.getByRole("button", { name: "Use another account" }).click();
  await settled(page);
  await page.getByLabel(/^e-?mail/i).fill(eve);
  await page.getByLabel(/^password/i).fill(password);
  await page.getByRole("button", { name: /^sign in/i }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Let Desk helper use open?");
  await expect(page.getByText(eve)).toBeVisible();
  await expect(page.getByText(bob)).toHaveCount(0);
  const forged = await page.request.post("/oauth/authorize", {
    form: { ticket: old, decision: "allow" },
    maxRedirects: 0,
  });
  expect(forged.status()).toBe(400);
  await page.getByRole("button", { name: "Do not allow" }).click();
  await expect(page).toHaveTitle("Signed in");
  expect(client.brought().get("error")).toBe("access_denied");
  expect(client.brought().get("code")).toBeNull();
});

test("G6: what leads nowhere is told, and nobody is sent away", async ({ page, client }) => {
  await signInByForm(page, bob);
  await page.goto(client.page("open").replace(/redirect_uri=[^&]*/, "redirect_uri=https%3A%2F%2Fevil.example%2F"));
  await expect(page.getByRole("alert")).toContainText("none of those that the app is known with");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("This app asks to send you somewhere else");
  await expectAccessible(page);
  await photograph(page, "login-refused");
  await page.goto(client.page("nowhere"));
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(
    "There is no such server, or it is not yours to use",
  );
});
