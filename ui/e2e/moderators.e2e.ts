/** Moderators: from their pages, before those of others. */

import type { Page } from "@playwright/test";
import { expectAccessible } from "./support/axe";
import { expect, test } from "./support/fixtures";
import { OverlayPage } from "./support/overlay-page";
import { RoomPage } from "./support/room-page";

/** Messages with this word wait. */
const HOLDS = `name = "default"
version = "1"
blocklist = ["turnip"]
blocklist_action = "hold"
`;

/** Has one's session moderate, from the settings, as whoever has the operator's token does. */
async function signIn(room: RoomPage, token: string): Promise<void> {
  const { page } = room;
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByLabel("The operator’s token").fill(token);
  await page.getByRole("button", { name: "Moderate", exact: true }).click();
  await expect(page.getByText("You moderate here as")).toBeFocused();
  await page.keyboard.press("Escape");
  await room.live();
}

/** What the page tells of the command that was given last. */
const told = ({ log }: RoomPage, text: string | RegExp) => expect(log.getByRole("note").filter({ hasText: text }).last()).toBeVisible();

const chips = ({ page }: RoomPage) => page.getByRole("list", { name: "How everyone may chat now" }).getByRole("listitem");

/** One's own message that is not in the room. */
const refused = ({ page }: RoomPage, why: string | RegExp) => expect(page.getByRole("alert").filter({ hasText: why })).toBeVisible();

const discard = ({ page }: RoomPage) => page.getByRole("button", { name: "Discard" }).click();

test("a wrong token lets nobody moderate, and is told", async ({ room, page, watch }) => {
  watch.expect(/401|403/);
  await room.enter("Mia");
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByLabel("The operator’s token").fill("wrong");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toContainText("That did not work");
  await page.keyboard.press("Escape");
  await room.say("/clear");
  await refused(room, "/clear is for moderators");
});

test("what a moderator deletes and clears is gone from every page, and from the log", async ({ room, api, host, page, context, visitor }) => {
  for (const text of ["one", "two", "three"]) await api.say("Ben", text);
  await api.say("Cleo", "four");
  const viewer = await visitor();
  await viewer.enter("Vic");
  await room.enter("Mia");
  await signIn(room, host.token);
  await expect(viewer.message("two")).toBeVisible();
  const overlay = new OverlayPage(await context.newPage());
  await overlay.open();
  await overlay.shows("one", "two", "three", "four");
  await page.bringToFront();

  await expect(room.log).toHaveAccessibleDescription(/back to writing\. D deletes/);
  await room.log.focus();
  for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowUp");
  await expect(room.message("two")).toBeFocused();
  await page.keyboard.press("d");
  await expect(viewer.message("two")).toHaveCount(0);
  await expect(room.log).toContainText("deleted by a moderator");
  await overlay.shows("one", "three", "four");
  await overlay.page.reload();
  await overlay.shows("one", "three", "four");
  expect((await api.log()).map(({ message }) => message.text)).toEqual(["one", "(removed)", "three", "four"]);

  await room.say("/clear Ben");
  await told(room, "2 messages are removed");
  await expect(viewer.message("one")).toHaveCount(0);
  await expect(viewer.message("four")).toBeVisible();
  await overlay.shows("four");
  await room.say("/clear");
  await told(room, "1 message is removed");
  await overlay.shows();
  await expect(viewer.messages).toHaveCount(0);
  expect(JSON.stringify(await api.log())).not.toMatch(/one|two|three|four/);

  // Nor does coming later show it, or moderating.
  await room.say("after");
  for (const each of [viewer, room]) {
    await each.page.reload();
    await each.live();
    await each.newest("after");
    for (const text of ["one", "two", "three", "four"]) await expect(each.page.getByText(text, { exact: true })).toHaveCount(0);
  }
});

