/** Sharing what another tab plays. Chromium is told which one its user would choose. */

import { launchOptions } from "./support/chromium";
import { expect, test } from "./support/fixtures";
import { listensToPages } from "./support/listening";

const TITLE = "a tone";
const browser = launchOptions();

test.use({
  launchOptions: {
    ...browser,
    args: [...(browser.args ?? []), `--auto-select-tab-capture-source-by-title=${TITLE}`],
    // A muted browser shares silence.
    ignoreDefaultArgs: ["--mute-audio"],
  },
});

test("what a tab plays is heard, and its end is told", async ({ page, context, host, watch }) => {
  // Chromium says so of the camera, which nobody asked for.
  watch.expect(/camera is not allowed/);
  const tab = await context.newPage();
  await tab.setContent(`<title>${TITLE}</title><button>Play</button>`);
  await tab.evaluate(() => {
    document.querySelector("button")?.addEventListener("click", () => {
      const context = new AudioContext();
      const tone = context.createOscillator();
      tone.connect(context.destination);
      tone.start();
    });
  });
  await tab.getByRole("button").click();

  await listensToPages(host);
  await page.bringToFront();
  await page.goto("/share/main/lobby");
  await page.getByLabel("The operator’s token").fill(host.token);
  await page.getByRole("button", { name: "Share a tab’s sound" }).click();
  await expect(page.getByRole("status").first()).toHaveText("You share a tab’s sound.");
  const meter = page.getByRole("meter");
  await expect.poll(async () => Number(await meter.getAttribute("aria-valuenow"))).toBeGreaterThan(30);
  await tab.close();
  await expect(page.getByRole("status").first()).toHaveText("Nothing is shared any more: the browser has ended it.");
  await expect(page.getByRole("alert")).toHaveCount(0);
});
