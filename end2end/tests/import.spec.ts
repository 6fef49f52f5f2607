// Many overrides from a file (B08): previewed, then confirmed, without a credential ever coming back.
import { Buffer } from "node:buffer";
import { ada, bob, expect, mia, settled, test } from "../fixtures/app.ts";
import { expectAccessible } from "../fixtures/a11y.ts";
import { photograph } from "../fixtures/screens.ts";
import { Tab } from "../fixtures/tab.ts";
import { whoami } from "../fixtures/whoami.ts";

const head = "subject_type,subject_id,credential\n";
const file = (text: string) => ({ name: "keys.csv", mimeType: "text/csv", buffer: Buffer.from(head + text) });

test("B08 a file is previewed line by line, corrected, previewed again and imported", async ({ page, signIn, api }) => {
  test.setTimeout(120_000);
  await signIn(mia);
  const tab = new Tab(page, "notes");
  await tab.open();
  await page.getByRole("link", { name: "Import", exact: true }).click();
  await settled(page);
  await expect(page.getByRole("heading", { name: "Import overrides" })).toBeVisible();
  await expectAccessible(page);
  await photograph(page, "import");

  await page
    .getByLabel("File", { exact: true })
    .setInputFiles(file("user,bob@demo.test,sk-bob\nuser,nobody@demo.test,sk-canary-1\nvirtual_account,ci-bot,\n"));
  await page.getByRole("button", { name: "Preview" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "2 lines are refused" })).toBeVisible();
  const row = (line: string) =>
    page.getByRole("row").filter({ has: page.getByRole("cell", { name: line, exact: true }) });
  await expect(row("2")).toContainText("New");
  await expect(row("3")).toContainText("There is no such user");
  await expect(row("4")).toContainText("credential: Enter the credential.");
  await expect(page.getByRole("button", { name: /^Import/ })).toHaveCount(0);
  expect(await page.content()).not.toContain("canary");
  await expectAccessible(page);
  await photograph(page, "import-refused");

  const text = `${head}user,bob@demo.test,sk-bob\nvirtual_account,ci-bot,sk-ci\n`;
  await page.getByLabel("Or its text").fill(text);
  await page.getByRole("button", { name: "Preview" }).click();
  await expect(page.getByText("2 new, 0 replaced. Nothing is stored yet.")).toBeVisible();
  expect(await page.content()).not.toContain("sk-ci");
  await expect(row("2")).toContainText("Bob Ng");
  await expect(row("3")).toContainText("ci-bot");
  await expectAccessible(page);
  await photograph(page, "import-preview");
  const manager = await api(ada);
  const before = await manager.get("/servers/notes/overrides");
  expect((before as { items: unknown[] }).items).toHaveLength(0);

  await page.getByRole("button", { name: "Import 2 overrides" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Imported: 2 new, 0 replaced." })).toBeVisible();
  await page.getByRole("link", { name: "To the overrides" }).click();
  await settled(page);
  await expect(tab.row("ci-bot")).toContainText("Mia Kern");
  expect(await whoami(await api(bob), "notes")).toEqual({ hint: "bob" });
});

test("B08 a preview that is not true any more is not imported", async ({ page, signIn, api }) => {
  await signIn(mia);
  await page.goto("/servers/raw/overrides/import");
  await settled(page);
  await page.getByLabel("Or its text").fill(`${head}user,eve@demo.test,Bearer sk-eve\n`);
  await page.getByRole("button", { name: "Preview" }).click();
  await expect(page.getByRole("button", { name: "Import 1 override" })).toBeVisible();
  const manager = await api(ada);
  await manager.put("/servers/raw/overrides/user/eve@demo.test", { credential: "Bearer sk-own" });
  await page.getByRole("button", { name: "Import 1 override" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "This changed meanwhile" })).toBeVisible();
});

test("B08 what is no file is told at the field, and nobody but managers may import", async ({ page, signIn }) => {
  await signIn(mia);
  await page.goto("/servers/notes/overrides/import");
  await settled(page);
  await page.getByRole("button", { name: "Preview" }).click();
  await expect(page.locator("#file-notes")).toContainText("Choose a file, or paste its text.");
  await page.getByLabel("Or its text").fill("bob@demo.test,sk-canary\n");
  await page.getByRole("button", { name: "Preview" }).click();
  await expect(page.locator("#file-notes")).toContainText("The first line names the columns");
  expect(await page.content()).not.toContain("canary");
  await page.goto("/servers/open/overrides/import");
  await expect(page.getByText("there is nothing to override")).toBeVisible();
  await signIn(bob);
  await new Tab(page, "notes").open();
  await expect(page.getByRole("link", { name: "Import", exact: true })).toHaveCount(0);
  expect((await page.goto("/servers/notes/overrides/import"))?.status()).toBe(403);
});
