// Every test runs twice: with scripts, and in a browser that runs none. `*.hydrate.spec.ts` needs scripts; `*.once.spec.ts` is about
// what lies behind the pages.
// The fixtures start the server; see fixtures/app.ts.
import { defineConfig } from "@playwright/test";

const root = process.getuid?.() === 0;

export default defineConfig({
  testDir: "tests",
  outputDir: "test-results",
  fullyParallel: false,
  workers: 2,
  retries: 0,
  forbidOnly: !!process.env.CI,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: process.env.CI ? [["list"], ["html", { open: "never" }]] : [["list"]],
  use: {
    colorScheme: "light",
    locale: "en-GB",
    timezoneId: "UTC",
    viewport: { width: 1280, height: 800 },
    screenshot: "only-on-failure",
    trace: "retain-on-failure",
    launchOptions: {
      executablePath: process.env.OVERKEY_TEST_CHROMIUM ?? "/usr/bin/chromium",
      args: [
        ...(root ? ["--no-sandbox"] : []),
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
  projects: [
    { name: "scripts", use: { javaScriptEnabled: true } },
    { name: "plain", use: { javaScriptEnabled: false }, testIgnore: ["**/*.hydrate.spec.ts", "**/*.once.spec.ts"] },
  ],
});