test("what is deleted is so in a card, in a thread and in an answer that is being written, and leaves the keyboard in the list", async ({
  room,
  api,
  host,
  page,
  visitor,
}) => {
  const root = await api.say("Ben", "left or right?");
  await api.say("Ben", "rude", root.id);
  await api.say("Cleo", "right", root.id);
  const viewer = await visitor();
  await viewer.enter("Vic");
  await room.enter("Mia");
  await signIn(room, host.token);

  // Somebody answers it, with the keyboard on another.
  await viewer.message("rude").hover();
  await viewer.page.getByRole("button", { name: "Reply to Ben", exact: true }).click();
  await expect(viewer.page.getByText("Your message is a reply:")).toBeAttached();
  await viewer.log.focus();
  await viewer.page.keyboard.press("ArrowUp");
  await viewer.page.keyboard.press("ArrowUp");
  await expect(viewer.message("rude")).toBeFocused();

  await room.message("rude").hover();
  await page.getByRole("button", { name: "Delete the message of Ben" }).click();
  await told(room, "is deleted");
  await expect(viewer.message("rude")).toHaveCount(0);
  await expect(viewer.page.getByText("Your message is a reply:")).toHaveCount(0);
  await expect(viewer.message("right")).toBeFocused();
  await viewer.page.keyboard.press("ArrowUp");
  await expect(viewer.message("left or right?")).toBeFocused();

  await room.messages.first().getByRole("button", { name: "Ben", exact: true }).click();
  const said = page.getByRole("dialog", { name: "Ben" }).getByRole("listitem");
  await expect(said.last()).toContainText("rude deleted by a moderator");
  await expect(said.last().locator("s")).toHaveText("rude");
  await expect(said.first()).not.toContainText("deleted");
  await page.keyboard.press("Escape");
  await room.message("right").getByTitle("Show the thread").click();
  const thread = page.getByRole("dialog", { name: "Thread, 1 answer" });
  await expect(thread.getByRole("listitem")).toHaveText([/Cleo.*right/]);

  await api.command("/clear");
  await expect(viewer.messages).toHaveCount(0);
  await expect(viewer.log).toBeFocused();
  await expect(viewer.log).toContainText("Moderators have cleared the chat");
  const left = page.getByRole("dialog", { name: "Thread, 0 answers" });
  await expect(left.locator("s")).toHaveText("left or right?");
  await expect(left).toContainText("deleted by a moderator");
  await expect(left.getByRole("button", { name: "Reply" })).toBeDisabled();
});

test("who is timed out is told for how long, and speaks again when that is ended; a ban has no end of its own", async ({
  room,
  host,
  visitor,
}) => {
  const viewer = await visitor();
  await viewer.enter("Vic");
  await room.enter("Mia");
  await signIn(room, host.token);
  await viewer.say("spam");
  await expect(room.message("spam")).toBeVisible();

  await room.say("/timeout @Vic 90 spam");
  await told(room, "Vic is timed out for 90 seconds");
  await expect(viewer.message("spam")).toHaveCount(0);
  await viewer.say("why?");
  await refused(viewer, /Not sent: .*: ([1-9]|[1-8]\d|90) s are left/);
  await discard(viewer);
  await room.say("/untimeout Vic");
  await told(room, "Vic may speak again");
  await viewer.say("sorry");
  await expect(room.message("sorry")).toBeVisible();

  // From the message itself.
  await room.message("sorry").hover();
  await room.page.getByRole("button", { name: "Ban Vic" }).click();
  await told(room, "Vic is banned");
  await viewer.say("oh no");
  await refused(viewer, /Not sent: .*ban/);
  await discard(viewer);
  await room.say("/unban Vic");
  await told(room, "Vic may speak again");
  await viewer.say("thank you");
  await expect(room.message("thank you")).toBeVisible();
});

