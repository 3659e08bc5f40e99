/** Pictures of the overlay over pictures as streams have them, and of its set-up page: into `target/shots`. */

import type { Page } from "@playwright/test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "./support/fixtures";
import { ROOT, TARGET } from "./support/host";
import { OverlayPage } from "./support/overlay-page";

test.use({ crowd: "lively", deviceScaleFactor: 1, viewport: { width: 500, height: 720 } });

const busy = readFileSync(join(ROOT, "ui/src/overlay/busy.svg"), "utf8");
const PICTURES = {
  bright: "linear-gradient(160deg, #fff, #fdf3d8 55%, #d8efff)",
  dark: "linear-gradient(160deg, #0b0b12, #1c1830 60%, #07070a)",
  busy: `url("/busy.svg") center / cover`,
};

const LOOKS = {
  usual: "",
  small: "size=small",
  large: "size=large&stroke=medium&shadow=medium",
  bare: "stroke=none&shadow=none",
  shadowed: "stroke=none&shadow=large",
  thick: "stroke=thick&shadow=none&size=34",
  backed: "background=70&stroke=none&shadow=none",
  right: "align=right&names=above&small_caps=true&direction=down",
  plain: "names=off&badges=false&large_emotes=false",
  wrong: "sise=3&size=huge&font=Papyrus",
};

/** What streaming software does: the page, transparent, over its picture. */
async function over(page: Page, picture: string, name: string): Promise<void> {
  await page.evaluate(() => Promise.all([...document.images].map((image) => image.decode())));
  // A picture from elsewhere the page would not load.
  await page.route("**/busy.svg", (route) => route.fulfill({ contentType: "image/svg+xml", body: busy }));
  const style = await page.addStyleTag({ content: `html { background: ${picture} !important }` });
  await page.waitForLoadState("networkidle");
  await page.screenshot({ path: join(TARGET, "shots", `overlay-${name}.png`), animations: "disabled" });
  await style.evaluate((element) => (element as Element).remove());
}

test("pictures of the overlay", async ({ page, api }) => {
  test.setTimeout(600_000);
  const overlay = new OverlayPage(page);
  await expect.poll(async () => (await api.newest().catch(() => ({ offset: 0 }))).offset, { timeout: 300_000 }).toBeGreaterThan(8);
  const { id } = await api.say("kettlebird", "did anybody see where the second screw went? I think it fell behind the left tower, next to the well");
  await api.say("drizzle_77", "yes, by the well", id);
  await api.say("pixelpear", ":lol: :lol: :wheeze:");
  await api.say("A name that is as long as they may get", "a".repeat(70));
  await api.say("tobi", "no way :hype: that was :fire:");
  await api.say("Oona", "ÄÖÜ éè ñ 漢字 Привет gg :gg: 12:30");
  for (const [look, query] of Object.entries(LOOKS)) {
    await overlay.open(query);
    await expect(overlay.lines.first()).toBeAttached();
    for (const [name, picture] of Object.entries(PICTURES)) await over(page, picture, `${look}-${name}`);
  }
});

test("pictures of the set-up page", async ({ page }) => {
  for (const [name, size] of Object.entries({ desk: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } })) {
    await page.setViewportSize(size);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await page.goto("/overlay/main/lobby?setup&fade=30");
      await expect(page.getByRole("heading", { name: "Overlay of The lobby" })).toBeVisible();
      await page.evaluate(() => Promise.all([...document.images].map((image) => image.decode())));
      await page.screenshot({ path: join(TARGET, "shots", `setup-${name}-${colorScheme}.png`), fullPage: true });
    }
  }
});
