// The server list, a server's pages and its settings: S50-S57, S60, D06, D07 as a manager meets them.
import { ada, bob, eve, expect, mia, settled, test } from "../fixtures/app.ts";
import { Tab } from "../fixtures/tab.ts";
import { whoami } from "../fixtures/whoami.ts";

test("the list says my role and status, and finds by name, auth and status", async ({ page, signIn }) => {
  await signIn(bob);
  const row = (server: string) =>
    page.getByRole("row").filter({ has: page.getByRole("link", { name: server, exact: true }) });
  await expect(row("notes")).toContainText("User");
  await expect(row("notes")).toContainText("Needs your key");
  await page.getByLabel("My status").selectOption("ready");
  await page.getByRole("button", { name: "Search", exact: true }).click();
  await expect(row("shared")).toBeVisible();
  await expect(row("notes")).toHaveCount(0);
});

test("the overview tells each client how to connect", async ({ page, signIn, world }) => {
  await signIn(bob);
  await page.goto("/servers/notes");
  await settled(page);
  for (const client of [
    "Claude Code",
    "Claude Desktop",
    "Cursor",
    "VS Code",
    "Codex",
    "Python",
    "TypeScript",
    "curl",
  ]) {
    await expect(page.locator("summary").filter({ hasText: client }).first()).toBeVisible();
  }
  await expect(page.getByText(`claude mcp add --transport http notes ${world.url}/mcp/notes`)).toBeVisible();
});

test("an admin adds a server, with messages at the fields", async ({ page, signIn }) => {
  await signIn(ada);
  await page.getByRole("link", { name: "Add server" }).click();
  await settled(page);
  await page.getByLabel("Name", { exact: true }).fill("Not A Name");
  await page.getByLabel("URL", { exact: true }).fill("ftp://example.com");
  await page.getByRole("button", { name: "Add server" }).click();
  await expect(page.locator("#name-notes .field-error")).toBeVisible();
  await expect(page.locator("#url-notes .field-error")).toBeVisible();
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue("Not A Name");
  await page.getByLabel("Name", { exact: true }).fill("docs");
  await page.getByLabel("URL", { exact: true }).fill("https://docs.example.com/mcp");
  await page.getByRole("button", { name: "Add server" }).click();
  await expect(page.getByRole("heading", { name: "docs", level: 1 })).toBeVisible();
  await expect(page.getByRole("status").filter({ hasText: "Server added" })).toBeVisible();
});

test("a user may not open the settings", async ({ page, signIn }) => {
  await signIn(bob);
  const answer = await page.goto("/servers/notes/settings");
  expect(answer?.status()).toBe(403);
  await expect(page.getByText("You are not allowed to do this")).toBeVisible();
});

test("D07 saving the same settings changes nothing", async ({ page, signIn }) => {
  await signIn(mia);
  await page.goto("/servers/notes/settings");
  await settled(page);
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Nothing was different" })).toBeVisible();
});

test("S60 renaming the placeholder keeps the key", async ({ page, signIn, api }) => {
  await (await api(mia)).put("/servers/notes/overrides/user/bob@demo.test", { credential: "sk-bob" });
  await signIn(mia);
  await page.goto("/servers/notes/settings");
  await settled(page);
  await page.getByLabel("Headers that each person fills").fill("Authorization: Bearer {{NOTES_TOKEN}}");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Settings saved" })).toBeVisible();
  expect(await whoami(await api(bob), "notes")).toEqual({ hint: "bob" });
});

