/** The overlay for streaming software: what lies over a stream's picture. */

import { expectAccessible } from "./support/axe";
import { expect, test } from "./support/fixtures";
import { LIVELY } from "./support/home";
import { OverlayPage } from "./support/overlay-page";

test.use({ viewport: { width: 500, height: 600 } });

test("nothing is behind the messages, nothing scrolls or takes the pointer, and the newest is at the bottom", async ({ page, api }) => {
  await api.flood(60, (number) => `line ${number} ${"long".repeat(20)}`);
  const overlay = new OverlayPage(page);
  await overlay.open();
  await expect(overlay.lines.last()).toContainText("line 60");
  const seen = await page.evaluate(() => {
    const all = [document.documentElement, ...document.querySelectorAll("body, main, .stage, .list, .line, .what, .text")];
    const { scrollWidth, clientWidth, scrollHeight, clientHeight } = document.documentElement;
    const boxes = [...document.querySelectorAll(".line")].map((line) => line.getBoundingClientRect());
    return {
      backgrounds: [...new Set(all.map((element) => getComputedStyle(element).backgroundColor))],
      pictures: [...new Set(all.map((element) => getComputedStyle(element).backgroundImage))],
      scrolls: scrollWidth > clientWidth || scrollHeight > clientHeight,
      underPointer: document.elementFromPoint(250, 580)?.localName ?? null,
      selectable: getComputedStyle(document.querySelector(".text") as Element).userSelect,
      bottom: Math.round(boxes.at(-1)?.bottom ?? 0),
      right: Math.max(...boxes.map((box) => box.right)),
    };
  });
  expect(seen).toMatchObject({ backgrounds: ["rgba(0, 0, 0, 0)"], pictures: ["none"], scrolls: false, selectable: "none" });
  expect(["html", null]).toContain(seen.underPointer);
  expect(seen.right).toBeLessThanOrEqual(500);
  expect(seen.bottom).toBeGreaterThan(570);
  expect(seen.bottom).toBeLessThanOrEqual(600);
  // Down to the last pixel of where no message is, in a room in which little is said.
  const corner = await page.screenshot({ omitBackground: true, clip: { x: 496, y: 0, width: 4, height: 4 } });
  const alpha = await page.evaluate(async (bytes) => {
    const picture = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
    const pen = new OffscreenCanvas(4, 4).getContext("2d");
    pen?.drawImage(picture, 0, 0);
    return [...(pen?.getImageData(0, 0, 4, 4).data ?? [])].filter((_, at) => at % 4 === 3);
  }, [...corner]);
  expect(alpha).toEqual(Array(16).fill(0));
});

test("there are no more messages than max says, and only those that are wanted", async ({ page, api }) => {
  const overlay = new OverlayPage(page);
  await overlay.open("max=3&hide_commands=true&block=Ben,%20cleo&hide_replies=true");
  const { id } = await api.say("Ana", "one");
  await api.say("Ana", "!song");
  await api.say("Ben", "not me");
  await api.say("Cleo", "nor me");
  await api.say("Dan", "an answer", id);
  for (const text of ["two", "three", "four"]) await api.say("Ana", text);
  await overlay.shows("two", "three", "four");
});

test("messages fade out after their time, and those from before count from when they were said", async ({ page, api }) => {
  await api.say("Ana", "long ago");
  await page.clock.install();
  const overlay = new OverlayPage(page);
  await overlay.open("fade=20");
  await overlay.shows("long ago");
  await page.clock.fastForward(10_000);
  await api.say("Ana", "just now");
  await overlay.shows("long ago", "just now");
  await page.clock.fastForward(11_000);
  await overlay.shows("just now");
  await page.clock.fastForward(10_000);
  await overlay.shows();
});

test("what a style of the user's says holds", async ({ page, api }) => {
  await api.say("Ana", "hello");
  const overlay = new OverlayPage(page);
  await overlay.open();
  await overlay.shows("hello");
  // As OBS does it.
  await page.evaluate(() => {
    const style = document.createElement("style");
    style.innerHTML = ".name { color: rgb(1, 2, 3) !important }";
    document.querySelector("head")?.appendChild(style);
  });
  await expect(overlay.lines.locator(".name")).toHaveCSS("color", "rgb(1, 2, 3)");
});

