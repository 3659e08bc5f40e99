/** Pictures of the page, for whoever wants to see what it looks like: into `target/shots`. */

import { join } from "node:path";
import { expect, test } from "./support/fixtures";
import { TARGET } from "./support/host";
import type { RoomPage } from "./support/room-page";

const PHONE = { width: 390, height: 844 };
const DESK = { width: 1280, height: 800 };
const WIDE = { width: 1920, height: 1080 };

/** How many messages make a room that looks like one. */
const LIVELY = 40;

test.use({ crowd: "shipped", viewport: DESK, deviceScaleFactor: 1 });

async function take({ page }: RoomPage, name: string): Promise<void> {
  await page.evaluate(() => Promise.all([...document.images].map((image) => image.decode())));
  await page.screenshot({ path: join(TARGET, "shots", `${name}.png`), animations: "disabled" });
}

test("pictures of a room", async ({ room, api, page, host, watch }) => {
  test.setTimeout(600_000);
  watch.expectOutage();
  await page.goto("/r/main/lobby");
  await take(room, "first-seconds");
  await room.enter("Ana");
  await take(room, "first-minute");

  await room.say("Moss, what does it sound like?");
  await expect.poll(async () => (await api.newest()).offset, { timeout: 300_000 }).toBeGreaterThan(LIVELY);
  const { id } = await api.say("Ben", "wait, is that an accordion company??");
  await api.say("Cleo", "it is, and @Ana called it :lol:", id);
  await room.say("told you :smirk:");
  for (const author of ["Ben", "Cleo", "Dan", "Eve"]) await api.say(author, ":hype: :hype:");
  for (const [name, size] of Object.entries({ desk: DESK, phone: PHONE, wide: WIDE })) {
    await page.setViewportSize(size);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await take(room, `${name}-${colorScheme}`);
    }
  }
  await page.emulateMedia({ colorScheme: "light" });

  await page.setViewportSize(PHONE);
  await page.getByRole("button", { name: "Stream and people" }).click();
  await take(room, "phone-drawer");
  await page.keyboard.press("Escape");
  await page.setViewportSize(DESK);

  await page.getByRole("button", { name: "Settings" }).click();
  await take(room, "settings");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Emotes" }).click();
  await take(room, "emotes");
  await page.keyboard.press("Escape");
  await room.box.fill("hi @mo");
  await room.box.press("End");
  await take(room, "completion");
  await room.say("buy followers");
  await expect(page.getByRole("alert")).toBeVisible();
  await take(room, "refused");
  await page.getByRole("button", { name: "Discard" }).click();

  await room.log.focus();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowUp");
  await take(room, "row-focused");
  await page.keyboard.press("Escape");
  await room.wheelUp();
  await api.flood(25, (number) => `what a save ${number}`);
  await take(room, "paused");
  await room.pauseBar.click();

  await api.fill(10_000, (number) => `line ${number}`);
  await page.mouse.move(0, 0);
  await take(room, "ten-thousand");

  await host.stop();
  await room.lost();
  await take(room, "disconnected");
  await page.setViewportSize(PHONE);
  await take(room, "phone-disconnected");
  await page.setViewportSize(DESK);
  await host.start();
  await room.live();
  await take(room, "connected-again");
});

test("a picture of an empty room", async ({ room }) => {
  await room.enter("Ana", "main/studio");
  await take(room, "empty");
});
