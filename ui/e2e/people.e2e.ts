/** Who wrote that, and what belongs together: the card of an author, and threads. By keyboard alone. */

import { expectAccessible } from "./support/axe";
import { expect, test } from "./support/fixtures";

// What fades in has its colours only when it has arrived.
test.use({ contextOptions: { reducedMotion: "reduce" } });

test("a name's card shows what they said, further back than the page began, and gives the focus back", async ({ room, api, page }) => {
  await api.say("Ben", "first of all");
  await api.flood(250, (number) => `line ${number}`);
  await api.say("Ben", "and last");
  await room.enter("Ana");
  await room.newest("and last");
  await expect(room.message("first of all")).toHaveCount(0);

  await room.log.focus();
  await page.keyboard.press("ArrowUp");
  await expect(room.message("and last")).toBeFocused();
  await page.keyboard.press("c");
  const card = page.getByRole("dialog", { name: "Ben" });
  await expect(card).toBeFocused();
  const said = card.getByRole("list", { name: "Messages of Ben" }).getByRole("listitem");
  await expect(said).toHaveText([/first of all/, /and last/]);
  await expect(card, "a gateway does not know of all who watch").not.toContainText("atching now");
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await expectAccessible(page, `a card in ${colorScheme}`);
  }
  await page.keyboard.press("Escape");
  await expect(card).toHaveCount(0);
  await expect(room.message("and last")).toBeFocused();

  await room.message("and last").getByRole("button", { name: "Ben", exact: true }).click();
  await card.getByRole("button", { name: "first of all" }).click();
  await expect(room.message("first of all")).toBeInViewport();
  await card.getByRole("button", { name: "Mention Ben" }).click();
  await expect(room.box).toHaveValue("@Ben ");
});

test("a name's card stays where it is read while the chat goes on, and follows at its end", async ({ room, api, page }) => {
  for (let number = 0; number < 30; number++) await api.say("Ben", `Ben's line ${number}`);
  await room.enter("Ana");
  await room.newest("Ben's line 29");
  await room.messages.last().getByRole("button", { name: "Ben", exact: true }).click();
  const said = page.getByRole("dialog", { name: "Ben" }).getByRole("list", { name: "Messages of Ben" });
  const top = () => said.evaluate((list) => list.scrollTop);
  await expect(said.getByRole("listitem")).toHaveCount(30);
  await expect(said.getByRole("listitem").last()).toBeInViewport();

  await said.evaluate((list) => (list.scrollTop = 40));
  await api.say("Cleo", "something else");
  await api.say("Ben", "Ben's line 30");
  await expect(said.getByRole("listitem")).toHaveCount(31);
  expect(await top()).toBe(40);

  await said.evaluate((list) => (list.scrollTop = list.scrollHeight));
  await api.say("Ben", "Ben's line 31");
  await expect(said.getByRole("listitem").last()).toContainText("Ben's line 31");
  await expect(said.getByRole("listitem").last()).toBeInViewport();
});

test("a thread holds what it began with and all answers, and goes on while it is open", async ({ room, api, page }) => {
  const root = await api.say("Ben", "left or right?");
  const first = await api.say("Cleo", "left", root.id);
  await api.say("Dan", "something else");
  await api.say("Eve", "no, right", first.id);
  await room.enter("Ana");
  await room.newest("no, right");

  await room.log.focus();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  const thread = page.getByRole("dialog", { name: "Thread, 2 answers" });
  await expect(thread).toBeFocused();
  await expect(thread.getByRole("listitem")).toHaveText([/Cleo.*left/, /Eve.*no, right/]);
  await expect(thread).toContainText("left or right?");
  await expect(thread).not.toContainText("something else");
  await expectAccessible(page, "a thread");

  await thread.getByRole("button", { name: "Reply" }).click();
  await expect(room.box).toBeFocused();
  await page.keyboard.type("both");
  await page.keyboard.press("Enter");
  const longer = page.getByRole("dialog", { name: "Thread, 3 answers" });
  await expect(longer.getByRole("listitem").last()).toContainText("both");
  const newest = await api.newest();
  const log = await api.log();
  expect(newest.message.reply_to).toBe(log.find(({ message }) => message.text === "no, right")?.message.id);
});

test("on a phone one sees the message that a card and a thread lead to, and the keyboard is there", async ({ room, api, page }) => {
  await page.setViewportSize({ width: 360, height: 640 });
  const first = await api.say("Ben", "first of all");
  await api.flood(80, (number) => `line ${number}`);
  await api.say("Ben", "and last", first.id);
  await room.enter("Ana");
  await room.newest("and last");
  const wanted = room.message("first of all");

  /** Waits until a row is marked: its edge has another colour than that of the one after it, which the focus does not give. */
  const marked = () =>
    page.evaluate(
      () =>
        new Promise<void>((done) => {
          const look = () => {
            const row = document.querySelector(".found");
            const rows = [...document.querySelectorAll("[data-id]")];
            const next = row ? rows[rows.indexOf(row) + 1] : undefined;
            const [edge, plain] = [row, next].map((each) => each && getComputedStyle(each).borderLeftColor);
            if (edge && plain && edge !== plain) done();
            else requestAnimationFrame(look);
          };
          look();
        }),
    );
  const leadsThere = async (dialog: RegExp) => {
    const seen = marked();
    await page.getByRole("dialog", { name: dialog }).getByRole("button", { name: "first of all" }).click();
    await seen;
    await expect(page.getByRole("dialog")).toHaveCount(0);
    await expect(wanted).toBeFocused();
    await expect(wanted).toBeInViewport({ ratio: 1 });
    const covered = await wanted.evaluate((row) => {
      const { top, left, width, height } = row.getBoundingClientRect();
      const places = [0.05, 0.5, 0.95].map((part) => document.elementFromPoint(left + part * width, top + height / 2));
      return places.some((there) => there?.closest("[data-id]") !== row);
    });
    expect(covered).toBe(false);
    await expect(wanted).not.toHaveClass(/\bfound\b/);
  };
  await room.messages.last().getByRole("button", { name: "Ben", exact: true }).click();
  await leadsThere(/^Ben/);
  await page.keyboard.press("End");
  await room.newest("and last");
  await room.messages.last().getByTitle("Show the thread").click();
  await leadsThere(/^Thread/);
});

test("on a phone a card fits", async ({ room, api, page }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  await api.say("A name that is as long as they may get", `${"long".repeat(60)} :hype:`);
  await room.enter("Ana");
  await room.messages.last().getByRole("button", { name: "A name that is as long as they may get" }).click();
  await expect(page.getByRole("dialog", { name: "A name that is as long" })).toBeVisible();
  expect(await room.tooWide()).toEqual([]);
});