test("modes show on every page, and say why a message is not sent", async ({ room, host, visitor }) => {
  const viewer = await visitor();
  await viewer.enter("Vic");
  await room.enter("Mia");
  await signIn(room, host.token);

  const both = async (...names: string[]) => {
    for (const each of [room, viewer]) await expect(chips(each)).toHaveText(names);
  };
  await room.say("/emoteonly");
  await both("Emotes only");
  await viewer.say("words");
  await refused(viewer, "Not sent");
  await discard(viewer);
  await viewer.say(":hype:");
  await expect(room.messages.filter({ has: room.page.getByAltText(":hype:") })).toHaveCount(1);
  await room.say("/emoteonlyoff");
  await both();

  await room.say("/unique");
  await both("No repeats");
  await viewer.say("hello");
  await expect(room.message("hello")).toBeVisible();
  await viewer.say("HELLO!");
  await refused(viewer, "Not sent");
  await discard(viewer);
  await room.say("/uniqueoff");
  await both();

  await room.say("/followers 60");
  await both("Only who has been here for 60 min");
  await viewer.say("let me in");
  await refused(viewer, "Not sent");
  await discard(viewer);
  await room.say("/knownoff");
  await both();

  await room.say("/slow 600");
  for (const each of [room, viewer]) await expect(chips(each).first()).toHaveText("Slow mode: 600 s");
  await expect(chips(viewer).last()).toContainText("You may write again in");
  // The page knows that by itself; another page of the same session asks.
  await viewer.page.reload();
  await viewer.live();
  await viewer.say("too fast");
  await refused(viewer, /Not sent: .*slow mode: \d+ s until/);
  // Moderators are not slowed down.
  await room.say("a");
  await room.say("b");
  await expect(viewer.message("b")).toBeVisible();
  await room.say("/slowoff");
  await both();
});

test("commands are offered as they are, listed by /help, and never said", async ({ room, api, host, page }) => {
  await room.enter("Mia");
  await room.say("/help");
  await told(room, "For moderators: /timeout ");
  await room.say("/kick Ben");
  await refused(room, "There is no command /kick");
  await room.box.fill("");
  await signIn(room, host.token);
  await room.say("/help");
  await told(room, "/timeout NAME [SECONDS|10m|1h30m|2d|1w] [REASON]");
  await room.box.focus();
  await page.keyboard.type("/tim");
  const option = page.getByRole("option").first();
  await expect(option).toContainText("/timeout NAME [SECONDS|10m|1h30m|2d|1w] [REASON]");
  const cut = await option.evaluate((row) => [...row.querySelectorAll("*")].some(({ scrollWidth, clientWidth }) => clientWidth > 0 && scrollWidth > clientWidth + 1));
  expect(cut).toBe(false);
  await page.keyboard.press("Escape");
  await room.say("/slow soon");
  await refused(room, "1 to 3600 seconds");
  await room.say("/mod Ben");
  await refused(room, "/mod is for the operator");
  expect(await api.log()).toEqual([]);
});

test("/mod of the operator gives a page its rights, and /unmod takes them", async ({ room, api, page }) => {
  await room.enter("Ben");
  await api.command("/mod Ben");
  await expect(page.getByRole("alert")).toHaveCount(0);
  await room.live();
  await page.getByRole("button", { name: "Settings" }).click();
  await expect(page.getByText("You moderate here as Ben")).toBeVisible();
  await page.keyboard.press("Escape");
  await room.say("/slow 5");
  await expect(chips(room)).toHaveText("Slow mode: 5 s");
  await api.command("/unmod Ben");
  await page.getByRole("button", { name: "Settings" }).click();
  await expect(page.getByLabel("The operator’s token")).toBeVisible();
  await page.keyboard.press("Escape");
  await room.live();
  await room.say("/slowoff");
  await refused(room, "/slowoff is for moderators");
});

