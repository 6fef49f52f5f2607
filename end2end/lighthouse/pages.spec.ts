// How fast Lighthouse finds the pages: signed in through the form, each page as if for the first time. A measure and no test:
// it takes a quiet machine (bench/README.md). Run it with `make lighthouse`.
import { type BrowserContext, chromium, expect, type LaunchOptions, test } from "@playwright/test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { freePort } from "../fixtures/child.ts";
import { ada, bob, mia, password } from "../fixtures/people.ts";
import { World } from "../fixtures/world.ts";

const goal = 95;

const pages: [who: string, path: string][] = [
  ["", "/sign-in"],
  [bob, "/servers"],
  [mia, "/servers/notes/overrides"],
  [mia, "/servers/notes/overrides/new"],
  [bob, "/servers/open/tools"],
  [bob, "/tokens"],
  [ada, "/activity"],
  [ada, "/audit"],
];

interface Report {
  runtimeError?: { message: string };
  categories: { performance: { score: number | null } };
  audits: Record<string, { numericValue?: number }>;
}

test("the pages are as fast as they should be", async ({ launchOptions }) => {
  const { default: lighthouse, desktopConfig } = await import(pathToFileURL(process.env.OVERKEY_LIGHTHOUSE ?? "").href);
  const world = await World.start();
  const rows: Row[] = [];
  try {
    for (const [who, path] of pages) {
      for (const preset of ["mobile", "desktop"]) {
        await withBrowser(launchOptions, async (browser, port) => {
          if (who !== "") await signIn(browser, world.url, who);
          const flags = { port, onlyCategories: ["performance"], disableStorageReset: true, logLevel: "error" };
          const config = preset === "desktop" ? desktopConfig : undefined;
          const { lhr } = (await lighthouse(`${world.url}${path}`, flags, config)) as { lhr: Report };
          expect(lhr.runtimeError, path).toBeUndefined();
          rows.push(row(path, preset, lhr));
        });
      }
    }
  } finally {
    await world.stop();
    console.table(rows);
  }
  expect(
    rows.filter((row) => row.score < goal),
    `below ${goal}`,
  ).toEqual([]);
});

/** A browser that has been nowhere before, and that Lighthouse can reach. */
async function withBrowser(
  options: LaunchOptions,
  measure: (browser: BrowserContext, port: number) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "overkey-lighthouse-"));
  const port = await freePort();
  const args = [...(options.args ?? []), `--remote-debugging-port=${port}`];
  const browser = await chromium.launchPersistentContext(folder, { ...options, args });
  try {
    await measure(browser, port);
  } finally {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function signIn(browser: BrowserContext, url: string, who: string): Promise<void> {
  const page = await browser.newPage();
  await page.goto(`${url}/sign-in`);
  await page.getByLabel(/^e-?mail/i).fill(who);
  await page.getByLabel(/^password/i).fill(password);
  await page.getByRole("button", { name: /^sign in$/i }).click();
  await page.waitForURL((url) => !url.pathname.startsWith("/sign-in"));
  await page.goto("about:blank");
  // What it has loaded to sign in, others load for their page.
  const session = await browser.newCDPSession(page);
  await session.send("Network.clearBrowserCache");
  await page.close();
}

interface Row {
  page: string;
  preset: string;
  score: number;
  "first paint, ms": number;
  "largest paint, ms": number;
  "blocked, ms": number;
  "speed index, ms": number;
  shift: number;
}

function row(path: string, preset: string, { categories, audits }: Report): Row {
  const value = (name: string, digits = 0): number =>
    Number((audits[name]?.numericValue ?? Number.NaN).toFixed(digits));
  return {
    page: path,
    preset,
    score: Math.round((categories.performance.score ?? 0) * 100),
    "first paint, ms": value("first-contentful-paint"),
    "largest paint, ms": value("largest-contentful-paint"),
    "blocked, ms": value("total-blocking-time"),
    "speed index, ms": value("speed-index"),
    shift: value("cumulative-layout-shift", 4),
  };
}