test("values that are wrong are told for a while, and the rest holds", async ({ page, api }) => {
  await page.clock.install();
  await api.say("Ana", "hello");
  const overlay = new OverlayPage(page);
  await overlay.open("size=huge&max=1&sise=3&sise=3&font=No%20Such%20Font");
  await overlay.shows("hello");
  await expect(overlay.told).toContainText("size: takes 8 to 200 px");
  await expect(overlay.told).toContainText("sise: there is no such parameter");
  await expect(overlay.told.getByRole("listitem")).toHaveCount(3);
  await expect(overlay.told).toContainText("font: this computer has none that is called No Such Font");
  await page.clock.fastForward(21_000);
  await expect(overlay.told).toHaveCount(0);
  await api.say("Ana", "again");
  await overlay.shows("again");
});

test("it is nobody in the room, gets no cookie, and keeps nothing", async ({ page, context, api, host }) => {
  const overlay = new OverlayPage(page);
  await overlay.open();
  await api.say("Ana", "hello");
  await overlay.shows("hello");
  const room = (await (await fetch(`${host.url}/v1/rooms/main/lobby`)).json()) as { viewers: number; people: unknown[] };
  expect([room.viewers, room.people]).toEqual([0, []]);
  expect(await context.cookies()).toEqual([]);
  expect(await page.evaluate(() => ({ ...localStorage }))).toEqual({});
});

for (const [how, end] of [
  ["ended", "stop"],
  ["killed", "kill"],
] as const) {
  test(`after the server was ${how} it keeps what it shows, says nothing, and goes on without repeating any`, async ({
    page,
    api,
    host,
    watch,
  }) => {
    watch.expectOutage();
    await page.clock.install();
    const overlay = new OverlayPage(page);
    await overlay.open();
    await api.say("Ana", "before");
    await overlay.shows("before");
    // The first seconds, in which troubles are told, are over.
    await page.clock.fastForward(21_000);
    const lost = page.waitForEvent("console", (message) => message.text().includes("WebSocket connection to"));
    await host[end]();
    await lost;
    await overlay.shows("before");
    await expect(overlay.told).toHaveCount(0);
    await host.start();
    await api.say("Ben", "first to be back");
    await api.say("Ana", "after");
    await overlay.shows("before", "first to be back", "after");
    await expect(overlay.told).toHaveCount(0);
  });
}

test("when the log was lost it goes on with the next one", async ({ page, api, host, watch }) => {
  watch.expectOutage();
  const overlay = new OverlayPage(page);
  await overlay.open();
  await api.say("Ana", "before");
  await overlay.shows("before");
  await host.stop();
  host.home.loseLog();
  await host.start();
  await api.say("Ana", "of the new log");
  await overlay.shows("before", "of the new log");
});

test("a room that is not there is told, and shown once it is", async ({ page, host, watch }) => {
  watch.expect(/404 \(Not Found\)/);
  await page.goto("/overlay/main/cellar");
  const overlay = new OverlayPage(page);
  await expect(overlay.told).toContainText("no connection to main/cellar");
  host.home.write("configs/rooms/cellar.toml", `id = "main/cellar"\ntitle = "The cellar"\n`);
  await expect(overlay.told).toHaveCount(0);
});

test.describe("in a room with personas", () => {
  test.use({ crowd: "lively" });

  test("a persona carries its badge whatever is set, and bots=false leaves it out", async ({ page, api, context }) => {
    const overlay = new OverlayPage(page);
    await overlay.open("badges=false&names=off");
    await api.say("Ana", `@${LIVELY.nova} hello`);
    const persona = overlay.lines.and(page.locator(".persona"));
    await expect(persona.first()).toBeVisible();
    for (const line of await persona.all()) await expect(line.getByTitle("An AI persona, not a person")).toBeVisible();
    await expect(overlay.lines.locator(".name")).toHaveCount(0);

    const without = new OverlayPage(await context.newPage());
    await without.open("bots=false");
    await expect(without.lines.filter({ hasText: "hello" }).first()).toBeVisible();
    await expect(without.page.locator(".persona")).toHaveCount(0);
  });
});

