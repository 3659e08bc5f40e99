/** What a reader sets holds at once, and still after a reload. */

import { expect, test } from "./support/fixtures";
import type { RoomPage } from "./support/room-page";

/** What the settings are about, as it is seen. */
async function look({ messages }: RoomPage) {
  return messages.first().evaluate((row) => {
    const { color, fontSize, height } = getComputedStyle(row);
    const [red = 0, green = 0, blue = 0] = (color.match(/[\d.]+/g) ?? []).map(Number);
    return {
      lightText: red + green + blue > 380,
      fontSize: parseFloat(fontSize),
      // A message of one line takes so many times its text's size.
      rowHeight: parseFloat(height) / parseFloat(fontSize),
      times: row.querySelector("time") !== null,
    };
  });
}

test("theme, text size, density and time stamps hold at once, and last over a reload", async ({ room, api, page }) => {
  await api.say("Ben", "hello");
  await room.enter("Ana");
  await expect(room.message("hello")).toBeVisible();
  const before = await look(room);
  expect(before).toMatchObject({ lightText: false, times: false });

  const settings = page.getByRole("dialog", { name: "Settings" });
  const choices = [
    ["Theme", "Dark"],
    ["Text size", "Large"],
    ["Density", "Compact"],
    ["Time stamps", "Shown"],
  ] as const;
  await page.getByRole("button", { name: "Settings" }).click();
  for (const [setting, value] of choices) {
    await settings.getByRole("group", { name: setting }).getByRole("radio", { name: value, exact: true }).check();
  }
  await page.keyboard.press("Escape");
  await expect(settings).toBeHidden();

  const chosen = await look(room);
  expect(chosen).toMatchObject({ lightText: true, times: true });
  expect(chosen.fontSize).toBeGreaterThan(before.fontSize);
  expect(chosen.rowHeight).toBeLessThan(before.rowHeight);

  await page.reload();
  await expect(room.message("hello")).toBeVisible();
  expect(await look(room)).toEqual(chosen);
  await page.getByRole("button", { name: "Settings" }).click();
  for (const [setting, value] of choices) {
    await expect(settings.getByRole("group", { name: setting }).getByRole("radio", { name: value, exact: true })).toBeChecked();
  }
});

/** How often the words are shown, and how many rows are shaded. */
const rows = ({ messages }: RoomPage) => ({
  count: () => messages.count(),
  shaded: () => messages.evaluateAll((all) => new Set(all.map((row) => getComputedStyle(row).backgroundColor)).size),
});

test("rows are shaded in turn and what many say alike is folded, for who chooses so", async ({ room, api, page }) => {
  for (const author of ["Ben", "Cleo", "Dan"]) await api.say(author, "gg");
  await api.say("Ben", "what a save");
  await room.enter("Ana");
  await room.newest("what a save");
  const list = rows(room);
  expect([await list.count(), await list.shaded()]).toEqual([4, 1]);

  const choose = async (setting: string, value: string) => {
    const group = page.getByRole("dialog", { name: "Settings" }).getByRole("group", { name: setting });
    await page.getByRole("button", { name: "Settings" }).click();
    await group.getByRole("radio", { name: value, exact: true }).check();
    await page.keyboard.press("Escape");
  };
  await choose("Rows", "Every other shaded");
  expect(await list.shaded()).toBe(2);
  await choose("What many say alike", "One row with a count");
  await expect(room.messages).toHaveCount(2);
  await expect(room.messages.first()).toContainText("gg ×3");
  await expect(room.messages.first()).toHaveAccessibleName("Ben: gg, said 3 times");
  await api.say("Eve", "GG!");
  await expect(room.messages.first()).toContainText("gg ×3");
  await api.say("Eve", "Gg");
  await expect(room.messages.first()).toContainText("gg ×4");

  await page.reload();
  await expect(room.messages.first()).toContainText("gg ×4");
  expect(await list.shaded()).toBe(2);
});

test("animations are off for who chooses so, whatever the system says", async ({ room, api, page }) => {
  await room.enter("Ana");
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("group", { name: "Animations" }).getByRole("radio", { name: "Off" }).check();
  await page.keyboard.press("Escape");
  await api.say("Ben", "hi @Ana :hype:");
  await expect(room.messages).toHaveCount(1);
  const longest = await page.evaluate(() => Math.max(...document.getAnimations().map((one) => Number(one.effect?.getTiming().duration)), 0));
  expect(longest).toBeLessThanOrEqual(1);
});
