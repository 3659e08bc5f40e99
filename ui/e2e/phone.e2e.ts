/** On a phone: all of it is there, and nothing is cut off (WCAG 1.4.10). */

import { expect, test } from "./support/fixtures";
import { LIVELY } from "./support/home";

// A desk's screen at 400 % is as wide. What slides in has its place only when it has arrived.
test.use({ crowd: "lively", viewport: { width: 320, height: 640 }, contextOptions: { reducedMotion: "reduce" } });

test("the chat and the drawer fit, and the drawer gives the focus back", async ({ room, api, page }) => {
  await room.enter("Ana");
  await api.say("Ben", `${"long".repeat(60)} :hype:`);
  await api.say("A name that is as long as they may get", "hi @Ana");
  const shown = {
    position_ms: 60_000,
    transcript: [{ start_ms: 50_000, end_ms: 60_000, text: "Has anyone here ever cleaned this stuff off, and with what?" }],
    keywords: ["mara fixes radios", "fat silver cans", "black probe"].map((term) => ({ term, score: 1 })),
    events: ["chat_question", "question", "laughter"].map((kind, at) => ({
      id: kind,
      kind,
      text: "Now, see these two fat silver cans with the bulge on top?",
      at_ms: 55_000 + at,
      confidence: 1,
    })),
    chat_question: { id: "q-1", text: "Has anyone here ever cleaned this stuff off, and with what?", at_ms: 59_000 },
  };
  await expect(room.messages.last()).toBeVisible();
  expect(await room.tooWide(), "in the chat").toEqual([]);

  const opener = page.getByRole("button", { name: "Stream and people" });
  const drawer = page.getByRole("dialog", { name: "Stream and people" });
  await opener.press("Enter");
  const card = room.persona(LIVELY.moss).getByRole("button", { name: LIVELY.moss }).first();
  await expect(card).toBeVisible();
  // What the room's own stream says next takes its place.
  await expect(async () => {
    await api.show(shown);
    await expect(drawer.getByText("with the bulge on top?").first()).toBeVisible({ timeout: 2_000 });
  }).toPass();
  expect(await room.tooWide(), "in the drawer").toEqual([]);
  await card.press("Enter");
  await expect(card).toHaveAttribute("aria-expanded", "true");
  expect(await room.tooWide(), "in an open card").toEqual([]);

  await page.keyboard.press("Escape");
  await expect(drawer).toBeHidden();
  await expect(opener).toBeFocused();
});

test.describe("by touch", () => {
  test.use({ crowd: "none", hasTouch: true, isMobile: true });

  test("a tap on a link follows it, and shows nothing else", async ({ room, api, host, page, context }) => {
    await room.enter("Ana");
    const there = `${host.url}/r/main/studio`;
    await api.say("Ben", there);
    const [other] = await Promise.all([context.waitForEvent("page"), room.messages.last().getByRole("link").tap()]);
    await expect(other).toHaveURL(there);
    await other.close();
    await expect(page.getByRole("group", { name: /^What to do/ })).toHaveCount(0);
  });

  test("no field has a text so small that a phone would enlarge the page for it", async ({ room, page }) => {
    await room.enter("Ana");
    const size = (label: string) => page.getByLabel(label).evaluate((field) => parseFloat(getComputedStyle(field).fontSize));
    expect(await size("Say something")).toBeGreaterThanOrEqual(16);
    await page.getByRole("button", { name: "Change name" }).tap();
    expect(await size("Your name")).toBeGreaterThanOrEqual(16);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Settings" }).tap();
    expect(await size("The operator’s token")).toBeGreaterThanOrEqual(16);
  });

  test("a message that is tapped stands still, with what to do with it, until one taps again", async ({ room, api, page }) => {
    await api.flood(40, (number) => `line ${number}`);
    await room.enter("Ana");
    await room.newest("line 40");
    const actions = page.getByRole("group", { name: /^What to do with the message of/ });
    const tapped = room.message("line 40");
    const place = () => tapped.evaluate((row) => Math.round(row.getBoundingClientRect().top));
    await tapped.tap();
    await expect(actions).toBeVisible();
    const before = await place();
    await api.flood(5, (number) => `more ${number}`);
    await expect(room.pauseBar).toContainText("5 new messages");
    expect(await place()).toBe(before);
    // Nothing lies over it.
    await actions.getByRole("button", { name: /^Mention/ }).tap();
    await expect(room.box).toHaveValue(/^@/);
    await expect(actions).toHaveCount(0);
    await room.newest("more 5");

    await room.message("more 5").tap();
    await expect(room.pauseBar).toBeVisible();
    await room.message("more 5").tap();
    await expect(room.pauseBar).toHaveCount(0);
    await expect(actions).toHaveCount(0);

    await room.message("more 5").tap();
    await expect(actions).toBeVisible();
    await page.getByRole("banner").tap();
    await expect(room.pauseBar).toHaveCount(0);
    await expect(actions).toHaveCount(0);
  });
});