test("S50 D07 going to a shared key names the count and wants the name typed", async ({ page, signIn, api }) => {
  const manager = await api(mia);
  await manager.put("/servers/notes/overrides/user/eve@demo.test", { credential: "sk-eve" });
  await signIn(mia);
  const fill = async () => {
    await page.getByLabel("API Key · Shared").check();
    await page.getByLabel("Header", { exact: true }).first().fill("Authorization");
    await page.getByLabel("Value", { exact: true }).first().fill("Bearer sk-bob");
  };
  await page.goto("/servers/notes/settings");
  await settled(page);
  await fill();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("This deletes 2 overrides.")).toBeVisible();
  await page.getByText("Whose", { exact: true }).click();
  await expect(page.getByText("Deleted: 2")).toBeVisible();
  await expect(page.getByText("Bob Ng (bob@demo.test)")).toBeVisible();
  // Nothing has happened yet.
  expect((await manager.get("/servers/notes/overrides")).items).toHaveLength(2);
  await fill();
  await page.getByLabel("Type notes to confirm").fill("nots");
  await page.getByRole("button", { name: "Confirm and save" }).click();
  await expect(page.getByText("This is not the server's name")).toBeVisible();
  expect((await manager.get("/servers/notes/overrides")).items).toHaveLength(2);
  await fill();
  await page.getByLabel("Type notes to confirm").fill("notes");
  await page.getByRole("button", { name: "Confirm and save" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Settings saved" })).toBeVisible();
  expect(await whoami(await api(eve), "notes")).toEqual({ hint: "bob" });
  expect(await page.content()).not.toContain("sk-bob");
});

test("D07 what changed since the preview leads to a fresh one, and what was typed stays", async ({
  page,
  signIn,
  api,
}) => {
  const manager = await api(mia);
  await manager.put("/servers/raw/overrides/user/bob@demo.test", { credential: "Bearer sk-bob" });
  await signIn(mia);
  await page.goto("/servers/raw/settings");
  await settled(page);
  await page.getByLabel("Description (optional)").fill("Moved to the new place");
  await page.getByLabel("No auth").check();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("This deletes 1 override.")).toBeVisible();
  await manager.put("/servers/raw/overrides/user/eve@demo.test", { credential: "Bearer sk-eve" });
  await page.getByLabel("Type raw to confirm").fill("raw");
  await page.getByRole("button", { name: "Confirm and save" }).click();
  await expect(page.getByText("changed since you looked")).toBeVisible();
  await expect(page.getByText("This deletes 2 overrides.")).toBeVisible();
  await expect(page.getByLabel("Description (optional)")).toHaveValue("Moved to the new place");
  await expect(page.getByLabel("No auth")).toBeChecked();
  // What was confirmed was another effect.
  await expect(page.getByLabel("Type raw to confirm")).toHaveValue("");
  expect((await manager.get("/servers/raw/overrides")).items).toHaveLength(2);
  expect((await manager.get("/servers/raw")).outbound_auth.mode).toBe("api_key_individual");
});

test("S51 S62 back to individual keys nobody has one, and each adds their own", async ({ page, signIn, api }) => {
  await signIn(mia);
  await page.goto("/servers/notes/settings");
  await settled(page);
  await page.getByLabel("API Key · Individual").check();
  await page.getByLabel("Headers that each person fills").fill("Authorization: Bearer {{API_KEY}}");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Settings saved" })).toBeVisible();
  expect((await whoami(await api(bob), "notes")).error?.data?.reason).toBe("override_missing");
});

test("D06 another address suspends a key until it is confirmed", async ({ page, signIn, api }) => {
  const manager = await api(mia);
  await manager.put("/servers/raw/overrides/user/bob@demo.test", { credential: "Bearer sk-bob" });
  const { url } = await manager.get("/servers/raw");
  await signIn(mia);
  await page.goto("/servers/raw/settings");
  await settled(page);
  await page.getByLabel("URL", { exact: true }).fill(url.replace("127.0.0.1", "localhost"));
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("This suspends 1 override.")).toBeVisible();
  await page.getByRole("button", { name: "Confirm and save" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Settings saved" })).toBeVisible();
  expect((await whoami(await api(bob), "raw")).error?.data?.reason).toBe("override_suspended");
  const tab = new Tab(page, "raw");
  await tab.open();
  await expect(tab.row("Bob Ng")).toContainText("Suspended");
  await page.getByRole("link", { name: "Edit the override of Bob Ng" }).click();
  await tab.form.getByRole("button", { name: "Use it for the new address" }).click();
  await tab.done(/Override confirmed/);
  expect(await whoami(await api(bob), "raw")).toEqual({ hint: "bob" });
});

test("D09 deleting a server wants its name typed", async ({ page, signIn }) => {
  await signIn(ada);
  await page.goto("/servers/docs/delete");
  await settled(page);
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Delete server" }).click();
  await expect(dialog.locator("#typed_name-notes")).toContainText("Type docs to confirm");
  await dialog.getByLabel("Type the server's name to confirm").fill("docs");
  await dialog.getByRole("button", { name: "Delete server" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Server deleted" })).toBeVisible();
  expect((await page.goto("/servers/docs"))?.status()).toBe(404);
});
