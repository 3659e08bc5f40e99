/** WCAG 2.2 AA in every state that the page can be in, as far as a program can check it; and less motion for who asks. */

import type { Locator } from "@playwright/test";
import { expectAccessible } from "./support/axe";
import { expect, test } from "./support/fixtures";

const PHONE = { width: 360, height: 740 };
const WIDE = { width: 1600, height: 900 };

// What fades in has its colours only when it has arrived.
test.use({ contextOptions: { reducedMotion: "reduce" } });

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(`in ${colorScheme}`, () => {
    test.use({ colorScheme });

    test("axe objects to nothing in a room with messages, settings, emotes, names and a refusal", async ({ room, api, page }) => {
      await page.setViewportSize(WIDE);
      await room.enter("Ana");
      await api.show({
        position_ms: 60_000,
        transcript: [{ start_ms: 50_000, end_ms: 60_000, text: "left or right?" }],
        keywords: [{ term: "tower", score: 1 }],
        events: [{ id: "h-1", kind: "hype", text: "what a save", at_ms: 55_000, confidence: 1 }],
        chat_question: { id: "q-1", text: "left or right?", at_ms: 59_000 },
      });
      await api.say("Ben", "hi @Ana :hype: https://a.example/ is what you look for");
      const { id } = await api.say("Cleo", ":wow: :wow:");
      await api.say("Ben", "no, right, as in https://b.example/", id);
      await room.say("I am here");
      await expect(room.message("I am here")).toBeVisible();
      await expect(page.getByText("The streamer asks")).toBeVisible();
      await expectAccessible(page, "a room with messages");

      await page.getByRole("button", { name: "Settings" }).click();
      await page.getByRole("radio", { name: "Shown" }).check();
      await expectAccessible(page, "settings");
      await page.keyboard.press("Escape");

      await page.getByRole("button", { name: "Emotes" }).click();
      await expectAccessible(page, "the emotes");
      await page.keyboard.press("Escape");

      await room.box.fill("@b");
      await expect(page.getByRole("option")).toHaveCount(1);
      await expectAccessible(page, "names to choose from");
      await page.keyboard.press("Escape");

      await room.log.focus();
      await page.keyboard.press("ArrowUp");
      await expect(room.messages.last()).toBeFocused();
      await expectAccessible(page, "a message and its actions");
      await page.keyboard.press("ArrowUp");
      await page.keyboard.press("Enter");
      await expect(page.getByRole("dialog", { name: "Thread, 1 answer" })).toBeVisible();
      await expectAccessible(page, "a thread");
      await page.keyboard.press("Escape");
      await page.keyboard.press("r");
      await room.say("buy followers");
      await expect(page.getByRole("alert")).toBeVisible();
      await expectAccessible(page, "a refusal");
    });

    test("axe objects to nothing on a phone, its drawer open and closed, nor when the connection is lost", async ({
      room,
      api,
      page,
      host,
      watch,
    }) => {
      watch.expectOutage();
      await page.setViewportSize(PHONE);
      await room.enter("Ana");
      await api.flood(40, (number) => `early ${number}`);
      await room.newest("early 40");
      await room.wheelUp();
      await api.say("Ben", "hi");
      await expect(room.pauseBar).toContainText("1 new message");
      await expectAccessible(page, "a phone, paused");

      await page.getByRole("button", { name: "Stream and people" }).click();
      await expect(page.getByRole("dialog", { name: "Stream and people" })).toBeVisible();
      await expectAccessible(page, "the drawer");
      await page.keyboard.press("Escape");

      await host.stop();
      await room.lost();
      await room.say("meanwhile");
      await expectAccessible(page, "not connected");
    });
  });
}

test.describe("in a room with personas", () => {
  test.use({ crowd: "lively" });

  test("axe objects to nothing in their lines and cards", async ({ room, page }) => {
    await page.setViewportSize(WIDE);
    await room.enter("Ana");
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      for (const name of ["Nova", "Moss"]) {
        await room.persona(name).getByRole("button", { name }).first().click();
        await expectAccessible(page, `the card of ${name} in ${colorScheme}`);
      }
    }
  });
});

test("in a contrast theme one sees what is chosen, and which messages are for one", async ({ room, api, page }) => {
  await page.emulateMedia({ forcedColors: "active" });
  await room.enter("Ana");
  await api.say("Ben", "hello");
  await api.say("Ben", "hi @Ana");
  await expect(room.messages).toHaveCount(2);
  const colour = (of: Locator, what: string) => of.evaluate((element, name) => getComputedStyle(element).getPropertyValue(name), what);
  const edges = await Promise.all([room.messages.first(), room.messages.last()].map((row) => colour(row, "border-left-color")));
  expect(new Set(edges).size).toBe(2);

  await room.box.fill(":co");
  const options = page.getByRole("option");
  await expect(options).not.toHaveCount(1);
  const offered = await Promise.all([options.first(), options.last()].map((option) => colour(option, "background-color")));
  expect(new Set(offered).size).toBe(2);
  await page.keyboard.press("Escape");

  await page.getByRole("button", { name: "Settings" }).click();
  const themes = ["As the system", "Dark"].map((name) => page.getByRole("group", { name: "Theme" }).getByText(name));
  const chosen = await Promise.all(themes.map((theme) => colour(theme, "background-color")));
  expect(new Set(chosen).size).toBe(2);
});

test("with reduced motion nothing moves by itself", async ({ room, api, page }) => {
  await room.enter("Ana");
  await api.say("Ben", "hi @Ana :hype:");
  await expect(room.messages).toHaveCount(1);
  await page.getByRole("button", { name: "Settings" }).click();
  const moving = await page.evaluate(() => {
    const moves = (times: string) => times.split(", ").some((time) => parseFloat(time) > 0.01);
    return [...document.querySelectorAll("*")]
      .filter((element) => {
        const { animationName, animationDuration, transitionDuration, scrollBehavior } = getComputedStyle(element);
        const animated = animationName !== "none" && moves(animationDuration);
        return animated || moves(transitionDuration) || scrollBehavior === "smooth";
      })
      .map((element) => `${element.localName}.${element.className}`);
  });
  expect(moving).toEqual([]);
});
