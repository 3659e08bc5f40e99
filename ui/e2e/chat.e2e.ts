/** People in a room: what one says the others see, once and in order. */

import { expect, test } from "./support/fixtures";

test("what is typed and sent by keyboard alone is in the room, and shown as one's own", async ({ room, api, page }) => {
  await room.enter("Ana");
  await room.box.focus();
  await page.keyboard.type("left tower!");
  await page.keyboard.press("Enter");

  await expect(room.message("left tower!")).toHaveClass(/\bown\b/);
  await expect(room.message("left tower!")).toHaveAccessibleName("Ana: left tower!");
  await expect(room.box).toHaveValue("");
  const log = await api.log();
  expect(log.map(({ offset, message }) => [offset, message.author.name, message.text])).toEqual([[1, "Ana", "left tower!"]]);
});

test("what is sent by pointer leaves the keyboard in the box, also if one presses once more", async ({ room, page }) => {
  await room.enter("Ana");
  const send = page.getByRole("button", { name: "Send" });
  await room.box.click();
  await page.keyboard.type("by pointer");
  await send.click();
  await expect(room.message("by pointer")).toBeVisible();
  await expect(room.box).toBeFocused();
  await send.click({ force: true });
  await expect(room.box).toBeFocused();

  await page.keyboard.type("by keyboard");
  await send.focus();
  await page.keyboard.press("Space");
  await expect(room.message("by keyboard")).toBeVisible();
  await expect(room.box).toBeFocused();
});

test("what is written from right to left is so while one writes it", async ({ room, page, host, watch }) => {
  watch.expectOutage();
  await room.enter("Ana");
  await host.stop();
  await room.lost();
  const direction = (text: string) => page.getByText(text).evaluate((shown) => getComputedStyle(shown).direction);
  for (const [text, expected] of [
    ["שלום, Ana", "rtl"],
    ["Ana, שלום", "ltr"],
  ] as const) {
    await room.box.fill(text);
    expect(await room.box.evaluate((box) => getComputedStyle(box).direction)).toBe(expected);
    await room.box.press("Enter");
    expect(await direction(text)).toBe(expected);
  }
});

test("what is refused is shown with its reason, and its text is kept", async ({ room, api, page }) => {
  const text = "get free followers here";
  await room.enter("Ana");
  await room.say(text);

  const refusal = page.getByRole("alert");
  await expect(refusal).toContainText("Not sent");
  await expect(refusal).toContainText(/may not be said|blocklist|not allowed/i);
  await page.getByRole("button", { name: "Edit" }).click();
  await expect(room.box).toBeFocused();
  await expect(room.box).toHaveValue(text);
  expect(await api.log()).toEqual([]);
});

test.describe("where a word may not be said", () => {
  test.use({ policy: `name = "default"\nversion = "1"\nblocklist = ["turnip"]\n` });

  test("who is called by it is told that it is the name, and takes another", async ({ room, page }) => {
    await room.enter("Turnip");
    await room.say("hello everyone");
    await expect(page.getByRole("alert")).toContainText("Not sent because of your name");
    await page.getByRole("button", { name: "Change your name" }).click();
    await expect(page.getByLabel("Your name")).toBeFocused();
    await page.keyboard.type("Ana");
    await page.keyboard.press("Enter");
    await expect(page.getByText("You are Ana")).toBeVisible();
    await page.getByRole("button", { name: "Edit" }).click();
    await page.keyboard.press("Enter");
    await expect(room.message("hello everyone")).toHaveAccessibleName("Ana: hello everyone");
  });
});

test("what comes along with pasted text and is not seen is no reason to refuse it", async ({ room, api }) => {
  await room.enter("Ana");
  await room.box.fill("\u200b");
  await expect(room.page.getByRole("button", { name: "Send" })).toBeDisabled();
  await room.say("left\ttower\u200b!");
  await expect(room.message("left tower!")).toBeVisible();
  expect((await api.newest()).message.text).toBe("left tower!");
});

test("what is too long for this room is not to be sent, and one is told how long it may be", async ({ room, page }) => {
  const send = page.getByRole("button", { name: "Send" });
  await room.enter("Ana");
  await room.box.fill("x".repeat(300));
  await expect(page.getByText("300 of 300 characters")).toBeVisible();
  await expect(send).toBeEnabled();
  await room.box.fill("x".repeat(301));
  await expect(page.getByText("301 of 300 characters")).toBeVisible();
  await expect(send).toBeDisabled();
});

test("what is edited is still a reply, and what one was writing is not lost", async ({ room, api, page }) => {
  const { id } = await api.say("Ben", "any questions?");
  await room.enter("Ana");
  await room.message("any questions?").hover();
  await page.getByRole("button", { name: "Reply to Ben" }).click();
  await room.say("get free followers here");
  await expect(page.getByRole("alert")).toContainText("Not sent");
  await room.box.fill("half a thought");
  await page.getByRole("button", { name: "Edit" }).click();
  await expect(room.box).toHaveValue("get free followers here");
  await expect(page.getByText("Your message is a reply:")).toBeAttached();
  await room.say("where is the key?");
  await expect(room.message("where is the key?")).toBeVisible();
  expect((await api.newest()).message.reply_to).toBe(id);
  await page.keyboard.press("ArrowUp");
  await expect(room.box).toHaveValue("where is the key?");
  await page.keyboard.press("ArrowUp");
  await expect(room.box).toHaveValue("half a thought");
});