test("with reduced motion nothing slides", async ({ page, api }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  const overlay = new OverlayPage(page);
  await overlay.open();
  await page.evaluate(() => {
    const seen = { moved: 0 };
    Object.assign(window, { seen });
    const animate = Element.prototype.animate;
    Element.prototype.animate = function (...words) {
      seen.moved += 1;
      return animate.apply(this, words);
    };
  });
  const moved = () => page.evaluate(() => (window as unknown as { seen: { moved: number } }).seen.moved);
  await api.say("Ana", "one");
  await overlay.shows("one");
  await api.say("Ana", "two");
  await overlay.shows("one", "two");
  expect(await moved()).toBe(0);
  await page.emulateMedia({ reducedMotion: "no-preference" });
  await api.say("Ana", "three");
  await overlay.shows("one", "two", "three");
  expect(await moved()).toBe(1);
});

test("thousands of messages leave a document and a memory that are small", async ({ page, api }) => {
  const overlay = new OverlayPage(page);
  await overlay.open("max=20");
  const devtools = await page.context().newCDPSession(page);
  const used = async () => {
    await devtools.send("HeapProfiler.collectGarbage");
    return (await devtools.send("Runtime.getHeapUsage")).usedSize;
  };
  // What it keeps to know again what comes again is full by then.
  await api.fill(2_200, (number) => `line ${number} :hype:`);
  await api.say("Ana", "a third");
  await expect(overlay.lines.last()).toContainText("a third");
  const before = await used();
  await api.fill(3_000, (number) => `line ${number} :lol:`);
  await api.say("Ana", "the end");
  await expect(overlay.lines.last()).toContainText("the end");
  expect(await page.locator("*").count()).toBeLessThan(300);
  // A fifth of a kilobyte for each message.
  expect((await used()) - before).toBeLessThan(600_000);
});

test("the set-up page makes an address by keyboard that does what it says", async ({ page, api, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.goto("/overlay/main/lobby?setup");
  await expect(page.getByRole("heading", { name: "Overlay of The lobby" })).toBeVisible();
  const address = page.getByLabel("Address for OBS");
  await expect(address).toHaveValue(/\/overlay\/main\/lobby$/);

  await page.getByLabel("Fade out after").fill("45");
  await page.getByLabel("Hide commands").press("Space");
  await page.getByLabel("Alignment").selectOption("right");
  await page.getByLabel("Text size").fill("4");
  await expect(page.getByText("Takes 8 to 200 px")).toBeVisible();
  await expect(address).toHaveValue(/\?align=right&fade=45&hide_commands=true$/);
  await page.getByLabel("Text size").fill("36");
  await page.getByRole("button", { name: "Copy" }).press("Enter");
  await expect(page.getByText("Copied.")).toBeVisible();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied).toBe(await address.inputValue());

  await page.reload();
  await expect(page.getByLabel("Text size")).toHaveValue("36");
  await expect(page.getByLabel("Fade out after")).toHaveValue("45");

  const overlay = new OverlayPage(await context.newPage());
  await overlay.open(new URL(copied).search.slice(1));
  await api.say("Ana", "!song");
  await api.say("Ana", "hello");
  await overlay.shows("hello");
  await expect(overlay.lines).toHaveCSS("font-size", "36px");
});

test("the chat page's settings lead to the set-up page", async ({ room, page }) => {
  await room.enter("Ana");
  await page.getByRole("button", { name: "Settings" }).click();
  const link = page.getByRole("link", { name: "Overlay for OBS" });
  await expect(link).toHaveAttribute("href", "/overlay/main/lobby?setup");
  const [opened] = await Promise.all([page.context().waitForEvent("page"), link.click()]);
  await expect(opened.getByRole("heading", { name: "Overlay of The lobby" })).toBeVisible();
});

for (const colorScheme of ["light", "dark"] as const) {
  for (const width of [360, 1280]) {
    test(`axe objects to nothing on the set-up page in ${colorScheme}, ${width} wide, and nothing is cut off`, async ({ page, room }) => {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.setViewportSize({ width, height: 800 });
      await page.goto("/overlay/main/lobby?setup&font=No%20Such%20Font");
      await expect(page.getByRole("heading", { name: "Overlay of The lobby" })).toBeVisible();
      await page.getByLabel("Text size").fill("4");
      await page.getByRole("button", { name: "Pause the preview" }).press("Enter");
      await expectAccessible(page, "the set-up page");
      expect(await room.tooWide()).toEqual([]);
    });
  }
}
