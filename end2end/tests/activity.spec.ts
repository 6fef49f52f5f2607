// The Activity tab: calls in numbers and one by one, and changes; managers see all, users their own (B07).
import { ada, bob, eve, expect, mia, settled, test } from "../fixtures/app.ts";
import { whoami } from "../fixtures/whoami.ts";

// Bob calls twice, Eve once in vain, and all of it is written down.
test.beforeEach(async ({ api }) => {
  const manager = await api(mia);
  const known = await manager.get("/servers/notes/activity/calls");
  if (known.items.length > 0) return;
  await manager.put("/servers/notes/overrides/user/bob@demo.test", { credential: "sk-bob" });
  for (const _ of [1, 2]) await whoami(await api(bob), "notes");
  await whoami(await api(eve), "notes");
  await expect.poll(async () => (await manager.get("/servers/notes/activity/calls")).items.length).toBe(3);
});

test("B07 the summary counts calls over time, by tool and by person", async ({ page, signIn }) => {
  await signIn(mia);
  await page.goto("/servers/notes");
  await settled(page);
  await expect(page.getByRole("heading", { name: "Calls in the last 24 hours" })).toBeVisible();
  await expect(page.getByText("3 calls, 1 error (33 %).")).toBeVisible();
  await expect(page.getByRole("img", { name: "Bar chart of calls over time: 3 calls, 1 error (33 %)." })).toBeVisible();
  await page.getByRole("link", { name: "See all activity" }).click();
  await expect(page.getByRole("heading", { name: "Activity", level: 2 })).toBeVisible();
  await expect(page.getByText("Everybody's calls.")).toBeVisible();
  const people = page.getByRole("table", { name: "People and accounts" });
  await expect(people.getByRole("row").filter({ hasText: "Bob Ng" })).toContainText("2");
  const tools = page.getByRole("table", { name: "Tools and methods" });
  await expect(tools.getByRole("row").filter({ hasText: "whoami (tools/call)" })).toContainText("3");
  await expect(
    page.getByRole("img", { name: /^Bar chart of the 95th percentile of latency: at most \d/ }),
  ).toBeVisible();
  await page.getByText("Show as a table").click();
  await expect(page.getByRole("table", { name: "Calls over time" })).toBeVisible();

  await people.getByRole("link", { name: "Bob Ng" }).click();
  await expect(page.getByText("Calls of bob@demo.test only.")).toBeVisible();
  await expect(page.getByRole("table", { name: "People and accounts" })).toHaveCount(0);
  await page.getByRole("link", { name: "30 days" }).click();
  await expect(page).toHaveURL(/span=30d&subject=bob/);
  await page.getByRole("link", { name: "whoami (tools/call)" }).click();
  await expect(page.locator("tbody tr")).toHaveCount(2);
});

test("B07 calls say what became of them and which credential they carried", async ({ page, signIn }) => {
  await signIn(mia);
  await page.goto("/servers/notes/activity/calls");
  await settled(page);
  const rows = page.locator("tbody tr");
  await expect(rows).toHaveCount(3);
  await expect(rows.filter({ hasText: "Eve Silva" })).toContainText("No credential");
  await expect(rows.filter({ hasText: "Bob Ng" }).first()).toContainText(/200 Answered.*Own override\s*[0-9a-f]{16}/s);
  await page.getByLabel("Result").selectOption("true");
  await page.getByRole("button", { name: "Filter" }).click();
  await expect(rows).toHaveCount(1);
  await expect(rows).toContainText("Eve Silva");
  await page.getByLabel("Result").selectOption("");
  await page.getByLabel("Who").fill("nobody@demo.test");
  await page.getByRole("button", { name: "Filter" }).click();
  await expect(page.getByText("No call matches")).toBeVisible();

  await page.goto("/servers/notes/activity/calls?subject=bob%40demo.test");
  await settled(page);
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "Export JSON Lines" }).click();
  const file = await (await download).createReadStream();
  const lines = (await new Response(file as unknown as ReadableStream).text()).trim().split("\n");
  expect(lines.map((line) => JSON.parse(line).subject.name)).toEqual(["Bob Ng", "Bob Ng"]);
});

test("B07 changes are listed for managers, and one's own for users", async ({ page, signIn }) => {
  await signIn(mia);
  await page.goto("/servers/notes/activity");
  await settled(page);
  const views = page.getByRole("navigation", { name: "Activity" });
  await views.getByRole("link", { name: "Changes" }).click();
  const rows = page.locator("tbody tr");
  await expect(rows.filter({ hasText: "Override added" })).toContainText("for Bob Ng");
  await expect(rows.filter({ hasText: "Access granted" }).first()).toBeVisible();
  await expect(rows.filter({ hasText: "127.0.0.1" })).toHaveCount(0);
  await signIn(bob);
  await page.goto("/servers/notes/activity/changes");
  await settled(page);
  await expect(rows).toHaveCount(1);
  await expect(rows).toContainText("Mia Kern");
});

test("B07 users see their own calls and nobody else's", async ({ page, signIn }) => {
  await signIn(eve);
  await page.goto("/servers/notes");
  await settled(page);
  await expect(page.getByRole("heading", { name: "Your calls in the last 24 hours" })).toBeVisible();
  await expect(page.getByText("1 call, 1 error (100 %).")).toBeVisible();
  await page.goto("/servers/notes/activity");
  await settled(page);
  // No call of hers was answered, so that there is no latency to draw.
  await expect(page.getByRole("img")).toHaveCount(1);
  await page.goto("/servers/notes/activity/calls");
  await settled(page);
  await expect(page.locator("tbody tr")).toHaveCount(1);
  await expect(page.getByLabel("Who")).toHaveCount(0);
  expect((await page.goto("/servers/notes/activity?subject=bob%40demo.test"))?.status()).toBe(403);
  expect((await page.goto("/servers/notes/activity/calls?subject=bob%40demo.test"))?.status()).toBe(403);
});

test("B07 everybody has their own calls on every server, admins everybody's", async ({ page, signIn, api }) => {
  await whoami(await api(bob), "open");
  await expect.poll(async () => (await (await api(bob)).get("/activity")).total.calls).toBe(3);
  await signIn(bob);
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Activity" }).click();
  await expect(page.getByText("Your calls only.")).toBeVisible();
  const servers = page.getByRole("table", { name: "Servers" });
  await expect(servers.getByRole("row").filter({ hasText: "notes" })).toContainText("2");
  await expect(servers.getByRole("row").filter({ hasText: "open" })).toContainText("1");
  await signIn(ada);
  await page.goto("/activity");
  await settled(page);
  await expect(page.getByText("Everybody's calls.")).toBeVisible();
  await expect(page.getByRole("table", { name: "People and accounts" })).toContainText("Eve Silva");
});
