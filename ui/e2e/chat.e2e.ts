/** People in a room: what one says the others see, once and in order. */

import { expect, test } from "./support/fixtures";

test("what is typed and sent by keyboard alone is in the room, and shown as one's own", async ({ room, api }) => {
  await room.enter("Ana");
  await room.box.press("ControlOrMeta+a");
  await room.page.keyboard.type("left tower!");
  await room.page.keyboard.press("Enter");

  await expect(room.message("left tower!")).toHaveClass(/\bown\b/);
  await expect(room.box).toHaveValue("");
  const log = await api.log();
  expect(log.map(({ offset, message }) => [offset, message.author.name, message.text])).toEqual([[1, "Ana", "left tower!"]]);
});

test("what is refused is shown with its reason, and its text is kept", async ({ room, api }) => {
  await room.enter("Ana");
  await room.say("get free followers here");

  const alert = room.page.getByRole("alert");
  await expect(alert).toContainText("Not sent");
  await room.page.getByRole("button", { name: "Edit" }).click();
  await expect(room.box).toBeFocused();
  await expect(room.box).toHaveValue("get free followers here");
  expect(await api.log()).toEqual([]);
});

test("a text is never markup", async ({ room, api }) => {
  const text = `<img src=x onerror=alert(1)><b>hi</b><script>alert(2)</script>`;
  await room.enter("Ana");
  await api.say("<i>Eve</i>", text);

  await expect(room.message(text)).toBeVisible();
  await expect(room.log.locator("b, i, script, img[src='x']")).toHaveCount(0);
});
