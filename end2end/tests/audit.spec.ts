// The audit page: every change and every call, for admins (B07).
import { ada, bob, expect, mia, settled, test } from "../fixtures/app.ts";
import { whoami } from "../fixtures/whoami.ts";

test("B07 an admin sees who changed what and which credential a call carried", async ({ page, signIn, api }) => {
  const manager = await api(mia);
  await manager.put("/servers/notes/overrides/user/bob@demo.test", { credential: "sk-bob" });
  expect(await whoami(await api(bob), "notes")).toEqual({ hint: "bob" });
  await signIn(ada);
  const rows = page.locator("tbody tr");
  // Calls are written down within a second.
  await expect(async () => {
    await page.goto("/audit?kind=call");
    await settled(page);
    await expect(rows.filter({ hasText: "Credential injected" }).first()).toContainText("Own override");
  }).toPass();
  const call = rows.filter({ hasText: "Credential injected" }).first();
  await expect(call).toContainText("Bob Ng");
  await expect(call).toContainText("tools/call whoami");
  await expect(call).toContainText(/Fingerprint\s*[0-9a-f]{16}/);
  await expect(call).toContainText(/127\.0\.0\.1\s*token [0-9a-f-]{36}/);
  expect(await page.content()).not.toContain("sk-bob");

  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Audit" }).click();
  await expect(page.getByRole("heading", { name: "Audit", level: 1 })).toBeVisible();
  const change = rows.filter({ hasText: /Override (added|replaced)/ }).first();
  await expect(change).toContainText("Mia Kern");
  await expect(change).toContainText("for Bob Ng");
  await expect(change.getByRole("link", { name: "notes" })).toBeVisible();
});

test("B07 the trail is filtered by the address, and comes as a file", async ({ page, signIn, api }) => {
  await (await api(bob)).put("/servers/raw/overrides/user/bob@demo.test", { credential: "Bearer sk-bob" });
  await signIn(ada);
  await page.goto("/audit");
  await settled(page);
  await page.getByLabel("Who", { exact: true }).fill(bob);
  await page.getByLabel("Server", { exact: true }).fill("raw");
  await page.getByLabel("Kind").selectOption("change");
  await page.getByRole("button", { name: "Filter" }).click();
  await expect(page).toHaveURL(/actor=bob%40demo\.test/);
  await expect(page.locator("tbody tr")).toHaveCount(1);
  await expect(page.locator("tbody tr")).toContainText("Override added");

  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "Export CSV" }).click();
  const file = await (await download).createReadStream();
  const text = await new Response(file as unknown as ReadableStream).text();
  const lines = text.trim().split("\r\n");
  expect(lines).toHaveLength(2);
  expect(lines[1]).toContain("override.added,raw");

  await page.getByLabel("Who", { exact: true }).fill("nobody");
  await page.getByRole("button", { name: "Filter" }).click();
  await expect(page.getByText("No entry matches")).toBeVisible();
});

test("B07 the trail goes on over pages", async ({ page, signIn, api }) => {
  const person = await api(bob);
  for (let number = 0; number < 55; number++) await person.post("/tokens", { name: `t-${number}` });
  await signIn(ada);
  await page.goto("/audit?search=token.created");
  await settled(page);
  await expect(page.locator("tbody tr")).toHaveCount(50);
  await expect(page.locator("tbody tr").first()).toContainText("t-54");
  await page.getByRole("link", { name: "Next" }).click();
  await expect(page.locator("tbody tr").filter({ hasText: "t-4" }).first()).toBeVisible();
  await expect(page.locator("tbody tr").filter({ hasText: "t-54" })).toHaveCount(0);
  await page.getByRole("link", { name: "Back to the newest" }).click();
  await expect(page.locator("tbody tr").filter({ hasText: "t-54" })).toHaveCount(1);
});

test("B07 the page is for admins", async ({ page, signIn }) => {
  for (const who of [mia, bob]) {
    await signIn(who);
    await expect(page.getByRole("link", { name: "Audit", exact: true })).toHaveCount(0);
    expect((await page.goto("/audit"))?.status()).toBe(403);
    await expect(page.getByRole("heading", { name: "Not allowed" })).toBeVisible();
  }
});
