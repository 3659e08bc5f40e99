/** Everything by keyboard alone. */

import { expect, test } from "./support/fixtures";
import { LIVELY } from "./support/home";
import type { RoomPage } from "./support/room-page";

/** A place at which the tabulator key stops. */
interface Stop {
  name: string;
  visible: boolean;
}

/** All of them, from the start of the page until the key leaves it. */
async function stops({ page }: RoomPage): Promise<Stop[]> {
  const found: Stop[] = [];
  while (found.length < 100) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(() => {
      const at = document.activeElement;
      if (!at || at === document.body) return null;
      const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(at);
      const name = at.getAttribute("aria-label") ?? (at as HTMLInputElement).labels?.[0]?.textContent ?? at.textContent ?? "";
      return { name: name.trim(), visible: (outlineStyle !== "none" && parseFloat(outlineWidth) > 0) || boxShadow !== "none" };
    });
    if (stop === null) return found;
    found.push(stop);
  }
  throw new Error(`the key never leaves the page: ${found.map(({ name }) => name).join(", ")}`);
}

test.describe("in a room with personas", () => {
  test.use({ crowd: "lively" });

  test("the tabulator key reaches all there is, and one sees where it is", async ({ room, page }) => {
    await room.enter("Ana");
    await page.reload();
    await room.live();
    for (const persona of Object.values(LIVELY)) await expect(room.persona(persona)).toBeVisible();
    const found = await stops(room);
    const names = found.map(({ name }) => name);
    for (const wanted of ["Settings", "Chat messages", "Say something", "Emotes", "Change name"]) expect(names).toContain(wanted);
    for (const persona of Object.values(LIVELY)) expect(names.join("\n")).toContain(persona);
    expect(found.filter(({ visible }) => !visible)).toEqual([]);
  });
});

test("settings open and close by keyboard, and give the focus back", async ({ room, page }) => {
  await room.enter("Ana");
  const opener = page.getByRole("button", { name: "Settings" });
  const settings = page.getByRole("dialog", { name: "Settings" });
  await opener.focus();
  await page.keyboard.press("Enter");
  await expect(settings).toBeVisible();
  await page.keyboard.press("Tab");
  await expect(settings.locator(":focus")).toHaveCount(1);
  await page.keyboard.press("Escape");
  await expect(settings).toBeHidden();
  await expect(opener).toBeFocused();
});

test("arrow keys go through the messages, and R answers one", async ({ room, api, page }) => {
  for (const text of ["one", "two", "three"]) await api.say("Ben", text);
  await room.enter("Ana");
  await expect(room.message("three")).toBeVisible();
  await room.log.focus();
  await page.keyboard.press("ArrowUp");
  await expect(room.message("three")).toBeFocused();
  await page.keyboard.press("ArrowUp");
  await expect(room.message("two")).toBeFocused();
  await page.keyboard.press("r");
  await expect(room.box).toBeFocused();
  await page.keyboard.type("I agree");
  await page.keyboard.press("Enter");

  await expect(room.message("I agree")).toContainText("in reply to Ben two");
  const [, two, , answer] = await api.log();
  expect(answer?.message.reply_to).toBe(two?.message.id);
});

test("Home leads to the first message that is here, however far it is", async ({ room, api, page }) => {
  await api.flood(150, (number) => `line ${number}`);
  await room.enter("Ana");
  await room.newest("line 150");
  await room.log.focus();
  await page.keyboard.press("ArrowUp");
  await expect(room.message("line 150")).toBeFocused();
  await page.keyboard.press("Home");
  await expect(room.message("line 1")).toBeFocused();
  await expect(room.message("line 1")).toBeInViewport();
  await page.keyboard.press("ArrowDown");
  await expect(room.message("line 2")).toBeFocused();
});

test("a key that is held down on a message acts once, and is not written where it leads", async ({ room, api, page }) => {
  await api.say("Ben", "one");
  await room.enter("Ana");
  await expect(room.message("one")).toBeVisible();
  await room.log.focus();
  await page.keyboard.press("ArrowUp");
  for (let times = 0; times < 5; times++) await page.keyboard.down("m");
  await page.keyboard.up("m");
  await expect(room.box).toHaveValue("@Ben ");
  await page.keyboard.press("m");
  await expect(room.box).toHaveValue("@Ben m");

  await room.log.focus();
  await page.keyboard.press("ArrowUp");
  for (let times = 0; times < 5; times++) await page.keyboard.down("r");
  await page.keyboard.up("r");
  await expect(room.box).toBeFocused();
  await expect(room.box).toHaveValue("@Ben m");
});

