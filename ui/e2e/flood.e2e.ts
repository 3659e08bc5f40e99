/** Many messages: whoever reads keeps their place, and the document stays small. */

import { expect, test } from "./support/fixtures";

/** More elements than this are not a list that holds only what is seen. */
const FEW = 2_500;

test("who scrolled up keeps their place in a flood, reads how much came, and goes on at the newest", async ({ room, api }) => {
  await api.flood(60, (number) => `early ${number}`);
  await room.enter("Ana");
  await room.newest("early 60");
  await room.wheelUp();
  const place = await room.firstSeen();

  await api.flood(300, (number) => `flood ${number}`);
  await expect(room.pauseBar).toContainText("300 new messages");
  expect(await room.firstSeen()).toBe(place);

  await room.pauseBar.click();
  await room.newest("flood 300");
  await expect(room.pauseBar).toHaveCount(0);
  const log = await api.log();
  expect(await room.scrollThrough()).toEqual(log.map(({ message }) => message.id));
});

test("the list stands still while the pointer rests on it, and goes on when it leaves", async ({ room, api, page }) => {
  await api.flood(60, (number) => `early ${number}`);
  await room.enter("Ana");
  await room.newest("early 60");
  await room.log.hover();
  await expect(room.pauseBar).toContainText("Paused while you point here");
  await api.flood(20, (number) => `late ${number}`);
  await expect(room.pauseBar).toContainText("20 new messages");
  await expect(room.message("late 20")).not.toBeInViewport();
  await page.mouse.move(0, 0);
  await room.newest("late 20");
  await expect(room.pauseBar).toHaveCount(0);
});

test("an emote that several write at once is counted", async ({ room, api, page }) => {
  await room.enter("Ana");
  for (const author of ["Ben", "Cleo", "Dan"]) await api.say(author, "no way :hype: :hype:");
  await expect(page.getByRole("main").getByText("×3", { exact: true })).toBeVisible();
});

test("ten thousand messages are a few rows of the document, and the first of them can be reached", async ({
  room,
  api,
  page,
}) => {
  test.slow();
  await room.enter("Ana");
  await api.fill(10_000, (number) => `line ${number}`);
  const log = await api.log();
  await room.newest(log.at(-1)?.message.text ?? "");
  expect(await page.locator("*").count()).toBeLessThan(FEW);

  await room.log.focus();
  await page.keyboard.press("Home");
  await expect(room.message(log[0]?.message.text ?? "")).toBeInViewport();
  expect(await page.locator("*").count()).toBeLessThan(FEW);
  const shown = await room.ids();
  expect(shown).toEqual(log.slice(0, shown.length).map(({ message }) => message.id));

  await page.keyboard.press("End");
  await room.newest(log.at(-1)?.message.text ?? "");
});

test("what was said before one came is fetched when one goes back to it", async ({ room, api, page }) => {
  await api.fill(450, (number) => `line ${number}`);
  await room.enter("Ana");
  const log = await api.log();
  await room.newest(log.at(-1)?.message.text ?? "");
  await room.log.focus();
  await expect(async () => {
    await page.keyboard.press("Home");
    await expect(room.message(log[0]?.message.text ?? "")).toBeInViewport({ timeout: 1_000 });
  }).toPass();
  expect(await room.scrollThrough()).toEqual(log.map(({ message }) => message.id));
});