test("what one is writing is still there when the page is loaded again, until it is sent", async ({ room, api, page }) => {
  const { id } = await api.say("Ben", "any questions?");
  await room.enter("Ana");
  await room.message("any questions?").hover();
  await page.getByRole("button", { name: "Reply to Ben" }).click();
  await page.keyboard.type("where is");
  await page.reload();
  await room.live();
  await expect(room.box).toHaveValue("where is");
  await expect(page.getByText("Your message is a reply:")).toBeAttached();
  await room.say("where is the key?");
  await expect(room.message("where is the key?")).toBeVisible();
  expect((await api.newest()).message.reply_to).toBe(id);
  await page.reload();
  await room.live();
  await expect(room.message("where is the key?")).toBeVisible();
  await expect(room.box).toHaveValue("");
  await expect(page.getByText("Your message is a reply:")).toHaveCount(0);
});

test("a text is never markup", async ({ room, api }) => {
  const text = `<img src=x onerror=alert(1)><b>hi</b><script>alert(2)</script>`;
  await room.enter("Ana");
  await api.say("<i>Eve</i>", text);

  await expect(room.message(text)).toBeVisible();
  await expect(room.message(text)).toContainText("<i>Eve</i>");
  await expect(room.log.locator("b, i, script, img[src='x']")).toHaveCount(0);
});

test("a link opens a page of its own, which learns nothing of this one, by pointer and by keyboard", async ({ room, api, host, page, context }) => {
  await room.enter("Ana");
  const there = `${host.url}/r/main/studio`;
  await api.say("Ben", `(see ${there}). Not ftp://a.example`);
  const message = room.messages.last();
  await expect(message.getByRole("link")).toHaveText([there]);
  const link = message.getByRole("link");
  const opened = async (opens: Promise<void>) => {
    const [other] = await Promise.all([context.waitForEvent("page"), opens]);
    await expect(other).toHaveURL(there);
    expect(await other.evaluate(() => [opener === null, document.referrer])).toEqual([true, ""]);
    await other.close();
    await page.bringToFront();
  };
  await opened(link.click());

  await room.box.focus();
  await room.log.focus();
  await page.keyboard.press("ArrowUp");
  await expect(message).toBeFocused();
  await page.keyboard.press("Tab");
  await expect(link).toBeFocused();
  await opened(page.keyboard.press("Enter"));
  await expect(link).toBeFocused();
  await page.keyboard.press("Tab");
  await expect(message.getByRole("button", { name: "Reply to Ben" })).toBeFocused();

  // Where the whole message leads somewhere else it is text.
  await message.getByRole("button", { name: "Who is Ben" }).press("Enter");
  const card = page.getByRole("dialog", { name: "Ben" });
  await expect(card.getByRole("listitem")).toContainText(there);
  await expect(card.getByRole("link")).toHaveCount(0);
});

test("an emote is a picture that says its code, and what is no emote stays text", async ({ room, api }) => {
  await room.enter("Ana");
  await api.say("Ben", "so good :hype: at 12:30:00 :nosuch:");

  const message = room.messages.last();
  await expect(message.getByRole("img", { name: ":hype:", exact: true })).toBeVisible();
  await expect(message.getByRole("img")).toHaveCount(1);
  await expect(message).toContainText("at 12:30:00 :nosuch:");
});

test("what one person says the other sees, and who is called by name sees that", async ({ room, visitor }) => {
  await room.enter("Ana");
  const other = await visitor();
  await other.enter("Ben");
  await other.say("hello everybody");
  await expect(room.message("hello everybody")).toHaveAccessibleName("Ben: hello everybody");

  await room.say("hi @Ben!");
  await expect(other.message("hi @Ben!")).toHaveAccessibleName("Ana, to you: hi @Ben!");
  await expect(room.message("hi @Ben!")).toHaveAccessibleName("Ana: hi @Ben!");
  expect(await other.ids()).toEqual(await room.ids());
});

test("an answer shows what it answers, and leads there", async ({ room, api, page }) => {
  const { id } = await api.say("Ben", "left or right?");
  await api.flood(80, (number) => `between ${number}`);
  await api.say("Cleo", "left", id);
  await room.enter("Ana");

  const answer = room.message("left");
  await expect(room.message("left or right?")).toHaveCount(0);
  await answer.getByRole("button", { name: "in reply to Ben left or right?" }).click();
  const thread = page.getByRole("dialog", { name: "Thread, 1 answer" });
  await thread.getByRole("button", { name: "left or right?" }).click();
  await expect(room.message("left or right?")).toBeInViewport();
  expect(page.url()).not.toContain("#");
});

test("whom an answer is to is read whole where there is room", async ({ room, api, page }) => {
  const { id } = await api.say("Bartholomew Quigley", "ok");
  await api.say("Cleo", "why?", id);
  await room.enter("Ana");
  await room.message("ok").hover();
  await page.getByRole("button", { name: "Reply to Bartholomew Quigley", exact: true }).click();
  // In the message, and over the box.
  const names = page.locator(".who", { hasText: "Bartholomew Quigley" });
  await expect(names).toHaveCount(2);
  for (const name of await names.all()) expect(await name.evaluate(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)).toBe(false);
});

test("the page of a room that does not exist says so, and leads to those that do", async ({ page, watch }) => {
  watch.expect(/404/);
  const answer = await page.goto("/r/main/nowhere");
  expect(answer?.status()).toBe(404);
  await expect(page.getByRole("heading", { name: "There is no room main/nowhere here" })).toBeVisible();
  await page.getByRole("link", { name: "The studio" }).click();
  await expect(page).toHaveURL(/\/r\/main\/studio$/);
  await expect(page.getByRole("log")).toBeVisible();
});
