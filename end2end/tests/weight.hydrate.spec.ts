// What a page costs a browser that has been here never before, and that nothing on it jumps about while it wakes up.
import type { Browser, Page, Response } from "@playwright/test";
import { Api } from "../fixtures/api.ts";
import { ada, bob, expect, mia, settled } from "../fixtures/app.ts";
import { audience, machineToken, test } from "../fixtures/sign_on.ts";

/** How far things may move (Cumulative Layout Shift); browsers call 0.1 good. */
const SHIFT = 0.01;

/** WebAssembly and scripts in kilobytes of Brotli. */
const BUDGET = 250;

const pages: [name: string, who: string, path: string][] = [
  ["servers", bob, "/servers"],
  ["people", ada, "/people"],
  ["teams", ada, "/teams"],
  ["accounts", ada, "/virtual-accounts"],
  ["everybody's activity", ada, "/activity"],
  ["audit", ada, "/audit"],
  ["settings", ada, "/settings"],
  ["overview", bob, "/servers/notes"],
  ["tokens", bob, "/tokens"],
  ["server-new", ada, "/servers/new"],
  ["connections", bob, "/connections"],
  ["tools", bob, "/servers/open/tools"],
  ["activity", mia, "/servers/notes/activity/calls"],
  ["person", ada, "/people/bob@demo.test"],
  ["account", ada, "/virtual-accounts/ci-bot"],
  ["connect", bob, "/connect/raw"],
  ["server-settings", mia, "/servers/notes/settings"],
  ["access", mia, "/servers/notes/access"],
  ["import", mia, "/servers/notes/overrides/import"],
  ["overrides", mia, "/servers/notes/overrides"],
];

/** Over other pages, at addresses of their own; `:id` stands for Bob's override, `:identity` for a program. */
const dialogs: typeof pages = [
  ["override-new", mia, "/servers/notes/overrides/new"],
  ["override-why", mia, "/servers/notes/overrides/why"],
  ["override-why-whom", mia, `/servers/notes/overrides/why?subject=${bob}`],
  ["override-edit", mia, "/servers/notes/overrides/:id/edit"],
  ["override-delete", mia, "/servers/notes/overrides/:id/delete"],
  ["server-delete", mia, "/servers/notes/delete"],
  ["person-delete", ada, `/people/${bob}/delete`],
  ["account-delete", ada, "/virtual-accounts/ci-bot/delete"],
  ["team-delete", ada, "/teams/light/delete"],
  ["identity-delete", ada, "/external-identities/:identity/delete"],
];

for (const [name, who, path] of pages) {
  test(`${name} loads within the budget, at once, and stands still`, async ({ browser, page, signIn }) => {
    await signIn(who);
    await expectLightAtFirst(browser, page, path);
  });
}

test.describe("dialogs", () => {
  /** What they are about, by its place in their addresses. */
  const things: Record<string, string> = {};

  test.beforeEach(async ({ api, provider, request, world }) => {
    if (things[":id"] !== undefined) return;
    await (await api(ada)).post("/teams", { name: "light" });
    const { token } = await machineToken(provider, audience);
    things[":identity"] = (await new Api(request, world.url, token).get("/me")).subject.id;
    const override = await (await api(mia)).put(`/servers/notes/overrides/user/${bob}`, { credential: "sk-bob" });
    things[":id"] = override.id;
  });

  for (const [name, who, path] of dialogs) {
    test(`the dialog ${name} loads within the budget, at once, and stands still`, async ({ browser, page, signIn }) => {
      await signIn(who);
      await expectLightAtFirst(
        browser,
        page,
        path.replace(/:\w+/, (place) => things[place] ?? place),
        "dialog",
      );
    });
  }
});

/** In a browser that has loaded nothing yet. */
async function expectLightAtFirst(browser: Browser, signedIn: Page, path: string, role?: "dialog"): Promise<void> {
  const session = await signedIn.context().storageState();
  const context = await browser.newContext({ storageState: session, baseURL: new URL(signedIn.url()).origin });
  const page = await context.newPage();
  await expectLight(page, path);
  if (role !== undefined) await expect(page.getByRole(role)).toBeVisible();
  await context.close();
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
  const files: Response[] = [];
  page.on("response", (answer) => {
    if (new URL(answer.url()).pathname.startsWith("/pkg/")) files.push(answer);
  });
  await page.goto(path);
  await settled(page);
  await page.waitForLoadState("networkidle");
  for (const file of files) {
    expect(file.url(), "named by what is in it").toMatch(/\/pkg\/overkey-[0-9a-f]{10}[._]/);
    expect(file.headers()).toMatchObject({
      "cache-control": "public, max-age=31536000, immutable",
      "content-encoding": "br",
    });
  }
  const loaded = await page.evaluate(() => {
    const code = (performance.getEntriesByType("resource") as PerformanceResourceTiming[]).filter((file) =>
      /\.(js|wasm)$/.test(file.name),
    );
    return code.map((file) => ({ name: new URL(file.name).pathname, bytes: file.encodedBodySize }));
  });
  const bytes = loaded.reduce((sum, file) => sum + file.bytes, 0);
  const moved = await page.evaluate(() => (window as unknown as { moved: number }).moved);
  console.log(`${path}: ${(bytes / 1000).toFixed(1)} kB in ${loaded.length} files, moved ${moved.toFixed(4)}`);
  expect(
    loaded.filter((file) => file.bytes === 0),
    "each has been measured",
  ).toEqual([]);
  const named = await page
    .locator("link[rel=preload], link[rel=modulepreload]")
    .evaluateAll((links) => links.map((link) => new URL((link as HTMLLinkElement).href).pathname));
  const late = loaded.map((file) => file.name).filter((file) => !named.includes(file));
  expect(late, "the page's head names all that it loads, so that nothing waits for anything").toEqual([]);
  expect(bytes / 1000, JSON.stringify(loaded)).toBeLessThan(BUDGET);
  expect(moved).toBeLessThan(SHIFT);
}

test.describe("without a part", () => {
  test.use({ expectedProblems: [/net::ERR_FAILED|Failed to fetch/] });

  test("that does not come, the server draws the page", async ({ page, signIn }) => {
    await signIn(bob);
    await page.goto("/servers");
    await settled(page);
    await page.route(/_tokens\.wasm$/, (route) => route.abort());
    await page.locator('a[href="/tokens"]').first().click();
    await expect(page).toHaveURL(/\/tokens$/);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(/token/i);
  });
});
