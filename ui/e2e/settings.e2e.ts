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