test.describe("in a room that holds messages back", () => {
  test.use({ policy: HOLDS, contextOptions: { reducedMotion: "reduce" } });

  /** The panel of what waits. */
  const panel = (page: Page) => page.getByRole("dialog", { name: /wait/ });

  test("what is held waits for a moderator, who decides by keyboard alone; its author is told", async ({ room, host, page, visitor }) => {
    const viewer = await visitor();
    await viewer.enter("Vic");
    await room.enter("Mia");
    await signIn(room, host.token);
    for (const text of ["first turnip", "second turnip", "third turnip"]) {
      await viewer.say(text);
      await expect(viewer.page.getByText(text)).toBeVisible();
    }
    await expect(viewer.page.getByText("waits for a moderator")).toHaveCount(3);
    await expect(viewer.messages).toHaveCount(0);

    await expect(page.getByText("3 messages wait for a moderator")).toBeVisible();
    const decide = page.getByRole("button", { name: "Decide" });
    await decide.focus();
    await page.keyboard.press("Enter");
    await expect(panel(page)).toBeVisible();
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await expectAccessible(page, `what waits, in ${colorScheme}`);
    }
    const waiting = panel(page).getByRole("list", { name: "Messages that wait" }).locator("> li");
    await expect(waiting.nth(0)).toBeFocused();
    await page.keyboard.press("a");
    await expect(viewer.message("first turnip")).toBeVisible();
    await expect(waiting).toHaveCount(2);
    await expect(waiting.nth(0)).toBeFocused();
    await expect(viewer.page.getByText("waits for a moderator")).toHaveCount(2);
    await page.keyboard.press("ArrowDown");
    await expect(waiting.nth(1)).toBeFocused();
    await page.keyboard.press("d");
    await refused(viewer, /third turnip|Not sent/);
    await expect(viewer.page.getByText("waits for a moderator")).toHaveCount(1);
    await expect(waiting).toHaveCount(1);
    await page.keyboard.press("Escape");
    await expect(panel(page)).toHaveCount(0);
    await expect(page.getByText("1 message waits for a moderator")).toBeVisible();

    // What still waits is there for a moderator who comes, and for its author who comes back.
    await page.reload();
    await expect(page.getByText("1 message waits for a moderator")).toBeVisible();
    await room.say("I look");
    await viewer.newest("I look");
    await expect(viewer.page.getByText("third turnip")).toHaveCount(1);
    await expect(viewer.message("third turnip")).toHaveCount(0);
  });

  test("the keys go on where they were when another moderator decides, and when the connection comes back", async ({ room, api, host, page, visitor, watch }) => {
    watch.expectOutage();
    const viewer = await visitor();
    await viewer.enter("Vic");
    await room.enter("Mia");
    await signIn(room, host.token);
    for (const text of ["first turnip", "second turnip", "third turnip"]) {
      await viewer.say(text);
      await expect(viewer.page.getByText(text)).toBeVisible();
    }
    await expect(viewer.page.getByText("waits for a moderator")).toHaveCount(3);
    await page.getByRole("button", { name: "Decide" }).press("Enter");
    const waiting = panel(page).getByRole("list", { name: "Messages that wait" }).locator("> li");
    const focused = waiting.and(page.locator(":focus"));
    await expect(focused).toContainText("first turnip");
    await page.keyboard.press("ArrowDown");
    await expect(focused).toContainText("second turnip");

    const [, second] = await api.waiting();
    await api.command(`/deny ${second}`);
    await expect(waiting).toHaveCount(2);
    await expect(focused).toContainText("third turnip");

    await host.stop();
    await room.lost();
    await host.start();
    await room.live();
    await expect(waiting).toHaveCount(2);
    await expect(focused).toContainText("third turnip");
    await page.keyboard.press("a");
    await expect(waiting).toHaveCount(1);
    await expect(focused).toContainText("first turnip");
  });
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true, contextOptions: { reducedMotion: "reduce" } });

  test("what one may do with a message never lies over it, and all of it is on the screen", async ({ room, api, host, page }) => {
    for (let i = 1; i <= 20; i++) await api.say("Ben", `number ${i} is as long as a message of two lines has to be`);
    await room.enter("Mia");
    await signIn(room, host.token);
    const rows = room.messages;
    const ends = { newest: rows.last(), topmost: page.locator(`[data-id="${await room.firstSeen()}"]`) };
    for (const [which, row] of Object.entries(ends)) {
      await row.locator(".line").tap({ position: { x: 200, y: 8 } });
      const actions = row.getByRole("group");
      await expect(actions.getByRole("button")).toHaveCount(6);
      const [line, bar, list] = await Promise.all([row.locator(".line"), actions, room.log].map((part) => part.boundingBox()));
      if (!line || !bar || !list) throw new Error("it is not shown");
      expect(bar.y + bar.height <= line.y + 4 || bar.y >= line.y + line.height, `over the ${which}`).toBe(true);
      expect(bar.x >= 0 && bar.x + bar.width <= 320 && bar.y >= list.y - 1, `beside the screen: the ${which}`).toBe(true);
    }
    expect(await room.tooWide()).toEqual([]);
  });
});
