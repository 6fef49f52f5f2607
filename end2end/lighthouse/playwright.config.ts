// `make lighthouse`: the browser of the tests, and nothing else at the same time.
import tests from "../playwright.config.ts";

export default {
  ...tests,
  testDir: ".",
  outputDir: "../test-results",
  workers: 1,
  timeout: 900_000,
  use: { ...tests.use, trace: "off", screenshot: "off" },
  projects: [{ name: "scripts" }],
};
