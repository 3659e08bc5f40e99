/** What a screen reader is told, as far as the document says it. */

import { expect, test } from "./support/fixtures";

test("a new message is announced politely, with who said it and to whom", async ({ room, api }) => {
  await room.enter("Ana");
  await room.say("here I am");
  await expect(room.announced).toHaveAttribute("aria-live", "polite");
  await api.say("Ben", "welcome @Ana");
  await expect(room.announced).toHaveText("Ben to you: welcome @Ana");
});

test("of a flood is announced how much it was, and the latest", async ({ room, api }) => {
  await room.enter("Ana");
  await api.flood(100, (number) => `flood ${number}`);
  await expect(room.announced).toHaveText(/\d+ new messages\. Latest: Flooder 2: flood 100$/);
});

test("what was said before one came, and what one says oneself, is not announced", async ({ room, api }) => {
  await api.say("Ben", "long ago");
  await room.enter("Ana");
  await room.say("my own");
  await expect(room.message("my own")).toBeVisible();
  await api.say("Ben", "just now");
  await expect(room.announced).toHaveText("Ben: just now");
});