test("Escape leads from the messages back to writing", async ({ room, api, page }) => {
  await api.say("Ben", "one");
  await room.enter("Ana");
  await expect(room.message("one")).toBeVisible();
  await room.log.focus();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Escape");
  await expect(room.box).toBeFocused();
});

test("the tabulator key leads from a message to the bar that ends the pause, and that back to the list", async ({ room, api, page }) => {
  for (const text of ["one", "two", "three"]) await api.say("Ben", text);
  await room.enter("Ana");
  await expect(room.message("three")).toBeVisible();
  await room.log.focus();
  await page.keyboard.press("ArrowUp");
  await api.say("Ben", "four");
  await expect(room.pauseBar).toContainText("1 new message");
  for (let stops = 0; stops < 5 && !(await room.pauseBar.evaluate((bar) => bar === document.activeElement)); stops++) {
    await page.keyboard.press("Tab");
  }
  await expect(room.pauseBar).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(room.pauseBar).toHaveCount(0);
  await expect(room.log).toBeFocused();
  await page.keyboard.press("Tab");
  await expect(room.box).toBeFocused();
});

test("names and emotes are completed by keyboard", async ({ room, api, page }) => {
  await api.say("Benjamin", "hello");
  await room.enter("Ana");
  await expect(room.message("hello")).toBeVisible();
  await room.box.focus();
  await page.keyboard.type("hi @ben");
  await expect(page.getByRole("option", { name: "Benjamin" })).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("Enter");
  await expect(room.box).toHaveValue("hi @Benjamin ");
  await page.keyboard.type(":hyp");
  await expect(page.getByRole("listbox", { name: "Emotes" })).toBeVisible();
  await page.keyboard.press("Tab");
  await expect(room.box).toHaveValue("hi @Benjamin :hype: ");
  await page.keyboard.press("Enter");
  await expect(room.messages.last()).toHaveAccessibleName("Ana: hi @Benjamin :hype:");
});

test("an emote that is offered is told with its whole code", async ({ room, page }) => {
  await room.enter("Ana");
  await room.box.focus();
  await page.keyboard.type(":fa");
  const code = page.getByRole("option").locator(".term");
  await expect(code).toHaveText(":facepalm:");
  expect(await code.evaluate(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)).toBe(false);
});

test("Enter sends a name that is written out, and takes no longer one", async ({ room, api, page }) => {
  for (const name of ["Maxine", "Max"]) await api.say(name, `I am ${name}`);
  await room.enter("Ana");
  await expect(room.message("I am Max")).toBeVisible();
  await room.box.focus();
  await page.keyboard.type("hi @max");
  await expect(page.getByRole("option")).toHaveText(["Max", "Maxine"]);
  await page.keyboard.press("Enter");
  await expect(room.box).toHaveValue("");
  await expect(room.messages.last()).toHaveAccessibleName("Ana: hi @max");
});

test("the emotes open and close by keyboard, and give the focus back", async ({ room, page }) => {
  await room.enter("Ana");
  await page.getByRole("button", { name: "Emotes" }).focus();
  await page.keyboard.press("Enter");
  const picker = page.getByRole("dialog", { name: "Emotes" });
  await expect(picker.locator(":focus")).toHaveCount(1);
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await expect(room.box).toHaveValue(/^:\w+: $/);
  await page.keyboard.press("Escape");
  await expect(picker).toHaveCount(0);
  await expect(room.box).toBeFocused();

  // Whoever writes there looks for one.
  await room.box.fill("");
  await page.getByRole("button", { name: "Emotes" }).press("Enter");
  await page.keyboard.type("popc");
  await expect(picker.getByRole("searchbox", { name: "Search emotes" })).toHaveValue("popc");
  await expect(picker.getByRole("button")).toHaveCount(1);
  await expect(picker.getByRole("status")).toHaveText("1 emote");
  await page.keyboard.press("ArrowDown");
  await expect(picker.getByRole("button", { name: /^snack: / })).toBeFocused();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  await expect(room.box).toHaveValue(":snack: ");
});
