/** A room's own emotes: from pictures in a folder of the configuration to the chat. */

import { expectAccessible } from "./support/axe";
import { expect, test } from "./support/fixtures";
import { Host } from "./support/host";
import { OverlayPage } from "./support/overlay-page";

/** A GIF of one red pixel, and one of two pictures: red, then blue. */
const RED = "R0lGODlhAQABAIAAAP8AAP///yH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==";
const BLINKING =
  "R0lGODlhAQABAIAAAP8AAAAA/yH/C05FVFNDQVBFMi4wAwEAAAAh+QQACgAAACwAAAAAAQABAAACAkQBACH5BAAKAAAALAAAAAABAAEAAAICTAEAOw==";
/** A red one that is four times as wide as it is high. */
const WIDE = "R0lGODlhBAABAIAAAP8AAP///ywAAAAABAABAAACAwQIFAA7";

const ROOM = `id = "main/lobby"\ntitle = "The lobby"\nemotes = ["../emotes/own", "../emotes/7tv.json"]\n`;

/** Restarts the host with emotes of its own in the lobby: that dot, one that blinks, and so many more. */
async function give(host: Host, dot = RED, more = 0): Promise<void> {
  await host.stop();
  host.home.write("configs/rooms/lobby.toml", ROOM);
  host.home.write("configs/emotes/own/redDot.gif", Buffer.from(dot, "base64"));
  for (let number = 0; number < more; number++) {
    const picture = Buffer.from(RED, "base64");
    // The colour that it has none of.
    picture.writeUInt16LE(number, 16);
    host.home.write(`configs/emotes/own/z${number}.gif`, picture);
  }
  host.home.write("configs/emotes/7tv.json", JSON.stringify({ id: "s", emotes: [{ id: "01F6NPHMJG", name: "Blink!" }] }));
  host.home.write("configs/emotes/7tv/01F6NPHMJG.gif", Buffer.from(BLINKING, "base64"));
  await host.start();
}

test("a room's own emotes are shown, offered and picked, and come from the host alone", async ({ room, host, api, page }) => {
  await give(host);
  await room.enter("Ana");
  await api.say("Ben", "so :redDot: and :Blink: and :reddot:");
  const message = room.messages.last();
  for (const code of [":redDot:", ":Blink:"]) {
    const picture = message.getByRole("img", { name: code, exact: true });
    await expect(picture).toBeVisible();
    await expect(picture).toHaveAttribute("src", /^\/v1\/rooms\/main\/lobby\/emotes\/[0-9a-f]{32}$/);
    expect(await picture.evaluate((image) => (image as HTMLImageElement).decode().then(() => true))).toBe(true);
  }
  await expect(message).toContainText("and :reddot:");

  await room.box.fill(":redd");
  await page.keyboard.press("Tab");
  await expect(room.box).toHaveValue(":redDot: ");
  await page.getByRole("button", { name: "Emotes" }).click();
  await expectAccessible(page, "the emotes with those of the room");
  await page.getByRole("button", { name: "Blink: an emote of this room" }).click();
  await expect(room.box).toHaveValue(":redDot: :Blink: ");
});

test("a wide one is as wide in the overlay and its preview", async ({ host, api, page }) => {
  await give(host, WIDE);
  const shape = () =>
    page
      .getByRole("img", { name: ":redDot:" })
      .last()
      .evaluate((picture) => picture.getBoundingClientRect())
      .then(({ width, height }) => Math.round(width / height));
  await new OverlayPage(page).open();
  await api.say("Ben", "so :redDot:");
  await expect.poll(shape).toBe(4);
  await page.goto("/overlay/main/lobby?setup");
  await expect.poll(shape).toBe(4);
});

test("of very many those are fetched that are in sight", async ({ room, host, page }) => {
  await give(host, RED, 900);
  await room.enter("Ana");
  const fetched = new Set<string>();
  page.on("request", (request) => /\/emotes\/[0-9a-f]{32}$/.test(request.url()) && fetched.add(request.url()));
  await page.getByRole("button", { name: "Emotes" }).click();
  const first = page.getByRole("button", { name: "redDot: an emote of this room" }).getByRole("img");
  await expect.poll(() => first.evaluate((image) => (image as HTMLImageElement).naturalWidth)).toBe(1);
  expect(fetched.size).toBeLessThan(450);
});

test("those that move stand still for who wants that", async ({ room, host, api, page }) => {
  await give(host);
  await page.emulateMedia({ reducedMotion: "reduce" });
  await room.enter("Ana");
  await api.say("Ben", ":Blink:");
  const still = room.messages.last().getByRole("img", { name: ":Blink:" });
  await expect.poll(() => still.evaluate((drawn) => drawn instanceof HTMLCanvasElement && [...drawn.getContext("2d")!.getImageData(0, 0, 1, 1).data])).toEqual([255, 0, 0, 255]);
});

test("a picture is given as what it is, and nothing else is given", async ({ host }) => {
  await give(host);
  const list = (await (await fetch(`${host.url}/v1/rooms/main/lobby/emotes`)).json()) as { emotes: { image: string }[] };
  const answer = await fetch(`${host.url}${list.emotes[0]?.image}`);
  expect(answer.headers.get("content-type")).toBe("image/gif");
  expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
  expect(Buffer.from(await answer.arrayBuffer()).toString("base64")).toBe(RED);
  for (const path of ["0".repeat(32), "redDot.gif", "..%2f..%2flobby.toml"]) {
    expect((await fetch(`${host.url}/v1/rooms/main/lobby/emotes/${path}`)).status, path).toBe(404);
  }
});
