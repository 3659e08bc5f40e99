/** What people are used to from other chats. */

import type { Page } from "@playwright/test";
import { expect, test } from "./support/fixtures";

/** Has the page believe that its reader looks at another one, or is back. */
async function look(page: Page, visibility: "visible" | "hidden"): Promise<void> {
  await page.evaluate((value) => {
    Object.defineProperty(document, "visibilityState", { value, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, visibility);
}

test("what came while one was away is counted in the title and marked in the list", async ({ room, api, page }) => {
  await api.say("Ben", "before");
  await room.enter("Ana");
  await room.newest("before");
  const mark = room.log.getByText("New since you looked away");

  await look(page, "hidden");
  await api.say("Ben", "first");
  await expect(page).toHaveTitle("• The lobby – chatter");
  await api.say("Cleo", "hey @Ana");
  await expect(page).toHaveTitle("(1) The lobby – chatter");

  await look(page, "visible");
  await expect(page).toHaveTitle("The lobby – chatter");
  await expect(mark).toBeVisible();
  expect(await room.log.innerText()).toMatch(/before[^]*New since you looked away[^]*first[^]*hey/);

  await look(page, "hidden");
  await look(page, "visible");
  await expect(mark).toHaveCount(0);
});

test("what many say alike is folded apart from what one saw before", async ({ room, api, page }) => {
  await api.say("Ben", "gg");
  await room.enter("Ana");
  await room.newest("gg");
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("radio", { name: "One row with a count", exact: true }).check();
  await page.keyboard.press("Escape");

  await look(page, "hidden");
  for (const author of ["Cleo", "Dan"]) await api.say(author, "gg");
  await expect(page).toHaveTitle("• The lobby – chatter");
  await look(page, "visible");
  await expect(room.messages.last()).toContainText("gg ×2");
  await expect(room.messages).toHaveCount(2);
  await expect(room.log.getByText("New since you looked away")).toBeVisible();
});

test("the up arrow brings back what one wrote, Tab completes a word, and emotes used last come first", async ({ room, api, page }) => {
  await api.say("Benjamin", "hello");
  await room.enter("Ana");
  await room.say("one :gg:");
  await room.say("two");
  await expect(room.message("two")).toBeVisible();

  await page.keyboard.press("ArrowUp");
  await expect(room.box).toHaveValue("two");
  await page.keyboard.press("ArrowUp");
  await expect(room.box).toHaveValue("one :gg:");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await expect(room.box).toHaveValue("");

  await page.keyboard.type("hi benj");
  await page.keyboard.press("Tab");
  await expect(room.box).toHaveValue("hi @Benjamin ");
  // Where there is no word to complete the key leads on, as it does everywhere.
  await page.keyboard.press("Tab");
  await expect(page.getByRole("button", { name: "Emotes" })).toBeFocused();

  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: /^gg: .*used last$/ })).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await expect(page.getByRole("button", { name: /^hype: / })).toBeFocused();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  await expect(room.box).toHaveValue("hi @Benjamin :gg: ");
});

test("Tab asks before it makes an emote of a word, and leads on after Escape", async ({ room, page }) => {
  await room.enter("Ana");
  await room.box.fill("so what");
  await page.keyboard.press("Tab");
  const emote = page.getByRole("option", { name: ":what:" });
  await expect(emote).toBeVisible();
  await expect(room.box).toHaveValue("so what");
  await page.keyboard.press("Escape");
  await expect(emote).toHaveCount(0);
  await page.keyboard.press("Tab");
  await expect(page.getByRole("button", { name: "Emotes" })).toBeFocused();
  await expect(room.box).toHaveValue("so what");

  await room.box.focus();
  await page.keyboard.type("!");
  await page.keyboard.press("Backspace");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await expect(room.box).toHaveValue("so :what: ");
});
