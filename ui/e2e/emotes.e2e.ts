/** A room's own emotes: from pictures in a folder of the configuration to the chat. */

import { expectAccessible } from "./support/axe";
import { expect, test } from "./support/fixtures";
import { Host } from "./support/host";

/** A GIF of one red pixel, and one of two pictures: red, then blue. */
const RED = "R0lGODlhAQABAIAAAP8AAP///yH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==";
const BLINKING =
  "R0lGODlhAQABAIAAAP8AAAAA/yH/C05FVFNDQVBFMi4wAwEAAAAh+QQACgAAACwAAAAAAQABAAACAkQBACH5BAAKAAAALAAAAAABAAEAAAICTAEAOw==";

const ROOM = `id = "main/lobby"\ntitle = "The lobby"\nemotes = ["../emotes/own", "../emotes/7tv.json"]\n`;

/** Restarts the host with emotes of its own in the lobby. */
async function give(host: Host): Promise<void> {
  await host.stop();
  host.home.write("configs/rooms/lobby.toml", ROOM);
  host.home.write("configs/emotes/own/redDot.gif", Buffer.from(RED, "base64"));
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
