// My connections, and the way from an MCP client's error to a stored credential (B09).
import { bob, eve, expect, mia, settled, test } from "../fixtures/app.ts";
import { whoami } from "../fixtures/whoami.ts";

test("lists every server I may use with what it needs of me", async ({ page, signIn }) => {
  await signIn(bob);
  await page.getByRole("link", { name: "My connections" }).click();
  const row = (server: string) => page.getByRole("row").filter({ has: page.getByRole("link", { name: server, exact: true }) });
  await expect(row("notes")).toContainText("Needs your key");
  await expect(row("shared")).toContainText("Shared by everyone");
  await expect(row("relay")).toContainText("Send your own token");
  await expect(row("open")).toContainText("No credential needed");
});

test("B09 the link in the error leads to the form, and saving it mends the call", async ({ page, signIn, api }) => {
  const caller = await api(bob);
  const url = (await whoami(caller, "notes")).error?.data?.url ?? "";
  await signIn(bob);
  await page.goto(url);
  await settled(page);
  await expect(page.getByRole("heading", { name: "Connect to notes" })).toBeVisible();
  await expect(page.getByText("You (Bob Ng)")).toBeVisible();
  await page.getByLabel("API_KEY", { exact: true }).fill("sk-bob");
  await page.getByRole("button", { name: "Save my key" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Override added" })).toBeVisible();
  await expect(page.getByRole("row").filter({ hasText: "notes" })).toContainText("My key");
  expect(await whoami(caller, "notes")).toEqual({ hint: "bob" });
});

test("G9 a link made for somebody else stores nothing", async ({ page, signIn, api }) => {
  const url = (await whoami(await api(eve), "notes")).error?.data?.url ?? "";
  await signIn(bob);
  await page.goto(url);
  await expect(page.getByText("This link is for somebody else")).toBeVisible();
  await expect(page.getByRole("button", { name: "Save my key" })).toHaveCount(0);
});

test("signing in comes back to the link", async ({ page, world }) => {
  await page.goto("/connect/notes");
  await expect(page).toHaveURL(/\/sign-in\?next=%2Fconnect%2Fnotes/);
  await settled(page);
  await page.getByLabel("E-mail address").fill(eve);
  await page.getByLabel("Password").fill("overkey-demo");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(`${world.url}/connect/notes`);
});

test("a key that a manager set says so", async ({ page, signIn, api }) => {
  await (await api(mia)).put("/servers/raw/overrides/user/eve@demo.test", { credential: "Bearer sk-eve" });
  await signIn(eve);
  await page.goto("/connections");
  await expect(page.getByRole("row").filter({ hasText: "raw" })).toContainText("Set by Mia Kern");
});
