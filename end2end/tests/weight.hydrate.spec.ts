// What a page costs a browser that has been here never before, and that nothing on it jumps about while it wakes up.
import type { Page } from "@playwright/test";
import { ada, bob, expect, mia, settled, test } from "../fixtures/app.ts";

/** WebAssembly and scripts of one page, in kilobytes of Brotli. The goal is 250; what stands here keeps us from drifting away from it. */
const BUDGET = 330;

/** How far things may move (Cumulative Layout Shift); browsers call 0.1 good. */
const SHIFT = 0.05;

const pages: [name: string, who: string, path: string][] = [
  ["servers", bob, "/servers"],
  ["server-new", ada, "/servers/new"],
  ["overview", bob, "/servers/notes"],
  ["tools", bob, "/servers/open/tools"],
  ["overrides", mia, "/servers/notes/overrides"],
  ["override-new", mia, "/servers/notes/overrides/new"],
  ["access", mia, "/servers/notes/access"],
  ["activity", mia, "/servers/notes/activity/calls"],
  ["server-settings", mia, "/servers/notes/settings"],
  ["connections", bob, "/connections"],
  ["connect", bob, "/connect/raw"],
  ["tokens", bob, "/tokens"],
  ["audit", ada, "/audit"],
  ["settings", ada, "/settings"],
  ["people", ada, "/people"],
  ["person", ada, "/people/bob@demo.test"],
  ["teams", ada, "/teams"],
  ["accounts", ada, "/virtual-accounts"],
  ["account", ada, "/virtual-accounts/ci-bot"],
];

for (const [name, who, path] of pages) {
  test(`${name} loads within the budget, at once, and stands still`, async ({ browser, page, signIn }) => {
    await signIn(who);
    const session = await page.context().storageState();
    const context = await browser.newContext({ storageState: session, baseURL: new URL(page.url()).origin });
    await expectLight(await context.newPage(), path);
    await context.close();
  });
}

test("the sign-in page loads within the budget, at once, and stands still", async ({ page }) => {
  await expectLight(page, "/sign-in");
});

async function expectLight(page: Page, path: string): Promise<void> {
  await page.addInitScript(() => {
    const moved = window as unknown as { moved: number };
    moved.moved = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) moved.moved += (entry as unknown as { value: number }).value;
    }).observe({ type: "layout-shift", buffered: true });
  });
  await page.goto(path);
  await settled(page);
  await page.waitForLoadState("networkidle");
  const loaded = await page.evaluate(() => {
    const code = (performance.getEntriesByType("resource") as PerformanceResourceTiming[]).filter((file) =>
      /\.(js|wasm)$/.test(file.name),
    );
    return code.map((file) => ({ name: new URL(file.name).pathname, bytes: file.encodedBodySize }));
  });
  const bytes = loaded.reduce((sum, file) => sum + file.bytes, 0);
  const moved = await page.evaluate(() => (window as unknown as { moved: number }).moved);
  console.log(`${path}: ${(bytes / 1000).toFixed(1)} kB in ${loaded.length} files, moved ${moved.toFixed(4)}`);
  expect(loaded.filter((file) => file.bytes === 0), "each has been measured").toEqual([]);
  const named = await page
    .locator("link[rel=preload], link[rel=modulepreload]")
    .evaluateAll((links) => links.map((link) => new URL((link as HTMLLinkElement).href).pathname));
  const late = loaded.map((file) => file.name).filter((file) => !named.includes(file));
  expect(late, "the page's head names all that it loads, so that nothing waits for anything").toEqual([]);
  expect(bytes / 1000, JSON.stringify(loaded)).toBeLessThan(BUDGET);
  expect(moved).toBeLessThan(SHIFT);
}

test("a part that does not come is no dead end: the server draws the page", async ({ page, signIn }) => {
  await signIn(bob);
  await page.goto("/servers");
  await settled(page);
  await page.route(/_tokens\.wasm$/, (route) => route.abort());
  await page.getByRole("link", { name: "Tokens" }).first().click();
  await expect(page).toHaveURL(/\/tokens$/);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(/token/i);
});
