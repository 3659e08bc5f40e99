import { defineConfig } from "@playwright/test";
import { join } from "node:path";
import { launchOptions } from "./support/chromium";
import { TARGET } from "./support/host";

/**
 * The page in a browser, before the real program. Deadlines are bounds for a machine that is busy with other
 * things, not what is expected.
 */
export default defineConfig({
  testDir: ".",
  projects: [
    { name: "tests", testMatch: "*.e2e.ts" },
    { name: "shots", testMatch: ["shots.ts", "*.shots.ts"] },
    { name: "bench", testMatch: "bench.ts", workers: 1, timeout: 0 },
  ],
  outputDir: join(TARGET, "e2e"),
  fullyParallel: true,
  forbidOnly: true,
  workers: 2,
  timeout: 180_000,
  expect: { timeout: 60_000 },
  reporter: "list",
  use: { launchOptions: launchOptions(), actionTimeout: 60_000, screenshot: "only-on-failure" },
});
