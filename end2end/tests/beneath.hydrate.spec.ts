// The overrides tab beneath its dialogs: whoever comes to a dialog's own address has it as the server drew it, until the dialog goes.
import type { Page } from "@playwright/test";
import { bob, expect, mia, settled, test } from "../fixtures/app.ts";
import { Tab } from "../fixtures/tab.ts";

const PART = /__overrides__list\.wasm$/;

/** Notes each document and each part that is loaded, and each frame in which the tab is not there. */
async function watched(page: Page): Promise<{ documents: string[]; parts: string[]; gaps: () => Promise<number> }> {
  const documents: string[] = [];
  const parts: string[] = [];
  page.on("request", (request) => {
    if (request.isNavigationRequest()) documents.push(request.url());
    if (PART.test(request.url())) parts.push(request.url());
  });
  await page.addInitScript(() => {
    const seen = window as unknown as { gaps: number };
    seen.gaps = 0;
    const look = () => {
      const heading = document.getElementById("overrides-heading");
      if (document.readyState === "complete" && (heading?.getClientRects().length ?? 0) === 0) seen.gaps++;
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  return { documents, parts, gaps: () => page.evaluate(() => (window as unknown as { gaps: number }).gaps) };
}

test.beforeEach(async ({ api }) => {
  await (await api(mia)).put(`/servers/notes/overrides/user/${bob}`, { credential: "sk-bob" });
});

test("it stands there, asleep; Escape closes the dialog and wakes it, with no gap and no other document", async ({
  page,
  signIn,
}) => {
  await signIn(mia);
  const { documents, parts, gaps } = await watched(page);
  await page.goto("/servers/notes/overrides/new");
  await settled(page);
  const tab = new Tab(page, "notes");
  expect(await tab.form.evaluate((dialog) => dialog.matches(":modal"))).toBe(true);
  await expect(tab.row("bob@demo.test")).toBeVisible();
  await page.waitForLoadState("networkidle");
  expect(parts, "it is not loaded").toEqual([]);
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL(/\/servers\/notes\/overrides$/);
  await expect(tab.form).toHaveCount(0);
  await expect(page).toHaveTitle(/^Auth Overrides/);
  await expect(tab.row("bob@demo.test")).toBeVisible();
  // The list asks as soon as something is chosen: it is awake.
  await expect(async () => {
    await page.getByLabel("Type").selectOption("Virtual account");
    await expect(page).toHaveURL(/kind=virtual_account/, { timeout: 500 });
  }).toPass();
  await expect(tab.row("bob@demo.test")).toHaveCount(0);
  await page.goBack();
  await expect(tab.row("bob@demo.test")).toBeVisible();
  expect(parts).toHaveLength(1);
  expect(documents, "nothing but what was asked for first").toHaveLength(1);
  expect(await gaps()).toBe(0);
});

test("what a dialog did shows in it", async ({ page, signIn }) => {
  await signIn(mia);
  const { documents, gaps } = await watched(page);
  await page.goto("/servers/notes/overrides/new?subject=ci-bot");
  await settled(page);
  const tab = new Tab(page, "notes");
  await tab.form.getByLabel("API_KEY", { exact: true }).fill("sk-ci");
  await tab.form.getByRole("button", { name: "Submit" }).click();
  await tab.done(/Override added/);
  await expect(tab.row("ci-bot")).toContainText("Active");
  await tab.row("ci-bot").getByRole("button", { name: "Verify" }).click();
  await expect(tab.row("ci-bot")).toContainText(/verified/i);
  expect(documents).toHaveLength(1);
  expect(await gaps()).toBe(0);
});

test("opened within the page, it stays as it is beneath: the same elements, the filter, the place", async ({
  page,
  signIn,
}) => {
  await signIn(mia);
  await page.setViewportSize({ width: 900, height: 400 });
  const { documents, gaps } = await watched(page);
  await page.goto("/servers/notes/overrides?search=bob");
  await settled(page);
  const tab = new Tab(page, "notes");
  await page.evaluate(() => document.querySelector("table")?.setAttribute("data-same", ""));
  await page.getByRole("link", { name: "Edit the override of Bob Ng" }).focus();
  const place = await page.evaluate(() => window.scrollY);
  expect(place).toBeGreaterThan(0);
  await page.keyboard.press("Enter");
  await expect(tab.form).toBeVisible();
  await expect(page.locator("table[data-same]")).toBeVisible();
  await page.goBack();
  await expect(tab.form).toHaveCount(0);
  await expect(page).toHaveURL(/search=bob/);
  await expect(page.locator("table[data-same]")).toBeVisible();
  await expect.poll(() => page.evaluate(() => window.scrollY)).toBe(place);
  expect(documents).toHaveLength(1);
  expect(await gaps()).toBe(0);
});

test("a dialog that another page leads to has it beneath, too", async ({ page, signIn }) => {
  await signIn(bob);
  const { documents } = await watched(page);
  await page.goto("/connections");
  await settled(page);
  await page.getByRole("link", { name: "Why this credential? notes" }).click();
  const tab = new Tab(page, "notes");
  await expect(tab.form).toContainText("You (Bob Ng)");
  await expect(tab.row("Bob Ng")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL(/\/servers\/notes\/overrides$/);
  await expect(tab.row("Bob Ng")).toBeVisible();
  expect(documents).toHaveLength(1);
});

test.describe("without its part", () => {
  test.use({ expectedProblems: [/net::ERR_FAILED|Failed to fetch/] });

  test("the server draws it when the dialog goes", async ({ page, signIn }) => {
    await signIn(mia);
    await page.goto("/servers/notes/overrides/why");
    await settled(page);
    await page.route(PART, (route) => route.abort());
    const whole = page.waitForRequest((request) => request.isNavigationRequest());
    await page.keyboard.press("Escape");
    await whole;
    const tab = new Tab(page, "notes");
    await expect(page).toHaveURL(/\/servers\/notes\/overrides$/);
    await expect(tab.row("bob@demo.test")).toBeVisible();
    await expect(tab.form).toHaveCount(0);
  });
});
